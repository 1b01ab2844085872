"""The template live-data sends what the original's script of this name sends, of real figures (PROTOCOL.md 9.5)."""

import datetime
import json
import os
import subprocess
import sys
import time

import pytest
from conftest import PASSWORDS, write_community
from meddling import Meddler

SLOTS = 5
START = datetime.datetime(2026, 6, 15, tzinfo=datetime.UTC)
SLOT_LENGTH = datetime.timedelta(minutes=15)
PATIENCE = 60
MINE = ("Load 1", "PV 1")
CONSTANTS = {"Load 1": 1.2, "PV 1": 0.86}


def text_of(time):
    return time.strftime("%Y-%m-%dT%H:%M")


def write_series(path, first, count, value, end="\n"):
    rows = [
        ",".join([text_of(START + SLOT_LENGTH * slot), *(f"{value(name, slot):g}" for name in MINE)])
        for slot in range(first, first + count)
    ]
    path.write_text("\n".join([",".join(["time", *MINE]), *rows]) + end, encoding="utf-8")


def forecast_of(name, slot):
    return round((0.7 if name == "Load 1" else 0.5) + slot % 96 / 1000, 4)


def measured_of(name, slot):
    return round(forecast_of(name, slot) * 1.5, 4)


def prepare_community(folder):
    """Write a community without settlement markets, in one of whose homes nothing is needed and nothing there."""
    file = write_community(folder)
    text = file.read_text(encoding="utf-8").replace("settlement_slots = 4", "settlement_slots = 0")
    file.write_text(text.replace("meters.csv", "profiles.csv"), encoding="utf-8")
    meters = (folder / "meters.csv").rename(folder / "profiles.csv")
    meters.write_text(meters.read_text(encoding="utf-8").replace(",0.4,0.5,", ",0.0,0.0,"), encoding="utf-8")


def wait_until_claimed(client):
    ends = time.monotonic() + PATIENCE
    while not all(client.areas()[name]["aggregator_name"] for name in MINE):
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.fixture
def wire(serve, users_file, tmp_path):
    """Run the template for one of two homes, which needs and has nothing unless somebody says so.

    Return the market events that it heard, what it sent, and its figures.
    """

    def run(*changes, prepare=lambda: None, on_event=lambda number: None):
        prepare_community(tmp_path)
        prepare()
        server = serve("community.toml", "--slots", SLOTS, "--lockstep", "--paused", "--users", users_file)
        client = server.client("good", PASSWORDS["good"])
        meddler, events = Meddler(server.facts, "lockstep"), []

        def listen(message):
            if message.get("event") == "market":
                on_event(len(events))
                events.append(message)
            return [json.dumps(message).encode()]

        meddler.meddle = listen
        gridhook = [sys.executable, "-m", "gridhook"]
        subprocess.run([*gridhook, "config", "new", "live-data"], cwd=tmp_path, check=True, capture_output=True)
        template = (tmp_path / "gridhook.toml").read_text(encoding="utf-8")
        for before, after in changes:
            assert before in template
            template = template.replace(before, after)
        (tmp_path / "gridhook.toml").write_text(template, encoding="utf-8")
        environment = {
            "API_CLIENT_USERNAME": "good",
            "API_CLIENT_PASSWORD": PASSWORDS["good"],
            "API_CLIENT_SIMULATION_ID": server.facts["simulation_id"],
            "API_CLIENT_WEBSOCKET_DOMAIN_NAME": meddler.websocket_url,
        }
        process = subprocess.Popen(
            [*gridhook, "run", "gridhook.toml", "--exchange", f"gsy+{meddler.url}", "--json"],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until_claimed(client)
            client.resume()
            out, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.communicate()
            meddler.close()
            client.close()
        assert process.returncode == 0, said
        assert len(events) == SLOTS
        return events, meddler, json.loads(out)

    return run


def states_of(event):
    """Return id and state of each own asset by its name."""
    found, waiting = {}, dict(event["grid_tree"])
    while waiting:
        area, node = waiting.popitem()
        waiting |= node.get("children", {})
        if node["area_name"] in MINE and node.get("asset_info"):
            found[node["area_name"]] = (area, node["asset_info"])
    return found


def told(meddler, kind, area):
    """Return what was said of an asset, in the order in which it was sent."""
    return [
        body[f"energy_{kind}"]
        for command, asset, body in meddler.energies
        if command == f"set-energy-{kind}" and asset == area
    ]


def needed(state):
    return state.get("energy_requirement_kWh", state.get("available_energy_kWh"))


@pytest.mark.thorough
def test_with_the_scripts_constants_it_sends_what_the_script_sends(wire):
    events, meddler, figures = wire(("# load_kwh", "load_kwh"), ("# pv_kwh", "pv_kwh"))
    for name, (area, _) in states_of(events[0]).items():
        following = [datetime.datetime.fromisoformat(event["market_slot"]) + SLOT_LENGTH for event in events]
        assert told(meddler, "forecast", area) == [{text_of(slot): CONSTANTS[name]} for slot in following]
        assert not told(meddler, "measurement", area)
    assert not any(meddler.batches), "it places no orders"
    assert figures["forecasts"]["sent"] == len(MINE) * SLOTS


@pytest.mark.thorough
def test_it_sends_the_figures_of_files_that_grow_for_assets_that_need_nothing_yet(wire, tmp_path):
    """Before each market event, the meter writes what was, and somebody what will be."""

    def on_event(number):
        # The file of forecasts comes into being with the second slot, and always ends in half a line.
        if number:
            write_series(tmp_path / "forecasts.csv", 0, number + 2, forecast_of, end="\n2026-06-1")
        write_series(tmp_path / "meters.csv", -2, number + 2, measured_of)

    events, meddler, figures = wire(on_event=on_event)
    slots = [event["market_slot"] for event in events]
    for name, (area, state) in states_of(events[0]).items():
        assert needed(state) == 0
        following = [text_of(START + SLOT_LENGTH * (slot + 1)) for slot in range(SLOTS)]
        sent = [{following[slot]: forecast_of(name, slot + 1)} for slot in range(1, SLOTS)]
        assert told(meddler, "forecast", area) == sent
        measured = [{slots[slot]: measured_of(name, slot)} for slot in range(SLOTS - 1)]
        assert told(meddler, "measurement", area) == measured
        later = [needed(states_of(event)[name][1]) for event in events[2:]]
        assert later == [pytest.approx(forecast_of(name, slot)) for slot in range(2, SLOTS)], "forecasts take effect"
    assert not any(meddler.batches)
    assert figures["forecasts"]["wape"] == pytest.approx(0.5 / 1.5)


@pytest.mark.thorough
def test_without_a_forecast_it_is_as_it_was_yesterday(wire, tmp_path):
    def prepare():
        write_series(tmp_path / "meters.csv", -96, 96 + SLOTS, measured_of)

    events, meddler, _ = wire(prepare=prepare)
    for name, (area, _) in states_of(events[0]).items():
        expected = [
            {text_of(START + SLOT_LENGTH * (slot + 1)): measured_of(name, slot + 1 - 96)} for slot in range(SLOTS)
        ]
        assert told(meddler, "forecast", area) == expected
