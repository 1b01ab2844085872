"""What clearing a book results in: trades, and how far orders have come when it begins."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook_exchange.market.book import Book

__all__ = ["Cleared", "Trades", "reaches"]

_EVERYWHERE = 1_000_000
"""More steps than any tree has."""

_NOWHERE = -1
"""Reach of orders that are posted in this tick."""


@attrs.frozen(eq=False)
class Cleared:
    """Trades, in the order in which they happened.

    ``buyer``, ``seller``
        asset numbers.
    ``energy_kwh``
        traded energy.
    ``rate``
        what the buyer pays in its home market, cents/kWh.
    ``market``
        the lowest market that contains both.
    ``with_partner``
        whether the trade met a requirement that names partners.
    ``bid``, ``offer``
        ids of the orders that traded; -1 for a buyer that took an offer without a bid.
    ``residual_bid``, ``residual_offer``
        ids of what is left of them; -1 for nothing.
    ``tick``
        the tick in which it happened.
    """

    buyer: Ints
    seller: Ints
    energy_kwh: Floats
    rate: Floats
    market: Ints
    with_partner: Bools
    bid: Ints
    offer: Ints
    residual_bid: Ints
    residual_offer: Ints
    tick: Ints

    def __len__(self) -> int:
        return len(self.buyer)


_NONE: Ints = np.empty(0, dtype=np.int64)
_NO_TRADES = Cleared(_NONE, _NONE, np.empty(0), np.empty(0), _NONE, np.empty(0, dtype=np.bool_), *[_NONE] * 5)


class Trades:
    """Collects trades, and takes their energy off the book."""

    def __init__(self, book: Book, tick: int) -> None:
        self._book = book
        self._tick = tick
        self._parts: list[Cleared] = []

    def add(self, bid: Ints, offer: Ints, energy: Floats, rate: Floats, market: int | Ints, partner: Bools) -> None:
        """Add trades between rows of the book."""
        count = len(bid)
        if not count:
            return
        key = self._book.key
        # Trade by trade, so that ids are given in the order in which things happen.
        traded, residual = self._book.take(np.column_stack((bid, offer)).ravel(), np.repeat(energy, 2))
        at, when = np.full(count, market), np.full(count, self._tick)
        ids = (traded[0::2], traded[1::2], residual[0::2], residual[1::2])
        self._parts.append(Cleared(key[bid] // 2, key[offer] // 2, energy, rate, at, partner, *ids, when))

    def result(self) -> Cleared:
        """Return all of them."""
        if not self._parts:
            return _NO_TRADES
        columns = ([getattr(part, field.name) for part in self._parts] for field in attrs.fields(Cleared))
        return Cleared(*map(np.concatenate, columns))


def reaches(book: Book, tick: int, min_age: int) -> Ints:
    """Return how many steps the copies of orders have come by a tick, -1 if posted in it (PROTOCOL.md 6.6)."""
    age = tick - 1 - book.posted
    return np.where(age < 0, _NOWHERE, age // min_age if min_age else _EVERYWHERE)
