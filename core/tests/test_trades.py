"""Trades: what observers read."""

import pytest

from gridhook.testing import SLOT
from gridhook.trades import SETTLEMENT, SPOT, Trade, Trades

TRADES = Trades(
    ["t1", "t2"],
    [SPOT, SETTLEMENT],
    [SLOT, SLOT.subtract(minutes=15)],
    ["id:Load", ""],
    ["", "id:PV"],
    [0.5, 0.25],
    [20.0, 5.0],
    [18.5, 5.0],
    [True, False],
)


def test_the_columns_that_observers_rely_on():
    assert Trade._fields == (
        "id",
        "market",
        "slot",
        "buyer",
        "seller",
        "energy_kwh",
        "buyer_rate",
        "seller_rate",
        "with_partner",
    )
    assert (SPOT, SETTLEMENT) == ("spot", "settlement")


def test_trades_are_rows_and_columns():
    assert TRADES[0] == Trade("t1", "spot", SLOT, "id:Load", "", 0.5, 20.0, 18.5, True)
    assert TRADES.energy_kwh[TRADES.market == SPOT].sum() == 0.5
    assert TRADES.with_partner.tolist() == [True, False]


def test_no_observer_can_change_what_others_see():
    with pytest.raises(ValueError, match="read-only"):
        TRADES.energy_kwh[0] = 0.0
