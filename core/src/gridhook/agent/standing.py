"""What stands: the orders that this agent believes to be open, per asset, side and slot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Bools, Floats, Ints
from gridhook.orders import Requirement

__all__ = ["NOTHING", "UNKNOWN", "Extra", "Standing"]

NOTHING = 0
UNKNOWN = -1

Extra: TypeAlias = tuple[tuple[float, float, tuple[Requirement, ...], str], ...]
"""Orders that are more than one rate: per order its rate, energy, requirements and energy type."""


@attrs.frozen(eq=False)
class Standing:
    """Open orders by slot and key (2 x asset row + side).

    ``slots``
        the slots whose markets are open.
    ``count``
        int64 (slots, keys): number of orders, ``NOTHING``, or ``UNKNOWN`` after a refusal or a missing answer.
    ``rate``, ``energy_kwh``
        float64 (slots, keys): rate of the only order (else NaN), and energy of all.
    ``extra``
        the orders in full by (slot position, key), where there are several or they carry requirements.
    """

    slots: tuple[pendulum.DateTime, ...]
    count: Ints
    rate: Floats
    energy_kwh: Floats
    extra: Mapping[tuple[int, int], Extra]

    @classmethod
    def empty(cls, slots: tuple[pendulum.DateTime, ...] = (), keys: int = 0) -> Standing:
        """Return what stands when nothing does."""
        shape = (len(slots), keys)
        return cls(slots, np.zeros(shape, dtype=np.int64), np.full(shape, np.nan), np.zeros(shape), {})

    @property
    def keys(self) -> int:
        """Number of keys: twice the number of assets."""
        return int(self.count.shape[1])

    def open_for(self, slots: tuple[pendulum.DateTime, ...], keys: int) -> Standing:
        """Return what still stands when these slots' markets are open; orders of other slots have died with them."""
        if slots == self.slots and keys == self.keys:
            return self
        following = Standing.empty(slots, keys)
        if keys != self.keys:
            # Other assets than before: the rows mean something else, so only the exchange knows what stands.
            following.count.fill(UNKNOWN)
            return following
        moved = {old: slots.index(slot) for old, slot in enumerate(self.slots) if slot in slots}
        for old, new in moved.items():
            following.count[new] = self.count[old]
            following.rate[new] = self.rate[old]
            following.energy_kwh[new] = self.energy_kwh[old]
        extra = {(moved[old], key): orders for (old, key), orders in self.extra.items() if old in moved}
        return attrs.evolve(following, extra=extra)

    def changed(
        self, slot: Ints, key: Ints, count: Ints, rate: Floats, energy: Floats, extra: Mapping[tuple[int, int], Extra]
    ) -> Standing:
        """Return what stands after the orders of these (slot position, key) pairs were replaced."""
        counts, rates, energies = self.count.copy(), self.rate.copy(), self.energy_kwh.copy()
        counts[slot, key], rates[slot, key], energies[slot, key] = count, rate, energy
        extras = dict(self.extra)
        if extras:
            for place in zip(slot.tolist(), key.tolist(), strict=True):
                extras.pop(place, None)
        extras.update(extra)
        return Standing(self.slots, counts, rates, energies, extras)

    def forgotten(self, slot: Ints, key: Ints) -> Standing:
        """Return what stands when nobody knows what became of these pairs' orders."""
        nan = np.full(len(key), np.nan)
        return self.changed(slot, key, np.full(len(key), UNKNOWN), nan, np.zeros(len(key)), {})

    def matches(
        self, slot: Ints, key: Ints, count: Ints, rate: Floats, extra: Mapping[int, Extra], tolerance: float
    ) -> Bools:
        """Return per row whether just these orders stand; ``extra`` is by row number. Energies are not compared."""
        same: Bools = (self.count[slot, key] == count) & (count == 1)
        same &= np.abs(self.rate[slot, key] - rate) <= tolerance
        if self.extra or extra:
            for row, place in enumerate(zip(slot.tolist(), key.tolist(), strict=True)):
                ours, wanted = self.extra.get(place), extra.get(row)
                if ours is not None or wanted is not None:
                    same[row] = ours == wanted
        return same
