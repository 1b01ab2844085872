"""The order book of one slot: all open orders of all its markets, as columns."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints, sums
from gridhook.orders import Requirement
from gridhook_exchange.market.matching import TOLERANCE

__all__ = ["BID", "OFFER", "Book", "Terms"]

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


class Book:
    """Open orders, one row each; rows without energy are gone. Rows are renumbered when orders are added.

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

    def __init__(self) -> None:
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
        """Return the open energy of each key."""
        return sums(self.key, self.energy_kwh, keys)

    def add(
        self,
        key: Ints,
        rate: Floats,
        energy_kwh: Floats,
        tick: int,
        priority: Ints,
        terms: Mapping[int, Terms],
        energy_types: Mapping[int, str],
    ) -> None:
        """Post orders at the end of a tick.

        :param priority: per order, its place among all that are posted in this tick; less than 2 ** 32.
        :param terms: of those rows that have any.
        :param energy_types: of those rows that say what they offer.
        """
        self._drop_gone()
        start = len(self)
        self.key = np.concatenate((self.key, key))
        self.rate = np.concatenate((self.rate, rate))
        self.energy_kwh = np.concatenate((self.energy_kwh, energy_kwh))
        self.posted = np.concatenate((self.posted, np.full(len(key), tick)))
        self.serial = np.concatenate((self.serial, (tick << 32) + priority))
        self.terms.update({start + row: its for row, its in terms.items()})
        self.energy_types.update({start + row: its for row, its in energy_types.items()})

    def remove(self, keys: Ints) -> None:
        """Delete all orders of these keys."""
        if len(keys) and len(self):
            is_gone = np.zeros(max(int(self.key.max()), int(keys.max())) + 1, dtype=np.bool_)
            is_gone[keys] = True
            self.energy_kwh[is_gone[self.key]] = 0.0

    def take(self, rows: Ints, energy_kwh: Floats) -> None:
        """Take traded energy off orders; what is left and no more than dust disappears with it."""
        np.subtract.at(self.energy_kwh, rows, energy_kwh)
        self.energy_kwh[self.energy_kwh <= TOLERANCE] = 0.0

    def _drop_gone(self) -> None:
        alive: Bools = self.energy_kwh > 0
        if alive.all():
            return
        if self.terms or self.energy_types:
            new_row = np.cumsum(alive) - 1
            self.terms = {int(new_row[row]): its for row, its in self.terms.items() if alive[row]}
            self.energy_types = {int(new_row[row]): its for row, its in self.energy_types.items() if alive[row]}
        for name in ("key", "rate", "energy_kwh", "posted", "serial"):
            setattr(self, name, getattr(self, name)[alive])
