"""Assets: the columns that forecasts and measurements read."""

import numpy as np
import pytest

from gridhook import ASSET_KINDS, Asset
from gridhook.testing import make_assets


def test_the_columns_that_plugins_rely_on():
    """Renaming one breaks plugins: this list only grows, at its end."""
    assert Asset._fields == (
        "id",
        "name",
        "path",
        "kind",
        "energy_requirement_kwh",
        "available_energy_kwh",
        "energy_to_buy_kwh",
        "energy_to_sell_kwh",
        "energy_active_in_bids_kwh",
        "energy_active_in_offers_kwh",
        "free_storage_kwh",
        "used_storage_kwh",
        "energy_traded_kwh",
        "total_cost_cents",
    )


def test_the_kinds_of_assets():
    assert ASSET_KINDS == ("load", "pv", "storage", "smart-meter")


def test_assets_are_rows_and_columns():
    assets = make_assets({"name": "Load", "energy_requirement_kwh": 0.5}, {"name": "PV", "kind": "pv"})
    assert [(asset.name, asset.kind) for asset in assets] == [("Load", "load"), ("PV", "pv")]
    assert assets.energy_requirement_kwh[0] == 0.5
    assert np.isnan(assets.energy_requirement_kwh[1])


@pytest.mark.parametrize("column", Asset._fields)
def test_no_plugin_can_write_to_assets(column):
    assets = make_assets({}, {})
    with pytest.raises(ValueError, match="read-only"):
        getattr(assets, column)[0] = getattr(assets, column)[1]
