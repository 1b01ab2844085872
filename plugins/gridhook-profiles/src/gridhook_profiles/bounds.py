"""Bounds: no more energy than an asset can take or give."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pendulum

from gridhook import Assets, Energies

__all__ = ["Bounds"]

_log = logging.getLogger(__name__)


class Bounds:
    """Clips forecasts, and says so once per asset.

    :param max_kw: the most power of an asset by its path, name or kind; the first of these that is there holds.
    """

    def __init__(self, max_kw: Mapping[str, float]) -> None:
        self._max_kw = max_kw
        self._told: set[str] = set()

    def clip(self, energies: Energies, assets: Assets, slot_length: pendulum.Duration) -> Energies:
        """Return float64 (assets, slots), kWh, none above what the asset's power makes in a slot."""
        if not self._max_kw:
            return energies
        hours = slot_length.total_seconds() / 3600.0
        keys = zip(assets.path.tolist(), assets.name.tolist(), assets.kind.tolist(), strict=True)
        most = np.array([self._of(its) for its in keys]) * hours
        for row in np.flatnonzero((energies > most[:, np.newaxis]).any(axis=1)).tolist():
            self._tell(assets.path[row], float(np.nanmax(energies[row])), float(most[row]))
        clipped: Energies = np.minimum(energies, most[:, np.newaxis])
        return clipped

    def _of(self, keys: tuple[str, ...]) -> float:
        return next((self._max_kw[key] for key in keys if key in self._max_kw), np.inf)

    def _tell(self, path: str, energy_kwh: float, most_kwh: float) -> None:
        if path not in self._told:
            self._told.add(path)
            _log.warning(
                "%s: a forecast of %g kWh is more than max_kw makes in a slot; it is %g kWh", path, energy_kwh, most_kwh
            )
