"""What a run does when the network breaks: it trades again, and no order is doubled."""

import csv
import signal
import subprocess
import sys
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest
from faults import FaultyProxy
from test_run_over_network import Run, holders, wait_until, write_config

SLOT_SECONDS = 5
USER, PASSWORD = "operator", "a good password"
PATIENT = {"requirements": "unsupported", "timeout_seconds": 1.0, "ping_seconds": 0.5}


@pytest.fixture
def users_file(tmp_path):
    """Write a file of one user, who is known to each new process of the server."""
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    command = ["users", "add", USER, "--file", "users.toml", "--password-file", "password"]
    subprocess.run([sys.executable, "-m", "gridhook", *command], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "users.toml"


@pytest.fixture
def scene(serve, tmp_path):
    """Start a run behind a proxy; it trades already."""
    scenes = []

    def start(*server_arguments):
        scenes.append(Scene(serve, tmp_path, server_arguments))
        return scenes[-1]

    yield start
    for one in scenes:
        one.close()


class Scene:
    def __init__(self, serve, folder, server_arguments):
        self.serve = serve
        self.folder = folder
        self.server_arguments = server_arguments
        self.proxy = FaultyProxy(None)
        self.start_server("served")
        facts = {**self.server.facts, "url": f"http://127.0.0.1:{self.proxy.port}"}
        config = write_config(folder / "config", facts, **PATIENT)
        arguments = ("--log-level", "info", "--report", folder / "run")
        self.run = Run(folder, facts, config, *arguments)
        wait_until(lambda: self.trading_in(self.server) > 0)

    def start_server(self, report):
        """Start a server, behind the proxy."""
        self.served = self.folder / report
        arguments = ("--slot-seconds", SLOT_SECONDS, "--report", self.served, *self.server_arguments)
        self.server = self.serve("demo", *arguments)
        if self.server.facts["password"] is None:
            self.server.facts |= {"username": USER, "password": PASSWORD}
        self.proxy.target = urlsplit(self.server.facts["url"]).port

    @property
    def restored(self):
        return self.run.said().count("is restored")

    def trading_in(self, server):
        """Return how many areas the aggregator has."""
        client = server.client()
        try:
            return len(holders(client))
        finally:
            client.close()

    def watch_a_slot(self):
        """Return the next slot that begins, when it has passed."""
        client = self.server.client()
        client.create_aggregator("watch")
        client.listen()
        client.select(self.server.uuid("Grid"))
        slots = [client.events_until(lambda one: one.get("event") == "market")[-1]["market_slot"] for _ in range(2)]
        client.delete_aggregator()
        client.close()
        return slots[0]

    def end(self):
        """Let the run end; return its figures, and the rows of its orders and the server's."""
        self.run.process.send_signal(signal.SIGTERM)
        status, figures = self.run.finish()
        assert status == 128 + signal.SIGTERM, self.run.said()
        self.server.stop()
        return figures, read(self.folder / "run" / "orders.csv"), read(self.served / "orders.csv")

    def close(self):
        if self.run.process.poll() is None:
            self.run.process.kill()
            self.run.process.communicate()
        self.proxy.close()


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def count(rows, *states):
    """Return how many orders of each slot, asset, side, rate and energy became one of these states."""
    return Counter(
        (row["slot"], row["asset"], row["side"], f"{float(row['rate']):.4f}", f"{float(row['energy_kWh']):.6f}")
        for row in rows
        if row["status"] in states
    )


def check(scene, least=1):
    """Wait until the run trades again, end it, and hold its orders against the exchange's book."""
    wait_until(lambda: scene.restored >= least)
    wait_until(lambda: scene.trading_in(scene.server) == len(scene.server.facts["assets"]))
    slot = scene.watch_a_slot()
    _, sent, served = scene.end()
    assert "Traceback" not in scene.run.said()
    book = count(served, "accepted")
    # All assets were there for the whole of this slot, which began after the fault.
    assert [one for one in book if one[0].startswith(slot)]
    # Each order that stands in the book was sent as often; nothing was sent again blindly.
    assert book <= count(sent, "accepted", "unknown")
    return sent, book


def test_a_connection_that_is_reset_is_restored_and_the_run_trades_again(scene):
    one = scene()
    for number in range(1, 4):
        one.proxy.reset()
        wait_until(lambda number=number: one.restored >= number)
    sent, book = check(one, 3)
    assert count(sent, "accepted") <= book


def test_a_frame_that_is_cut_in_its_middle_does_no_harm(scene):
    one = scene()
    one.proxy.cut(1000)
    check(one)


def test_a_network_that_swallows_everything_is_noticed_and_waited_out(scene):
    one = scene()
    one.proxy.swallow()
    wait_until(lambda: "is lost" in one.run.said())
    one.proxy.heal()
    check(one)


def test_a_new_process_of_the_exchange_is_traded_on_like_the_old_one(scene, users_file):
    one = scene("--users", users_file)
    old = one.server
    # So that the new one's first slot is one of the past.
    time.sleep(SLOT_SECONDS)
    one.proxy.target = None
    one.proxy.reset()
    old.stop(signal.SIGKILL)
    wait_until(lambda: "is lost" in one.run.said())
    one.start_server("again")
    sent, _ = check(one)
    # The new one begins with the first slot again.
    slots = [row["sent_in"] for row in sent]
    assert slots != sorted(slots)
