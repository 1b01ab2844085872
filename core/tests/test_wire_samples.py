"""One recorded message of each kind that concerns an aggregator, as a real exchange and its SDK wrote it."""

import json
from pathlib import Path

import pendulum
import pytest

from gridhook.events import Finished, SlotOpened, Ticked, Traded
from gridhook.wire.answers import (
    AssetInfoAnswer,
    CommandFailed,
    EnergyTaken,
    FeeSet,
    MarketStatsAnswer,
    OrdersDeleted,
    OrdersListed,
    OrderTaken,
    read_answer,
    write_answer,
)
from gridhook.wire.batches import read_batch
from gridhook.wire.commands import (
    AskAssetInfo,
    AskMarketStats,
    DeleteOrders,
    ListOrders,
    SendEnergy,
    read_command,
    write_command,
)
from gridhook.wire.errors import WireError
from gridhook.wire.events import read_event, write_finish_event, write_market_event, write_tick_event
from gridhook.wire.trades import read_trade_entry, write_trade_entry
from gridhook.wire.trees import LastSlot, write_grid_tree

SAMPLES = {path.stem: path for path in sorted(Path(__file__).with_name("wire_samples").glob("*.json"))}
LENGTH = pendulum.duration(minutes=15)

COMMANDS = {
    "None": "type: is missing",
    "bid": "energy: is missing",
    "delete_bid": DeleteOrders("bid", "x"),
    "delete_offer": DeleteOrders("offer", "nonexistent"),
    "device_info": AskAssetInfo(),
    "dso_market_stats": AskMarketStats(),
    "frobnicate": "type: 'frobnicate' is no command",
    "grid_fees": "fee_const: is not known",
    "list_bids": ListOrders("bid"),
    "list_offers": ListOrders("offer"),
    "offer": "energy: is missing",
    "set_energy_forecast": "energy_forecast: is missing",
    "set_energy_measurement": SendEnergy("measurement", {pendulum.datetime(2026, 6, 15, 9): 1.0}),
}
ANSWERS = {
    "bid-ready": OrderTaken,
    "bid_delete-ready": OrdersDeleted,
    "device_info-ready": AssetInfoAnswer,
    "dso_market_stats-ready": MarketStatsAnswer,
    "grid_fees-ready": FeeSet,
    "list_bids-ready": OrdersListed,
    "list_offers-ready": OrdersListed,
    "offer-ready": OrderTaken,
    "offer_delete-ready": OrdersDeleted,
    "set_energy_forecast-ready": EnergyTaken,
    "set_energy_measurement-ready": EnergyTaken,
}


def sample(name):
    return json.loads(SAMPLES[name].read_text(encoding="utf-8"))


def named(kind):
    return [name.removeprefix(kind) for name in SAMPLES if name.startswith(kind)]


def test_the_samples_are_there():
    assert named("command-") == list(COMMANDS)
    assert set(ANSWERS) <= set(named("answer-"))
    assert named("event-") == ["finish", "market", "tick", "trade"]
    assert len(SAMPLES) == 42


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(name):
    expected = COMMANDS[name]
    if isinstance(expected, str):
        with pytest.raises(WireError) as raised:
            read_command(sample(f"command-{name}"))
        assert str(raised.value).startswith(expected)
    else:
        command = read_command(sample(f"command-{name}"))
        assert command == expected
        assert read_command(write_command(command)) == command


@pytest.mark.parametrize("name", named("answer-"))
def test_answers(name):
    value = sample(f"answer-{name}")
    answer = read_answer(value)
    assert isinstance(answer, ANSWERS.get(name, CommandFailed))
    assert answer.area == value["area_uuid"]
    if isinstance(answer, CommandFailed):
        assert answer.message in (value.get("message"), value.get("error_message"))
        assert write_answer(answer)["error_message"] == answer.message
    elif isinstance(answer, OrdersDeleted):
        assert write_answer(answer) == {**value, "command": f"delete_{answer.side}"}
    else:
        assert unpacked(write_answer(answer)) == unpacked(value)


def unpacked(value):
    """Return an answer with the order out of its text."""
    return {key: json.loads(part) if key in ("bid", "offer") else part for key, part in value.items()}


def test_batches():
    with pytest.raises(WireError, match="batch_commands: is missing"):
        read_batch(sample("batch-without-commands"))
    ((answer,),) = sample("batch-answer")["responses"].values()
    assert read_answer(answer).message == "Invalid command type"


@pytest.mark.parametrize(
    ("name", "kind", "write"), [("market", SlotOpened, write_market_event), ("tick", Ticked, write_tick_event)]
)
def test_slots_and_ticks(name, kind, write):
    value = sample(f"event-{name}")
    event = read_event(value, LENGTH)
    assert isinstance(event, kind)
    assert event.grid.tree.names[:3] == ("Grid", "House 1", "H1 General Load")
    assert event.grid.assets.name.tolist() == ["load", "pv"]
    assert event.grid.grid_fee("load", "H1 Storage1") == 5 + 10 + 2
    assert event.grid.grid_fee("load", fee_type="last_market_fee") == 1.0
    assert write(event, write_grid_tree(event.grid, LastSlot([0.025, 0.0], [30.0, 0.0]))) == value


def test_trades():
    value = sample("event-trade")
    event = read_event(value, LENGTH)
    assert isinstance(event, Traded)
    (trade,) = event.trades
    assert trade.slot == pendulum.datetime(2026, 6, 15, 0, 30)
    assert (trade.buyer, trade.seller, trade.buyer_rate) == (value["trade_list"][0]["asset_id"], "", 1200.0)
    assert [write_trade_entry(read_trade_entry(entry)) for entry in value["trade_list"]] == value["trade_list"]


def test_the_end():
    assert read_event(sample("event-finish"), LENGTH) == Finished()
    assert write_finish_event() == sample("event-finish")
