"""The template settle-deviations sends what the original's script of this name sends (PROTOCOL.md 9.5)."""

import datetime
import json
import os
import subprocess
import sys
import time

import pytest
from conftest import PASSWORDS, write_community
from meddling import Meddler

SLOTS = 7
SLOT_LENGTH = datetime.timedelta(minutes=15)
PATIENCE = 60
MINE = ("Load 1", "PV 1")


def wait_until_claimed(client):
    ends = time.monotonic() + PATIENCE
    while not all(client.areas()[name]["aggregator_name"] for name in MINE):
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.fixture
def wire(serve, users_file, tmp_path):
    """Run the template for one of two homes; return the market events that it heard, and the batches that it sent."""
    server = serve(write_community(tmp_path), "--slots", SLOTS, "--lockstep", "--paused", "--users", users_file)
    client = server.client("good", PASSWORDS["good"])
    meddler, events = Meddler(server.facts, "lockstep"), []

    def listen(message):
        if message.get("event") == "market":
            events.append(message)
        return [json.dumps(message).encode()]

    meddler.meddle = listen
    gridhook = [sys.executable, "-m", "gridhook"]
    subprocess.run([*gridhook, "config", "new", "settle-deviations"], cwd=tmp_path, check=True, capture_output=True)
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
    return events, meddler.batches, json.loads(out)


def assets_of(event):
    """Return the states of the own assets by their ids."""
    found, waiting = {}, dict(event["grid_tree"])
    while waiting:
        area, node = waiting.popitem()
        waiting |= node.get("children", {})
        if node["area_name"] in MINE and node.get("asset_info"):
            found[area] = node["asset_info"]
    return found


def order(side, rate, energy, slot=None):
    price = pytest.approx(rate * energy, rel=1e-9)
    return {
        "type": side,
        "energy": pytest.approx(energy, rel=1e-9),
        "price": price,
        "replace_existing": True,
        "time_slot": slot,
    }


def prescribed(slot, state):
    """Return what the script sends for an asset when a slot begins."""
    is_load = "energy_requirement_kWh" in state
    following = (datetime.datetime.fromisoformat(slot) + SLOT_LENGTH).strftime("%Y-%m-%dT%H:%M")
    commands = [
        {"type": "set_energy_forecast", "energy_forecast": {following: 1.2 if is_load else 0.86}},
        {"type": "set_energy_measurement", "energy_measurement": {slot: 1.23 if is_load else 0.87}},
    ]
    newest, deviation = max(state["unsettled_deviation_kWh"].items(), default=(None, None))
    if deviation is not None:
        settled = ("bid", 5.0) if deviation > 0 else ("offer", 10.0)
        commands.append(order(*settled, abs(deviation), newest))
    energy = state["energy_requirement_kWh" if is_load else "available_energy_kWh"]
    return [*commands, order("bid" if is_load else "offer", 10.0, energy)] if energy else commands


@pytest.mark.thorough
def test_it_sends_what_the_script_sends_order_by_order(wire):
    events, batches, figures = wire
    sent = [batch for batch in batches if batch]
    assert len(events) == len(sent) == figures["slots"] == SLOTS
    for event, batch in zip(events, sent, strict=True):
        assert batch == {area: prescribed(event["market_slot"], state) for area, state in assets_of(event).items()}
    assert figures["reasons"]["refused"] == figures["reasons"]["unknown"] == 0
    states = [state for event in events for state in assets_of(event).values()]
    deviations = [energy for state in states for energy in state["unsettled_deviation_kWh"].values()]
    assert min(deviations) < 0 < max(deviations), "both sides were settled"
    assert max(len(state["unsettled_deviation_kWh"]) for state in states) == 4, "there were older slots to leave alone"
    assert figures["trades"]
