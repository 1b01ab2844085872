"""Series: columns of CSV files as energies or rates per slot. For exchanges and plugins that read meter data."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Floats
from gridhook.assets import Assets
from gridhook.errors import SeriesError, SettingError, UnknownColumnError, join_path
from gridhook.orders import Energies
from gridhook.timedfiles import TimedFile, find_timezone, read_timed_file

__all__ = ["AssetSeries", "EnergyUnit", "Series", "SeriesError", "SeriesReader", "SeriesSettings", "find_timezone"]

EnergyUnit = Literal["kWh", "kW", "Wh", "W"]

_ENERGY_UNITS = {"kWh": (1.0, False), "Wh": (1e-3, False), "kW": (1.0, True), "W": (1e-3, True)}
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
        factor, is_power = _ENERGY_UNITS[unit]
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


class AssetSeries:
    """One CSV file with a column per asset.

    :param file: the file; its times are in the column ``time``.
    :param unit: of all columns.
    :param timezone: name of the zone of times without an offset.
    :param columns: the column of an asset, by its name or path; others have a column of their name, or none.
    :raises SeriesError: the file cannot be read.
    """

    def __init__(self, file: Path, time: str, unit: EnergyUnit, timezone: str, columns: Mapping[str, str]) -> None:
        self._unit = unit
        self._columns = columns
        self._file = read_timed_file(file, time, find_timezone(timezone))
        self._series: dict[str, Series | None] = {}
        for column in columns.values():
            _series(self._file, column)

    def energies(self, assets: Assets, slots: Sequence[pendulum.DateTime], slot_length: pendulum.Duration) -> Energies:
        """Return float64 (assets, slots) in kWh; NaN where the file has no column or does not cover the slot."""
        energies = np.full((len(assets), len(slots)), np.nan)
        seconds = slot_length.total_seconds()
        for row, (name, path) in enumerate(zip(assets.name.tolist(), assets.path.tolist(), strict=True)):
            series = self._of(name, path)
            if series is None:
                continue
            for column, slot in enumerate(slots):
                if series.covers(slot.timestamp(), seconds):
                    energies[row, column] = series.energy(self._unit, slot.timestamp(), seconds, 1)[0]
        return energies

    def _of(self, name: str, path: str) -> Series | None:
        if path not in self._series:
            column = self._columns.get(path) or self._columns.get(name) or name
            self._series[path] = _series(self._file, column) if column in self._file.columns else None
        return self._series[path]


@attrs.define
class SeriesSettings:
    """Where a plugin reads energies per asset from, as settings.

    ``file``
        a CSV file, relative to the configuration file; without one there are no energies.
    ``time``
        its column of times.
    ``unit``
        of its other columns: ``kWh`` or ``Wh`` in the interval that starts then, ``kW`` or ``W`` during it.
    ``timezone``
        the zone of times without an offset.
    ``columns``
        the column of an asset, by its name or path; others have a column of their own name, or none.
    """

    file: Path | None = None
    time: str = "time"
    unit: EnergyUnit = "kWh"
    timezone: str = "UTC"
    columns: dict[str, str] = attrs.field(factory=dict)
    series: AssetSeries | None = attrs.field(init=False, repr=False)

    @series.default
    def _open(self) -> AssetSeries | None:
        if self.file is None:
            return None
        try:
            find_timezone(self.timezone)
        except SeriesError as error:
            raise SettingError(str(error), "timezone") from error
        try:
            return AssetSeries(self.file, self.time, self.unit, self.timezone, self.columns)
        except UnknownColumnError as error:
            named = (join_path("columns", asset) for asset, column in self.columns.items() if column == error.column)
            raise SettingError(str(error), next(named, "file")) from error
        except SeriesError as error:
            raise SettingError(str(error), "file") from error

    def named_assets(self) -> Mapping[str, str]:
        """Return the assets that ``columns`` names; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {join_path("columns", asset): asset for asset in self.columns}


class SeriesReader:
    """Reads columns of CSV files; each file is read once.

    :param timezone: the zone of timestamps without an offset.
    """

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self._files: dict[tuple[Path, str], TimedFile] = {}

    def read(self, file: Path, time: str, column: str) -> Series:
        """Return one column.

        :raises SeriesError: the file or column is not there, or something in it is no number or time.
        """
        if (file, time) not in self._files:
            self._files[file, time] = read_timed_file(file, time, self._timezone)
        return _series(self._files[file, time], column)


def _series(file: TimedFile, column: str) -> Series:
    return Series(file.path, column, file.first, file.interval, file.values(column))


def _text(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%MZ")
