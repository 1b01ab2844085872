"""What stands: the open orders that the agent believes in, from slot to slot."""

import numpy as np
import pytest

from gridhook.agent.standing import NOTHING, UNKNOWN, Standing
from gridhook.orders import Requirement
from gridhook.testing import SLOT

A, B, C = (SLOT.add(minutes=15 * number) for number in range(3))
LADDER = ((10.0, 0.5, (), ""), (12.0, 0.5, (), ""))
GREEN = ((10.0, 0.0, (Requirement(energy_types=("PV",)),), ""),)


def ints(*values):
    return np.array(values, dtype=np.int64)


def standing(slots=(A, B), keys=4):
    """One order at key 1 of the first slot, a ladder at key 2 of the second."""
    orders = Standing.empty(slots, keys)
    return orders.changed(
        ints(0, 1), ints(1, 2), ints(1, 2), np.array([10.0, np.nan]), np.array([1.0, 1.0]), {(1, 2): LADDER}
    )


def same(orders, slot, key, rate, *, count=1, extra=None, tolerance=1e-9):
    wanted = {} if extra is None else {0: extra}
    return bool(orders.matches(ints(slot), ints(key), ints(count), np.array([rate]), wanted, tolerance)[0])


def test_nothing_stands_at_first():
    empty = Standing.empty((A, B), 4)
    assert empty.count.tolist() == [[NOTHING] * 4] * 2
    assert np.isnan(empty.rate).all()
    assert empty.keys == 4


def test_orders_of_a_slot_that_stays_open_stay_where_they_are():
    moved = standing().open_for((B, C), 4)
    assert moved.count.tolist() == [[0, 0, 2, 0], [0, 0, 0, 0]]
    assert dict(moved.extra) == {(0, 2): LADDER}


def test_orders_die_with_their_slot():
    moved = standing().open_for((C,), 4)
    assert moved.count.tolist() == [[NOTHING] * 4]
    assert moved.extra == {}


def test_the_order_of_a_slot_that_moves_keeps_its_rate_and_energy():
    moved = standing().open_for((C, B, A), 4)
    assert moved.rate[2, 1] == 10.0
    assert moved.energy_kwh[2, 1] == 1.0
    assert moved.count[1, 2] == 2


def test_the_same_slots_change_nothing():
    orders = standing()
    assert orders.open_for((A, B), 4) is orders


def test_what_stands_is_unknown_when_the_assets_are_others():
    moved = standing().open_for((B, C), 6)
    assert moved.count.tolist() == [[UNKNOWN] * 6] * 2
    assert moved.extra == {}


def test_a_change_leaves_the_earlier_state_as_it_was():
    before = standing()
    after = before.changed(ints(0), ints(1), ints(NOTHING), np.array([np.nan]), np.array([0.0]), {})
    assert (before.count[0, 1], after.count[0, 1]) == (1, NOTHING)


def test_a_ladder_is_forgotten_with_the_orders_that_replace_it():
    after = standing().changed(ints(1), ints(2), ints(1), np.array([7.0]), np.array([1.0]), {})
    assert after.extra == {}
    assert same(after, 1, 2, 7.0)


def test_what_is_forgotten_matches_nothing():
    after = standing().forgotten(ints(0, 1), ints(1, 2))
    assert after.count[0, 1] == UNKNOWN
    assert not same(after, 0, 1, 10.0)
    assert not same(after, 1, 2, 10.0, count=2, extra=LADDER)


@pytest.mark.parametrize(("rate", "is_same"), [(10.0, True), (10.0 + 1e-10, True), (10.001, False), (np.nan, False)])
def test_an_order_is_the_same_at_the_same_rate(rate, is_same):
    assert same(standing(), 0, 1, rate) is is_same


def test_an_order_is_not_the_same_in_another_slot_or_on_the_other_side():
    assert not same(standing(), 1, 1, 10.0)
    assert not same(standing(), 0, 0, 10.0)


def test_a_ladder_is_the_same_if_all_its_orders_are():
    assert same(standing(), 1, 2, 10.0, count=2, extra=LADDER)
    assert not same(standing(), 1, 2, 10.0, count=2, extra=LADDER[::-1])
    assert not same(standing(), 1, 2, 10.0, count=2)


def test_one_order_is_not_the_same_as_one_with_requirements():
    restricted = standing().changed(ints(0), ints(1), ints(1), np.array([10.0]), np.array([1.0]), {(0, 1): GREEN})
    assert same(restricted, 0, 1, 10.0, extra=GREEN)
    assert not same(restricted, 0, 1, 10.0)
    assert not same(standing(), 0, 1, 10.0, extra=GREEN)
