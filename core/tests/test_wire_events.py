"""The events of an aggregator's channel (PROTOCOL.md 2.4, 3.7)."""

import math

import attrs
import numpy as np
import pendulum
import pytest

from gridhook.events import Finished, SlotOpened, Ticked, Traded
from gridhook.testing import SLOT, make_assets, make_grid
from gridhook.wire.errors import WireError
from gridhook.wire.events import (
    Selected,
    Unselected,
    read_event,
    write_finish_event,
    write_market_event,
    write_selected,
    write_tick_event,
    write_trade_event,
    write_unselected,
)
from gridhook.wire.trades import TradeEntry
from gridhook.wire.trees import write_grid_tree

LENGTH = pendulum.duration(minutes=15)
GRID = make_grid(
    {"Grid": {"Load": "load"}}, {"Grid": 1.0}, make_assets({"id": "id:Load", "name": "Load", "kind": "load"})
)
VALUE = {
    "slot_completion": "0%",
    "market_slot": "2026-06-15T10:00",
    "grid_tree": write_grid_tree(GRID),
    "feed_in_tariff_rate": None,
    "market_maker_rate": 30,
    "event": "market",
    "simulation_id": None,
    "num_ticks": 10.0,
}
ENTRY = TradeEntry("id:Load", "t", SLOT, 3.0, 0.5, 0.0, math.nan, "anonymous", "Load", "anonymous", "Load")


def event(kind=SlotOpened, progress=0.0):
    return kind(SLOT, LENGTH, GRID, math.nan, 30.0, progress)


def test_a_slot_opens():
    assert write_market_event(event(), VALUE["grid_tree"]) == VALUE
    read = read_event(VALUE, LENGTH, GRID.tree)
    assert isinstance(read, SlotOpened)
    assert (read.slot, read.slot_length, read.market_maker_rate, read.progress) == (SLOT, LENGTH, 30.0, 0.0)
    assert math.isnan(read.feed_in_rate)
    assert read.grid.tree is GRID.tree
    assert np.array_equal(read.grid.current_market_fee, GRID.current_market_fee, equal_nan=True)


def test_a_tick():
    value = {**VALUE, "event": "tick", "slot_completion": "30%", "simulation_id": "sim"}
    assert write_tick_event(event(Ticked, 0.3), VALUE["grid_tree"], "sim") == value
    read = read_event(value, LENGTH)
    assert isinstance(read, Ticked)
    assert read.progress == 0.3


@pytest.mark.parametrize("hundredths", range(101))
def test_every_share_of_a_slot_is_read_back(hundredths):
    value = write_tick_event(event(Ticked, hundredths / 100), {})
    assert value["slot_completion"] == f"{hundredths}%"
    assert read_event(value, LENGTH).progress == hundredths / 100


def test_progress_is_rounded_down():
    assert write_tick_event(event(Ticked, 0.999), {})["slot_completion"] == "99%"
    assert write_tick_event(event(Ticked, 3 / 19), {})["slot_completion"] == "15%"


def test_trades():
    value = write_trade_event([ENTRY], VALUE["grid_tree"], 8.0, math.nan)
    assert value.keys() == {
        "trade_list",
        "grid_tree",
        "feed_in_tariff_rate",
        "market_maker_rate",
        "event",
        "simulation_id",
        "num_ticks",
    }
    assert (value["feed_in_tariff_rate"], value["market_maker_rate"], value["event"]) == (8.0, None, "trade")
    read = read_event(value, LENGTH)
    assert isinstance(read, Traded)
    assert [(trade.buyer, trade.buyer_rate, trade.slot) for trade in read.trades] == [("id:Load", 6.0, SLOT)]


def test_the_end():
    assert write_finish_event("sim") == {"event": "finish", "simulation_id": "sim", "num_ticks": 10.0}
    assert read_event(write_finish_event(), LENGTH) == Finished()
    assert read_event({"event": "finish"}, LENGTH) == Finished()


def test_areas_come_and_go():
    assert write_selected("a") == {"event": "selected_by_device", "device_uuid": "a"}
    assert read_event(write_selected("a"), LENGTH) == Selected("a")
    assert read_event(write_unselected("a"), LENGTH) == Unselected("a")


def test_an_answer_is_no_event():
    assert read_event({"command": "batch_commands", "transaction_id": "t"}, LENGTH) is None
    assert read_event({}, LENGTH) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"event": "frob"}, "event: 'frob' is no event; there are market, tick, trade, finish, selected_by_device, "),
        ({"event": 5}, "event: has to be a text, not 5"),
        ({"market_slot": "10:00"}, "market_slot: has to be a time such as"),
        ({"slot_completion": "10"}, "slot_completion: has to be a share such as '10%', not '10'"),
        ({"slot_completion": "-1%"}, "slot_completion: has to be a share such as '10%', not '-1%'"),
        ({"slot_completion": "101%"}, "slot_completion: has to be a share such as '10%', not '101%'"),
        ({"slot_completion": "²%"}, "slot_completion: has to be a share such as '10%', not '²%'"),
        ({"slot_completion": 0.1}, "slot_completion: has to be a text, not 0.1"),
        ({"market_maker_rate": "30"}, "market_maker_rate: has to be a number, not '30'"),
        ({"feed_in_tariff_rate": math.inf}, "feed_in_tariff_rate: has to be a finite number, not inf"),
        ({"grid_tree": None}, "grid_tree: has to be an object, not null"),
        ({"event": "trade", "trade_list": {}}, "trade_list: has to be a list, not an object"),
        ({"event": "trade"}, "trade_list: is missing"),
        ({"event": "selected_by_device"}, "device_uuid: is missing"),
    ],
)
def test_every_mistake_has_its_reason(changes, message):
    with pytest.raises(WireError) as raised:
        read_event({**VALUE, **changes}, LENGTH)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("key", ["market_slot", "slot_completion", "grid_tree"])
def test_what_an_event_has_to_have(key):
    with pytest.raises(WireError, match=f"^{key}: is missing$"):
        read_event({name: part for name, part in VALUE.items() if name != key}, LENGTH)


def test_events_are_those_of_the_core():
    assert {field.name for field in attrs.fields(SlotOpened)} == {
        "slot",
        "slot_length",
        "grid",
        "feed_in_rate",
        "market_maker_rate",
        "progress",
    }
