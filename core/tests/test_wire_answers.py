"""Answers: written right, and read in the original's ways too (PROTOCOL.md 4.4, 10 E15)."""

import json
import math

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.assets import Asset
from gridhook.testing import make_assets
from gridhook.wire.answers import (
    SETTLEMENT_MARKET,
    AssetInfoAnswer,
    CommandFailed,
    EnergyTaken,
    FeeSet,
    ListedOrder,
    MarketStatsAnswer,
    OrdersDeleted,
    OrdersListed,
    OrderTaken,
    read_answer,
    write_answer,
)
from gridhook.wire.errors import WireError
from gridhook.wire.orders import Trader, WireOrder, write_order
from gridhook.wire.stats import MarketReport

SLOT = pendulum.datetime(2026, 6, 15, 10)
ORDER = WireOrder("o1", "offer", 0.5, 12.0, 6.0, 5.0, SLOT, SLOT, Trader("PV", "a", "PV", "a"))
LOAD = make_assets(
    {
        "kind": "load",
        "id": "a",
        "name": "",
        "energy_requirement_kwh": 1.5,
        "energy_active_in_bids_kwh": 0.5,
        "energy_traded_kwh": 0.25,
        "total_cost_cents": 5.0,
    }
)[0]
STATS = {
    "min_trade_rate": 10.0,
    "max_trade_rate": 30.0,
    "avg_trade_rate": 20.0,
    "median_trade_rate": None,
    "total_traded_energy_kWh": 1.5,
    "market_bill": {"Accumulated Trades": {}},
    "market_fee_revenue": 0.5,
    "area_throughput": {"import": 1.0, "export": 0.25},
    "self_sufficiency": None,
    "self_consumption": None,
    "market_energy_deviance": None,
}
WRITTEN = [
    (
        OrderTaken("a", ORDER, transaction="t"),
        {
            "command": "offer",
            "status": "ready",
            "offer": json.dumps(write_order(ORDER)),
            "area_uuid": "a",
            "transaction_id": "t",
            "market_type": "Spot Market",
            "message": "",
        },
    ),
    (
        OrdersDeleted("a", "bid", ("1", "2"), "t"),
        {
            "command": "delete_bid",
            "status": "ready",
            "deleted_bids": ["1", "2"],
            "area_uuid": "a",
            "transaction_id": "t",
        },
    ),
    (
        OrdersDeleted("a", "offer"),
        {"command": "delete_offer", "status": "ready", "deleted_offers": [], "area_uuid": "a"},
    ),
    (
        OrdersListed("a", "bid", (ListedOrder("1", 0.3, 0.1),), "t"),
        {
            "command": "list_bids",
            "status": "ready",
            "bid_list": [{"id": "1", "price": 0.3, "energy": 0.1}],
            "area_uuid": "a",
            "transaction_id": "t",
        },
    ),
    (
        OrdersListed("a", "offer"),
        {"command": "list_offers", "status": "ready", "offer_list": [], "area_uuid": "a"},
    ),
    (
        FeeSet("a", constant=7.0),
        {
            "area_uuid": "a",
            "command": "grid_fees",
            "status": "ready",
            "market_fee_const": "7",
            "market_fee_percent": "None",
        },
    ),
    (
        FeeSet("a", percent=2.5, transaction="t"),
        {
            "area_uuid": "a",
            "command": "grid_fees",
            "status": "ready",
            "market_fee_const": "None",
            "market_fee_percent": "2.5",
            "transaction_id": "t",
        },
    ),
    (
        MarketStatsAnswer("a", "Grid"),
        {"status": "ready", "name": "Grid", "area_uuid": "a", "command": "dso_market_stats", "market_stats": {}},
    ),
    (
        EnergyTaken("a", "forecast", {SLOT: 1.2}, "t"),
        {
            "command": "set_energy_forecast",
            "status": "ready",
            "set_energy_forecast": {
                "type": "set_energy_forecast",
                "energy_forecast": {"2026-06-15T10:00": 1.2},
                "transaction_id": "t",
            },
            "area_uuid": "a",
            "transaction_id": "t",
        },
    ),
    (
        EnergyTaken("a", "measurement", {}),
        {
            "command": "set_energy_measurement",
            "status": "ready",
            "set_energy_measurement": {"type": "set_energy_measurement", "energy_measurement": {}},
            "area_uuid": "a",
        },
    ),
    (
        CommandFailed("bid", "too much", "a", "t", SETTLEMENT_MARKET),
        {
            "command": "bid",
            "status": "error",
            "area_uuid": "a",
            "error_message": "too much",
            "transaction_id": "t",
            "market_type": "Settlement Market",
        },
    ),
    (
        CommandFailed("", "type: is missing", "a"),
        {"status": "error", "area_uuid": "a", "error_message": "type: is missing"},
    ),
]


@pytest.mark.parametrize(("answer", "value"), WRITTEN)
def test_answers_have_the_documented_shape(answer, value):
    assert write_answer(answer) == value
    assert read_answer(value) == answer


def test_the_state_of_an_asset():
    answer = AssetInfoAnswer("a", LOAD, {SLOT: -0.5, SLOT.add(minutes=15): math.nan}, "t")
    value = {
        "command": "device_info",
        "status": "ready",
        "device_info": {
            "unsettled_deviation_kWh": {"2026-06-15T10:00": -0.5, "2026-06-15T10:15": None},
            "energy_requirement_kWh": 1.5,
            "energy_active_in_bids": 0.5,
            "energy_traded": 0.25,
            "total_cost": 5.0,
        },
        "transaction_id": "t",
        "area_uuid": "a",
    }
    assert write_answer(answer) == value
    read = read_answer(value)
    assert (read.area, read.asset.id, read.asset.kind, read.transaction) == ("a", "a", "load", "t")
    assert read.asset[:4] == ("a", "", "", "load")
    assert read.asset.energy_requirement_kwh == 1.5
    assert math.isnan(read.asset.used_storage_kwh)
    assert read.deviations[SLOT] == -0.5
    assert math.isnan(read.deviations[SLOT.add(minutes=15)])
    without = write_answer(AssetInfoAnswer("a", LOAD))
    assert "unsettled_deviation_kWh" not in without["device_info"]
    assert read_answer(without).deviations is None


def test_a_storage_has_no_deviations():
    battery = make_assets({"kind": "storage", "used_storage_kwh": 2.0})[0]
    info = write_answer(AssetInfoAnswer("a", battery, {SLOT: 1.0}))["device_info"]
    assert info["used_storage"] == 2.0
    assert info["free_storage"] is None
    assert "unsettled_deviation_kWh" not in info


def test_the_figures_of_a_market():
    report = MarketReport(10.0, 30.0, 20.0, math.nan, 1.5, 0.5, 1.0, 0.25)
    value = write_answer(MarketStatsAnswer("a", "Grid", report))
    assert value["market_stats"] == STATS
    assert write_answer(read_answer(value)) == value
    deviance = {"child": {"slot": 1}}
    stats = {**STATS, "self_sufficiency": 0.5, "market_energy_deviance": deviance, "area_throughput": None}
    read = read_answer({**value, "market_stats": stats}).report
    assert (read.self_sufficiency, read.deviance) == (0.5, deviance)
    assert math.isnan(read.import_kwh)
    with pytest.raises(WireError, match=r"^market_stats.area_throughput.import: has to be a number"):
        read_answer({**value, "market_stats": {**STATS, "area_throughput": {"import": "1"}}})


@pytest.mark.parametrize("key", ["error_message", "message", "error"])
def test_the_reason_has_three_keys(key):
    answer = read_answer({"command": "bid", "status": "error", "area_uuid": "a", key: "too late"})
    assert answer == CommandFailed("bid", "too late", "a")
    assert write_answer(answer)["error_message"] == "too late"


def test_a_failure_without_a_reason_says_so():
    assert read_answer({"status": "error", "message": ""}).message == "the exchange gives no reason"


def test_command_names_in_reverse():
    value = {"command": "bid_delete", "status": "ready", "deleted_bids": [], "area_uuid": "a"}
    assert read_answer(value) == OrdersDeleted("a", "bid")
    assert read_answer({**value, "command": "offer_delete", "deleted_offers": ["1"]}).order_ids == ("1",)
    assert read_answer({"command": "bid_delete", "status": "error"}).command == "delete_bid"


def test_the_order_may_be_an_object_or_text():
    value = write_answer(OrderTaken("a", ORDER))
    assert read_answer({**value, "offer": write_order(ORDER)}) == read_answer(value)
    for text in ("{", "", "null", "[" * 100_000):
        with pytest.raises(WireError, match=r"^offer: has to be an "):
            read_answer({**value, "offer": text})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"command": "bid"}, "status: is missing"),
        ({"command": "bid", "status": "maybe"}, "status: has to be 'ready' or 'error', not 'maybe'"),
        ({"command": "register", "status": "ready"}, "command: 'register' is no command of a batch"),
        ({"status": "ready"}, "command: '' is no command of a batch"),
        ({"command": "bid", "status": "ready"}, "bid: is missing"),
        ({"command": "list_bids", "status": "ready", "bid_list": [{"id": "1"}]}, "bid_list[0].price: is missing"),
        ({"command": "delete_bid", "status": "ready", "deleted_bids": [1]}, "deleted_bids: has to be a text, not 1"),
        (
            {"command": "grid_fees", "status": "ready", "market_fee_const": "abc"},
            "market_fee_const: has to be a number or 'None', not 'abc'",
        ),
        (
            {"command": "device_info", "status": "ready", "device_info": {"energy_traded": 1}},
            "device_info: has the fields of no kind of asset",
        ),
        (
            {"command": "device_info", "status": "ready", "device_info": {"energy_to_buy": "1"}},
            "device_info.energy_to_buy: has to be a number, not '1'",
        ),
        (
            {"command": "set_energy_forecast", "status": "ready", "set_energy_forecast": {}},
            "set_energy_forecast.energy_forecast: is missing",
        ),
    ],
)
def test_every_mistake_has_its_reason(value, message):
    with pytest.raises(WireError) as raised:
        read_answer(value)
    assert str(raised.value) == message


texts = st.text(max_size=5)
amounts = st.floats(0, 1e9)
slots = st.integers(0, 1000).map(lambda number: SLOT.add(minutes=15 * number))
sides = st.sampled_from(["bid", "offer"])
answers = st.one_of(
    st.builds(OrdersDeleted, texts, sides, st.lists(texts, max_size=3).map(tuple), texts),
    st.builds(OrdersListed, texts, sides, st.lists(st.builds(ListedOrder, texts, amounts, amounts)).map(tuple), texts),
    st.builds(FeeSet, texts, st.none() | amounts, st.none() | amounts, texts),
    st.builds(EnergyTaken, texts, st.sampled_from(["forecast", "measurement"]), st.dictionaries(slots, amounts), texts),
    st.builds(CommandFailed, texts, st.text(min_size=1), texts, texts, texts),
    st.builds(
        MarketStatsAnswer,
        texts,
        texts,
        st.none() | st.builds(MarketReport, *[amounts] * 10, deviance=st.none() | st.just({"a": 1})),
        texts,
    ),
)


@given(answers)
def test_what_is_written_is_read_back(answer):
    assert read_answer(json.loads(json.dumps(write_answer(answer), allow_nan=False))) == answer


NUMBERS = {
    "load": ["energy_requirement_kwh", "energy_active_in_bids_kwh", "energy_traded_kwh", "total_cost_cents"],
    "pv": ["available_energy_kwh", "energy_active_in_offers_kwh", "energy_traded_kwh", "total_cost_cents"],
    "storage": [
        field for field in Asset._fields[4:] if field not in ("energy_requirement_kwh", "available_energy_kwh")
    ],
    "smart-meter": ["energy_requirement_kwh", "available_energy_kwh"],
}


@given(st.sampled_from(sorted(NUMBERS)).flatmap(lambda kind: st.tuples(st.just(kind), st.lists(amounts, min_size=8))))
def test_the_state_of_any_asset_is_read_back(drawn):
    kind, amount = drawn
    row = {"id": "a", "name": "", "kind": kind, **dict(zip(NUMBERS[kind], amount, strict=False))}
    asset = make_assets(row)[0]
    read = read_answer(json.loads(json.dumps(write_answer(AssetInfoAnswer("a", asset)), allow_nan=False))).asset
    assert str(read) == str(asset)
