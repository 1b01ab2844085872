"""Answers: a wrong one is told from a right one before it does harm, and says what it is instead."""

from decimal import Decimal

import numpy as np
import pytest

from gridhook import HOLD, Claim, Orders, Requirement, Requirements
from gridhook.plugins.answers import (
    check_claim,
    check_energies,
    check_fees,
    check_offers,
    check_rates,
    check_requirements,
)
from gridhook.plugins.guard import WrongAnswerError
from gridhook.testing import make_lots

LOTS = make_lots({"name": "Load", "path": "Grid/Load", "energy_kwh": 0.5}, {"name": "PV", "kind": "pv"})
GREEN = Requirement(energy_types=("PV",))

NO_NUMBERS = [
    (7.0, "not the number 7.0"),
    (np.float64(7.0), "not the number 7.0"),
    ([1.0], r"not an array of shape \(1,\)"),
    ([1.0, 2.0, 3.0], r"not an array of shape \(3,\)"),
    ([[1.0, 2.0]], r"not an array of shape \(1, 2\)"),
    ([], r"not an array of shape \(0,\)"),
    ([[1.0], [2.0, 3.0]], "inhomogeneous"),
    (["1", "2"], "not <U1"),
    ([b"1", b"2"], r"not \|S1"),
    ([True, False], "not bool"),
    ([1j, 2j], "not complex128"),
    (np.array(["2026-06-15", "2026-06-16"], dtype="datetime64[D]"), "not datetime64"),
    ([object(), object()], r"float\(\) argument must be"),
    (np.array(["many", 1.0], dtype=object), "could not convert"),
    ({1: 2.0, 2: 3.0}, r"not an array of shape \(\)"),
    ("ab", r"not an array of shape \(\)"),
    (Claim(), r"not an array of shape \(\)"),
]


@pytest.mark.parametrize(
    "answer",
    [
        [1, 2],
        (1.0, 2.0),
        np.array([1, 2], dtype=np.uint8),
        np.array([1, 2], dtype=np.float32),
        np.array([Decimal(1), 2], dtype=object),
        np.array([1.0, 2.0])[::1],
    ],
)
def test_any_numbers_of_the_right_shape_are_rates(answer):
    rates = check_rates(answer, 2)
    assert rates.dtype == np.float64
    assert rates.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("answer", "message"), NO_NUMBERS)
def test_what_is_not_one_rate_per_lot_says_what_it_is(answer, message):
    with pytest.raises(WrongAnswerError, match=rf"has to answer float64 \(2,\), one rate per lot.*{message}"):
        check_rates(answer, 2)


@pytest.mark.parametrize("answer", [[np.nan, np.nan], [None, HOLD], [-5.0, 0.0]])
def test_rates_may_be_nan_hold_or_below_zero(answer):
    np.testing.assert_array_equal(check_rates(answer, 2), np.array(answer, dtype=np.float64))


def test_minus_infinity_is_no_rate():
    with pytest.raises(WrongAnswerError, match=r"a rate is -inf; HOLD \(inf\) is what holds a lot"):
        check_rates([1.0, -HOLD], 2)


def test_what_a_plugin_does_to_its_array_later_does_not_matter():
    answer = np.array([1.0, 2.0])
    rates = check_rates(answer, 2)
    answer[:] = 99.0
    assert rates.tolist() == [1.0, 2.0]


def test_offers_are_rates_or_orders():
    assert check_offers([1.0, HOLD], LOTS).tolist() == [1.0, HOLD]
    orders = Orders([0, 0, 1], [20.0, 25.0, HOLD], [0.25, 0.25, 0.0])
    assert check_offers(orders, LOTS) is orders
    assert len(check_offers(Orders([], [], []), LOTS)) == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(2, 20.0, 0.1)], "orders name lots from 2 to 2, and there are 2"),
        ([(-1, 20.0, 0.1), (0, 20.0, 0.1)], "orders name lots from -1 to 0"),
        ([(0, np.nan, 0.1)], "rates that are neither finite nor HOLD"),
        ([(0, -np.inf, 0.1)], "rates that are neither finite nor HOLD"),
        ([(0, 20.0, 0.0)], "energies that are not above zero"),
        ([(0, 20.0, -0.1)], "energies that are not above zero"),
        ([(0, 20.0, np.nan)], "energies that are not above zero"),
        ([(0, 20.0, np.inf)], "energies that are not above zero"),
        ([(0, 20.0, 0.1), (0, HOLD, 0.0)], "a lot is both held and ordered"),
        ([(0, 20.0, 0.6)], "orders for 'Grid/Load' come to 0.6 of 0.5 kWh"),
        ([(0, 20.0, 0.3), (1, 20.0, 1.0), (0, 25.0, 0.3)], "orders for 'Grid/Load' come to 0.6 of 0.5 kWh"),
    ],
)
def test_orders_that_nobody_could_place_say_why(rows, message):
    with pytest.raises(WrongAnswerError, match=message):
        check_offers(Orders(*zip(*rows, strict=True)), LOTS)


def test_orders_may_come_to_the_lots_energy_but_for_rounding():
    """Ten tenths of a lot are the lot."""
    tenths = Orders([0] * 10, range(10), [0.5 / 10] * 10)
    assert len(check_offers(tenths, LOTS)) == 10


@pytest.mark.parametrize("answer", [[[0.0, 1.5]], np.array([[0, 1]]), [[np.nan, np.nan]]])
def test_energies_are_not_below_zero_or_nan(answer):
    energies = check_energies(answer, 1, 2)
    np.testing.assert_array_equal(energies, np.array(answer, dtype=np.float64))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([[1.0, -0.25]], "an energy is -0.25 kWh; energies are finite and not below zero"),
        ([[1.0, np.inf]], "an energy is inf kWh"),
        ([1.0, 2.0], r"float64 \(1, 2\), kWh per asset and slot, not an array of shape \(2,\)"),
        ([[1.0], [2.0]], r"not an array of shape \(2, 1\)"),
        ([["1", "2"]], "not <U1"),
        ([[True, False]], "not bool"),
    ],
)
def test_energies_that_cannot_be_say_why(answer, message):
    with pytest.raises(WrongAnswerError, match=message):
        check_energies(answer, 1, 2)


def test_fees_are_not_below_zero_or_nan():
    np.testing.assert_array_equal(check_fees([0, np.nan], 2), [0.0, np.nan])
    for wrong in ([-1.0, 0.0], [np.inf, 0.0]):
        with pytest.raises(WrongAnswerError, match="infinite or below zero"):
            check_fees(wrong, 2)
    with pytest.raises(WrongAnswerError, match="one fee per market"):
        check_fees([1.0], 2)


def test_requirements_name_rows_that_exist():
    answer = Requirements({0: (GREEN,)}, frozenset({1}), {1: "PV"}, frozenset({0}))
    assert check_requirements(answer, 2) == answer


def test_no_alternatives_are_no_requirement():
    assert check_requirements(Requirements({0: (), 1: (GREEN,)}), 2) == Requirements({1: (GREEN,)})


def test_alternatives_may_be_any_sequence():
    assert check_requirements(Requirements({0: [GREEN, GREEN]}), 1).alternatives == {0: (GREEN, GREEN)}


def test_numbers_of_requirements_may_come_from_numpy():
    answer = Requirements({np.int64(0): (Requirement(("id:PV",), ("PV",), np.float32(0.5), 20),)})
    assert check_requirements(answer, 1) == answer


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({0: (GREEN,)}, "has to answer Requirements, not dict"),
        ([GREEN], "has to answer Requirements, not list"),
        (Requirements({2: (GREEN,)}), "names rows that do not exist; there are 2"),
        (Requirements({-1: (GREEN,)}), "names rows that do not exist"),
        (Requirements(held=frozenset({2})), "names rows that do not exist"),
        (Requirements(energy_types={2: "PV"}), "names rows that do not exist"),
        (Requirements({0: ("PV",)}), "alternatives are a tuple of Requirement per row"),
        (Requirements({0: (GREEN, Requirement(partners="id:PV"))}), "tuples of texts, not 'id:PV'"),
        (Requirements({0: (Requirement(partners=("id:PV", 7)),)}), r"tuples of texts, not \('id:PV', 7\)"),
        (Requirements({0: (Requirement(energy_types="PV"),)}), "tuples of texts, not 'PV'"),
        (Requirements({0: (Requirement(rate="20"),)}), "finite numbers or None, not '20'"),
        (Requirements({0: (Requirement(rate=np.nan),)}), "finite numbers or None, not nan"),
        (Requirements({0: (Requirement(energy_kwh=np.inf),)}), "finite numbers or None, not inf"),
        (Requirements(energy_types={0: ["PV"]}), "energy_types are texts"),
    ],
)
def test_requirements_that_cannot_be_kept_say_why(answer, message):
    with pytest.raises(WrongAnswerError, match=message):
        check_requirements(answer, 2)


def test_a_claim_is_a_claim():
    claim = Claim(kinds=["load"])
    assert check_claim(claim) is claim
    with pytest.raises(WrongAnswerError, match="has to answer a Claim, not list"):
        check_claim(["load"])


@pytest.mark.parametrize("part", ["names", "kinds", "globs", "ids", "exclude"])
def test_a_claim_consists_of_texts(part):
    with pytest.raises(WrongAnswerError, match=r"a claim consists of texts, not \('Load', 7\)"):
        check_claim(Claim(**{part: ["Load", 7]}))


def test_one_rate_for_all_lots_is_told_of_per_lot():
    with pytest.raises(WrongAnswerError, match=r"not the number 20\.0; @per_lot takes a rule for one lot$"):
        check_rates(20.0, 2)


@pytest.mark.parametrize("answer", [[1000.1, 5.0], Orders([0], [1e9], [0.5])])
def test_a_rate_that_can_only_be_in_another_unit_is_wrong(answer):
    with pytest.raises(WrongAnswerError, match=r"above the highest that \[guard\] allows \(highest_rate = 1000\)"):
        check_offers(answer, LOTS, 1000.0)


def test_the_highest_rate_and_hold_are_right():
    assert check_rates([1000.0, HOLD], 2, 1000.0).tolist() == [1000.0, HOLD]


def test_what_yields_is_told_to_return():
    with pytest.raises(WrongAnswerError, match="not a generator; return, do not yield"):
        check_rates((rate for rate in (1.0, 2.0)), 2)
