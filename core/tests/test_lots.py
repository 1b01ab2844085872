"""Lots: the columns that a strategy reads."""

import numpy as np
import pytest

from gridhook import Lot, Lots
from gridhook.lots import BID, OFFER
from gridhook.testing import make_lots


def test_the_columns_that_strategies_rely_on():
    """Renaming one breaks strategies: this list only grows, at its end."""
    assert Lot._fields == (
        "asset",
        "name",
        "path",
        "kind",
        "side",
        "slot",
        "energy_kwh",
        "grid_fee",
        "used_storage_kwh",
        "free_storage_kwh",
        "energy_active_kwh",
        "open_rate",
    )


def test_a_storage_is_two_rows_one_per_side():
    storage = {"kind": "storage", "name": "Battery", "used_storage_kwh": 3.0, "free_storage_kwh": 5.0}
    lots = make_lots(storage | {"side": BID, "energy_kwh": 5.0}, storage | {"side": OFFER, "energy_kwh": 3.0})
    assert [(lot.asset, lot.side, lot.energy_kwh) for lot in lots] == [
        ("id:Battery", "bid", 5.0),
        ("id:Battery", "offer", 3.0),
    ]
    assert lots.energy_kwh[lots.side == "offer"].tolist() == lots.used_storage_kwh[:1].tolist()


def test_what_an_exchange_does_not_report_is_nan_and_never_missing():
    (lot,) = make_lots({"kind": "load"})
    assert np.isnan([lot.used_storage_kwh, lot.free_storage_kwh, lot.energy_active_kwh, lot.open_rate]).all()


@pytest.mark.parametrize("column", Lot._fields)
def test_no_plugin_can_write_to_lots(column):
    lots = make_lots({}, {})
    with pytest.raises(ValueError, match="read-only"):
        getattr(lots, column)[0] = getattr(lots, column)[1]
    with pytest.raises(AttributeError):
        setattr(lots, column, [])


def test_every_lot_has_every_column():
    with pytest.raises(TypeError):
        Lots(["id"], ["name"])
