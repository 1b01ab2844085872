"""The templates for grid operators, on the wire: what they send is what PROTOCOL.md 9.6 asks for, slot by slot."""

import datetime
import json
import os
import subprocess
import sys
import time

import pytest
from meddling import Meddler

SLOTS = 12
PATIENCE = 60
SLOT_LENGTH = datetime.timedelta(minutes=15)
MARKETS = ("Grid", "House 1", "House 2")
# What is replaced at each tick has to be old enough at once to leave its home.
COMMUNITY = f"""
name = "Village"
timezone = "UTC"
start = 2026-06-15
slots = {SLOTS}
tick_seconds = 90

[profiles]
file = "meters.csv"

[rules]
min_age_ticks = 0

[tariff]
feed_in_rate = 8.0
retail_rate = 30.0

[[markets]]
name = "Grid"
fee = 1.0
[[markets]]
name = "House 1"
parent = "Grid"
[[markets]]
name = "House 2"
parent = "Grid"
[[loads]]
name = "Load 1"
market = "House 1"
profile = {{ column = "Load 1" }}
[[pvs]]
name = "PV 2"
market = "House 2"
profile = {{ column = "PV 2" }}
"""
LOADS = (0.2, 0.0, 0.5, 0.15, 0.02, 0.3)
PVS = (0.0, 0.3, 0.1, 0.05, 0.0, 0.4)
STEPS = [(0.01, 0.9), (0.05, 2.1), (0.1, 3), (0.2, 3.9), (0.25, 6)]
ABOVE = 2000


def quarters():
    return [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}:00" for quarter in range(96)]


def tou_fees(number):
    """Return the fees in a row of the file below, by market."""
    return {"House 2": 5 + number / 4, "Grid": number / 10, "House 1": 0.25}


def write_community(folder):
    """Write a community of a home that only draws energy and one that only feeds it in, in each slot another amount."""
    folder.mkdir()
    (folder / "community.toml").write_text(COMMUNITY, encoding="utf-8")
    rows = zip(quarters(), LOADS * 2, PVS * 2, strict=False)
    lines = ["time,Load 1,PV 2", *(f"2026-06-15T{time}Z,{load},{pv}" for time, load, pv in rows)]
    (folder / "meters.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "community.toml"


class Operator:
    """A ``gridhook run`` of a template on a served exchange; ``heard`` is what it was told, in order."""

    def __init__(self, serve, folder, template):
        self.heard = []
        self.errors = folder / "run.txt"
        new = [sys.executable, "-m", "gridhook", "config", "new", template, "fees.toml"]
        subprocess.run(new, cwd=folder, check=True, capture_output=True)
        community = write_community(folder / "served")
        self.server = serve(community, "--lockstep", "--paused")
        self.meddler = Meddler(self.server.facts)
        self.meddler.meddle = self._hear
        self.folder = folder

    def trade(self):
        """Run to the end; return the batches that it sent."""
        facts = self.server.facts
        environment = {
            "API_CLIENT_USERNAME": facts["username"],
            "API_CLIENT_PASSWORD": facts["password"],
            "API_CLIENT_SIMULATION_ID": facts["simulation_id"],
            "API_CLIENT_WEBSOCKET_DOMAIN_NAME": self.meddler.websocket_url,
        }
        client = self.server.client()
        with self.errors.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "gridhook", "run", "fees.toml", "--exchange", f"gsy+{self.meddler.url}"],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        try:
            self._wait_until_claimed(client, process)
            client.resume()
            assert process.wait(timeout=PATIENCE) == 0, self.said()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            client.close()
            self.meddler.close()
        return self.meddler.batches

    def said(self):
        return self.errors.read_text(encoding="utf-8")

    def ids(self):
        return {self.server.uuid(name): name for name in MARKETS}

    def _hear(self, message):
        self.heard.append(message)
        return [json.dumps(message).encode()]

    def _wait_until_claimed(self, client, process):
        ends = time.monotonic() + PATIENCE
        while any(client.areas()[name]["aggregator_name"] != "dso" for name in MARKETS):
            assert process.poll() is None, self.said()
            assert time.monotonic() < ends
            time.sleep(0.05)


def moments(heard):
    """Yield per market event the event, and the statistics of each market in the answers so far, in order."""
    told = {}
    for message in heard:
        if message.get("command") == "batch_commands":
            for area, answers in message["responses"].items():
                (stats,) = [one["market_stats"] for one in answers if one["command"] == "dso_market_stats"]
                told.setdefault(area, []).append(stats.get("area_throughput"))
        elif message.get("event") == "market":
            yield message, {area: list(its) for area, its in told.items()}


def batch(fees):
    """Return a batch with these fees by area (None: nothing is set)."""
    return {
        area: [
            {"type": "dso_market_stats", "data": {}},
            *([] if fee is None else [{"type": "grid_fees", "data": {"fee_const": pytest.approx(fee, abs=1e-9)}}]),
        ]
        for area, fee in fees.items()
    }


def nodes(tree):
    for area, node in tree.items():
        yield area, node
        yield from nodes(node.get("children", {}))


def check(operator, prescribe):
    """Compare each batch with what is prescribed for its event, and each fee with what then holds."""
    sent = operator.trade()
    events = list(moments(operator.heard))
    expected = [
        {area: prescribe(name, event, told.get(area, [])) for area, name in operator.ids().items()}
        for event, told in events
    ]
    assert len(events) == SLOTS
    assert sent == [batch(fees) for fees in expected]
    for fees, (event, _) in zip(expected, events[1:], strict=False):
        current = {area: node["current_market_fee"] for area, node in nodes(event["grid_tree"]) if "children" in node}
        assert {area: current[area] for area, fee in fees.items() if fee is not None} == pytest.approx(
            {area: fee for area, fee in fees.items() if fee is not None}
        )
    assert {answer["status"] for _, answer in answers(operator.heard)} == {"ready"}
    # What is claimed is said, and nothing that would be a warning.
    assert [line for line in operator.said().splitlines() if not line.startswith("  ")] == ["claimed 3 areas:"]
    return expected


def answers(heard):
    return [
        (area, answer)
        for message in heard
        if message.get("command") == "batch_commands"
        for area, listed in message["responses"].items()
        for answer in listed
    ]


def test_fixed_fees_are_ten_cents_in_every_slot(serve, tmp_path):
    check(Operator(serve, tmp_path, "fixed-fees"), lambda name, event, told: 10)


@pytest.mark.thorough
def test_fees_by_the_time_of_the_day_are_those_of_the_next_slots_row(serve, tmp_path):
    rows = [[time, *tou_fees(number).values()] for number, time in enumerate(quarters())]
    text = "\n".join(";".join(map(str, row)).replace(".", ",") + ";;" for row in [["Time", *tou_fees(0)], *rows])
    (tmp_path / "ToU.csv").write_text(text, encoding="utf-8")

    def prescribe(name, event, told):
        begins = datetime.datetime.fromisoformat(event["market_slot"]) + SLOT_LENGTH
        return tou_fees(quarters().index(begins.strftime("%H:%M:%S")))[name]

    expected = check(Operator(serve, tmp_path, "time-of-use-fees"), prescribe)
    assert len({tuple(fees.values()) for fees in expected}) == SLOTS


def write_thresholds(folder):
    steps = [{"Import / Export threshold": threshold, "Grid fee": fee} for threshold, fee in STEPS]
    (folder / "aziiz.json").write_text(json.dumps(dict.fromkeys(MARKETS, steps)), encoding="utf-8")


def step(energy):
    return next((fee for threshold, fee in STEPS if energy <= threshold), ABOVE)


@pytest.mark.thorough
def test_threshold_fees_follow_the_mean_balance_of_the_last_slots(serve, tmp_path):
    write_thresholds(tmp_path)

    def prescribe(name, event, told):
        balances = [flows["import"] - flows["export"] for flows in told if flows is not None]
        return step(abs(sum(balances[-4:]) / len(balances[-4:]))) if balances else None

    expected = check(Operator(serve, tmp_path, "threshold-fees"), prescribe)
    assert len({fee for fees in expected for fee in fees.values()}) > 2
