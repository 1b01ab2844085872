"""Every message that real exchanges and their SDK's scripts exchanged is understood, and written the same again."""

import json
import re
from pathlib import Path

import numpy as np
import pendulum
import pytest

from gridhook.events import Finished, SlotOpened, Ticked, Traded
from gridhook.trades import SPOT
from gridhook.wire.answers import CommandFailed, OrderTaken, read_answer, write_answer
from gridhook.wire.batches import read_batch
from gridhook.wire.commands import write_command
from gridhook.wire.errors import WireError
from gridhook.wire.events import (
    read_event,
    write_finish_event,
    write_market_event,
    write_tick_event,
    write_trade_event,
)
from gridhook.wire.trades import read_trade_entries
from gridhook.wire.trees import LastSlot, write_grid_tree

TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "transcripts"
FILES = sorted(TRANSCRIPTS.rglob("*.jsonl"))
LENGTH = pendulum.duration(minutes=15)

pytestmark = pytest.mark.skipif(
    not FILES, reason=f"the recordings are not here: {TRANSCRIPTS.name} is not in shared/ beside the checkout"
)

BATCHES = "external-aggregator//batch_commands"
ANSWERS = re.compile(r"external-aggregator//[-0-9a-f]+/response/batch_commands")
EVENTS = re.compile(r"external-aggregator//[-0-9a-f]+/events/all")
# Joining and leaving, single assets without an aggregator, and control of the simulation: other modules' business.
OTHERS = re.compile(
    r"""aggregator(-commands|-response)? | gsy-e-heartbeat/ | \#(note|recorder)[/\w]*
    | (/response)?/(pause|resume|stop|area-map)
    | [^/]+/(response/)?(un)?register_participant | [^/]+/(response/)?(device_info|bid|delete_bid|list_bids|list_offers)
    | [^/]+/events/(market|tick|finish)""",
    re.VERBOSE,
)

REFUSED = {
    "03_bid_negative_energy": "energy: has to be 0 or more, not -0.01",
    "05_bid_negative_price": "price: has to be 0 or more, not -1",
    "06_bid_energy_is_string": "energy: has to be a number, not 'abc'",
    "07_bid_missing_energy": "energy: is missing",
    "08_bid_missing_price": "price: is missing",
    "09_bid_extra_unknown_key": "foo: is not known; ",
    "10b_bid_with_requirements_dof_disabled": "attributes: only offers have them",
    "12_bid_time_slot_garbage": "time_slot: has to be a time ",
    "16_offer_negative_energy_pv": "energy: has to be 0 or more, not -1",
    "17_offer_missing_energy_pv": "energy: is missing",
    "20_storage_bid_negative": "energy: has to be 0 or more, not -1",
    "21_storage_bid_missing_energy": "energy: is missing",
    "23_unknown_command_type": "type: 'frobnicate' is no command; ",
    "24_command_without_type": "type: is missing",
    "36_commands_not_a_list_dict": "commands: has to be a list, not an object",
    "37_command_is_string": "has to be an object, not 'bid'",
    "39_bid_null_energy": "energy: has to be a number, not null",
    "39b_bid_nan_energy": "energy: has to be a finite number, not nan",
    "55_batch_missing_aggregator_uuid": "aggregator_uuid: is missing",
    "56_batch_missing_batch_commands": "batch_commands: is missing",
    "57_batch_missing_transaction_id": "transaction_id: is missing",
    "58_batch_invalid_json": "has to be an object, not '{not json'",
    "82_grid_fees_negative": "data.fee_const: has to be 0 or more, not -7",
    "83_grid_fees_null": "data: has to have a fee_const or a fee_percent",
    "84_grid_fees_string": "data.fee_const: has to be a number, not 'abc'",
    "85_grid_fees_without_data": "fee_const: is not known; ",
    "91_forecast_negative": "energy_forecast.2026-06-15T05:00: has to be 0 or more, not -1",
    "92_forecast_string": "energy_forecast.2026-06-15T05:00: has to be a number, not 'abc'",
    "93_forecast_bad_time": "energy_forecast: has to be a time ",
    "94_forecast_missing_key": "energy_forecast: is missing",
    "96_measurement_string": "energy_measurement.2026-06-15T00:00: has to be a number, not 'abc'",
}
"""The mistakes in the files of error cases, by file, and what is said about them; all other commands are right."""


def messages(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(line["channel"], line["payload"]) for line in map(json.loads, lines)]


def with_name(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


@with_name(FILES)
def test_no_message_is_of_an_unknown_kind(path):
    for channel, _ in messages(path):
        known = channel == BATCHES or any(kind.fullmatch(channel) for kind in (ANSWERS, EVENTS, OTHERS))
        assert known, channel


def as_the_sdk_writes(command):
    """Return a command with what hand-written ones leave out or call otherwise."""
    value = dict(command)
    for side in ("bid", "offer"):
        if value["type"] == f"delete_{side}":
            value[f"{side}_id"] = value.pop(side, value.get(f"{side}_id"))
            value.setdefault("time_slot", None)
    if value["type"] == "bid" and "requirements" in value:
        both = {"trading_partners": [], "energy_type": []}
        value["requirements"] = [{**both, **requirement} for requirement in value["requirements"]]
    if value["type"] == "dso_market_stats":
        value.setdefault("data", {})
    return value


@with_name(FILES)
def test_batches_are_understood_and_written_the_same_again(path):
    refused = []
    for channel, payload in messages(path):
        if channel != BATCHES:
            continue
        try:
            batch = read_batch(payload)
        except WireError as error:
            refused.append(str(error))
            continue
        assert batch.aggregator == payload["aggregator_uuid"]
        assert list(batch.commands) == list(payload["batch_commands"])
        for area, commands in batch.commands.items():
            for number, command in enumerate(commands):
                if isinstance(command, WireError):
                    refused.append(str(command))
                else:
                    value = payload["batch_commands"][area][number]
                    assert write_command(command) == as_the_sdk_writes(value)
    expected = REFUSED.get(path.stem)
    assert len(refused) == (expected is not None)
    assert not refused or refused[0].startswith(expected)


def as_it_should_be(answer, read):
    """Return an answer without the defects of the original's (PROTOCOL.md 10, E4 and E15)."""
    value = dict(answer)
    if "message" in value and value["status"] == "error":
        value["error_message"] = value.pop("message")
    if value.get("command") in ("bid_delete", "offer_delete"):
        value["command"] = "_".join(reversed(value["command"].split("_")))
    if isinstance(read, OrderTaken):
        order = json.loads(value[value["command"]])
        order["time_slot"] += ":00" if len(order["time_slot"]) == len("2026-06-15T10:00") else ""
        value[value["command"]] = order
    return value


@with_name(FILES)
def test_answers_are_understood_and_written_the_same_again(path):
    for channel, payload in messages(path):
        if not ANSWERS.fullmatch(channel):
            continue
        for area, answers in payload["responses"].items():
            for answer in answers:
                read = read_answer(answer)
                assert read.area == area
                assert isinstance(read, CommandFailed) == (answer["status"] == "error")
                written = write_answer(read)
                if isinstance(read, OrderTaken):
                    written[read.order.side] = json.loads(written[read.order.side])
                assert written == as_it_should_be(answer, read)


def last_slot(grid_tree, ids):
    """Return what gridhook's grid does not hold, from the recorded tree."""
    found = {}
    waiting = [grid_tree]
    while waiting:
        for area, node in waiting.pop().items():
            found[area] = node.get("last_slot_asset_info")
            waiting.append(node.get("children", {}))
    return LastSlot([found[area]["energy_traded"] for area in ids], [found[area]["total_cost"] for area in ids])


def settles(grid_tree):
    return "unsettled_deviation_kWh" in json.dumps(grid_tree)


@with_name(FILES)
def test_events_are_understood_and_written_the_same_again(path):
    known = None
    for channel, payload in messages(path):
        if not EVENTS.fullmatch(channel):
            continue
        event = read_event(payload, LENGTH)
        match event:
            case SlotOpened() | Ticked():
                last = last_slot(payload["grid_tree"], event.grid.assets.id)
                tree = write_grid_tree(event.grid, last, settlement=settles(payload["grid_tree"]))
                write = write_market_event if isinstance(event, SlotOpened) else write_tick_event
                assert write(event, tree, payload["simulation_id"]) == payload
                again = read_event(payload, LENGTH, known)
                # Between runs in one file, and after the first slot, there are other areas.
                known = again.grid.tree
                assert read_event(payload, LENGTH, known).grid.tree is known
            case Traded():
                entries = read_trade_entries(payload["trade_list"])
                rates = payload["feed_in_tariff_rate"], payload["market_maker_rate"]
                rates = [np.nan if rate is None else rate for rate in rates]
                assert write_trade_event(entries, payload["grid_tree"], *rates, payload["simulation_id"]) == payload
            case _:
                assert event == Finished()
                assert write_finish_event(payload["simulation_id"]) == payload


@with_name(FILES)
def test_the_two_sides_of_a_trade_are_one_trade(path):
    for channel, payload in messages(path):
        if not EVENTS.fullmatch(channel) or payload["event"] != "trade":
            continue
        trades = read_event(payload, LENGTH).trades
        entries = payload["trade_list"]
        bought = [entry for entry in entries if entry["seller"] == "anonymous"]
        sold = [entry for entry in entries if entry["buyer"] == "anonymous"]
        assert len(trades) == len({(entry["bid_id"], entry["offer_id"]) for entry in entries})
        assert {trade.buyer for trade in trades if trade.buyer} == {entry["asset_id"] for entry in bought}
        assert {trade.seller for trade in trades if trade.seller} == {entry["asset_id"] for entry in sold}
        paid = sum(trade.buyer_rate * trade.energy_kwh for trade in trades if trade.buyer)
        assert paid == pytest.approx(sum(entry["trade_price"] for entry in bought))
        assert set(trades.market) == {SPOT}
        assert all(trade.buyer_rate >= trade.seller_rate - 1e-9 for trade in trades if trade.buyer and trade.seller)
