"""Day profiles: values by the time of day that come again every day, as energies per slot."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from gridhook.arrays import Floats
from gridhook.errors import SeriesError
from gridhook.intervals import ENERGY_UNITS

__all__ = ["DayProfile"]

_DAY_MINUTES = 24 * 60


@attrs.frozen(eq=False)
class DayProfile:
    """Values that hold from their time of day to the next one, the last one to the first, every day.

    ``file``, ``column``
        where they come from.
    ``timezone``
        whose clocks are meant: on days on which they are changed, an hour comes twice or not at all.
    ``values``
        by the minute of the day, as written; NaN where there is none.
    """

    file: Path
    column: str
    timezone: ZoneInfo
    values: Mapping[int, float]
    _by_minute: tuple[Floats, Floats] = attrs.field(init=False, repr=False)

    @_by_minute.default
    def _spread(self) -> tuple[Floats, Floats]:
        """Return per minute of the day the value, and its share if the value is spread over its interval in hours."""
        starts = sorted(self.values)
        lengths = np.diff([*starts, starts[0] + _DAY_MINUTES])
        values = np.repeat([self.values[start] for start in starts], lengths)
        hours = np.repeat(lengths / 60.0, lengths)
        return np.roll(values, starts[0]), np.roll(values / hours, starts[0])

    def covers(self, first: float, seconds: float) -> bool:
        """Return whether there are values for all of this time."""
        return bool(np.isfinite(self._by_minute[0][self._minutes(first, seconds)]).all())

    def energy(self, unit: str, first: float, slot_seconds: float, slots: int, *, is_net: bool = False) -> Floats:
        """Return kWh per slot: power is constant during an interval.

        :param is_net: values may be below zero.
        :raises SeriesError: there is no value, or a wrong negative one, for some of the time.
        """
        factor, is_power = ENERGY_UNITS[unit]
        kilowatts = self._by_minute[0 if is_power else 1] * factor
        starts = [first + slot_seconds * slot for slot in range(slots)]
        means = np.array([kilowatts[self._minutes(start, slot_seconds)].mean() for start in starts])
        if np.isnan(means).any() or (means.min(initial=0.0) < 0 and not is_net):
            msg = f"{self.file.name}, {self.column!r} has no value or one below zero for some of the time"
            raise SeriesError(msg)
        return means * (slot_seconds / 3600.0)

    def _minutes(self, first: float, seconds: float) -> list[int]:
        """Return the minutes of the day that begin in this time."""
        moments = (
            datetime.datetime.fromtimestamp(first + 60.0 * minute, self.timezone)
            for minute in range(max(round(seconds / 60.0), 1))
        )
        return [moment.hour * 60 + moment.minute for moment in moments]
