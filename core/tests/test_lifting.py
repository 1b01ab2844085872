"""``@per_lot``: ten lines are a strategy."""

import inspect
import math

import numpy as np
import pytest

from gridhook import HOLD, Requirement, Requirements, hookimpl, per_lot
from gridhook.hookspecs import SPECIFICATIONS
from gridhook.testing import make_lots, make_market

LOTS = make_lots({"kind": "load", "energy_kwh": 0.5}, {"kind": "pv"}, {"kind": "storage"})
MARKET = make_market(feed_in_rate=8.0, market_maker_rate=30.0)
RATES = np.array([10.0, 20.0, 30.0])


def test_a_rule_for_one_lot_prices_the_table():
    @per_lot
    def price_energy(lot, market):
        return market.feed_in_rate + lot.energy_kwh

    rates = price_energy(LOTS, MARKET)
    assert rates.dtype == np.float64
    assert rates.tolist() == [8.5, 9.0, 9.0]


def test_none_is_not_my_decision_and_hold_stays():
    answers = {"load": 12, "pv": None, "storage": HOLD}

    @per_lot
    def price_energy(lot):
        return answers[lot.kind]

    rates = price_energy(LOTS, MARKET)
    assert rates[0] == 12.0
    assert math.isnan(rates[1])
    assert rates[2] == HOLD


def test_a_method_may_use_its_plugins_settings_and_state():
    class Strategy:
        def __init__(self, margin):
            self.margin = margin
            self.seen = []

        @hookimpl
        @per_lot
        def price_energy(self, lot, market):
            self.seen.append(lot.name)
            return market.feed_in_rate + self.margin

    strategy = Strategy(margin=2.0)
    assert strategy.price_energy(LOTS, MARKET).tolist() == [10.0, 10.0, 10.0]
    assert strategy.seen == LOTS.name.tolist()


def test_a_rule_takes_the_arguments_that_it_names_in_any_order():
    @per_lot
    def adjust_rates(market, rate):
        return min(rate, market.market_maker_rate - 5)

    assert adjust_rates(RATES, LOTS, MARKET).tolist() == [10.0, 20.0, 25.0]


def test_a_rule_may_take_nothing():
    class Strategy:
        @per_lot
        def price_energy(self):
            return 7

    @per_lot
    def price_energy():
        return 5

    assert price_energy(LOTS, MARKET).tolist() == [5.0, 5.0, 5.0]
    assert Strategy().price_energy(LOTS, MARKET).tolist() == [7.0, 7.0, 7.0]


def test_rules_see_plain_python_floats():
    seen = []

    @per_lot
    def adjust_rates(rate, lot, market):
        seen.extend((type(rate), type(lot.energy_kwh), type(lot.name)))
        return rate

    adjust_rates(RATES[:1], LOTS[:1], MARKET)
    assert seen == [float, float, str]


def test_deviations_are_settled_one_by_one():
    class Strategy:
        @per_lot
        def settle_deviations(self, deviation, market):
            return 5.0 if deviation.side == "bid" else market.feed_in_rate

    @per_lot
    def settle_deviations(deviation):
        return 5.0 if deviation.side == "bid" else None

    assert Strategy().settle_deviations(LOTS, MARKET).tolist() == [5.0, 8.0, 8.0]
    assert np.isnan(settle_deviations(LOTS, MARKET)).tolist() == [False, True, True]


def test_a_rule_for_requirements_answers_one_several_hold_or_none():
    green, local = Requirement(energy_types=("PV",)), Requirement(partners=("id:PV",))
    answers = [green, [green, local], HOLD, None, ()]
    lots = make_lots(*({"name": str(number)} for number in range(len(answers))))

    class Strategy:
        @per_lot
        def require(self, lot, rate):
            assert rate == 20.0
            return answers[int(lot.name)]

    @per_lot
    def require(lot):
        return answers[int(lot.name)]

    expected = Requirements({0: (green,), 1: (green, local)}, frozenset({2}))
    assert require(lots, np.full(5, 20.0), MARKET) == expected
    assert Strategy().require(lots, np.full(5, 20.0), MARKET) == expected


def test_a_rule_for_requirements_that_answers_something_else_is_told():
    @per_lot
    def require(lot):
        return ["PV"]

    with pytest.raises(TypeError, match=r"answers Requirement, several of them, HOLD or None, not \['PV'\]"):
        require(LOTS, RATES, MARKET)


def test_an_adjustment_is_made_order_by_order():
    class Cap:
        @per_lot
        def adjust_rates(self, rate, lot):
            return 15.0 if lot.kind == "pv" else None

    adjusted = Cap().adjust_rates(RATES, LOTS, MARKET)
    assert adjusted[1] == 15.0
    assert np.isnan(adjusted[[0, 2]]).all()


@pytest.mark.parametrize("hook", ["price_energy", "settle_deviations", "adjust_rates", "require"])
def test_what_is_lifted_has_the_signature_of_its_specification(hook):
    (specified,) = (vars(spec)[hook] for spec in SPECIFICATIONS.values() if hook in vars(spec))
    arguments = list(inspect.signature(specified).parameters)

    def rule(): ...

    def rule_of_a_class(self): ...

    rule.__name__ = rule_of_a_class.__name__ = hook
    assert list(inspect.signature(per_lot(rule_of_a_class)).parameters) == arguments
    assert list(inspect.signature(per_lot(rule)).parameters) == arguments[1:]


def test_an_empty_table_has_an_empty_answer():
    @per_lot
    def price_energy(lot):
        raise AssertionError

    assert price_energy(make_lots(), MARKET).shape == (0,)


def test_an_error_of_the_rule_is_the_hooks():
    @per_lot
    def price_energy(lot):
        return 1 / (lot.energy_kwh - 0.5)

    with pytest.raises(ZeroDivisionError):
        price_energy(LOTS, MARKET)


def test_what_is_lifted_keeps_its_name_and_docstring():
    @per_lot
    def price_energy(lot):
        """Say twelve."""
        return 12

    assert (price_energy.__name__, price_energy.__doc__) == ("price_energy", "Say twelve.")
    assert price_energy.__module__ == __name__


def test_only_hooks_about_lots_can_be_lifted():
    with pytest.raises(TypeError, match=r"@per_lot lifts price_energy, .*, not 'forecast_energy'"):

        @per_lot
        def forecast_energy(lot):
            return 1.0


def test_an_argument_that_the_hook_does_not_offer_is_an_error_at_once():
    with pytest.raises(TypeError, match=r"price_energy\(lot, market\) does not offer rate"):

        @per_lot
        def price_energy(lot, rate):
            return rate
