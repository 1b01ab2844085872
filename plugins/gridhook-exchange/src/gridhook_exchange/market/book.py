"""The order book of one slot: all open orders of all its markets, as columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints, sums
from gridhook.orders import Requirement
from gridhook_exchange.market.matching import TOLERANCE

__all__ = ["BID", "OFFER", "Book", "OrderIds", "Pieces", "Terms"]

BID, OFFER = 0, 1


@attrs.define(eq=False)
class Terms:
    """What a trade of one order has to meet: alternatives, and of each the energy that is left."""

    alternatives: tuple[Requirement, ...]
    left_kwh: list[float]

    @classmethod
    def of(cls, alternatives: tuple[Requirement, ...]) -> Terms:
        """Return the terms of a new order."""
        return cls(alternatives, [math.inf if one.energy_kwh is None else one.energy_kwh for one in alternatives])


class OrderIds:
    """Running numbers of orders, from 0: one source for all markets of a simulation, so that no id comes twice."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int) -> Ints:
        """Return the next ``count`` ids."""
        first, self._next = self._next, self._next + count
        return np.arange(first, self._next)


class Pieces(NamedTuple):
    """Order ids, one row per traded energy: of what traded, and of what is left of the order (-1: nothing)."""

    traded: Ints
    residual: Ints


class Book:
    """Open orders, one row each; rows without energy are gone. Rows are renumbered when orders are added.

    :param ids: where new orders get their ids; its own source if None.

    ``id``
        the order's number. What is left of a partly traded order has a new one (PROTOCOL.md 6.2).
    ``key``
        2 x asset + side.
    ``rate``
        cents/kWh, as posted.
    ``energy_kwh``
        open energy.
    ``posted``
        the tick at whose end the order was posted.
    ``serial``
        the order of posting: by tick, within a tick by priority.
    """

    def __init__(self, ids: OrderIds | None = None) -> None:
        self._ids = ids or OrderIds()
        self.id: Ints = np.empty(0, dtype=np.int64)
        self.key: Ints = np.empty(0, dtype=np.int64)
        self.rate: Floats = np.empty(0)
        self.energy_kwh: Floats = np.empty(0)
        self.posted: Ints = np.empty(0, dtype=np.int64)
        self.serial: Ints = np.empty(0, dtype=np.int64)
        self.terms: dict[int, Terms] = {}
        self.energy_types: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.key)

    def open_kwh(self, keys: int) -> Floats:
        """Return the energy in open orders of each key."""
        return sums(self.key, np.where(self.id >= 0, self.energy_kwh, 0.0), keys)

    def add(
        self,
        key: Ints,
        rate: Floats,
        energy_kwh: Floats,
        tick: int,
        priority: Ints,
        terms: Mapping[int, Terms],
        energy_types: Mapping[int, str],
        *,
        is_numbered: bool = True,
    ) -> Ints:
        """Post orders at the end of a tick; return their ids.

        :param priority: per order, its place among all that are posted in this tick; less than 2 ** 32.
        :param terms: of those rows that have any.
        :param energy_types: of those rows that say what they offer.
        :param is_numbered: False for what assets would take in one-sided markets, which are no orders: their id is -1.
        """
        self._drop_gone()
        start = len(self)
        ids = self._ids.take(len(key)) if is_numbered else np.full(len(key), -1)
        self.id = np.concatenate((self.id, ids))
        self.key = np.concatenate((self.key, key))
        self.rate = np.concatenate((self.rate, rate))
        self.energy_kwh = np.concatenate((self.energy_kwh, energy_kwh))
        self.posted = np.concatenate((self.posted, np.full(len(key), tick)))
        self.serial = np.concatenate((self.serial, (tick << 32) + priority))
        self.terms.update({start + row: its for row, its in terms.items()})
        self.energy_types.update({start + row: its for row, its in energy_types.items()})
        return ids

    def rows_of(self, keys: Ints) -> Ints:
        """Return the rows of all open orders of these keys, oldest first."""
        if not (len(keys) and len(self)):
            return np.empty(0, dtype=np.int64)
        is_wanted = np.zeros(max(int(self.key.max()), int(keys.max())) + 1, dtype=np.bool_)
        is_wanted[keys] = True
        rows: Ints = (is_wanted[self.key] & (self.energy_kwh > 0) & (self.id >= 0)).nonzero()[0]
        return rows

    def remove(self, keys: Ints) -> Ints:
        """Delete all open orders of these keys; return their ids."""
        rows = self.rows_of(keys)
        self.energy_kwh[rows] = 0.0
        return self.id[rows]

    def remove_unnumbered(self) -> None:
        """Forget what assets would take in one-sided markets."""
        self.energy_kwh[self.id < 0] = 0.0

    def remove_order(self, order_id: int, key: int) -> bool:
        """Delete one order if it is open and of this key; return whether it was."""
        rows = np.flatnonzero((self.id == order_id) & (self.key == key) & (self.energy_kwh > 0))
        self.energy_kwh[rows] = 0.0
        return len(rows) > 0

    def take(self, rows: Ints, energy_kwh: Floats) -> Pieces:
        """Take traded energy off orders, row by row; what is left and no more than dust disappears with it.

        Each time the traded part keeps the order's id, and what is left of it gets a new one.
        """
        np.subtract.at(self.energy_kwh, rows, energy_kwh)
        self.energy_kwh[rows[self.energy_kwh[rows] <= TOLERANCE]] = 0.0
        order = np.argsort(rows, kind="stable")
        is_same = rows[order[1:]] == rows[order[:-1]]
        earlier, later = order[:-1][is_same], order[1:][is_same]
        is_left = self.energy_kwh[rows] > 0
        is_left[earlier] = True
        is_left &= self.id[rows] >= 0
        residual = np.full(len(rows), -1)
        residual[is_left] = self._ids.take(int(is_left.sum()))
        # What trades again is what the trade before left.
        traded = self.id[rows]
        traded[later] = residual[earlier]
        self.id[rows[is_left]] = residual[is_left]
        return Pieces(traded, residual)

    def _drop_gone(self) -> None:
        alive: Bools = self.energy_kwh > 0
        if alive.all():
            return
        if self.terms or self.energy_types:
            new_row = np.cumsum(alive) - 1
            self.terms = {int(new_row[row]): its for row, its in self.terms.items() if alive[row]}
            self.energy_types = {int(new_row[row]): its for row, its in self.energy_types.items() if alive[row]}
        for name in ("id", "key", "rate", "energy_kwh", "posted", "serial"):
            setattr(self, name, getattr(self, name)[alive])
