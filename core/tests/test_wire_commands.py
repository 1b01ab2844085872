"""Commands of one area: written as the SDK writes them, read strictly (PROTOCOL.md 4.3, 4.4)."""

import json
import math

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.orders import Requirement
from gridhook.wire.commands import (
    AskAssetInfo,
    AskMarketStats,
    DeleteOrders,
    ListOrders,
    OrderCommand,
    SendEnergy,
    SetGridFee,
    command_name,
    read_command,
    write_command,
)
from gridhook.wire.errors import WireError

SLOT = pendulum.datetime(2026, 6, 15, 10)
WRITTEN = [
    (
        OrderCommand("bid", 0.5, 15.0),
        {"type": "bid", "energy": 0.5, "price": 15.0, "replace_existing": True, "time_slot": None},
    ),
    (
        OrderCommand("offer", 0.5, 15.0, replace=False, slot=SLOT),
        {"type": "offer", "energy": 0.5, "price": 15.0, "replace_existing": False, "time_slot": "2026-06-15T10:00"},
    ),
    (
        OrderCommand("bid", 0.5, 15.0, requirements=(Requirement(("a", "b"), ("PV",), 0.25, 30.0), Requirement())),
        {
            "type": "bid",
            "energy": 0.5,
            "price": 15.0,
            "replace_existing": True,
            "time_slot": None,
            "requirements": [
                {"trading_partners": ["a", "b"], "energy_type": ["PV"], "energy": 0.25, "price": 7.5},
                {"trading_partners": [], "energy_type": []},
            ],
        },
    ),
    (
        OrderCommand("offer", 0.5, 15.0, requirements=(Requirement(("a",)),), energy_type="PV"),
        {
            "type": "offer",
            "energy": 0.5,
            "price": 15.0,
            "replace_existing": True,
            "time_slot": None,
            "requirements": [{"trading_partners": ["a"]}],
            "attributes": {"energy_type": "PV"},
        },
    ),
    (DeleteOrders("bid"), {"type": "delete_bid", "bid_id": None, "time_slot": None}),
    (
        DeleteOrders("offer", "7", SLOT),
        {"type": "delete_offer", "offer_id": "7", "time_slot": "2026-06-15T10:00"},
    ),
    (ListOrders("bid"), {"type": "list_bids", "time_slot": None}),
    (ListOrders("offer", SLOT), {"type": "list_offers", "time_slot": "2026-06-15T10:00"}),
    (AskAssetInfo(), {"type": "device_info"}),
    (AskMarketStats(), {"type": "dso_market_stats", "data": {}}),
    (SetGridFee(constant=2.5), {"type": "grid_fees", "data": {"fee_const": 2.5}}),
    (SetGridFee(percent=20.0), {"type": "grid_fees", "data": {"fee_percent": 20.0}}),
    (
        SendEnergy("forecast", {SLOT: 1.2}),
        {"type": "set_energy_forecast", "energy_forecast": {"2026-06-15T10:00": 1.2}},
    ),
    (
        SendEnergy("measurement", {SLOT: 0.0, SLOT.add(minutes=15): 1.0}),
        {
            "type": "set_energy_measurement",
            "energy_measurement": {"2026-06-15T10:00": 0.0, "2026-06-15T10:15": 1.0},
        },
    ),
]


@pytest.mark.parametrize(("command", "value"), WRITTEN)
def test_commands_are_written_as_the_sdk_writes_them(command, value):
    assert write_command(command) == value
    assert read_command(value) == command
    assert command_name(command) == value["type"]


amounts = st.floats(0, 1e9)
texts = st.text(max_size=8)
names = st.text(min_size=1, max_size=8)
sides = st.sampled_from(["bid", "offer"])
slots = st.integers(0, 100_000).map(lambda number: SLOT.add(minutes=15 * number))
whole_energies = st.sampled_from([0.25, 0.5, 1.0, 8.0])
requirements = st.builds(
    Requirement,
    st.lists(names, max_size=2).map(tuple),
    st.lists(names, max_size=2).map(tuple),
    st.none() | whole_energies,
    st.none() | st.just(0.0) | st.floats(1e-9, 1e9),
)


@st.composite
def orders(draw):
    side = draw(sides)
    energy_type = draw(st.just("") | names) if side == "offer" else ""
    demands = draw(st.lists(requirements, max_size=3).map(tuple))
    energy = draw(whole_energies if demands else st.just(0.0) | st.floats(1e-9, 1e9))
    return OrderCommand(side, energy, draw(amounts), draw(st.booleans()), draw(st.none() | slots), demands, energy_type)


commands = st.one_of(
    orders(),
    st.builds(DeleteOrders, sides, st.none() | texts, st.none() | slots),
    st.builds(ListOrders, sides, st.none() | slots),
    st.just(AskAssetInfo()),
    st.just(AskMarketStats()),
    st.builds(SetGridFee, constant=amounts, percent=st.none() | amounts),
    st.builds(SetGridFee, percent=amounts),
    st.builds(SendEnergy, st.sampled_from(["forecast", "measurement"]), st.dictionaries(slots, amounts, max_size=3)),
)


@given(commands)
def test_what_is_written_is_read_back(command):
    assert read_command(json.loads(json.dumps(write_command(command), allow_nan=False))) == command


@given(commands)
def test_the_transaction_that_an_exchange_adds_does_no_harm(command):
    assert read_command({**write_command(command), "transaction_id": "t"}) == command


def bid(**changes):
    value = {"type": "bid", "energy": 0.5, "price": 15.0, **changes}
    return {key: part for key, part in value.items() if part is not Ellipsis}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("bid", "has to be an object, not 'bid'"),
        ([], "has to be an object, not a list"),
        ({"energy": 1}, "type: is missing"),
        ({"type": 5}, "type: has to be a text, not 5"),
        (bid(energy=...), "energy: is missing"),
        (bid(price=...), "price: is missing"),
        (bid(energy="abc"), "energy: has to be a number, not 'abc'"),
        (bid(energy=True), "energy: has to be a number, not true"),
        (bid(energy=None), "energy: has to be a number, not null"),
        (bid(energy=math.nan), "energy: has to be a finite number, not nan"),
        (bid(price=math.inf), "price: has to be a finite number, not inf"),
        (bid(price=10**400), "price: has to be a number, not one that is too large"),
        (bid(energy=-1), "energy: has to be 0 or more, not -1"),
        (bid(price=-0.5), "price: has to be 0 or more, not -0.5"),
        (bid(energy=1e-300, price=1e300), "price: is too high for 1e-300 kWh"),
        (bid(requirements=[{"energy": 1e-300, "price": 1e300}]), "requirements[0].price: is too high for 1e-300 kWh"),
        (bid(replace_existing=1), "replace_existing: has to be true or false, not 1"),
        (bid(replace_existing=None), "replace_existing: has to be true or false, not null"),
        (
            bid(time_slot="garbage"),
            "time_slot: has to be a time such as '2026-06-15T10:00' (UTC), not 'garbage'",
        ),
        (bid(time_slot="10:00"), "time_slot: has to be a time such as '2026-06-15T10:00' (UTC), not '10:00'"),
        (
            bid(foo=1),
            "foo: is not known; there are attributes, energy, price, replace_existing, requirements, time_slot, ",
        ),
        (bid(attributes={"energy_type": "PV"}), "attributes: only offers have them"),
        (bid(requirements={}), "requirements: has to be a list, not an object"),
        (bid(requirements=[{}, 1]), "requirements[1]: has to be an object, not 1"),
        (
            bid(requirements=[{"colour": "green"}]),
            "requirements[0].colour: is not known; there are energy, energy_type, price, trading_partners",
        ),
        (
            bid(requirements=[{"trading_partners": "a"}]),
            "requirements[0].trading_partners: has to be a list of texts, not 'a'",
        ),
        (bid(requirements=[{"energy_type": [1]}]), "requirements[0].energy_type[0]: has to be a text, not 1"),
        (bid(requirements=[{"energy": 0}]), "requirements[0].energy: has to be above 0"),
        (bid(requirements=[{"price": -1}]), "requirements[0].price: has to be 0 or more, not -1"),
        (bid(energy=0, requirements=[{"price": 1}]), "requirements[0].price: is a price of no energy"),
        (
            bid(type="offer", attributes={"energy_type": ["PV", "Wind"]}),
            "attributes.energy_type: an offer has one kind of energy, not several",
        ),
        (bid(type="offer", attributes={"colour": 1}), "attributes.colour: is not known; there are energy_type"),
        (bid(type="offer", attributes={"energy_type": 1}), "attributes.energy_type: has to be a text, not 1"),
        ({"type": "delete_bid", "offer_id": "x"}, "offer_id: is not known; there are bid, bid_id, time_slot, "),
        ({"type": "delete_bid", "bid": "x", "bid_id": "y"}, "bid: names another order than bid_id"),
        ({"type": "delete_bid", "bid_id": 7}, "bid_id: has to be a text, not 7"),
        ({"type": "list_bids", "data": {}}, "data: is not known; there are time_slot, transaction_id, type"),
        ({"type": "device_info", "time_slot": None}, "time_slot: is not known; there are transaction_id, type"),
        ({"type": "grid_fees"}, "data: is missing"),
        ({"type": "grid_fees", "fee_const": 5}, "fee_const: is not known; there are data, transaction_id, type"),
        ({"type": "grid_fees", "data": {}}, "data: has to have a fee_const or a fee_percent"),
        ({"type": "grid_fees", "data": {"fee_const": None}}, "data: has to have a fee_const or a fee_percent"),
        ({"type": "grid_fees", "data": {"fee_const": "5"}}, "data.fee_const: has to be a number, not '5'"),
        ({"type": "grid_fees", "data": {"fee_percent": -5}}, "data.fee_percent: has to be 0 or more, not -5"),
        ({"type": "grid_fees", "data": {"fee": 5}}, "data.fee: is not known; there are fee_const, fee_percent"),
        ({"type": "dso_market_stats", "data": {"a": 1}}, "data: has to be empty"),
        ({"type": "set_energy_forecast"}, "energy_forecast: is missing"),
        ({"type": "set_energy_forecast", "energy_forecast": []}, "energy_forecast: has to be an object, not a list"),
        (
            {"type": "set_energy_measurement", "energy_forecast": {}},
            "energy_forecast: is not known; there are energy_measurement, transaction_id, type",
        ),
        (
            {"type": "set_energy_forecast", "energy_forecast": {"2026-06-15T10:00": math.nan}},
            "energy_forecast.2026-06-15T10:00: has to be a finite number, not nan",
        ),
        (
            {"type": "set_energy_forecast", "energy_forecast": {"2026-06-15T10:00": -1.0}},
            "energy_forecast.2026-06-15T10:00: has to be 0 or more, not -1",
        ),
        (
            {"type": "set_energy_forecast", "energy_forecast": {"2026-06-15T10:00": 1, "2026-06-15T10": 2}},
            "energy_forecast.2026-06-15T10: is a time that is there already",
        ),
    ],
)
def test_every_mistake_has_its_reason(value, message):
    with pytest.raises(WireError) as raised:
        read_command(value)
    assert str(raised.value).startswith(message)
    name = value.get("type", "") if isinstance(value, dict) else ""
    assert raised.value.command == (name if isinstance(name, str) else "")


def test_a_command_that_does_not_exist_is_named():
    with pytest.raises(
        WireError, match=r"^type: 'frobnicate' is no command; there are bid, offer, delete_bid"
    ) as raised:
        read_command({"type": "frobnicate"})
    assert raised.value.command == "frobnicate"


@pytest.mark.parametrize(
    ("value", "command"),
    [
        (bid(), OrderCommand("bid", 0.5, 15.0)),
        (bid(requirements=None, attributes=None), OrderCommand("bid", 0.5, 15.0)),
        (bid(energy=0, price=0), OrderCommand("bid", 0.0, 0.0)),
        (
            bid(requirements=[{"price": 10.0}, {"energy": 0.25, "price": 10.0, "energy_type": None}]),
            OrderCommand(
                "bid", 0.5, 15.0, requirements=(Requirement(rate=20.0), Requirement(energy_kwh=0.25, rate=40.0))
            ),
        ),
        (
            bid(type="offer", attributes={"energy_type": ["PV"]}),
            OrderCommand("offer", 0.5, 15.0, energy_type="PV"),
        ),
        (bid(type="offer", attributes={"energy_type": []}), OrderCommand("offer", 0.5, 15.0)),
        (bid(type="offer", attributes={}), OrderCommand("offer", 0.5, 15.0)),
        ({"type": "delete_bid", "bid": "x"}, DeleteOrders("bid", "x")),
        ({"type": "delete_bid", "bid": "x", "bid_id": "x"}, DeleteOrders("bid", "x")),
        ({"type": "delete_offer", "offer": "x", "offer_id": None}, DeleteOrders("offer", "x")),
        ({"type": "delete_offer"}, DeleteOrders("offer")),
        ({"type": "list_offers"}, ListOrders("offer")),
        ({"type": "dso_market_stats"}, AskMarketStats()),
        ({"type": "grid_fees", "data": {"fee_const": 5, "fee_percent": None}}, SetGridFee(constant=5.0)),
        ({"type": "grid_fees", "data": {"fee_const": 5, "fee_percent": 1}}, SetGridFee(5.0, 1.0)),
        ({"type": "set_energy_forecast", "energy_forecast": {}}, SendEnergy("forecast", {})),
    ],
)
def test_what_may_be_left_out_or_said_otherwise(value, command):
    assert read_command(value) == command
