"""The desk of the simulated exchange: what the agent never asks for is refused, as an exchange would."""

import numpy as np
import pytest

from gridhook.commands import (
    Batch,
    ClaimAreas,
    OrderLines,
    PlaceOrders,
    SendForecasts,
    SendMeasurements,
    SetGridFees,
    WithdrawOrders,
)
from gridhook.testing import load, pv
from gridhook.testing.simulation.community import make_community
from gridhook.testing.simulation.desk import Desk
from gridhook.testing.simulation.exchange import SimulatedExchange

LOAD, PV = "id:Home/Load", "id:Home/PV"


@pytest.fixture
def exchange():
    homes = {"Home": {"Load": load(0.4), "PV": pv(0.3)}}
    exchange = SimulatedExchange(make_community(homes, 8, 0.0, 8.0, 30.0))
    exchange.open_slot()
    return exchange


@pytest.fixture
def desk(exchange):
    desk = Desk(exchange)
    desk.execute(Batch(1, (ClaimAreas((LOAD, "id:Home")),)))
    return desk


def order(exchange, asset, side, kwh, rate=20.0, slot=None):
    start = exchange.community.starts[exchange.slot if slot is None else slot]
    return PlaceOrders(OrderLines([asset], [side], [start], [rate], [kwh], [False]))


def execute(desk, *commands):
    return desk.execute(Batch(2, commands))


@pytest.mark.parametrize(
    ("asset", "side", "kwh", "rate", "message"),
    [
        (LOAD, "bid", 0.5, 20.0, "Home/Load can bid 0.4 kWh, not 0.5"),
        (LOAD, "offer", 0.1, 20.0, "Home/Load can offer 0 kWh, not 0.1"),
        (LOAD, "bid", 0.1, -1.0, "0.1 kWh at -1 cents/kWh is no order"),
        (LOAD, "bid", 0.0, 1.0, "0 kWh at 1 cents/kWh is no order"),
        (PV, "offer", 0.1, 20.0, "this aggregator does not own the asset"),
    ],
)
def test_orders_that_cannot_be_are_refused(exchange, desk, asset, side, kwh, rate, message):
    answer = execute(desk, order(exchange, asset, side, kwh, rate))
    assert answer.accepted.tolist() == [False]
    assert answer.order_errors == {0: message}


def test_what_stands_counts(exchange, desk):
    assert execute(desk, order(exchange, LOAD, "bid", 0.3)).accepted.all()
    assert not execute(desk, order(exchange, LOAD, "bid", 0.2)).accepted.any()
    assert execute(desk, order(exchange, LOAD, "bid", 0.1)).accepted.all()


def test_only_orders_of_the_slot_that_is_named_are_withdrawn(exchange, desk):
    exchange.close_slot()
    exchange.open_slot()
    execute(desk, order(exchange, LOAD, "bid", 0.3), order(exchange, LOAD, "bid", 0.1, 5.0, slot=0))
    starts = exchange.community.starts
    execute(desk, WithdrawOrders([LOAD], ["bid"], [starts[0]]))
    assert len(exchange.spot.orders) == 1
    execute(desk, WithdrawOrders([LOAD], ["offer"], [starts[1]]))
    assert len(exchange.spot.orders) == 1
    answer = execute(desk, WithdrawOrders([LOAD, "id:Nobody"], ["bid", "bid"], [starts[1]] * 2))
    assert not exchange.spot.orders
    assert [refused.asset for refused in answer.refused] == ["id:Nobody"]


def test_orders_for_slots_without_a_market_are_refused(exchange, desk):
    assert execute(desk, order(exchange, LOAD, "bid", 0.1, slot=1)).order_errors == {
        0: "no market is open for the slot"
    }
    for _ in range(5):
        exchange.close_slot()
        exchange.open_slot()
    assert execute(desk, order(exchange, LOAD, "bid", 0.1, slot=0)).order_errors == {
        0: "no market is open for the slot"
    }


def test_no_more_is_settled_than_there_is(exchange, desk):
    exchange.close_slot()
    exchange.open_slot()
    too_much = execute(desk, order(exchange, LOAD, "bid", 0.5, 30.0, slot=0))
    assert too_much.order_errors == {0: "there are 0.4 kWh to bid, not 0.5"}
    assert execute(desk, order(exchange, LOAD, "offer", 0.1, 5.0, slot=0)).order_errors == {
        0: "there are 0 kWh to offer, not 0.1"
    }
    assert execute(desk, order(exchange, LOAD, "bid", 0.4, 30.0, slot=0)).accepted.all()
    assert not execute(desk, order(exchange, LOAD, "bid", 0.1, 30.0, slot=0)).accepted.any()
    assert [(slot, deal.kwh) for slot, deal in desk.settled] == [(0, 0.4)]


@pytest.mark.parametrize(("kwh", "rate"), [(-0.1, 0.0), (-0.1, 30.0), (0.1, np.nan)])
def test_what_is_no_order_settles_nothing(exchange, desk, kwh, rate):
    exchange.close_slot()
    exchange.open_slot()
    (message,) = execute(desk, order(exchange, LOAD, "bid", kwh, rate, slot=0)).order_errors.values()
    assert message.endswith("is no order")


def energies(kind, exchange, *slots):
    starts = tuple(exchange.community.starts[slot] for slot in slots)
    return kind((LOAD,), starts, np.full((1, len(slots)), 0.2))


def test_a_forecast_is_for_slots_to_come(exchange, desk):
    answer = execute(desk, energies(SendForecasts, exchange, 0, 1, 2))
    assert answer.sent_forecasts == 2
    assert [refused.message for refused in answer.refused] == ["the slot has begun"]
    assert exchange.forecast[0, :4].tolist() == [0.4, 0.2, 0.2, 0.4]


def test_a_measurement_is_for_slots_that_can_be_settled(exchange, desk):
    for _ in range(5):
        exchange.close_slot()
        exchange.open_slot()
    answer = execute(desk, energies(SendMeasurements, exchange, 0, 1, 5, 6))
    assert [refused.message for refused in answer.refused] == ["the slot cannot be settled"] * 2
    assert exchange.settling.unsettled(range(3))[0].tolist() == pytest.approx([0.4, 0.2, 0.4])


def test_fees_are_set_by_who_operates_the_market(exchange, desk):
    answer = execute(desk, SetGridFees(("id:Home", "id:"), np.array([3.0, 4.0])))
    assert [(refused.asset, refused.message) for refused in answer.refused] == [
        ("id:", "this aggregator does not operate the market")
    ]
    assert exchange.next_fees[[0, 2]].tolist() == [0.0, 3.0]
