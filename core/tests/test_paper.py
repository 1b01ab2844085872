"""Orders on paper: what the exchange would report if they stood."""

import attrs
import numpy as np
import pytest

from gridhook.commands import OrderLines, PlaceOrders, WithdrawOrders
from gridhook.grid import Deviations
from gridhook.paper import Paper
from gridhook.testing import SLOT, make_assets, make_grid

AREAS = {"Grid": {"House": {"Load": "load", "Battery": "storage"}}}
LATER = SLOT.add(minutes=15)


@pytest.fixture
def grid():
    assets = make_assets(
        {"name": "Load", "path": "Grid/House/Load", "kind": "load", "energy_active_in_bids_kwh": 0.25},
        {
            "name": "Battery",
            "path": "Grid/House/Battery",
            "kind": "storage",
            "energy_to_buy_kwh": 1.0,
            "energy_active_in_bids_kwh": 0.5,
            "energy_to_sell_kwh": 2.0,
            "energy_active_in_offers_kwh": np.nan,
        },
    )
    return make_grid(AREAS, {}, assets)


def order(asset, side="bid", energy=1.0, slot=SLOT, replace=True):
    return PlaceOrders(OrderLines([asset], [side], [slot], [20.0], [energy], [replace]))


def active(paper, grid, slot=SLOT):
    assets = paper.seen_in(grid, slot).assets
    return assets.energy_active_in_bids_kwh.tolist(), assets.energy_to_buy_kwh.tolist()[1]


def test_orders_are_open_and_what_a_storage_can_buy_besides_is_less(grid):
    paper = Paper()
    paper.take([order("id:Load", energy=0.75), order("id:Battery", energy=1.5)])
    assert active(paper, grid) == ([0.75, 1.5], 0.0)


def test_orders_take_the_place_of_what_stands_unless_they_come_with_others(grid):
    paper = Paper()
    paper.take([order("id:Load", energy=0.75)])
    paper.take([order("id:Load", energy=0.3), order("id:Load", energy=0.2, replace=False)])
    assert active(paper, grid) == ([0.5, 0.5], 1.0)


def test_what_is_deleted_on_paper_is_not_open_though_the_exchange_says_so(grid):
    paper = Paper()
    paper.take([WithdrawOrders(["id:Load", "id:Battery"], ["bid", "bid"], [SLOT, SLOT])])
    assert active(paper, grid) == ([0.0, 0.0], 1.5)


def test_what_an_exchange_does_not_report_stays_unknown(grid):
    paper = Paper()
    paper.take([order("id:Battery", "offer")])
    assets = paper.seen_in(grid, SLOT).assets
    assert np.isnan(assets.energy_active_in_offers_kwh[1])
    assert assets.energy_to_sell_kwh[1] == 2.0


def test_orders_die_with_their_slot(grid):
    paper = Paper()
    paper.take([order("id:Load")])
    assert active(paper, grid, LATER) == ([0.25, 0.5], 1.0)
    assert active(paper, grid) == ([0.25, 0.5], 1.0)


def test_assets_that_are_not_wanted_are_not_told(grid):
    grid = attrs.evolve(grid, deviations=Deviations((SLOT,), np.array([[1.0], [2.0]])))
    seen = grid.only(frozenset({"id:Battery"}))
    assert seen.assets.id.tolist() == ["id:Battery"]
    assert seen.deviations.energy_kwh.tolist() == [[2.0]]
    assert grid.only(frozenset({"id:Battery", "id:Load"})) is grid
