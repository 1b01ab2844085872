"""``gridhook run`` against ``gridhook serve`` over the network: the same trades as in process, and all endings."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gridhook_exchange

DEMO = Path(gridhook_exchange.__file__).parent / "demo"
MARKET_MAKER = "Grid/Market Maker"
# A whole day in the gate.
SLOTS = 96 if os.environ.get("GRIDHOOK_THOROUGH") else 24
PATIENCE = 60


def write_config(folder, facts, **keys):
    """Write the demo's configuration with another exchange; return the file. A key that is None is left out."""
    shutil.copytree(DEMO, folder, dirs_exist_ok=True)
    told = {"url": f"gsy+{facts['url']}", "simulation": facts["simulation_id"], "requirements": "binding", **keys}
    lines = [f"{key} = {json.dumps(value)}" for key, value in told.items() if value is not None]
    text = (DEMO / "gridhook.toml").read_text(encoding="utf-8")
    assert text.count('url = "embedded:demo"') == 1
    (folder / "live.toml").write_text(text.replace('url = "embedded:demo"', "\n".join(lines)), encoding="utf-8")
    return folder / "live.toml"


class Run:
    """A ``gridhook run`` process; only its environment knows the password."""

    def __init__(self, folder, facts, config, *arguments):
        self.errors = folder / "run.txt"
        user = {"API_CLIENT_USERNAME": facts["username"], "API_CLIENT_PASSWORD": facts["password"]}
        with self.errors.open("w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gridhook", "run", *map(str, (config, "--json", *arguments))],
                env={**os.environ, **user},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def finish(self):
        """Return the exit status and the figures of a run that ends."""
        out, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, json.loads(out) if out else None

    def said(self):
        return self.errors.read_text(encoding="utf-8")


def wait_until(is_so):
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


def holders(client):
    return {name: node["aggregator_name"] for name, node in client.areas().items() if node["aggregator_name"]}


@pytest.fixture
def run(tmp_path):
    """Start runs against a server; they end with the test."""
    started = []

    def start(server, *arguments, **keys):
        config = write_config(tmp_path / "config", server.facts, **keys)
        started.append(Run(tmp_path, server.facts, config, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def read_trades(folder):
    """Return what each trade was, without its id; in process the market maker is told by name."""
    rows = []
    with (folder / "trades.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sides = [
                ("", "") if row[side] in ("", MARKET_MAKER) else (row[side], f"{float(row[f'{side}_rate']):.6f}")
                for side in ("buyer", "seller")
            ]
            rows.append((row["market"], row["slot"], *sides, f"{float(row['energy_kWh']):.9f}", row["with_partner"]))
    return sorted(rows)


def test_a_day_ends_with_the_same_trades_as_in_process(serve, run, tmp_path):
    server = serve("demo", "--slots", SLOTS, "--lockstep", "--paused")
    client = server.client()
    live = run(server, "--report", tmp_path / "live", "--log-level", "debug")
    wait_until(lambda: len(holders(client)) == len(server.facts["assets"]))
    client.resume()
    status, figures = live.finish()
    assert status == 0, live.said()
    assert server.wait() == 0
    assert not server.complaints()
    client.close()

    command = [sys.executable, "-m", "gridhook", "run", "--slots", str(SLOTS), "--report", "own", "--json"]
    own = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    trades = read_trades(tmp_path / "live")
    assert len(trades) > 10 * SLOTS
    assert trades == read_trades(tmp_path / "own")
    same = ("slots", "orders", "trades", "settlement", "preferences", "reasons")
    expected = json.loads(own.stdout)
    assert {key: figures[key] for key in same} == {key: expected[key] for key in same}
    assert figures["members"] is None

    everything = live.said() + json.dumps(figures)
    everything += "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "live").iterdir())
    assert server.facts["password"] not in everything
    assert "eyJ" not in everything


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_that_waits_and_what_is_wanted_at_the_end_is_done(serve, run, number):
    server = serve("demo", "--slot-seconds", 20)
    client = server.client()
    live = run(server, withdraw_at_end=True, unselect_at_end=True, requirements="unsupported")
    wait_until(lambda: len(holders(client)) == len(server.facts["assets"]))
    live.process.send_signal(number)
    status, figures = live.finish()
    assert status == 128 + number, live.said()
    assert figures["slots"] in {0, 1}
    assert not holders(client)
    client.close()


@pytest.mark.thorough
def test_a_run_that_ends_early_leaves_its_assets_as_they_are_unless_told_otherwise(serve, run):
    server = serve("demo", "--slot-seconds", 1)
    client = server.client()
    live = run(server, "--slots", 2, requirements="unsupported")
    status, figures = live.finish()
    assert (status, figures["slots"]) == (0, 2), live.said()
    assert len(holders(client)) == len(server.facts["assets"])
    client.close()


@pytest.mark.parametrize(("key", "wrong"), [("password", "pass word"), ("username", "somebody")])
def test_wrong_credentials_end_the_run_at_once_and_are_not_shown(serve, run, key, wrong):
    server = serve("demo", "--paused")
    server.facts[key] = wrong
    live = run(server)
    status, _ = live.finish()
    assert status == 1
    assert "are not accepted" in live.said()
    assert server.facts["password"] not in live.said()
