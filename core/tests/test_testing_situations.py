"""Situations: what plugins are asked about is what an agent would ask, and fits together."""

import numpy as np
import pytest

from gridhook.agent.slots import asset_fees
from gridhook.testing.checks.cases import ALWAYS, ANY_RATES, MANY, MARKETS_MANY, METERED_MANY, ON_BOTH_SIDES, moments
from gridhook.testing.situations import make_situation

CASES = [*ALWAYS, *ANY_RATES, ON_BOTH_SIDES, MANY, METERED_MANY, MARKETS_MANY]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_all_that_is_asked_about_is_in_the_grid(case):
    for situation in case.situations():
        tree = situation.market.grid.tree
        for table in (situation.lots, situation.deviations):
            for asset, path, kind in zip(table.asset[:20], table.path[:20], table.kind[:20], strict=True):
                assert tree.paths[tree.find(asset)] == path
                assert tree.kinds[tree.find(asset)] == kind
        assert len(situation.rates) == len(situation.lots)
        assert situation.event.grid is situation.market.grid


def test_a_home_has_what_is_asked_for():
    situation = make_situation()
    assert situation.market.grid.tree.names == (
        "Grid",
        "Market Maker",
        "Home 1",
        "Load 1",
        "PV 1",
        "Battery 1",
        "Meter 1",
    )
    assert situation.market.grid.tree.registered.tolist() == [True, False, True, True, True, True, True]
    assert [(lot.kind, lot.side) for lot in situation.lots] == [
        ("load", "bid"),
        ("pv", "offer"),
        ("storage", "bid"),
        ("storage", "offer"),
        ("smart-meter", "bid"),
        ("smart-meter", "offer"),
    ]
    assert {lot.energy_kwh for lot in situation.lots} == {1.0}
    assert [row.kind for row in situation.metered] == ["load", "pv"]
    assert {(lot.side, lot.kind) for lot in situation.deviations} == {("bid", "load"), ("offer", "pv")}
    assert len(situation.deviations) == 8
    assert {lot.grid_fee for lot in situation.lots} == {1.0} == set(asset_fees(situation.market.grid))


def test_a_sparse_one_reports_as_little_as_an_exchange_may():
    situation = make_situation(is_sparse=True)
    grid = situation.market.grid
    assert grid.last_market_stats is None
    assert np.isnan(grid.last_market_fee).all()
    columns = ("used_storage_kwh", "free_storage_kwh", "energy_active_kwh", "open_rate")
    assert all(np.isnan(getattr(situation.lots, name)).all() for name in columns)
    assert {lot.energy_kwh for lot in situation.lots} == {1.0}
    assert np.isnan(situation.markets.imported_kwh).all()
    full = make_situation()
    assert not np.isnan(full.market.grid.last_market_fee[0])
    assert not np.isnan(full.lots.used_storage_kwh[2])
    assert full.markets.imported_kwh.tolist() == [1.0, 1.0]


def test_cases_are_what_they_are_called():
    assert [len(case.situations()[0].lots) for case in (MANY, METERED_MANY)] == [10_000, 10_000]
    assert len(METERED_MANY.situations()[0].metered) == 10_000
    assert len(MARKETS_MANY.situations()[0].markets) == 10_000
    by_name = {case.name: case for case in CASES}
    assert [len(situation.lots) for situation in by_name["empty table"].situations()] == [0]
    assert [len(situation.lots) for situation in by_name["single row"].situations()] == [1, 1]
    first, again, later, following = moments()
    assert first is again
    assert (first.market.slot, 0.5) == (later.market.slot, later.market.progress)
    assert following.market.slot == first.market.slot + first.market.slot_length
