"""A template of ``gridhook config new``, run as it is over REST and WebSocket, and what was said at each event."""

import json
import os
import subprocess
import sys
import threading

import attrs
import pytest
from conftest import write_community
from meddling import Meddler
from test_run_over_network import holders, wait_until

PATIENCE = 60
DUST = 2e-5


@attrs.frozen
class Moment:
    """What the run was told at one event, and what it sent then: commands by area."""

    slot: str
    completion: int
    message: dict
    commands: dict

    @property
    def nodes(self):
        """All areas by their ids; each node knows its ``path`` of ids from the root."""
        found, waiting = {}, [((), self.message["grid_tree"])]
        while waiting:
            path, areas = waiting.pop()
            for area, node in areas.items():
                found[area] = {**node, "path": (*path, area)}
                waiting.append(((*path, area), node.get("children", {})))
        return found

    @property
    def assets(self):
        """The state of the own assets by their ids."""
        return {area: node["asset_info"] for area, node in self.nodes.items() if "asset_info" in node}

    @property
    def orders(self):
        """By area and side: cents/kWh and kWh of each order, in the order in which they were sent."""
        orders = {}
        for area, commands in self.commands.items():
            for command in commands:
                assert command["replace_existing"] is True
                assert command["time_slot"] is None
                rate = command["price"] / command["energy"]
                orders.setdefault((area, command["type"]), []).append((rate, command["energy"]))
        return orders


def trade(serve, folder, template, community, slots, edit=lambda text: text, change=lambda message: None):
    """Run a template for some slots against a served community in lockstep; return its moments and its figures.

    :param edit: returns the template's text as a user has changed it.
    :param change: is called with each event, and may change it.
    """
    server = serve(community, "--lockstep", "--paused")
    said, lock = {}, threading.Lock()
    meddler = Meddler(server.facts, "lockstep")

    def listen(message):
        if message.get("event") in ("market", "tick"):
            change(message)
            with lock:
                # At 0 % the market event comes first, and the tick says the same.
                said.setdefault((message["market_slot"], message["slot_completion"]), message)
        return [json.dumps(message).encode()]

    meddler.meddle = listen
    environment = {
        **os.environ,
        "API_CLIENT_USERNAME": server.facts["username"],
        "API_CLIENT_PASSWORD": server.facts["password"],
        "API_CLIENT_SIMULATION_ID": server.facts["simulation_id"],
        "API_CLIENT_WEBSOCKET_DOMAIN_NAME": meddler.websocket_url,
    }
    gridhook = [sys.executable, "-m", "gridhook"]
    file = folder / f"{template}.toml"
    client = server.client()
    # The registry says of a smart meter that it is not registered, since the original's SDK knows of none.
    assets = {asset["name"] for asset in server.facts["assets"]} - {"Meter"}
    try:
        subprocess.run([*gridhook, "config", "new", template, file], check=True, capture_output=True, env=environment)
        file.write_text(edit(file.read_text(encoding="utf-8")), encoding="utf-8")
        command = [*gridhook, "run", str(file), "--exchange", f"gsy+{meddler.url}", "--slots", str(slots), "--json"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: holders(client).keys() == assets)
            client.resume()
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == 0, err
    finally:
        client.close()
        # What is between them ends with it.
        server.stop()
        meddler.close()
    # In lockstep each event is answered by one batch, and the next event comes after it.
    moments = [
        Moment(slot, int(completion.removesuffix("%")), message, commands)
        for ((slot, completion), message), commands in zip(said.items(), meddler.batches, strict=False)
    ]
    # Who leaves after so many slots says to the event of the next one that nothing comes.
    if moments[-1].completion == 0 and not moments[-1].commands:
        moments.pop()
    return moments, json.loads(out)


def write_small_community(folder):
    """Write the contract's community with the original's sixty ticks in a slot, and with other fees in each market."""
    file = write_community(folder)
    text = file.read_text(encoding="utf-8").replace("tick_seconds = 90", "tick_seconds = 15")
    before, fee, after = text.rpartition("fee = 0.5")
    assert fee
    file.write_text(f"{before}fee = 1.25{after}", encoding="utf-8")
    return file


def needed(moment):
    """Return what PROTOCOL.md 9.5 has bid and offered at an event: kWh by area and side, open orders included."""
    wanted = {}
    for area, state in moment.assets.items():
        if "free_storage" in state:
            wanted[area, "bid"] = state["energy_to_buy"] + state["energy_active_in_bids"]
            wanted[area, "offer"] = state["energy_to_sell"] + state["energy_active_in_offers"]
        elif "energy_requirement_kWh" in state:
            wanted[area, "bid"] = state["energy_requirement_kWh"]
        else:
            wanted[area, "offer"] = state["available_energy_kWh"]
    return {place: energy for place, energy in wanted.items() if energy > DUST}


def assert_same_orders(orders, expected):
    """Compare orders with expected rates and energies, by area and side, one for each."""
    assert orders.keys() == expected.keys()
    for place, sent in orders.items():
        assert sent == [pytest.approx(expected[place], abs=1e-9)], place
