"""The ledger: every trade of a run, as columns."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints

__all__ = ["Entries", "Ledger"]


@attrs.frozen(eq=False)
class Entries:
    """Trades, one row each.

    ``is_spot``
        whether it was a spot trade; else a settlement.
    ``slot``
        number of the slot in which the energy flows; ``traded_in`` of the one in which it was traded.
    ``buyer``, ``seller``, ``market``
        asset numbers, and the lowest market that contains both.
    ``buyer_rate``, ``seller_rate``
        cents/kWh; the difference is the fees of the markets between them.
    ``with_partner``
        whether the trade met a requirement that names partners.
    ``bid``, ``offer``, ``residual_bid``, ``residual_offer``
        ids of the orders that traded, and of what is left of them; -1 for nothing.
    ``tick``
        number of the tick in which it was traded, over the whole run.
    """

    is_spot: Bools
    slot: Ints
    traded_in: Ints
    buyer: Ints
    seller: Ints
    market: Ints
    energy_kwh: Floats
    buyer_rate: Floats
    seller_rate: Floats
    with_partner: Bools
    bid: Ints
    offer: Ints
    residual_bid: Ints
    residual_offer: Ints
    tick: Ints

    def __len__(self) -> int:
        return len(self.slot)

    def take(self, chosen: Bools | Ints) -> Entries:
        """Return the selected trades."""
        return Entries(*(getattr(self, field.name)[chosen] for field in attrs.fields(Entries)))


class Ledger:
    """Collects trades."""

    def __init__(self) -> None:
        self._parts: list[Entries] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, entries: Entries) -> None:
        """Add trades."""
        self._parts.append(entries)
        self._count += len(entries)

    def entries(self) -> Entries:
        """Return all trades, in the order in which they happened."""
        if not self._parts:
            ints, floats, bools = np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.bool_)
            return Entries(bools, ints, ints, ints, ints, ints, floats, floats, floats, bools, *[ints] * 5)
        columns = ([getattr(part, field.name) for part in self._parts] for field in attrs.fields(Entries))
        merged = Entries(*map(np.concatenate, columns))
        self._parts = [merged]
        return merged
