"""Intervals: values of equal intervals as energies or rates per slot, whatever their unit and length."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Literal

import attrs
import numpy as np

from gridhook.arrays import Floats
from gridhook.errors import SeriesError

__all__ = ["ENERGY_UNITS", "EnergyUnit", "Series"]

EnergyUnit = Literal["kWh", "kW", "Wh", "W"]

ENERGY_UNITS = {"kWh": (1.0, False), "Wh": (1e-3, False), "kW": (1.0, True), "W": (1e-3, True)}
"""Per unit the factor to kWh or kW, and whether it is power."""


@attrs.frozen(eq=False)
class Series:
    """Values of equal intervals, in UTC.

    ``file``, ``column``
        where they come from.
    ``first``
        start of the first interval, seconds since 1970.
    ``interval``
        length of each, seconds.
    ``values``
        one per interval, as written.
    """

    file: Path
    column: str
    first: float
    interval: float
    values: Floats

    def energy(self, unit: str, first: float, slot_seconds: float, slots: int, *, is_net: bool = False) -> Floats:
        """Return kWh per slot: power is constant during an interval.

        :param is_net: values may be below zero.
        :raises SeriesError: the series does not cover the slots, or has gaps or wrong negative values in them.
        """
        factor, is_power = ENERGY_UNITS[unit]
        inside = self._inside(first, slot_seconds * slots)
        per_interval: Floats = self.values[inside] * factor * (self.interval / 3600.0 if is_power else 1.0)
        below_zero = np.flatnonzero(per_interval < 0)
        if len(below_zero) and not is_net:
            when = self._time(inside.start + int(below_zero[0]))
            msg = f"{self._where()} has values below zero, the first at {when}"
            raise SeriesError(msg)
        bounds = first + slot_seconds * np.arange(slots + 1)
        if slot_seconds == self.interval and (first - self.first) % self.interval == 0:
            return per_interval
        ends = self.first + self.interval * np.arange(inside.start, inside.stop + 1)
        summed = np.concatenate(([0.0], np.cumsum(per_interval)))
        energy = np.asarray(np.diff(np.interp(bounds, ends, summed)))
        return energy if is_net else np.maximum(energy, 0.0)

    def mean(self, first: float, slot_seconds: float, slots: int) -> Floats:
        """Return the mean value per slot, for rates.

        :raises SeriesError: the series does not cover the slots, or has gaps in them.
        """
        inside = self._inside(first, slot_seconds * slots)
        bounds = first + slot_seconds * np.arange(slots + 1)
        ends = self.first + self.interval * np.arange(inside.start, inside.stop + 1)
        summed = np.concatenate(([0.0], np.cumsum(self.values[inside] * self.interval)))
        return np.asarray(np.diff(np.interp(bounds, ends, summed)) / slot_seconds)

    def covers(self, first: float, seconds: float) -> bool:
        """Return whether the series has values for all of this time."""
        try:
            self._inside(first, seconds)
        except SeriesError:
            return False
        return True

    def _inside(self, first: float, seconds: float) -> slice:
        start = int((first - self.first) // self.interval)
        stop = int(-((self.first - first - seconds) // self.interval))
        if start < 0 or stop > len(self.values):
            here = self.first + self.interval * len(self.values)
            msg = (
                f"{self.file.name} covers {_text(self.first)} to {_text(here)}, "
                f"not all of {_text(first)} to {_text(first + seconds)}"
            )
            raise SeriesError(msg)
        missing = np.flatnonzero(np.isnan(self.values[start:stop]))
        if len(missing):
            msg = f"{self._where()} has no value for {self._time(start + int(missing[0]))}"
            raise SeriesError(msg)
        return slice(start, stop)

    def _time(self, position: int) -> str:
        return _text(self.first + self.interval * position)

    def _where(self) -> str:
        return f"{self.file.name}, column {self.column!r}"


def _text(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%MZ")
