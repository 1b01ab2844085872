"""Decisions: the answers of all plugins of a configuration, merged as each hook's specification says."""

import numpy as np
import pytest

from gridhook import HOLD, Claim, Markets, Requirement, Requirements, SessionInfo, hookimpl
from gridhook.events import Finished
from gridhook.plugins.decisions import Decisions
from gridhook.reasons import Reason
from gridhook.testing import SLOT, make_assets, make_grid, make_lots, make_market, make_tree

MARKET = make_market()
GRID = make_grid({"Grid": {"Load": "load"}})
ASSETS = make_assets({"name": "Load"}, {"name": "PV", "kind": "pv"})
SLOTS = [SLOT, SLOT.add(minutes=15)]
LOTS = make_lots({"name": "Load"}, {"name": "PV", "kind": "pv"}, {"name": "Battery", "kind": "storage"})
RATES = np.array([10.0, 20.0, 30.0])
MARKETS = Markets(["g", "h"], ["Grid", "Home"], ["Grid", "Grid/Home"], [1.0, 2.0], [1.0, 2.0], [0.0, 0.0])
GREEN, LOCAL = Requirement(energy_types=("PV",)), Requirement(partners=("id:PV",))
NAN = np.nan


def plugin(**answers):
    """Return a plugin of these hooks; an answer is a value, an error to raise, or a function of what is asked about."""

    class Plugin:
        def __init__(self):
            self.asked = []

        def say(self, hook, about):
            self.asked.append((hook, about))
            answer = answers[hook]
            if isinstance(answer, BaseException):
                raise answer
            return answer(about) if callable(answer) else answer

    def implement(hook, argument):
        scope = {}
        exec(f"def {hook}(self, {argument}): return self.say({hook!r}, {argument})", scope)  # noqa: S102
        return hookimpl(scope[hook])

    arguments = {
        "claim_assets": "grid",
        "forecast_energy": "assets",
        "measure_energy": "assets",
        "price_energy": "lots",
        "adjust_rates": "rates",
        "settle_deviations": "deviations",
        "require": "lots",
        "set_grid_fees": "markets",
        "session_started": "session",
        "event_received": "event",
        "session_finished": "summary",
    }
    for hook in answers:
        setattr(Plugin, hook, implement(hook, arguments[hook]))
    return Plugin()


@pytest.fixture
def decisions_of(caller_of, config_of):
    """Return a function that makes decisions: each domain's plugins are all that are given, or as its section says."""

    def build(sections=None, failures=3, **plugins):
        domains = ("registration", "forecasting", "pricing", "requirements", "settlement", "grid_fees")
        given = {domain: {"use": list(plugins)} for domain in domains} | (sections or {})
        return Decisions(config_of(**given), caller_of(failures=failures, **plugins))

    return build


def test_the_claims_of_all_plugins_are_united(decisions_of):
    loads, pvs = Claim(kinds=["load"]), Claim(kinds=["pv"])
    decisions = decisions_of(a=plugin(claim_assets=loads), b=plugin(claim_assets=None), c=plugin(claim_assets=pvs))
    assert decisions.claim_assets(GRID) == (("a", loads), ("c", pvs))


@pytest.mark.parametrize("wrong", [ValueError("too cold"), ["Load"]])
def test_a_claim_that_fails_leaves_the_others_standing(decisions_of, wrong):
    claim = Claim(kinds=["load"])
    decisions = decisions_of(a=plugin(claim_assets=wrong), b=plugin(claim_assets=claim))
    assert decisions.claim_assets(GRID) == (("b", claim),)
    assert [failed.plugin for failed in decisions.take_failures()] == ["a"]


@pytest.mark.parametrize("hook", ["forecast_energy", "measure_energy"])
def test_energies_that_one_plugin_does_not_know_are_asked_of_the_next(decisions_of, hook):
    first = plugin(**{hook: [[1.0, NAN], [3.0, 4.0]]})
    second = plugin(**{hook: [[9.0, 2.0]]})
    third = plugin(**{hook: [[9.0, 9.0]]})
    energies = getattr(decisions_of(a=first, b=second, c=third), hook)(ASSETS, SLOTS)
    assert energies.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert second.asked[0][1].name.tolist() == ["Load"]
    assert third.asked == []


@pytest.mark.parametrize("hook", ["forecast_energy", "measure_energy"])
@pytest.mark.parametrize("wrong", [ValueError("too cold"), [[1.0, -1.0], [1.0, 1.0]], [1.0, 1.0], None])
def test_energies_of_a_plugin_that_fails_are_asked_of_the_next(decisions_of, hook, wrong):
    decisions = decisions_of(a=plugin(**{hook: wrong}), b=plugin(**{hook: [[1.0, NAN], [3.0, 4.0]]}))
    np.testing.assert_array_equal(getattr(decisions, hook)(ASSETS, SLOTS), [[1.0, NAN], [3.0, 4.0]])
    assert len(decisions.take_failures()) == (wrong is not None)


@pytest.mark.parametrize("hook", ["forecast_energy", "measure_energy"])
def test_energies_that_nobody_knows_are_nan(decisions_of, hook):
    assert np.isnan(getattr(decisions_of(), hook)(ASSETS, SLOTS)).tolist() == [[True, True], [True, True]]


def test_forecasts_and_measurements_follow_their_own_routes(decisions_of):
    a, b = (plugin(forecast_energy=[[kwh]], measure_energy=[[kwh]]) for kwh in (1.0, 2.0))
    sections = {
        "forecasting": {"use": ["a"], "routes": {"pv": ["b"]}},
        "settlement": {"use": ["b"], "routes": {"pv": []}},
    }
    decisions = decisions_of(sections, a=a, b=b)
    assert decisions.forecast_energy(ASSETS, SLOTS[:1]).tolist() == [[1.0], [2.0]]
    np.testing.assert_array_equal(decisions.measure_energy(ASSETS, SLOTS[:1]), [[2.0], [NAN]])


def test_prices_are_adjusted_before_anybody_sees_them(decisions_of):
    decisions = decisions_of(a=plugin(price_energy=RATES), b=plugin(adjust_rates=lambda rates: rates + 1))
    assert decisions.price_energy(LOTS, MARKET).orders.rate.tolist() == [11.0, 21.0, 31.0]


def test_deviations_are_settled_by_settlement_plugins_and_not_adjusted(decisions_of):
    settler = plugin(settle_deviations=[5.0, HOLD, NAN], adjust_rates=lambda rates: rates + 1)
    sections = {"settlement": {"use": ["a"]}, "pricing": {"use": ["a", "b"]}}
    priced = decisions_of(sections, a=settler, b=plugin(price_energy=RATES)).settle_deviations(LOTS, MARKET)
    assert [tuple(order) for order in priced.orders] == [(0, 5.0, 1.0)]
    assert priced.reason.tolist() == [Reason.PRICED, Reason.HELD, Reason.DECLINED]


def test_a_trade_has_to_meet_what_every_plugin_asks(decisions_of):
    green = plugin(require=Requirements({0: (GREEN,), 1: (GREEN,)}))
    local = plugin(require=Requirements({0: (LOCAL,)}, frozenset({2})))
    required = decisions_of(a=green, b=local).require(LOTS, RATES, MARKET)
    both = Requirement(partners=("id:PV",), energy_types=("PV",))
    assert required.requirements == Requirements({0: (both,), 1: (GREEN,)}, frozenset({2}))
    assert required.failed == {}


def test_rows_that_no_plugin_names_are_free_to_trade(decisions_of):
    required = decisions_of(a=plugin(require=None), b=plugin(require=Requirements())).require(LOTS, RATES, MARKET)
    assert (required.requirements, required.failed) == (Requirements(), {})


@pytest.mark.parametrize(
    "wrong",
    [
        ValueError("too cold"),
        SystemExit(),
        {0: (GREEN,)},
        Requirements({9: (GREEN,)}),
        Requirements({0: GREEN}),
        Requirements({0.5: (GREEN,)}),
        Requirements({0: (Requirement(rate="20"),)}),
    ],
)
def test_requirements_fail_closed(decisions_of, wrong):
    """Whatever is wrong with an answer, none of its orders may stand, and the session goes on."""
    limit = plugin(require=Requirements({0: (Requirement(rate=25.0),)}))
    decisions = decisions_of(a=limit, b=plugin(require=wrong), c=plugin(require=None))
    required = decisions.require(LOTS, RATES, MARKET)
    assert required.requirements.held == {0, 1, 2}
    assert required.failed == {0: "b", 1: "b", 2: "b"}
    assert [failed.plugin for failed in decisions.take_failures()] == ["b"]


def test_a_requirements_plugin_on_the_bench_holds_its_orders(decisions_of):
    decisions = decisions_of(failures=1, a=plugin(require=ValueError("too cold")))
    for _ in range(2):
        assert decisions.require(LOTS, RATES, MARKET).failed == {0: "a", 1: "a", 2: "a"}
    assert len(decisions.take_failures()) == 1


def test_only_rows_on_a_plugins_route_are_required_of_or_held(decisions_of):
    sections = {"requirements": {"use": [], "routes": {"pv": ["a"], "storage": ["b", "a"]}}}
    broken = plugin(require=ValueError("too cold"))
    first = frozenset({0})
    green = plugin(require=lambda lots: Requirements({len(lots) - 1: (GREEN,)}, frozenset(), {0: "PV"}, first))
    required = decisions_of(sections, a=green, b=broken).require(LOTS, RATES, MARKET)
    assert required.failed == {2: "b"}
    bound, energy_types = {1: (GREEN,), 2: (GREEN,)}, {1: "PV", 2: "PV"}
    assert required.requirements == Requirements(bound, frozenset({2}), energy_types, frozenset({1, 2}))


def test_fees_that_one_plugin_leaves_are_asked_of_the_next(decisions_of):
    a, b, c = plugin(set_grid_fees=[NAN, 3.0]), plugin(set_grid_fees=[-1.0, 0.0]), plugin(set_grid_fees=[4.0, 5.0])
    assert decisions_of(a=a, b=b, c=c).set_grid_fees(MARKETS, SLOT).tolist() == [4.0, 3.0]
    assert np.isnan(decisions_of(a=plugin(set_grid_fees=None)).set_grid_fees(MARKETS, SLOT)).all()


def test_fees_are_set_if_a_plugin_in_use_can(decisions_of):
    assert decisions_of(a=plugin(set_grid_fees=None)).sets_grid_fees
    assert not decisions_of({"grid_fees": {"use": []}}, a=plugin(set_grid_fees=None)).sets_grid_fees
    assert not decisions_of(a=plugin(price_energy=RATES)).sets_grid_fees


def test_a_plugin_is_only_asked_in_the_domains_that_use_it(decisions_of):
    both = plugin(price_energy=RATES, require=Requirements(held=frozenset({0})))
    decisions = decisions_of({"requirements": {"use": []}}, a=both)
    assert len(decisions.price_energy(LOTS, MARKET).orders) == 3
    assert decisions.require(LOTS, RATES, MARKET).requirements == Requirements()


def test_every_plugin_observes_and_none_can_disturb(decisions_of):
    hooks = ("session_started", "event_received", "session_finished")
    broken = plugin(**dict.fromkeys(hooks, ValueError("too cold")))
    observer = plugin(**dict.fromkeys(hooks, "ignored"))
    decisions = decisions_of({"pricing": {"use": []}}, a=broken, b=observer)
    session, event = SessionInfo("me", "embedded:demo"), Finished()
    decisions.start_session(session)
    decisions.tell(event)
    decisions.finish_session("the figures")
    expected = [("session_started", session), ("event_received", event), ("session_finished", "the figures")]
    assert broken.asked == observer.asked == expected
    assert [failed.hook for failed in decisions.take_failures()] == list(hooks)


def test_a_session_that_started_finishes_also_for_a_plugin_on_the_bench(decisions_of):
    """It may have files to close."""
    mine = plugin(event_received=ValueError("too cold"), session_finished=None)
    decisions = decisions_of(failures=1, a=mine)
    decisions.tell(Finished())
    decisions.finish_session("the figures")
    assert mine.asked[-1] == ("session_finished", "the figures")


def test_a_new_slot_ends_the_bench(decisions_of):
    broken = plugin(price_energy=ValueError("too cold"))
    decisions = decisions_of(failures=1, a=broken)
    decisions.price_energy(LOTS, MARKET)
    decisions.price_energy(LOTS, MARKET)
    assert len(broken.asked) == 1
    decisions.begin_slot()
    decisions.price_energy(LOTS, MARKET)
    assert len(broken.asked) == 2


def test_routes_that_no_asset_takes_are_problems(decisions_of):
    routed = {"use": [], "routes": {"Lod": ["a"], "load": ["a"]}}
    decisions = decisions_of({"pricing": routed, "forecasting": routed}, a=plugin(price_energy=None))
    paths = [problem.path for problem in decisions.unmatched_routes(make_tree({"Grid": {"Load": "load"}}))]
    assert paths == ["pricing.routes.Lod", "forecasting.routes.Lod"]


def test_figures_count_the_calls_of_each_domain(decisions_of):
    decisions = decisions_of(a=plugin(price_energy=RATES, require=ValueError("too cold")))
    decisions.price_energy(LOTS, MARKET)
    decisions.require(LOTS, RATES, MARKET)
    figures = [(one.name, one.domain, one.calls, one.failures) for one in decisions.figures()]
    assert figures == [("a", "pricing", 1, 0), ("a", "requirements", 1, 1)]
