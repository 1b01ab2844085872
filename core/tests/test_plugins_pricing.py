"""Pricing by rows: what one plugin leaves open goes to the next, and what is decided stays decided."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridhook import HOLD, Orders, hookimpl
from gridhook.deciding import Priced
from gridhook.plugins.pricing import Pricing
from gridhook.plugins.routing import Router
from gridhook.reasons import Reason
from gridhook.testing import make_lots, make_market

MARKET = make_market()
LOTS = make_lots(
    {"name": "0", "kind": "load", "energy_kwh": 0.5},
    {"name": "1", "kind": "pv", "energy_kwh": 2.0},
    {"name": "2", "kind": "storage", "side": "bid"},
    {"name": "3", "kind": "storage", "side": "offer"},
)


class Pricer:
    """Prices by a function of the lots, or by one answer for all times, or raises it."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    @hookimpl
    def price_energy(self, lots):
        self.asked.append(lots.name.tolist())
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer(lots) if callable(self.answer) else self.answer


class Adjuster:
    """Adjusts by a function of the rates, or raises an error."""

    def __init__(self, change):
        self.change = change
        self.asked = []

    @hookimpl
    def adjust_rates(self, rates, lots):
        self.asked.append((lots.name.tolist(), rates.tolist()))
        if isinstance(self.change, BaseException):
            raise self.change
        return self.change(rates, lots)


@pytest.fixture
def pricing_of(caller_of):
    """Return a function that makes pricing of plugins, given by name, in that order or on these routes."""

    def build(routes=None, failures=3, **plugins):
        caller = caller_of(failures=failures, **plugins)
        return Pricing(caller, Router("pricing", list(plugins), routes or {}), "price_energy", "lots")

    return build


def orders_of(priced):
    return [tuple(order) for order in priced.orders]


def reasons_of(priced):
    return [(Reason(reason).label, plugin) for reason, plugin in zip(priced.reason, priced.plugin, strict=True)]


def rates(*values):
    return lambda lots: [values[int(name)] for name in lots.name]


def test_a_rate_is_an_order_for_the_whole_lot(pricing_of):
    priced = pricing_of(a=Pricer([10.0, 20.0, 30.0, 40.0])).price(LOTS, MARKET)
    assert orders_of(priced) == [(0, 10.0, 0.5), (1, 20.0, 2.0), (2, 30.0, 1.0), (3, 40.0, 1.0)]
    assert reasons_of(priced) == [("priced", "a")] * 4


def test_hold_is_decided_and_no_order_stands(pricing_of):
    second = Pricer([1.0])
    priced = pricing_of(a=Pricer([HOLD, 20.0, HOLD, HOLD]), b=second).price(LOTS, MARKET)
    assert orders_of(priced) == [(1, 20.0, 2.0)]
    assert reasons_of(priced) == [("held", "a"), ("priced", "a"), ("held", "a"), ("held", "a")]
    assert second.asked == []


def test_rows_that_are_nan_go_to_the_next_plugin(pricing_of):
    second = Pricer(rates(11.0, np.nan, 31.0, HOLD))
    priced = pricing_of(a=Pricer([np.nan, np.nan, 30.0, np.nan]), b=second).price(LOTS, MARKET)
    assert second.asked == [["0", "1", "3"]]
    assert orders_of(priced) == [(0, 11.0, 0.5), (2, 30.0, 1.0)]
    assert reasons_of(priced) == [("priced", "b"), ("declined", ""), ("priced", "a"), ("held", "b")]


def test_none_is_no_answer_for_all_rows(pricing_of):
    priced = pricing_of(a=Pricer(None), b=Pricer(rates(1.0, 2.0, 3.0, np.nan))).price(LOTS, MARKET)
    assert reasons_of(priced) == [("priced", "b")] * 3 + [("declined", "")]


@pytest.mark.parametrize("wrong", [ValueError("too cold"), SystemExit(), [1.0], ["a"] * 4, Orders([9], [1.0], [1.0])])
def test_rows_of_a_plugin_that_failed_go_to_the_next(pricing_of, wrong):
    pricing = pricing_of(a=Pricer(wrong), b=Pricer(rates(10.0, np.nan, HOLD, np.nan)))
    priced = pricing.price(LOTS, MARKET)
    assert orders_of(priced) == [(0, 10.0, 0.5)]
    assert reasons_of(priced) == [("priced", "b"), ("plugin_failed", "a"), ("held", "b"), ("plugin_failed", "a")]


def test_a_plugin_that_writes_to_its_lots_fails_and_harms_nobody(pricing_of):
    def greedy(lots):
        lots.energy_kwh[:] = 1e6
        return lots.energy_kwh

    priced = pricing_of(a=Pricer(greedy), b=Pricer([1.0] * 4)).price(LOTS, MARKET)
    assert reasons_of(priced) == [("priced", "b")] * 4
    assert priced.orders.energy_kwh.tolist() == LOTS.energy_kwh.tolist()


def test_rows_of_a_plugin_on_the_bench_go_to_the_next_too(pricing_of):
    first = Pricer(ValueError("too cold"))
    pricing = pricing_of(failures=2, a=first, b=Pricer(rates(10.0, np.nan, 30.0, 40.0)))
    for _ in range(3):
        priced = pricing.price(LOTS, MARKET)
        assert reasons_of(priced) == [("priced", "b"), ("plugin_failed", "a"), ("priced", "b"), ("priced", "b")]
    assert len(first.asked) == 2


def test_several_orders_of_a_lot_keep_their_order(pricing_of):
    ladder = Orders([1, 0, 1, 2], [30.0, 10.0, 20.0, HOLD], [0.5, 0.25, 1.5, 0.0])
    priced = pricing_of(a=Pricer(ladder), b=Pricer([40.0])).price(LOTS, MARKET)
    assert orders_of(priced) == [(0, 10.0, 0.25), (1, 30.0, 0.5), (1, 20.0, 1.5), (3, 40.0, 1.0)]
    assert reasons_of(priced) == [("priced", "a"), ("priced", "a"), ("held", "a"), ("priced", "b")]


def test_orders_are_about_the_lots_that_were_asked_about(pricing_of):
    second = Pricer(lambda lots: Orders([len(lots) - 1], [5.0], [0.125]))
    priced = pricing_of(a=Pricer([10.0, np.nan, 30.0, np.nan]), b=second).price(LOTS, MARKET)
    assert orders_of(priced) == [(0, 10.0, 0.5), (2, 30.0, 1.0), (3, 5.0, 0.125)]
    assert reasons_of(priced)[1] == ("declined", "")


def test_without_lots_nobody_is_asked(pricing_of):
    plugin = Pricer([])
    assert orders_of(pricing_of(a=plugin).price(make_lots(), MARKET)) == []
    assert plugin.asked == []


def test_deviations_are_asked_for_by_their_own_hook(caller_of):
    class Settler:
        @hookimpl
        def settle_deviations(self, deviations, market):
            return np.where(deviations.side == "bid", market.feed_in_rate, HOLD)

    pricing = Pricing(caller_of(a=Settler()), Router("settlement", ["a"], {}), "settle_deviations", "deviations")
    assert orders_of(pricing.price(LOTS, MARKET)) == [(0, 8.0, 0.5), (2, 8.0, 1.0)]


ROW_ANSWERS = st.none() | st.just("hold") | st.lists(st.integers(0, 9).map(float), min_size=1, max_size=3)
SCRIPTS = st.fixed_dictionaries(
    {
        "rows": st.lists(ROW_ANSWERS, min_size=4, max_size=4),
        "says": st.sampled_from(["rates", "orders", "nothing", "error"]),
    }
)


def play(script):
    """Return what a plugin with this script answers about these lots."""

    def answer(lots):
        if script["says"] == "nothing":
            return None
        if script["says"] == "error":
            raise ValueError
        rows = [script["rows"][int(name)] for name in lots.name]
        if script["says"] == "rates":
            return [np.nan if row is None else HOLD if row == "hold" else row[0] for row in rows]
        orders = [
            (lot, HOLD, 0.0) if rate == HOLD else (lot, rate, float(lots.energy_kwh[lot]) / 4)
            for lot, row in enumerate(rows)
            for rate in ([] if row is None else [HOLD] if row == "hold" else row)
        ]
        return Orders(*zip(*orders, strict=True)) if orders else Orders([], [], [])

    return answer


def merge_slowly(scripts, routes):
    """Return orders and reasons by the rule's own words, lot by lot."""
    orders, reasons = [], []
    for lot, energy in enumerate(LOTS.energy_kwh.tolist()):
        reason = ("declined", "")
        for name in routes.get(str(lot), list(scripts)):
            script = scripts[name]
            row = script["rows"][lot]
            if script["says"] == "error":
                reason = ("plugin_failed", name)
            elif script["says"] != "nothing" and row is not None:
                reason = ("held" if row == "hold" else "priced", name)
                if row != "hold" and script["says"] == "rates":
                    orders.append((lot, row[0], energy))
                elif row != "hold":
                    orders += [(lot, rate, energy / 4) for rate in row]
                break
        reasons.append(reason)
    return orders, reasons


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries({"a": SCRIPTS, "b": SCRIPTS, "c": SCRIPTS}),
    st.dictionaries(st.sampled_from("0123"), st.lists(st.sampled_from("abc"), unique=True)),
)
def test_answers_merge_as_if_each_lot_were_asked_for_alone(pricing_of, scripts, routes):
    plugins = {name: Pricer(play(script)) for name, script in scripts.items()}
    priced = pricing_of(routes, failures=1000, **plugins).price(LOTS, MARKET)
    assert (orders_of(priced), reasons_of(priced)) == merge_slowly(scripts, routes)


@pytest.fixture
def adjusted(pricing_of):
    """Return a function that prices the lots at 10, 20, 30 and 40 cents and lets plugins adjust that."""

    def build(routes=None, answer=None, **plugins):
        pricing = pricing_of(routes, pricer=Pricer([10.0, 20.0, 30.0, 40.0] if answer is None else answer), **plugins)
        return pricing.adjust(pricing.price(LOTS, MARKET), LOTS, MARKET)

    return build


def test_rates_are_adjusted_in_the_order_of_the_route(adjusted):
    double, plus = Adjuster(lambda rates, lots: rates * 2), Adjuster(lambda rates, lots: rates + 1)
    assert adjusted(a=double, b=plus).orders.rate.tolist() == [21.0, 41.0, 61.0, 81.0]
    assert adjusted(b=plus, a=double).orders.rate.tolist() == [22.0, 42.0, 62.0, 82.0]
    assert plus.asked[0] == (["0", "1", "2", "3"], [20.0, 40.0, 60.0, 80.0])


def test_an_adjusted_order_is_still_the_pricing_plugins(adjusted):
    priced = adjusted(a=Adjuster(lambda rates, lots: rates * 2))
    assert reasons_of(priced) == [("priced", "pricer")] * 4
    assert priced.orders.energy_kwh.tolist() == LOTS.energy_kwh.tolist()


def test_none_and_nan_leave_a_rate_as_it_is(adjusted):
    some = Adjuster(lambda rates, lots: np.where(rates > 25, 25.0, np.nan))
    assert adjusted(a=Adjuster(lambda rates, lots: None), b=some).orders.rate.tolist() == [10.0, 20.0, 25.0, 25.0]


def test_an_adjustment_may_hold(adjusted):
    after = Adjuster(lambda rates, lots: None)
    priced = adjusted(a=Adjuster(lambda rates, lots: np.where(rates > 25, HOLD, rates)), b=after)
    assert orders_of(priced) == [(0, 10.0, 0.5), (1, 20.0, 2.0)]
    assert reasons_of(priced) == [("priced", "pricer")] * 2 + [("held", "a")] * 2
    assert after.asked == [(["0", "1"], [10.0, 20.0])]


@pytest.mark.parametrize(
    "change", [ValueError("too cold"), lambda rates, lots: rates[:1], lambda rates, lots: rates - np.inf]
)
def test_a_cap_that_does_not_work_lets_nothing_through(adjusted, change):
    after = Adjuster(lambda rates, lots: rates)
    priced = adjusted(a=Adjuster(change), b=after)
    assert orders_of(priced) == []
    assert reasons_of(priced) == [("plugin_failed", "a")] * 4
    assert after.asked == []


def test_a_cap_on_the_bench_lets_nothing_through(pricing_of):
    broken = Adjuster(ValueError("too cold"))
    pricing = pricing_of(failures=2, pricer=Pricer([10.0] * 4), a=broken)
    for _ in range(3):
        priced = pricing.adjust(pricing.price(LOTS, MARKET), LOTS, MARKET)
        assert orders_of(priced) == []
        assert reasons_of(priced) == [("plugin_failed", "a")] * 4
    assert len(broken.asked) == 2


def test_only_lots_on_a_plugins_route_are_adjusted(adjusted):
    broken, double = Adjuster(ValueError("too cold")), Adjuster(lambda rates, lots: rates * 2)
    priced = adjusted(
        routes={"load": ["pricer", "a"], "pv": ["pricer", "b"], "storage": ["pricer"]}, a=broken, b=double
    )
    assert orders_of(priced) == [(1, 40.0, 2.0), (2, 30.0, 1.0), (3, 40.0, 1.0)]
    assert reasons_of(priced)[:2] == [("plugin_failed", "a"), ("priced", "pricer")]


def test_each_order_of_a_lot_is_adjusted(adjusted):
    double = Adjuster(lambda rates, lots: rates * 2)
    priced = adjusted(answer=Orders([1, 1], [10.0, 20.0], [0.5, 0.5]), a=double)
    assert double.asked == [(["1", "1"], [10.0, 20.0])]
    assert orders_of(priced) == [(1, 20.0, 0.5), (1, 40.0, 0.5)]


def test_a_lot_with_one_order_held_is_held(adjusted):
    """Half a ladder is not what anybody asked for."""
    cap = Adjuster(lambda rates, lots: np.where(rates > 15, HOLD, rates))
    priced = adjusted(answer=Orders([0, 1, 1], [12.0, 10.0, 20.0], [0.5, 0.5, 0.5]), a=cap)
    assert orders_of(priced) == [(0, 12.0, 0.5)]
    assert reasons_of(priced)[:2] == [("priced", "pricer"), ("held", "a")]


def test_rates_to_adjust_cannot_be_written_to(adjusted):
    def write(rates, lots):
        rates *= 2
        return rates

    assert reasons_of(adjusted(a=Adjuster(write))) == [("plugin_failed", "a")] * 4


def test_without_adjusters_or_orders_nothing_is_touched(pricing_of):
    priced = Priced(Orders([], [], []), np.full(4, Reason.DECLINED), np.full(4, "", dtype=object))
    assert pricing_of(a=Pricer(None)).adjust(priced, LOTS, MARKET) is priced
    unasked = Adjuster(ValueError("too cold"))
    assert pricing_of(a=unasked).adjust(priced, LOTS, MARKET) is priced
    assert unasked.asked == []
