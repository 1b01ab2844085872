"""Orders and requirements: what two plugins ask for together is what each of them asks for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook import HOLD, Orders, Requirement, Requirements
from gridhook.lots import BID, OFFER, SIDES

TRADES = st.fixed_dictionaries(
    {
        "partner": st.sampled_from("abc"),
        "energy_type": st.sampled_from(["PV", "Grid", "Wind"]),
        "energy_kwh": st.integers(1, 6),
        "rate": st.integers(1, 6),
    }
)
LIMITS = st.none() | st.integers(1, 6)
REQUIREMENTS = st.builds(
    Requirement,
    partners=st.lists(st.sampled_from("abc"), unique=True, max_size=3).map(tuple),
    energy_types=st.lists(st.sampled_from(["PV", "Grid", "Wind"]), unique=True, max_size=3).map(tuple),
    energy_kwh=LIMITS,
    rate=LIMITS,
)
TABLES = st.builds(
    Requirements,
    st.dictionaries(st.integers(0, 2), st.lists(REQUIREMENTS, min_size=1, max_size=3).map(tuple)),
    st.frozensets(st.integers(0, 2), max_size=1),
)


def meets(trade, requirement, side):
    """Return whether a trade meets the conditions of one requirement, read off its docstring."""
    rate_limit = requirement.rate
    return (
        (not requirement.partners or trade["partner"] in requirement.partners)
        and (not requirement.energy_types or trade["energy_type"] in requirement.energy_types)
        and (requirement.energy_kwh is None or trade["energy_kwh"] <= requirement.energy_kwh)
        and (rate_limit is None or (trade["rate"] <= rate_limit if side == BID else trade["rate"] >= rate_limit))
    )


def allows(requirements, row, trade, side):
    alternatives = requirements.alternatives.get(row)
    is_free = alternatives is None or any(meets(trade, one, side) for one in alternatives)
    return row not in requirements.held and is_free


def test_hold_is_infinity():
    """Plugins that import nothing may say so themselves."""
    assert math.isinf(HOLD)
    assert HOLD > 0


def test_orders_are_rows_of_lot_rate_and_energy():
    orders = Orders([0, 0, 2], [30, 25.5, HOLD], [0.5, 0.25, 0])
    assert [tuple(order) for order in orders] == [(0, 30.0, 0.5), (0, 25.5, 0.25), (2, HOLD, 0.0)]


@given(REQUIREMENTS, REQUIREMENTS, st.sampled_from(SIDES), TRADES)
def test_a_trade_meets_both_requirements_if_and_only_if_it_meets_each(one, two, side, trade):
    both = one.both(two, side)
    assert (both is not None and meets(trade, both, side)) == (meets(trade, one, side) and meets(trade, two, side))


@given(REQUIREMENTS, REQUIREMENTS, st.sampled_from(SIDES))
def test_the_order_of_two_requirements_does_not_matter(one, two, side):
    first, second = one.both(two, side), two.both(one, side)
    if first is None or second is None:
        assert first is second
    else:
        assert set(first.partners) == set(second.partners)
        assert set(first.energy_types) == set(second.energy_types)
        assert (first.energy_kwh, first.rate) == (second.energy_kwh, second.rate)


@given(REQUIREMENTS, st.sampled_from(SIDES))
def test_no_condition_adds_nothing(requirement, side):
    assert requirement.both(Requirement(), side) == requirement
    assert Requirement().both(requirement, side) == requirement


@pytest.mark.parametrize(("side", "rate"), [(BID, 20.0), (OFFER, 25.0)])
def test_the_stricter_rate_is_the_lower_for_a_bid_and_the_higher_for_an_offer(side, rate):
    both = Requirement(rate=20.0).both(Requirement(rate=25.0, energy_kwh=1.0), side)
    assert both == Requirement(rate=rate, energy_kwh=1.0)


@pytest.mark.parametrize("field", ["partners", "energy_types"])
def test_requirements_with_nothing_in_common_cannot_be_met(field):
    assert Requirement(**{field: ("a", "b")}).both(Requirement(**{field: ("c",)}), BID) is None


@given(TABLES, TABLES, st.lists(st.sampled_from(SIDES), min_size=3, max_size=3), TRADES)
def test_what_two_plugins_ask_of_a_table_is_what_each_of_them_asks(one, two, sides, trade):
    both = one.both(two, sides)
    for row, side in enumerate(sides):
        expected = allows(one, row, trade, side) and allows(two, row, trade, side)
        assert allows(both, row, trade, side) == expected


def test_a_row_that_two_plugins_leave_nothing_possible_for_is_held():
    only_a = Requirements({0: (Requirement(partners=("a",)),)})
    only_b = Requirements({0: (Requirement(partners=("b",)),)})
    assert only_a.both(only_b, [BID]).held == {0}


def test_a_row_is_waivable_if_all_who_restrict_it_say_so():
    green = dict.fromkeys(range(3), (Requirement(energy_types=("PV",)),))
    one = Requirements(green, waivable=frozenset({0, 1}))
    two = Requirements({0: (Requirement(rate=20.0),), 3: (Requirement(),)}, waivable=frozenset({3}))
    assert one.both(two, ["bid"] * 4).waivable == two.both(one, ["bid"] * 4).waivable == {1, 3}


def test_the_first_plugin_names_the_energy_type_of_an_offer():
    both = Requirements(energy_types={0: "PV"}).both(Requirements(energy_types={0: "Wind", 1: "Grid"}), [OFFER, OFFER])
    assert both.energy_types == {0: "PV", 1: "Grid"}


def test_requirements_that_say_nothing_leave_all_rows_free():
    assert Requirements() == Requirements({}, frozenset(), {})
