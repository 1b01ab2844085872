"""Persistence: the same as in the same slot of a day, or of a week, ago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pendulum

from gridhook import Assets, Energies
from gridhook.series import AssetSeries

__all__ = ["Period", "persist"]

Period = Literal["day", "week"]

_DAYS_BACK = {"day": range(1, 8), "week": range(7, 15, 7)}


def persist(
    past: AssetSeries,
    period: Period,
    timezone: str,
    assets: Assets,
    slots: Sequence[pendulum.DateTime],
    slot_length: pendulum.Duration,
) -> Energies:
    """Return float64 (assets, slots), kWh: what was in the last slot of the same time of day whose value is known.

    :param past: the energies of the past.
    :param period: ``day``: yesterday, or where that is not known yet the day before, up to a week ago; ``week``: on
        the same day of last week, or of the week before.
    :param timezone: name of the zone whose clocks say what the same time is, on days on which they are changed.
    """
    energies = np.full((len(assets), len(slots)), np.nan)
    for days in _DAYS_BACK[period]:
        unknown = np.isnan(energies)
        if not unknown.any():
            break
        earlier = [slot.in_timezone(timezone).subtract(days=days).in_timezone("UTC") for slot in slots]
        energies = np.where(unknown, past.energies(assets, earlier, slot_length), energies)
    return energies
