"""Deviations: what was measured and not traded (PROTOCOL.md 7)."""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Bools, Floats

__all__ = ["deviations"]


def deviations(measured_kwh: Floats, bought_kwh: Floats, sold_kwh: Floats, is_load: Bools) -> Floats:
    """Return the signed deviation of loads and PVs, kWh: positive has to buy, negative may sell.

    A load deviates by measured - bought, a PV by sold - measured. NaN where nothing was measured.
    """
    return np.where(is_load, measured_kwh - bought_kwh, sold_kwh - measured_kwh)
