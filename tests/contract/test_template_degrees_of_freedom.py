"""The template for degrees of freedom: each order on the wire is what PROTOCOL.md 9.5 prescribes for its event."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from meddling import Meddler
from test_run_over_network import DEMO, Run, holders, wait_until

STEPS, LAST = 10, 2
SLOTS, SLOT_SECONDS = 2, 2
PV, CHOOSY, GREEN = "Home 01 PV", "Home 02 Load", "Home 03 Load"
KEYS = {"requirements", "attributes"}


class Morning:
    """The template's configuration, run on the demo community, and all that was said, in its order."""

    def __init__(self, serve, folder, monkeypatch, change):
        community = folder / "demo"
        shutil.copytree(DEMO, community)
        text = (community / "demo.toml").read_text(encoding="utf-8")
        text, count = re.subn(r"^start = .*$", "start = 2026-06-15T11:00:00", text, flags=re.MULTILINE)
        assert count == 1
        (community / "demo.toml").write_text(text, encoding="utf-8")
        new = [sys.executable, "-m", "gridhook", "config", "new", "degrees-of-freedom", "dof.toml"]
        subprocess.run(new, cwd=folder, check=True, capture_output=True)
        config = folder / "dof.toml"
        config.write_text(change(config.read_text(encoding="utf-8")), encoding="utf-8")

        arguments = ("--slots", SLOTS, "--slot-seconds", SLOT_SECONDS, "--paused")
        server = serve(community / "demo.toml", *arguments)
        self.ids = {name: server.uuid(name) for name in (PV, CHOOSY, GREEN)}
        self.said = []
        meddler = Meddler(server.facts)
        meddler.meddle = self._hear
        meddler.on_batch = lambda: self.said.append(("batch", meddler.batches[-1]))
        monkeypatch.setenv("API_CLIENT_SIMULATION_ID", server.facts["simulation_id"])
        monkeypatch.setenv("API_CLIENT_WEBSOCKET_DOMAIN_NAME", meddler.websocket_url)
        client = server.client()
        try:
            run = Run(folder, server.facts, config, "--exchange", f"gsy+{meddler.url}")
            wait_until(lambda: len(holders(client)) == len(self.ids) or run.process.poll() is not None)
            client.resume()
            self.status, self.figures = run.finish()
            self.log = run.said()
        finally:
            client.close()
            meddler.close()

    def _hear(self, message):
        if message.get("event") in ("market", "tick") and message["grid_tree"]:
            self.said.append(("event", message))
        return [json.dumps(message).encode()]

    @property
    def commands(self):
        return [
            command
            for kind, batch in self.said
            if kind == "batch"
            for commands in batch.values()
            for command in commands
        ]


@pytest.fixture
def trade(serve, tmp_path, monkeypatch):
    def trade(change=lambda text: text):
        morning = Morning(serve, tmp_path, monkeypatch, change)
        assert morning.status == 0, morning.log
        return morning

    return trade


def take_requirements(text):
    assert text.count('\n# requirements = "binding"\n') == 1
    return text.replace('\n# requirements = "binding"\n', '\nrequirements = "binding"\n')


def paths(tree, above=()):
    """Return the nodes from the root to each area, by uuid."""
    found = {}
    for uuid, node in tree.items():
        found[uuid] = (*above, (uuid, node))
        found |= paths(node.get("children", {}), found[uuid])
    return found


def fee_between(found, start, target):
    """PROTOCOL.md 5: the fees of all markets on the way, the lowest one in common included."""
    one, other = dict(found[start]), dict(found[target])
    common = [uuid for uuid in one if uuid in other]
    nodes = {**one, **other}
    return sum(nodes[uuid].get("current_market_fee") or 0 for uuid in nodes if uuid not in common[:-1])


def prescribed(event, ids):
    """Return the prescribed orders of an event by uuid: side, kWh, cents/kWh, requirements and attributes."""
    found = paths(event["grid_tree"])
    (market_maker,) = [uuid for uuid, path in found.items() if path[-1][1]["area_name"] == "Market Maker"]
    low, high = event["feed_in_tariff_rate"], event["market_maker_rate"]
    index = int(int(event["slot_completion"].rstrip("%")) / 100 * STEPS)
    orders = {}
    for name, uuid in ids.items():
        fee = fee_between(found, uuid, market_maker)
        share = 1 if index >= STEPS - LAST else index / STEPS
        way = (high + 2 * fee - low) * share
        info = found[uuid][-1][1]["asset_info"]
        if name == PV:
            orders[uuid] = (
                "offer",
                info["available_energy_kWh"],
                max(high + fee - way, 0),
                None,
                {"energy_type": "PV"},
            )
            continue
        rate, energy = low - fee + way, info["energy_requirement_kWh"]
        sets = {
            CHOOSY: [([ids[PV]], [], energy, 24.0), ([], ["PV"], energy, rate)],
            GREEN: [([], ["PV"], min(0.1, energy), rate)],
        }
        orders[uuid] = ("bid", energy, rate, [(*its[:3], its[3] * its[2]) for its in sets[name]], None)
    return orders


def written(command):
    """Return a command in the form of a prescribed order."""
    requirements = command.get("requirements")
    if requirements is not None:
        keys = ("trading_partners", "energy_type", "energy", "price")
        assert all(set(one) == set(keys) for one in requirements)
        requirements = [tuple(one[key] for key in keys) for one in requirements]
    assert command["replace_existing"]
    assert command["time_slot"] is None
    rate = command["price"] / command["energy"]
    return command["type"], command["energy"], rate, requirements, command.get("attributes")


def is_same(one, other):
    """Compare what commands are made of; numbers to 1e-9."""
    if isinstance(one, float | int) and isinstance(other, float | int):
        return one == pytest.approx(other, abs=1e-9)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return one == other


def answers(batch, event, orders, stands):
    """Say whether a batch is what an event asks for, where these (slot, order) stand."""
    slot = event["market_slot"]
    for uuid, order in orders.items():
        if uuid in batch:
            if not is_same([written(command) for command in batch[uuid]], [order]):
                return False
        # What stands is not sent again; its energy shrinks by itself when it trades.
        elif order[1] > 2e-5 and not (stands.get(uuid, ("",))[0] == slot and is_same(stands[uuid][1][2], order[2])):
            return False
    return batch.keys() <= orders.keys()


def check_all(said, prescribe):
    """Check that each batch answers an event since the one that was answered last; return the number of orders."""
    waiting, stands, orders = [], {}, 0
    for kind, its in said:
        if kind == "event":
            waiting.append(its)
            continue
        fitting = [number for number, event in enumerate(waiting) if answers(its, event, prescribe(event), stands)]
        assert fitting, (its, [prescribe(event) for event in waiting])
        event = waiting[fitting[0]]
        stands |= {uuid: (event["market_slot"], prescribe(event)[uuid]) for uuid in its}
        del waiting[: fitting[0]]
        orders += len(its)
    return orders


@pytest.mark.thorough
def test_each_order_is_what_the_protocol_prescribes_for_its_event(trade):
    morning = trade(take_requirements)
    orders = check_all(morning.said, lambda event: prescribed(event, morning.ids))
    assert morning.figures["orders"] == orders
    # Of ten events of a slot, all but the last one change the rate of each of three assets.
    assert orders >= SLOTS * 3 * 5
    assert morning.figures["preferences"]["orders"] >= SLOTS * 2 * 5


@pytest.mark.thorough
def test_as_it_is_written_it_sends_nothing_that_would_end_the_original(trade):
    morning = trade()

    def without_preferences(event):
        side, energy, rate, *_ = prescribed(event, morning.ids)[morning.ids[PV]]
        return {morning.ids[PV]: (side, energy, rate, None, None)}

    assert check_all(morning.said, without_preferences) >= SLOTS * 5
    assert not any(KEYS & command.keys() for command in morning.commands)
    assert morning.figures["reasons"]["requirements_unsupported"] > 0
    for name in (CHOOSY, GREEN):
        assert len(re.findall(f"cannot take requirements of .*{name}", morning.log)) == 1
