"""The conformance checks: a sound plugin passes them all, and for each there is a bad plugin that fails it."""

import itertools
import math
import re
import types

import attrs
import numpy as np
import pytest

import gridhook.events as ev
from gridhook import Claim, Orders, Requirement, Requirements, hookimpl, per_lot
from gridhook.hookspecs import SPECIFICATIONS
from gridhook.plugins.loading import HOOKS
from gridhook.testing import check_plugin
from gridhook.testing.checks import BY_DOMAIN, make_check
from gridhook.testing.checks.observation import every_event
from gridhook.testing.subject import Subject

CHECKS = [check for checks in BY_DOMAIN.values() for check in checks]
(EVENTS,) = (check for check in CHECKS if check.name == "every kind of event")
OBSERVERS = [hook for hook, domain in HOOKS.items() if domain == "observation"]
ASKED = [check for check in CHECKS if check.hook not in OBSERVERS]


def parameters(hook):
    code = getattr(SPECIFICATIONS[HOOKS[hook]], hook).__code__
    return code.co_varnames[1 : code.co_argcount]


def sound_answer(hook, given):
    """An answer that is right whatever was asked."""
    match hook:
        case "claim_assets":
            return Claim(kinds=["load", "pv"])
        case "require":
            return Requirements()
        case "forecast_energy" | "measure_energy":
            return np.full((len(given["assets"]), len(given["slots"])), 0.25)
        case "set_grid_fees":
            return np.full(len(given["markets"]), 1.0)
        case _:
            return np.full(len(given.get("lots", given.get("deviations", ()))), 20.0)


def plugin_of(hook, answer):
    """A plugin class with one hook, which calls ``answer(self, given)``: the arguments by their names."""
    names = parameters(hook)
    source = (
        f"def {hook}(self, {', '.join(names)}):\n    return _answer(self, dict({', '.join(f'{n}={n}' for n in names)}))"
    )
    namespace = {"_answer": answer}
    exec(source, namespace)  # noqa: S102 - pluggy reads the parameters' names
    return type("Trap", (), {hook: hookimpl(namespace[hook])})


def sound(hook):
    return plugin_of(hook, lambda _, given: sound_answer(hook, given))


def table_of(given):
    return next(given[name] for name in ("lots", "deviations", "assets", "markets") if name in given)


def rows_of(given):
    return len(given["grid"].tree) if "grid" in given else len(table_of(given))


def kinds_of(given):
    return given["grid"].tree.kinds if "grid" in given else list(getattr(table_of(given), "kind", ()))


def energies_of(given):
    table = table_of(given)
    return next(
        np.nan_to_num(getattr(table, name))
        for name in ("energy_kwh", "energy_requirement_kwh", "total_traded_energy_kwh")
        if hasattr(table, name)
    )


def is_unreported(given):
    table = table_of(given)
    names = ("used_storage_kwh", "energy_traded_kwh", "imported_kwh")
    column = next(getattr(table, name) for name in names if hasattr(table, name))
    no_statistics = "market" in given and given["market"].grid.last_market_stats is None
    return no_statistics or (len(column) > 0 and np.isnan(column).all())


def several_orders(given):
    pairs = list(zip(given["lots"].asset, given["lots"].side, strict=True))
    return len(set(pairs)) < len(pairs)


CANNOT_BEAR = {
    "empty table": lambda given: rows_of(given) == 0,
    "single row": lambda given: rows_of(given) == (4 if "grid" in given else 1),
    "every kind of asset": lambda given: rows_of(given) >= 3,
    "extreme energies": lambda given: (energies_of(given) > 1e9).any(),
    "unreported columns": is_unreported,
    "storage on both sides": lambda given: set(kinds_of(given)) == {"storage"},
    "unknown rates": lambda given: math.isnan(given["market"].feed_in_rate),
    "negative rates": lambda given: given["market"].feed_in_rate < 0,
    "beginning and end of a slot": lambda given: given["market"].progress > 0.9,
    "several orders of a lot": several_orders,
    "96 slots": lambda given: len(given["slots"]) >= 96,
    "10,000 rows": lambda given: rows_of(given) >= 10_000,
}
"""By check: what a plugin that fails it cannot bear."""


def wrongly_annotated(hook):
    plugin = sound(hook)
    getattr(plugin, hook).__annotations__[parameters(hook)[0]] = bytes
    return plugin


def tiring(hook):
    def answer(self, given):
        self.calls = getattr(self, "calls", 0) + 1
        return sound_answer(hook, given) if self.calls < 4 else "enough"

    return plugin_of(hook, answer)


def moody(hook):
    counter = itertools.count()

    def answer(_, given):
        number = next(counter)
        if hook == "claim_assets":
            return Claim(names=[str(number)])
        if hook == "require":
            return Requirements(held=frozenset([number % rows_of(given)]))
        return sound_answer(hook, given) + number

    return plugin_of(hook, answer)


def meddling(hook):
    def answer(_, given):
        table = given["grid"] if "grid" in given else table_of(given)
        name = next(field.name for field in attrs.fields(type(table)) if field.name.endswith(("_fee", "_kwh")))
        column = getattr(table, name)
        column[:1] = 1.0
        return sound_answer(hook, given)

    return plugin_of(hook, answer)


BAD = {
    "signature": wrongly_annotated,
    "asked again": tiring,
    "same answers": moody,
    "tables left alone": meddling,
}


def bad_for(check):
    """A plugin that fails this check of an asked hook."""
    hook = check.hook
    if check.name in BAD:
        return BAD[check.name](hook)
    return plugin_of(hook, lambda _, given: "no" if CANNOT_BEAR[check.name](given) else sound_answer(hook, given))


@pytest.mark.parametrize("check", ASKED, ids=lambda check: f"{check.hook}, {check.name}")
def test_each_check_fails_a_bad_plugin(check):
    finding = make_check(check, Subject(bad_for(check)))
    assert finding.outcome == "failed"
    assert (finding.check, finding.hook) == (check.name, check.hook)
    assert finding.message


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if hook not in OBSERVERS])
def test_a_sound_plugin_of_each_hook_conforms(hook):
    report = check_plugin(sound(hook))
    report.raise_for_failures()
    assert {finding.hook for finding in report.findings} == {"", hook}
    assert {finding.outcome for finding in report.findings} == {"passed"}


@pytest.mark.parametrize("nothing", [None, np.nan], ids=str)
def test_a_plugin_that_decides_nothing_conforms(nothing):
    def answer(_, given):
        return None if nothing is None else np.full(len(given["lots"]), nothing)

    check_plugin(plugin_of("price_energy", answer)).raise_for_failures()


ANSWERS = {
    ("price_energy", "a float"): (lambda given: 12.0, "not the number 12.0"),
    ("price_energy", "-inf"): (lambda given: np.full(len(given["lots"]), -np.inf), "HOLD"),
    ("price_energy", "too much"): (
        lambda given: Orders([0], [1.0], given["lots"].energy_kwh[:1] * 2) if len(given["lots"]) else None,
        "of 1 kWh",
    ),
    ("adjust_rates", "too short"): (lambda given: given["rates"][1:], "one rate per lot"),
    ("require", "a list"): (lambda given: [], "has to answer Requirements"),
    ("require", "a row too many"): (lambda given: Requirements(held=frozenset([10**6])), "names rows"),
    ("require", "names"): (
        lambda given: Requirements({row: (Requirement(("PV 1",)),) for row in range(len(given["lots"]))}),
        "partners are ids",
    ),
    ("forecast_energy", "below zero"): (
        lambda given: np.full((len(given["assets"]), len(given["slots"])), -1.0),
        "not below zero",
    ),
    ("measure_energy", "one column"): (lambda given: np.zeros(len(given["assets"])), "kWh per asset and slot"),
    ("settle_deviations", "texts"): (lambda given: np.array(["a"] * len(given["deviations"])), "float64"),
    ("set_grid_fees", "below zero"): (lambda given: np.full(len(given["markets"]), -1.0), "below zero"),
    ("claim_assets", "a list"): (lambda given: ["Home 1"], "has to answer a Claim"),
    ("claim_assets", "no such kind"): (lambda given: Claim(kinds=["loads"]), "the kind 'loads'"),
}


@pytest.mark.parametrize(("hook", "what"), ANSWERS, ids=str)
def test_wrong_answers_are_told_with_what_came(hook, what):
    answer, message = ANSWERS[hook, what]
    (check,) = (check for check in CHECKS if (check.hook, check.name) == (hook, "every kind of asset"))
    finding = make_check(check, Subject(plugin_of(hook, lambda _, given: answer(given))))
    assert finding.outcome == "failed"
    assert message in finding.message


def test_a_failure_names_the_line_and_says_what_to_do():
    class Eager:
        @hookimpl
        @per_lot
        def price_energy(self, lot, market):
            return {8.0: 10.0}[market.feed_in_rate]

    (failure, *_) = (one for one in check_plugin(Eager).failures if one.check == "unknown rates")
    assert re.match(r"KeyError: nan \(.*test_testing_checks.py, line \d+\); ", failure.message)
    assert failure.message.endswith("answer NaN for what cannot be decided then")
    with pytest.raises(AssertionError, match=r"price_energy, unknown rates: KeyError: nan") as error:
        check_plugin(Eager).raise_for_failures()
    assert "price_energy, negative rates: " in str(error.value)


@pytest.mark.parametrize("force", [lambda column: column, lambda column: column.setflags(write=True)])
def test_writing_to_a_table_fails(force):
    class Writer:
        @hookimpl
        def price_energy(self, lots):
            force(lots.energy_kwh)
            lots.energy_kwh[:] = 0.0
            return lots.energy_kwh

    (check,) = (check for check in CHECKS if (check.hook, check.name) == ("price_energy", "tables left alone"))
    finding = make_check(check, Subject(Writer))
    assert finding.outcome == "failed"
    assert finding.message.startswith("ValueError: ")
    assert finding.message.endswith("copy what you want to change")


class Observer:
    """Told everything; each of its methods does what ``does`` says."""

    does = staticmethod(lambda hook, given: None)

    @hookimpl
    def session_started(self, session):
        return type(self).does("session_started", session)

    @hookimpl
    def event_received(self, event):
        return type(self).does("event_received", event)

    @hookimpl
    def session_finished(self, summary):
        return type(self).does("session_finished", summary)


def observer(does):
    return type("Told", (Observer,), {"does": staticmethod(does)})


def failed(report):
    return {(failure.check, failure.hook) for failure in report.failures}


def test_an_observer_may_answer_what_it_likes():
    check_plugin(observer(lambda hook, given: "ignored")).raise_for_failures()


@pytest.mark.parametrize("kind", sorted({type(event) for event in every_event()}, key=lambda kind: kind.__name__))
def test_an_observer_that_cannot_take_a_kind_of_event_fails(kind):
    def does(hook, given):
        assert type(given) is not kind, kind.__name__

    finding = make_check(EVENTS, Subject(observer(does)))
    assert finding.outcome == "failed"
    assert finding.message.startswith(
        f"told of {kind.__name__}: failed in event_received: AssertionError: {kind.__name__}"
    )


def test_there_is_an_event_of_every_kind():
    named = {getattr(ev, name) for name in ev.__all__}
    kinds = {kind for kind in named if attrs.has(kind)}
    assert {type(event) for event in every_event()} == kinds - {ev.Refused}


@pytest.mark.parametrize("hook", ["session_started", "session_finished"])
def test_an_observer_that_fails_at_the_ends_of_a_session_fails(hook):
    def does(called, given):
        if called == hook:
            raise OSError

    assert ("session of no events", hook) in failed(check_plugin(observer(does)))
    assert ("simulated slots", "") in failed(check_plugin(observer(does)))


def test_an_observer_that_changes_an_event_fails():
    def does(hook, given):
        if isinstance(given, ev.Traded):
            given.trades.energy_kwh[:] = 0.0

    finding = make_check(EVENTS, Subject(observer(does)))
    assert finding.message.startswith("told of Traded: failed in event_received: ValueError: ")


@pytest.mark.parametrize("hook", OBSERVERS)
def test_an_observer_of_something_else_fails_its_signature(hook):
    class Wrong(Observer):
        pass

    function = types.FunctionType(getattr(Observer, hook).__code__, globals(), hook)
    function.__annotations__ = {parameters(hook)[0]: int}
    setattr(Wrong, hook, hookimpl(function))
    assert ("signature", hook) in failed(check_plugin(Wrong))


def test_a_session_starts_before_and_finishes_after_whatever_a_plugin_is_asked():
    class Sessional(Observer):
        def __init__(self):
            self.log = []

        @hookimpl
        def session_started(self, session):
            self.log.append("started")

        @hookimpl
        def event_received(self, event):
            self.log.append("event")

        @hookimpl
        def price_energy(self, lots):
            assert self.log[:2] == ["started", "event"]
            return np.full(len(lots), 1.0)

        @hookimpl
        def session_finished(self, summary):
            assert self.log.pop(0) == "started"

    check_plugin(Sessional).raise_for_failures()
