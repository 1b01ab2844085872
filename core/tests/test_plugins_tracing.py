"""Tracing: each hook's calls, failures, time, and the share of the lots that it answered."""

import time
from functools import partial

import numpy as np
import pytest

from gridhook import Claim, Orders, Requirement, Requirements, hookimpl
from gridhook.plugins.answers import check_claim, check_energies, check_offers, check_requirements
from gridhook.testing import make_lots

LOTS = make_lots({}, {}, {}, {})


class Halves:
    """Decides every other lot, and each asset in the first slot only."""

    @hookimpl
    def price_energy(self, lots):
        return np.where(np.arange(len(lots)) % 2, 5.0, np.nan)

    @hookimpl
    def forecast_energy(self, assets, slots):
        return [[1.0, np.nan]] * 2 + [[np.nan, np.nan]] * 2

    @hookimpl
    def claim_assets(self):
        return Claim(kinds=["load"])

    @hookimpl
    def require(self, lots):
        return Requirements({0: (Requirement(partners=("A",)),)})


class Ladder:
    @hookimpl
    def price_energy(self, lots):
        return Orders([0, 0, 2], [1.0, 2.0, 3.0], [0.1, 0.1, 0.1])


class Nobody:
    @hookimpl
    def price_energy(self, lots):
        return None


class Fails:
    @hookimpl
    def price_energy(self, lots):
        raise RuntimeError


class Slow:
    @hookimpl
    def price_energy(self, lots):
        time.sleep(0.05)


@pytest.mark.parametrize(("plugin", "answered"), [(Halves, 2), (Ladder, 2), (Nobody, 0), (Fails, 0)])
def test_the_lots_that_a_plugin_answered_are_counted(caller_of, plugin, answered):
    caller = caller_of(one=plugin())
    trace = caller.trace()
    for _ in range(2):
        caller.call("one", "price_energy", {"lots": LOTS}, partial(check_offers, lots=LOTS), LOTS.path)
    (traced,) = trace.rows
    assert (traced.plugin, traced.hook, traced.calls) == ("one", "price_energy", 2)
    assert (traced.asked, traced.answered, traced.share) == (8, 2 * answered, answered / 4)
    assert traced.failures == (2 if plugin is Fails else 0)


def test_assets_count_as_answered_by_any_slot_and_orders_by_any_requirements(caller_of):
    caller = caller_of(one=Halves())
    trace = caller.trace()
    arguments = {"assets": LOTS, "slots": (), "lots": LOTS}
    caller.call("one", "forecast_energy", arguments, partial(check_energies, rows=4, slots=2), LOTS.path)
    caller.call("one", "require", arguments, partial(check_requirements, rows=4), LOTS.path)
    caller.call("one", "claim_assets", {}, check_claim)
    assert {traced.hook: traced.share for traced in trace.rows} == {
        "forecast_energy": 0.5,
        "require": 1.0,
        "claim_assets": None,
    }


def test_time_is_added_up_and_the_longest_call_kept(caller_of):
    caller = caller_of(slow=Slow(), quick=Nobody())
    trace = caller.trace()
    for name in ("slow", "quick", "slow"):
        caller.call(name, "price_energy", {"lots": LOTS}, partial(check_offers, lots=LOTS), LOTS.path)
    slow, quick = trace.rows
    assert slow.seconds >= slow.slowest_seconds >= 0.05
    assert slow.seconds >= 0.1
    assert quick.seconds == quick.slowest_seconds > 0


def test_calls_on_the_bench_are_none(caller_of):
    caller = caller_of(one=Fails(), failures=1)
    trace = caller.trace()
    for _ in range(3):
        caller.call("one", "price_energy", {"lots": LOTS}, partial(check_offers, lots=LOTS), LOTS.path)
    assert [(traced.calls, traced.failures) for traced in trace.rows] == [(1, 1)]
