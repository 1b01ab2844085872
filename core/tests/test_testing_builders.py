"""The builders that plugin authors test with."""

import numpy as np
import pendulum
import pytest

from gridhook.testing import SLOT, make_assets, make_grid, make_lots, make_market, make_markets, make_tree


def test_a_lot_of_which_nothing_is_said_is_a_load_that_bids_for_a_kilowatt_hour():
    (lot,) = make_lots({})
    assert (lot.kind, lot.side, lot.energy_kwh, lot.grid_fee, lot.slot) == ("load", "bid", 1.0, 0.0, SLOT)
    assert np.isnan(lot.open_rate)


@pytest.mark.parametrize(("kind", "side"), [("load", "bid"), ("pv", "offer"), ("storage", "offer")])
def test_loads_bid_and_the_others_offer(kind, side):
    assert make_lots({"kind": kind})[0].side == side
    assert make_lots({"kind": kind, "side": "bid"})[0].side == "bid"


def test_names_paths_and_ids_follow_from_each_other_and_are_all_different():
    lots = make_lots({}, {}, {"kind": "pv"}, {"name": "Roof"})
    assert lots.name.tolist() == ["load 0", "load 1", "pv 2", "Roof"]
    assert lots.asset.tolist() == ["id:load 0", "id:load 1", "id:pv 2", "id:Roof"]
    assert lots.path.tolist() == lots.name.tolist()
    assets = make_assets({}, {"name": "Roof", "path": "Grid/Roof", "kind": "pv"})
    assert assets.id.tolist() == ["id:load 0", "id:Roof"]
    assert assets.path.tolist() == ["load 0", "Grid/Roof"]
    markets = make_markets({}, {"name": "Street", "imported_kwh": 0.5})
    assert markets.id.tolist() == ["id:market 0", "id:Street"]
    assert np.array_equal(markets.imported_kwh, [np.nan, 0.5], equal_nan=True)


@pytest.mark.parametrize(("make", "table"), [(make_lots, "Lots"), (make_assets, "Assets"), (make_markets, "Markets")])
def test_a_column_that_does_not_exist_is_named(make, table):
    with pytest.raises(TypeError, match=f"{table} has no column 'energy'; there are"):
        make({"energy": 1.0})


@pytest.mark.parametrize("make", [make_lots, make_assets, make_markets])
def test_a_table_may_be_empty(make):
    assert len(make()) == 0


def test_a_tree_nests_markets_around_assets():
    tree = make_tree({"Grid": {"Home": {"Load": "load", "PV": "pv"}, "Shop": {}}})
    assert tree.paths == ("Grid", "Grid/Home", "Grid/Home/Load", "Grid/Home/PV", "Grid/Shop")
    assert tree.kinds == ("market", "market", "load", "pv", "market")
    assert tree.ids[2] == "id:Load"
    assert tree.registered.all()


def test_a_grid_has_the_fees_that_are_given_and_no_others():
    grid = make_grid({"Grid": {"Home": {"Load": "load"}}}, {"Home": 2.5})
    assert grid.current_market_fee[:2].tolist() == grid.last_market_fee[:2].tolist() == [0.0, 2.5]
    assert np.isnan(grid.current_market_fee[2])
    assert len(grid.assets) == 0
    assert make_grid({"Grid": {}}, assets=make_assets({})).assets[0].name == "load 0"


def test_a_market_has_rates_and_a_slot_of_fifteen_minutes():
    market = make_market()
    assert (market.slot, market.progress, market.slot_length) == (SLOT, 0.0, pendulum.duration(minutes=15))
    assert market.feed_in_rate < market.market_maker_rate
    assert market.grid.tree.names == ("Grid",)


def test_what_is_said_of_a_market_holds():
    grid = make_grid({"Grid": {"Home": {}}})
    market = make_market(progress=0.5, feed_in_rate=1.0, market_maker_rate=2.0, slot_minutes=60, grid=grid)
    assert (market.progress, market.feed_in_rate, market.market_maker_rate) == (0.5, 1.0, 2.0)
    assert market.slot_length == pendulum.duration(hours=1)
    assert market.grid is grid


@pytest.mark.parametrize(
    ("rows", "error", "said"),
    [
        (([{"kind": "load"}],), TypeError, "rows are mappings of columns, one by one"),
        (({"kind": "lod"},), ValueError, "there is no kind 'lod'; there are load, pv, storage, smart-meter"),
        (({"side": "buy"},), ValueError, "there is no side 'buy'; there are bid, offer"),
    ],
)
def test_rows_that_no_exchange_has_are_mistakes_of_the_test(rows, error, said):
    with pytest.raises(error, match=said):
        make_lots(*rows)
