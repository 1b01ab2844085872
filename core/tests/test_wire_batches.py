"""Batches there and their answers back (PROTOCOL.md 3.6, 4.1)."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.commands import (
    AskMarketStats,
    Batch,
    ClaimAreas,
    OrderLines,
    PlaceOrders,
    SendForecasts,
    SendMeasurements,
    SetGridFees,
    WithdrawOrders,
)
from gridhook.events import Refused
from gridhook.market import Throughput
from gridhook.orders import Requirement
from gridhook.testing import SLOT
from gridhook.wire.answers import CommandFailed, FeeSet, OrdersDeleted
from gridhook.wire.batches import read_batch, read_batch_answer, write_batch, write_batch_answer
from gridhook.wire.commands import (
    AskAssetInfo,
    DeleteOrders,
    OrderCommand,
    SendEnergy,
    SetGridFee,
)
from gridhook.wire.commands import (
    AskMarketStats as AskStats,
)
from gridhook.wire.errors import WireError

BEFORE = SLOT.subtract(minutes=15)


def lines(*rows):
    return OrderLines(*zip(*rows, strict=True)) if rows else OrderLines([], [], [], [], [], [])


def send(*commands):
    return write_batch(Batch(7, commands), "agg", SLOT)


def answer(sent, **by_area):
    return read_batch_answer({"command": "batch_commands", "responses": by_area}, sent)


READY = {"command": "x", "status": "ready"}
WRONG = {"command": "x", "status": "error", "error_message": "no"}
ORDERS = PlaceOrders(
    lines(
        ("load", "bid", SLOT, 30.0, 0.5, True),
        ("pv", "offer", BEFORE, 5.0, 0.25, False),
        ("load", "bid", SLOT, 20.0, 1e-5, True),
        ("load", "bid", SLOT, 10.0, 1.0, False),
    ),
    {0: (Requirement(("pv",), rate=28.0),)},
    {1: "PV"},
)


def test_orders_go_by_area_in_their_order():
    sent = send(ORDERS)
    assert sent.message == {
        "aggregator_uuid": "agg",
        "batch_commands": {
            "load": [
                {
                    "type": "bid",
                    "energy": 0.5,
                    "price": 15.0,
                    "replace_existing": True,
                    "time_slot": None,
                    "requirements": [{"trading_partners": ["pv"], "energy_type": [], "energy": 0.5, "price": 14.0}],
                },
                {"type": "bid", "energy": 1.0, "price": 10.0, "replace_existing": False, "time_slot": None},
            ],
            "pv": [
                {
                    "type": "offer",
                    "energy": 0.25,
                    "price": 1.25,
                    "replace_existing": False,
                    "time_slot": "2026-06-15T09:45",
                    "attributes": {"energy_type": "PV"},
                }
            ],
        },
    }
    assert json.loads(json.dumps(sent.message)) == sent.message
    assert not sent.is_empty


def test_a_bids_requirements_say_all_and_an_offers_only_what_they_ask_for():
    """PROTOCOL.md 9.5: energy and price = rate x energy; 6.5: an offer that says more is unsatisfiable."""
    demands = (
        Requirement(("a",)),
        Requirement(rate=28.0),
        Requirement(energy_kwh=0.25),
        Requirement((), (), 0.25, 8.0),
    )
    bid, offer = ("load", "bid", SLOT, 30.0, 0.5, True), ("pv", "offer", SLOT, 30.0, 0.5, True)
    sent = send(PlaceOrders(lines(bid, offer), {0: demands, 1: demands[:1]})).message["batch_commands"]
    written = [
        (one["trading_partners"], one["energy_type"], one["energy"], one["price"])
        for one in sent["load"][0]["requirements"]
    ]
    assert written == [(["a"], [], 0.5, 15.0), ([], [], 0.5, 14.0), ([], [], 0.25, 7.5), ([], [], 0.25, 2.0)]
    assert sent["pv"][0]["requirements"] == [{"trading_partners": ["a"]}]


def test_all_commands_go_in_the_order_of_the_batch():
    sent = send(
        ClaimAreas(("load",)),
        SendForecasts(("load", "pv"), (SLOT, SLOT.add(minutes=15)), [[1.0, 2.0], [math.nan, math.nan]]),
        SendMeasurements(("load",), (BEFORE, SLOT), [[math.nan, 0.0]]),
        WithdrawOrders(["load", "pv"], ["bid", "offer"], [SLOT, BEFORE]),
        ORDERS,
        AskMarketStats(("grid",)),
        SetGridFees(("grid", "house"), [2.5, math.nan]),
    )
    received = read_batch({**sent.message, "transaction_id": "t"})
    assert received.commands["load"][:3] == (
        SendEnergy("forecast", {SLOT: 1.0, SLOT.add(minutes=15): 2.0}),
        SendEnergy("measurement", {SLOT: 0.0}),
        DeleteOrders("bid"),
    )
    assert isinstance(received.commands["load"][3], OrderCommand)
    assert received.commands["pv"][0] == DeleteOrders("offer", slot=BEFORE)
    assert received.commands["grid"] == (AskStats(), SetGridFee(constant=2.5))
    assert "house" not in received.commands
    assert (received.aggregator, received.transaction) == ("agg", "t")


def test_orders_that_could_only_harm_stay_here():
    sent = send(
        PlaceOrders(
            lines(
                ("a", "bid", SLOT, math.inf, 1.0, True),
                ("a", "bid", SLOT, -1.0, 1.0, True),
                ("a", "bid", SLOT, math.nan, 1.0, True),
                ("a", "bid", SLOT, 1.0, math.nan, True),
                ("a", "bid", SLOT, 1.0, math.inf, True),
                ("a", "bid", SLOT, 1e300, 1e300, True),
                ("a", "bid", SLOT, 1.0, 2e-5, True),
                ("a", "bid", SLOT, 1.0, -1.0, True),
                ("a", "bid", SLOT, 0.0, 2.1e-5, True),
            )
        )
    )
    (command,) = sent.message["batch_commands"]["a"]
    assert command["energy"] == 2.1e-5
    read = answer(sent, a=[READY])
    assert read.accepted.tolist() == [False] * 8 + [True]
    assert read.order_errors == {
        **dict.fromkeys(range(6), "its rate, energy or price is no number from 0 up"),
        **dict.fromkeys((6, 7), "its energy is not more than 2e-05 kWh"),
    }


def test_a_batch_may_be_empty():
    assert send().is_empty
    assert send(ClaimAreas(("a",)), PlaceOrders(lines()), SetGridFees(("a",), [math.nan])).is_empty
    dust = send(PlaceOrders(lines(("a", "bid", SLOT, 1.0, 1e-6, True))))
    assert dust.is_empty
    assert dust.message["batch_commands"] == {}
    assert answer(dust).accepted.tolist() == [False]


def test_the_answer_finds_the_rows_again():
    sent = send(ORDERS)
    read = answer(sent, load=[READY, WRONG], pv=[READY])
    assert read.transaction == 7
    assert read.accepted.tolist() == [True, True, False, False]
    assert read.order_errors == {2: "its energy is not more than 2e-05 kWh", 3: "no"}
    assert read.refused == ()


def test_rows_count_on_over_several_commands():
    sent = send(ORDERS, ORDERS)
    read = answer(sent, load=[READY, READY, WRONG, READY], pv=[WRONG, READY])
    assert read.accepted.tolist() == [True, False, False, True, False, True, False, True]
    assert sorted(read.order_errors) == [1, 2, 4, 6]


def test_what_was_refused_besides_orders():
    sent = send(
        SendForecasts(("load", "pv"), (SLOT, SLOT.add(minutes=15)), [[1.0, 2.0], [1.0, math.nan]]),
        SendMeasurements(("load",), (BEFORE,), [[1.0]]),
        WithdrawOrders(["load"], ["bid"], [SLOT]),
        SetGridFees(("grid",), [1.0]),
    )
    assert answer(sent, load=[READY] * 3, pv=[READY], grid=[READY]).sent_forecasts == 3
    read = answer(sent, load=[READY, WRONG, WRONG], pv=[{"status": "error", "message": "not a forecast asset"}])
    assert read.sent_forecasts == 2
    assert read.refused == (
        Refused("set_energy_measurement", "load", "no"),
        Refused("delete_bid", "load", "no"),
        Refused("set_energy_forecast", "pv", "not a forecast asset"),
        Refused("grid_fees", "grid", "the exchange gives no answer"),
    )


def stats(throughput, **others):
    return READY | {"market_stats": {"area_throughput": throughput, **others}}


def test_statistics_tell_import_and_export():
    sent = send(AskMarketStats(("grid", "north", "south", "west", "east")))
    read = answer(
        sent,
        grid=[stats({"import": 1.5, "export": 0}, market_energy_deviance="what?")],
        north=[READY | {"market_stats": {}}],
        south=[stats({"import": "1.5", "export": 0})],
        west=[stats({"import": 0.5, "export": None})],
        east=[WRONG],
    )
    assert list(read.throughput) == ["grid", "west"]
    assert read.throughput["grid"] == Throughput(1.5, 0.0)
    assert math.isnan(read.throughput["west"].exported_kwh)
    assert read.refused == (
        Refused("dso_market_stats", "south", "market_stats.area_throughput.import: has to be a number, not '1.5'"),
        Refused("dso_market_stats", "east", "no"),
    )


def test_what_has_no_answer_was_refused():
    sent = send(ORDERS)
    read = answer(sent, load=[READY])
    assert read.accepted.tolist() == [True, False, False, False]
    assert read.order_errors[1] == "the exchange gives no answer"
    assert read.order_errors[3] == "the exchange gives no answer"
    assert answer(sent, load=["what?", None], pv=[{}]).order_errors == {
        0: "the exchange answers with 'what?'",
        1: "the exchange gives no reason",
        2: "its energy is not more than 2e-05 kWh",
        3: "the exchange answers with null",
    }
    more = answer(sent, load=[READY] * 5, pv=[READY], unknown=[WRONG])
    assert more.accepted.tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "has to be an object, not a list"),
        ({}, "responses: is missing"),
        ({"responses": []}, "responses: has to be an object, not a list"),
        ({"responses": {"load": {}}}, "responses.load: has to be a list, not an object"),
    ],
)
def test_an_answer_that_is_none(value, message):
    with pytest.raises(WireError) as raised:
        read_batch_answer(value, send(ORDERS))
    assert str(raised.value) == message


WHOLE = {"transaction_id": "t", "aggregator_uuid": "agg", "batch_commands": {}}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{not json", "has to be an object, not '{not json'"),
        ({**WHOLE, "transaction_id": ...}, "transaction_id: is missing"),
        ({**WHOLE, "transaction_id": None}, "transaction_id: has to be a text, not null"),
        ({**WHOLE, "aggregator_uuid": ...}, "aggregator_uuid: is missing"),
        ({**WHOLE, "aggregator_uuid": 5}, "aggregator_uuid: has to be a text, not 5"),
        ({**WHOLE, "batch_commands": ...}, "batch_commands: is missing"),
        ({**WHOLE, "batch_commands": None}, "batch_commands: has to be an object, not null"),
        ({**WHOLE, "batch_commands": []}, "batch_commands: has to be an object, not a list"),
    ],
)
def test_faults_of_the_envelope(value, message):
    if isinstance(value, dict):
        value = {key: part for key, part in value.items() if part is not ...}
    with pytest.raises(WireError) as raised:
        read_batch(value)
    assert str(raised.value) == message


def test_faults_inside_are_errors_in_the_place_of_a_command():
    received = read_batch(
        {
            **WHOLE,
            "type": "BATCHED",
            "batch_commands": {
                "a": [{"type": "device_info"}, {"type": "bid"}, "bid"],
                "b": {"type": "bid"},
                "c": [],
            },
        }
    )
    good, missing, text = received.commands["a"]
    assert good == AskAssetInfo()
    assert isinstance(missing, WireError)
    assert (str(missing), missing.command) == ("energy: is missing", "bid")
    assert (str(text), text.command) == ("has to be an object, not 'bid'", "")
    assert [str(error) for error in received.commands["b"]] == ["commands: has to be a list, not an object"]
    assert received.commands["c"] == ()


def test_the_answer_of_a_server():
    received = read_batch(WHOLE)
    answers = {"a": [FeeSet("a", 1.0), CommandFailed("bid", "no", "a", "t")], "b": [OrdersDeleted("b", "bid")]}
    value = write_batch_answer(received, answers)
    assert (value["command"], value["transaction_id"], value["aggregator_uuid"]) == ("batch_commands", "t", "agg")
    assert [one["command"] for one in value["responses"]["a"]] == ["grid_fees", "bid"]
    assert value["responses"]["b"][0]["deleted_bids"] == []


rows = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["bid", "offer"]),
        st.sampled_from([SLOT, BEFORE]),
        st.floats(0, 1000),
        st.sampled_from([0.0, 1e-5, 0.25, 1.0, 4.0]),
        st.booleans(),
    ),
    max_size=8,
)


@given(rows, st.data())
def test_whatever_is_sent_is_received_and_its_answer_found(placed, data):
    sent = send(PlaceOrders(lines(*placed)))
    received = read_batch(json.loads(json.dumps({**sent.message, "transaction_id": "t"})))
    leaving = [row for row, line in enumerate(placed) if line[4] > 2e-5]
    expected = {area: [] for area in "abc"}
    taken = np.zeros(len(placed), dtype=bool)
    answers = {}
    for row in leaving:
        area, side, slot, rate, energy, replace = placed[row]
        expected[area].append(OrderCommand(side, energy, rate * energy, replace, None if slot == SLOT else slot))
        taken[row] = data.draw(st.booleans())
        answers.setdefault(area, []).append(READY if taken[row] else WRONG)
    assert {area: list(commands) for area, commands in received.commands.items()} == {
        area: commands for area, commands in expected.items() if commands
    }
    read = answer(sent, **answers)
    assert read.accepted.tolist() == taken.tolist()
    assert set(read.order_errors) == set(np.flatnonzero(~taken).tolist())
