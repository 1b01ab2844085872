"""A small community, served by a process of its own and in process, and clients of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gsy_client import NetworkClient
from in_process import House, InProcessClient

from gridhook.grid import MARKET_MAKER
from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.registry import build_registry
from gridhook_exchange.service.exchange import Exchange

SLOTS = 600
ENERGY = {"Load 1": 0.4, "PV 1": 0.5, "Load 2": 0.6, "PV 2": 0.3}
NET = (0.05, -0.02)
COMMUNITY = """
name = "Contract"
timezone = "UTC"
start = 2026-06-15
slots = {slots}
slot_minutes = 15
tick_seconds = 90
seed = 3

[profiles]
file = "meters.csv"

[forecast]
error = 0.0

[rules]
settlement_slots = 4

[tariff]
feed_in_rate = 8.0
retail_rate = 30.0

[[markets]]
name = "Grid"
fee = 1.0
"""
HOME = """
[[markets]]
name = "House {n}"
parent = "Grid"
fee = 0.5

[[loads]]
name = "Load {n}"
market = "House {n}"
profile = {{ column = "Load {n}" }}

[[pvs]]
name = "PV {n}"
market = "House {n}"
profile = {{ column = "PV {n}" }}

[[storages]]
name = "Battery {n}"
market = "House {n}"
capacity_kwh = 10.0
power_kw = 4.0
charge_efficiency = 1.0
discharge_efficiency = 1.0
"""
METER = """
[[smart_meters]]
name = "Meter"
market = "Grid"
profile = { column = "Meter" }
"""


def write_community(folder, slots=SLOTS):
    """Write a community of two homes, whose loads and PVs are the same in each slot; return the file.

    Beside them is a home of which only the meter is known: in turn it needs energy and has too much.
    """
    text = COMMUNITY.format(slots=slots) + "".join(HOME.format(n=n) for n in (1, 2)) + METER
    (folder / "community.toml").write_text(text, encoding="utf-8")
    times = (f"2026-06-{15 + slot // 96:02d}T{slot % 96 // 4:02d}:{slot % 4 * 15:02d}:00Z" for slot in range(slots))
    rows = [",".join([time, *map(str, ENERGY.values()), str(NET[slot % 2])]) for slot, time in enumerate(times)]
    (folder / "meters.csv").write_text("\n".join([",".join(["time", *ENERGY, "Meter"]), *rows]), encoding="utf-8")
    return folder / "community.toml"


class Server:
    """A ``gridhook serve`` process; its facts are what it printed."""

    def __init__(self, folder, *arguments):
        self.errors = folder / "stderr.txt"
        # Streams of a file, so that a full pipe can never stop the server.
        with self.errors.open("w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gridhook", "serve", *map(str, arguments), "--port", "0", "--json"],
                cwd=folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        line = self.process.stdout.readline()
        assert line, self.errors.read_text(encoding="utf-8")
        self.facts = json.loads(line)

    def client(self, username=None, password=None):
        client = NetworkClient(self.facts, username, password)
        client.log_in()
        return client

    def uuid(self, name):
        (found,) = [one["uuid"] for one in (*self.facts["assets"], *self.facts["markets"]) if one["name"] == name]
        return found

    def stop(self, number=signal.SIGTERM):
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        """Return the exit status of a server that ends."""
        status = self.process.wait(timeout=60)
        self.process.stdout.close()
        return status

    def complaints(self):
        """Return what it said on stderr."""
        return self.errors.read_text(encoding="utf-8")


@pytest.fixture
def serve(tmp_path):
    """Start a server in an empty folder; it ends with the test."""
    started = []

    def start(*arguments):
        server = Server(tmp_path, *arguments)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()
        server.process.stdout.close()


@pytest.fixture(scope="class")
def serve_here(tmp_path_factory, request):
    """Return a function that serves a small community at the pace of the test class."""
    servers = []

    def start(*options):
        folder = tmp_path_factory.mktemp("served")
        servers.append(Server(folder, write_community(folder), *request.cls.pace, *options))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()
        server.process.stdout.close()


PASSWORDS = {"good": "a good password", "bad": "a bad one"}
OWNED = {
    "good": ("Grid", "House 1", "Load 1", "PV 1", "Battery 1"),
    "bad": ("House 2", "Load 2", "PV 2", "Battery 2"),
}


@pytest.fixture(scope="session")
def users_file(tmp_path_factory):
    """Write a file of two users, each of whom owns a home, and one of whom the grid."""
    folder = tmp_path_factory.mktemp("users")
    for user, password in PASSWORDS.items():
        (folder / "password").write_text(f"{password}\n", encoding="utf-8")
        markets = [name for name in OWNED[user] if name in ("Grid", "House 1", "House 2")]
        # Globs are of assets; a market is owned by its name.
        owned = [word for name in OWNED[user] for word in ("--name" if name in markets else "--glob", name)]
        command = ["users", "add", user, "--file", "users.toml", "--password-file", "password", *owned]
        subprocess.run([sys.executable, "-m", "gridhook", *command], cwd=folder, check=True, capture_output=True)
    return folder / "users.toml"


@pytest.fixture
def community_file(tmp_path):
    return write_community(tmp_path)


def build_house(file, owned=None, limits=None):
    """Return an exchange in process; ``owned`` maps users to areas' names, None: everybody owns everything."""
    community = read_community(file, Overrides(None, None, None))
    tree = build_registry(community).tree
    ids = dict(zip(tree.names, tree.ids, strict=True))
    areas = {user: frozenset(ids[name] for name in names) for user, names in (owned or {}).items()}
    everything = frozenset(area for area, kind in zip(tree.ids, tree.kinds, strict=True) if kind != MARKET_MAKER)
    return House(Exchange(community, lambda user: areas.get(user, everything), limits))


@pytest.fixture(scope="module", params=["served", "in process"])
def join(request, tmp_path_factory):
    """Return a new client each time; all are of one long run, served or in process."""
    folder = tmp_path_factory.mktemp("contract")
    file = write_community(folder)
    if request.param == "in process":
        house = build_house(file)
        yield lambda: InProcessClient(house, "gridhook")
        return
    server = Server(folder, file, "--lockstep", "--paused")
    yield server.client
    assert server.stop() == 128 + signal.SIGTERM
    assert not server.complaints()
