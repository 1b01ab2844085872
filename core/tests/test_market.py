"""The market at one moment, as strategies and grid operators see it."""

import numpy as np
import pytest

from gridhook import Markets
from gridhook.testing import make_grid, make_market

GRID = make_grid({"Grid": {"Home": {"Load": "load"}}}, {"Grid": 1.0, "Home": 0.5})


def test_a_market_tells_the_grid_fee_between_two_areas():
    market = make_market(grid=GRID)
    assert market.grid_fee("Load", "Grid") == 1.5
    assert market.grid_fee("Load") == 0.5
    assert market.grid_fee("Load", "Grid", "last_market_fee") == 1.5


def test_no_plugin_can_change_the_market():
    market = make_market(feed_in_rate=8.0)
    with pytest.raises(AttributeError):
        market.feed_in_rate = 0.0


def test_operated_markets_are_rows_and_columns():
    markets = Markets(["id:Home"], ["Home"], ["Grid/Home"], [1.5], [np.nan], [2.0])
    (row,) = markets
    assert (row.name, row.current_market_fee, row.total_traded_energy_kwh) == ("Home", 1.5, 2.0)
    assert np.isnan(markets.last_market_fee).all()
    assert np.isnan([row.imported_kwh, row.exported_kwh]).all()
    assert markets.take(np.array([0, 0])).exported_kwh.shape == (2,)
    with pytest.raises(ValueError, match="read-only"):
        markets.current_market_fee[0] = 0.0
