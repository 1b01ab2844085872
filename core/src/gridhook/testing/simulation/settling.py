"""Settlement: what was measured in ended slots, how far that is from what was traded, and what of it is settled."""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Floats
from gridhook.lots import BID, DUST_KWH
from gridhook.testing.simulation.community import Community

__all__ = ["OPEN_SLOTS", "Settling"]

OPEN_SLOTS = 4
"""For so many slots the deviations of an ended one can be settled."""


class Settling:
    """Deviations of loads and PVs (PROTOCOL.md 7): measured against traded."""

    def __init__(self, community: Community) -> None:
        shape = community.kwh.shape
        self._sign = np.select([community.is_load, community.is_pv], [1.0, -1.0], np.nan)
        self._measured = community.kwh.copy()
        self._traded = np.full(shape, np.nan)
        self._settled = np.zeros(shape)

    def measure(self, asset: int, slot: int, kwh: float) -> None:
        """Take another measurement than what the exchange has itself."""
        self._measured[asset, slot] = kwh

    def close(self, slot: int, traded: Floats) -> None:
        """Let a slot end in which loads bought and PVs sold this much, kWh."""
        self._traded[:, slot] = traded

    def open_slots(self, running: int) -> range:
        """Return the slots that can be settled while one is running."""
        return range(max(running - OPEN_SLOTS, 0), running)

    def unsettled(self, slots: range) -> Floats:
        """Return float64 (assets, slots), kWh: positive has to be bought, negative may be sold; NaN: neither."""
        deviation = (self._measured - self._traded)[:, list(slots)] * self._sign[:, np.newaxis]
        left = np.abs(deviation) - self._settled[:, list(slots)]
        return np.where(left > DUST_KWH, np.sign(deviation) * left, np.nan)

    def settle(self, asset: int, side: str, slot: int, kwh: float) -> str:
        """Take energy off what is unsettled; return why that is refused, or nothing."""
        left = float(np.nan_to_num(self.unsettled(range(slot, slot + 1))[asset, 0]))
        wanted = left if side == BID else -left
        if kwh > wanted + DUST_KWH:
            return f"there are {max(wanted, 0.0):.6g} kWh to {side}, not {kwh:.6g}"
        self._settled[asset, slot] += kwh
        return ""
