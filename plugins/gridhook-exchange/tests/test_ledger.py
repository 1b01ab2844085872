from __future__ import annotations

import attrs
import numpy as np

from gridhook_exchange.market.ledger import Entries, Ledger


def trade(slot: int, buyer: int, energy: float = 1.0) -> Entries:
    ints, floats = (lambda value: np.array([value])), (lambda value: np.array([float(value)]))
    return Entries(
        is_spot=np.array([True]),
        slot=ints(slot),
        traded_in=ints(slot),
        buyer=ints(buyer),
        seller=ints(9),
        market=ints(0),
        energy_kwh=floats(energy),
        buyer_rate=floats(20),
        seller_rate=floats(18),
        with_partner=np.array([False]),
        bid=ints(1),
        offer=ints(2),
        residual_bid=ints(-1),
        residual_offer=ints(3),
        tick=ints(10 * slot),
    )


def test_trades_come_back_in_the_order_in_which_they_were_added():
    ledger = Ledger()
    for slot, buyer in ((0, 3), (0, 1), (1, 2)):
        ledger.add(trade(slot, buyer))
    assert len(ledger) == 3
    assert ledger.entries().buyer.tolist() == [3, 1, 2]


def test_the_ledger_goes_on_after_it_was_read():
    ledger = Ledger()
    ledger.add(trade(0, 1))
    ledger.entries()
    ledger.add(trade(1, 2))
    assert ledger.entries().slot.tolist() == [0, 1]
    assert ledger.entries().slot.tolist() == [0, 1]


def test_an_empty_ledger_has_empty_columns_of_the_right_types():
    """Sums and selections work before the first trade."""
    entries = Ledger().entries()
    assert len(entries) == 0
    full = trade(0, 1)
    for field in attrs.fields(Entries):
        assert getattr(entries, field.name).dtype == getattr(full, field.name).dtype


def test_selected_trades_keep_all_their_columns_together():
    ledger = Ledger()
    for slot, energy in ((0, 1.0), (1, 2.0), (2, 3.0)):
        ledger.add(trade(slot, buyer=slot + 5, energy=energy))
    chosen = ledger.entries().take(np.array([2, 0]))
    assert (chosen.slot.tolist(), chosen.buyer.tolist(), chosen.energy_kwh.tolist()) == ([2, 0], [7, 5], [3.0, 1.0])
