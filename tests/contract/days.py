"""A day on a served exchange: a run, somebody who watches, and between run and exchange whatever goes wrong."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import attrs
from conftest import write_community
from faults import FaultyProxy
from meddling import Meddler
from websockets.exceptions import ConcurrencyError, ConnectionClosed

SLOT_SECONDS = 6
PATIENCE = 60
MOST_TICKS = 2
USER, PASSWORD = "operator", "a good password"
KNOWING = 4
CONFIG = """
[exchange]
url = "gsy+{url}"
websocket = "{websocket}"
simulation = "{simulation}"
aggregator = "oracle"
timeout_seconds = 2.0
ping_seconds = {ping_seconds}

[plugins.claim]
exclude = ["Load 2"]
"""


@attrs.define
class Diary:
    """What happened in which order: ticks of the exchange as somebody else hears them, batches of the run, faults."""

    entries: list = attrs.field(factory=list)
    _changed: threading.Condition = attrs.field(factory=threading.Condition)

    def write(self, kind, moment=None):
        with self._changed:
            self.entries.append((kind, moment))
            self._changed.notify_all()

    def wait_for(self, is_so):
        with self._changed:
            assert self._changed.wait_for(lambda: is_so(self.entries), PATIENCE), self.entries[-20:]


class Day:
    """A run on a served exchange, and somebody who only watches.

    Between run and exchange are a ``network``, which knows of bytes, and a ``meddler``, who knows of messages.
    """

    def __init__(self, serve, folder, environment=None, ping_seconds=1.0, slot_seconds=SLOT_SECONDS):
        self.folder = folder
        self.diary = Diary()
        self.serve = serve
        self.ping_seconds = ping_seconds
        self.slot_seconds = slot_seconds
        self.community = write_community(folder)
        self.watcher = None
        self.start_server("served")
        self.come_between()
        self.errors = folder / "run.txt"
        self.start_run("run", environment or {})
        # By then it knows how often the exchange says something.
        self.diary.wait_for(lambda entries: entries.count(("batch", None)) >= KNOWING)

    def come_between(self):
        """Put between run and exchange what can go wrong, and notes each batch."""
        self.meddler = Meddler(self.server.facts)
        self.meddler.on_batch = lambda: self.diary.write("batch")
        self.network = Network(self.meddler)

    def start_server(self, report):
        """Start an exchange, and watch it."""
        self.report = self.folder / report
        arguments = ("--slot-seconds", self.slot_seconds, "--report", self.report)
        self.server = self.serve(self.community, *arguments, *self.server_options())
        self.server.facts |= {"username": USER, "password": PASSWORD}
        if self.watcher is not None:
            self.watcher.close()
        self.watcher = self.server.client()
        self.watcher.create_aggregator("watcher")
        self.watcher.listen()
        self.watcher.select(self.server.uuid("Load 2"))
        threading.Thread(target=self._watch, args=[self.watcher], daemon=True).start()

    def server_options(self):
        return ("--users", users_file(self.folder))

    def config(self):
        return CONFIG.format(
            url=self.network.url,
            websocket=self.network.websocket_url,
            simulation=self.server.facts["simulation_id"],
            ping_seconds=self.ping_seconds,
        )

    def start_run(self, report, environment=None):
        """Start an agent; what it says is added to what was said before."""
        self.run_report = self.folder / report
        # Of its own: the next run may have another configuration.
        self.record = f"{report}.jsonl"
        (self.folder / "run.toml").write_text(self.config(), encoding="utf-8")
        user = {"API_CLIENT_USERNAME": USER, "API_CLIENT_PASSWORD": PASSWORD}
        arguments = ["run", "run.toml", "--json", "--report", report, "--record", self.record, "--log-level", "info"]
        with self.errors.open("a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gridhook", *arguments],
                cwd=self.folder,
                env={**os.environ, **user, **(environment or {})},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def _watch(self, watcher):
        # It ends with the exchange, or with the test.
        with contextlib.suppress(ConnectionClosed, ConcurrencyError, OSError):
            while (message := watcher.next_message()) is not None:
                if message.get("event") in ("market", "tick"):
                    self.diary.write("tick", (message["market_slot"], int(message["slot_completion"].rstrip("%"))))

    def said(self):
        return self.errors.read_text(encoding="utf-8")

    def wait_until_said(self, text, times=1):
        ends = time.monotonic() + PATIENCE
        while self.said().count(text) < times:
            assert time.monotonic() < ends, self.said()
            time.sleep(0.02)

    def wait_for_early_tick(self):
        """Wait for a tick after which rates change at least three times more in the slot."""
        start = len(self.diary.entries)
        self.diary.wait_for(lambda entries: any(moment and 0 < moment[1] <= 40 for _, moment in entries[start:]))

    def heal(self, heal):
        """End a fault; wait until the run trades again, and return how many ticks that took."""
        self.wait_for_early_tick()
        heal()
        self.diary.write("healed")
        start = len(self.diary.entries)
        self.diary.wait_for(lambda entries: ("batch", None) in entries[start:])
        after = [kind for kind, _ in self.diary.entries[start:]]
        return after[: after.index("batch")].count("tick")

    def end(self):
        """End the run and the server; return the figures, and the rows of their orders."""
        figures, sent = self.end_run()
        self.server.stop()
        self.replay()
        return figures, sent, read(self.report / "orders.csv")

    def replay(self):
        """See that the same is decided again about whatever happened."""
        command = [sys.executable, "-m", "gridhook", "replay", self.record]
        again = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stdout + again.stderr

    def end_run(self):
        """End the run; return its figures and orders."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 128 + signal.SIGTERM, self.said()
        assert "Traceback" not in self.said()
        return json.loads(out), read(self.run_report / "orders.csv")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.watcher.close()
        self.go_away()

    def go_away(self):
        """Take away what came between."""
        self.network.close()
        self.meddler.close()


class Network:
    """The way to a meddler, which breaks as networks do."""

    def __init__(self, meddler):
        self._proxies = [FaultyProxy(urlsplit(url).port) for url in (meddler.url, meddler.websocket_url)]
        http, websocket = (proxy.port for proxy in self._proxies)
        self.url = f"http://127.0.0.1:{http}"
        self.websocket_url = f"ws://127.0.0.1:{websocket}/external-ws"

    def reset(self):
        for proxy in self._proxies:
            proxy.reset()

    def cut(self, count):
        self._proxies[1].cut(count)

    def swallow(self):
        for proxy in self._proxies:
            proxy.swallow()

    def heal(self):
        for proxy in self._proxies:
            proxy.heal()

    def close(self):
        for proxy in self._proxies:
            proxy.close()


def users_file(folder):
    """Write a file of one user, who is known to each new process of the server; return it."""
    file = folder / "users.toml"
    if not file.exists():
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        command = ["users", "add", USER, "--file", "users.toml", "--password-file", "password"]
        subprocess.run([sys.executable, "-m", "gridhook", *command], cwd=folder, check=True, capture_output=True)
    return file


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def count(rows, *states):
    """Return how many orders of each asset, side, rate and energy became one of these states.

    The slot is left out: a spot order names none, and what is under way when a slot ends comes into the next one.
    """
    return Counter(
        (row["asset"], row["side"], f"{float(row['rate']):.4f}", f"{float(row['energy_kWh']):.6f}")
        for row in rows
        if row["status"] in states
    )


def no_order_is_doubled(sent, served):
    """Say whether each order in the exchange's book was sent as often."""
    doubled = count(served, "accepted") - count(sent, "accepted", "unknown")
    assert not doubled, [row for row in sent if any(row["asset"] == asset for asset, *_ in doubled)]
    return True
