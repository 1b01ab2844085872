"""Whatever arrives, reading gives a message or a WireError with a reason, and never anything else."""

import json
import math

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.testing import make_tree
from gridhook.wire.answers import read_answer, write_answer
from gridhook.wire.batches import read_batch, read_batch_answer
from gridhook.wire.batches.sending import Origin, SentBatch
from gridhook.wire.commands import read_command, write_command
from gridhook.wire.errors import WireError
from gridhook.wire.events import read_event
from gridhook.wire.registry import read_registry
from gridhook.wire.trees import read_grid_tree

SLOT_LENGTH = pendulum.duration(minutes=15)
KNOWN = make_tree({"Grid": {"House": {"Load": "load"}}})

COMMANDS = (
    "bid",
    "offer",
    "delete_bid",
    "delete_offer",
    "list_bids",
    "list_offers",
    "device_info",
    "grid_fees",
    "dso_market_stats",
    "set_energy_forecast",
    "set_energy_measurement",
)

texts = st.sampled_from(["a", "None", "ready", "2026-06-15T10:00", "10%", "x%", "[1]", '{"type": "Bid"}', "\ud800"])
scalars = st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | texts | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def objects(*keys, **fixed):
    """Draw objects with some of these keys and any values; ``fixed`` says what others are mostly like."""
    usual = {key: st.one_of(strategy, strategy, values) for key, strategy in fixed.items()}
    return st.fixed_dictionaries({}, optional={**dict.fromkeys(keys, values), **usual})


def attempt(reader, *arguments):
    """Return what was read, or the error."""
    try:
        return reader(*arguments)
    except WireError as error:
        return error


def read(reader, *arguments):
    """Return what was read, or None if it was refused with a reason."""
    result = attempt(reader, *arguments)
    if not isinstance(result, WireError):
        return result
    assert result.problem
    assert str(result).endswith(result.problem)
    return None


numbers = st.floats(0, 100)
energies = st.dictionaries(texts, numbers, max_size=2)
a_requirement = objects("trading_partners", "energy_type", energy=numbers, price=numbers)
a_command = objects(
    "foo",
    "time_slot",
    "bid",
    "bid_id",
    "offer_id",
    "transaction_id",
    type=st.sampled_from(COMMANDS),
    energy=numbers,
    price=numbers,
    replace_existing=st.booleans(),
    requirements=st.lists(a_requirement, max_size=2),
    attributes=objects("energy_type"),
    data=objects("fee_const", "fee_percent"),
    energy_forecast=energies,
    energy_measurement=energies,
)


@given(values | a_command)
def test_commands(value):
    command = read(read_command, value)
    if command is not None:
        json.dumps(write_command(command), allow_nan=False)


@given(values | a_command)
def test_the_command_that_failed_is_told(value):
    error = attempt(read_command, value)
    if isinstance(error, WireError):
        name = value.get("type") if isinstance(value, dict) else None
        assert error.command == (name if isinstance(name, str) else "")


a_batch = objects(
    transaction_id=texts,
    aggregator_uuid=texts,
    batch_commands=st.dictionaries(texts, st.lists(a_command | values, max_size=2), max_size=2),
)


@given(values | a_batch)
def test_batches(value):
    batch = read(read_batch, value)
    if batch is not None:
        assert batch.commands.keys() == value["batch_commands"].keys()
        for area, commands in value["batch_commands"].items():
            assert len(batch.commands[area]) == (len(commands) if isinstance(commands, list) else 1)


an_order = objects(
    "original_price",
    "buyer",
    type=st.sampled_from(["Bid", "Offer"]),
    id=texts,
    energy=numbers,
    energy_rate=numbers,
    price=numbers,
    creation_time=texts,
    time_slot=texts,
    seller=objects("name", "uuid", "origin", "origin_uuid"),
)
an_answer = objects(
    "area_uuid",
    "transaction_id",
    "message",
    "error",
    "error_message",
    "market_type",
    "name",
    "market_fee_percent",
    command=st.sampled_from([*COMMANDS, "bid_delete"]),
    status=st.sampled_from(["ready", "error"]),
    bid=an_order,
    offer=an_order.map(lambda order: json.dumps(order, default=str)),
    deleted_bids=st.lists(texts, max_size=2),
    offer_list=st.lists(objects(id=texts, price=numbers, energy=numbers), max_size=2),
    device_info=objects("energy_to_buy", "unsettled_deviation_kWh", energy_requirement_kWh=numbers),
    market_fee_const=texts,
    market_stats=objects("min_trade_rate", "area_throughput", "market_bill", "market_energy_deviance"),
    set_energy_forecast=objects(energy_forecast=energies),
)


@given(values | an_answer)
def test_answers(value):
    answer = read(read_answer, value)
    if answer is not None:
        assert json.dumps(write_answer(answer))


@given(values | objects("transaction_id", responses=st.dictionaries(st.just("a"), st.lists(an_answer, max_size=3))))
def test_batch_answers(value):
    sent = SentBatch({}, {"a": [Origin("bid", 0), Origin("grid_fees")]}, 1, 1, {})
    answered = read(read_batch_answer, value, sent)
    if answered is not None:
        assert answered.accepted[0] or answered.order_errors[0]


an_asset = objects(
    "children",
    area_name=texts,
    asset_info=objects(
        "energy_requirement_kWh",
        "energy_traded",
        "energy_to_buy",
        unsettled_deviation_kWh=st.dictionaries(texts, values),
    ),
)
a_market = objects(
    "asset_info",
    "current_market_fee",
    "last_market_stats",
    area_name=texts,
    children=st.dictionaries(texts, an_asset, max_size=3),
)
a_trade = objects(
    "total_fee",
    "local_market_fee",
    "market_type",
    "time_slot",
    "with_partner",
    "bid_id",
    asset_id=texts,
    trade_id=texts,
    time=st.just("2026-06-15T10:00:00+00:00"),
    trade_price=numbers,
    traded_energy=numbers,
    buyer=texts,
)
an_event = objects(
    "device_uuid",
    "num_ticks",
    "feed_in_tariff_rate",
    event=st.sampled_from(["market", "tick", "trade", "finish", "selected_by_device", "unselected_by_device"]),
    slot_completion=texts,
    market_slot=st.just("2026-06-15T10:00"),
    grid_tree=st.dictionaries(texts, a_market, max_size=1),
    trade_list=st.lists(a_trade, max_size=3),
)


@given(values | an_event, st.sampled_from([None, KNOWN]))
def test_events(value, known):
    read(read_event, value, SLOT_LENGTH, known)


A_TRADE = {"time": "2026-06-15T10:00:00+00:00", "trade_price": 1.0, "traded_energy": 0.5}


@given(a_trade)
def test_trades(value):
    read(read_event, {"event": "trade", "trade_list": [{**A_TRADE, **value}]}, SLOT_LENGTH)


@given(st.dictionaries(texts, a_market, max_size=1), st.sampled_from([None, KNOWN]))
def test_trees(value, known):
    read(read_grid_tree, value, known)


a_node = objects("registered", "children", type=texts, uuid=texts, name=texts)


@given(values | objects("type", "registered", uuid=texts, name=texts, children=st.lists(a_node, max_size=3)))
def test_registries(value):
    tree = read(read_registry, value)
    if tree is not None:
        assert len(tree.paths) == len(tree)


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**400])
def test_numbers_that_json_should_not_have(number):
    with pytest.raises(WireError):
        read_command({"type": "bid", "energy": number, "price": 1.0})


def test_a_tree_may_be_deep():
    deep = {"area_name": "leaf"}
    for level in range(5000):
        deep = {"area_name": str(level), "children": {f"{level}": deep}}
    message = {"event": "tick", "market_slot": "2026-06-15T10:00", "slot_completion": "0%", "grid_tree": {"root": deep}}
    assert len(read_event(message, SLOT_LENGTH).grid.tree) == 5001
