"""Series: columns of CSV files as energies or rates per slot. For exchanges and plugins that read meter data."""

from __future__ import annotations

import csv
import datetime
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Floats, Ints
from gridhook.assets import Assets
from gridhook.errors import GridhookError, did_you_mean, join_path, nearest
from gridhook.orders import Energies

__all__ = ["AssetSeries", "EnergyUnit", "Series", "SeriesError", "SeriesReader", "SeriesSettings", "find_timezone"]

EnergyUnit = Literal["kWh", "kW", "Wh", "W"]

_ENERGY_UNITS = {"kWh": (1.0, False), "Wh": (1e-3, False), "kW": (1.0, True), "W": (1e-3, True)}
"""Per unit the factor to kWh or kW, and whether it is power."""


class SeriesError(GridhookError):
    """A CSV file or column cannot be read, or does not cover the time that is asked for."""


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

    def energy(self, unit: str, first: float, slot_seconds: float, slots: int) -> Floats:
        """Return kWh per slot: power is constant during an interval.

        :raises SeriesError: the series does not cover the slots, or has negative values or gaps in them.
        """
        factor, is_power = _ENERGY_UNITS[unit]
        per_interval: Floats = self.values * factor * (self.interval / 3600.0 if is_power else 1.0)
        inside = self._inside(first, slot_seconds * slots)
        below_zero = np.flatnonzero(per_interval[inside] < 0)
        if len(below_zero):
            when = self._time(inside.start + int(below_zero[0]))
            msg = f"{self._where()} has values below zero, the first at {when}"
            raise SeriesError(msg)
        bounds = first + slot_seconds * np.arange(slots + 1)
        if slot_seconds == self.interval and (first - self.first) % self.interval == 0:
            return np.array(per_interval[inside], dtype=np.float64)
        ends = self.first + self.interval * np.arange(inside.start, inside.stop + 1)
        summed = np.concatenate(([0.0], np.cumsum(per_interval[inside])))
        return np.asarray(np.maximum(np.diff(np.interp(bounds, ends, summed)), 0.0))

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
        self._file = _read_file(file, time, find_timezone(timezone))
        self._series: dict[str, Series | None] = {}
        for column in columns.values():
            self._file.series(column)

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
            self._series[path] = self._file.series(column) if column in self._file.columns else None
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
            return AssetSeries(self.file, self.time, self.unit, self.timezone, self.columns)
        except SeriesError as error:
            raise ValueError(str(error)) from error

    def named_assets(self) -> Mapping[str, str]:
        """Return the assets that ``columns`` names; see :class:`gridhook.hookspecs.NamingSpec`."""
        return {join_path("columns", asset): asset for asset in self.columns}


class SeriesReader:
    """Reads columns of CSV files; each file is read once.

    :param timezone: the zone of timestamps without an offset.
    """

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self._files: dict[tuple[Path, str], _File] = {}

    def read(self, file: Path, time: str, column: str) -> Series:
        """Return one column.

        :raises SeriesError: the file or column is not there, or something in it is no number or time.
        """
        if (file, time) not in self._files:
            self._files[file, time] = _read_file(file, time, self._timezone)
        return self._files[file, time].series(column)


@attrs.frozen
class _Row:
    line: int
    fields: Sequence[str]


@attrs.frozen(eq=False)
class _File:
    path: Path
    first: float
    interval: float
    position: Ints
    rows: Sequence[_Row]
    columns: Mapping[str, int]

    def series(self, column: str) -> Series:
        if column not in self.columns:
            guess = did_you_mean(nearest(column, self.columns)) or f"; there are {', '.join(self.columns)}"
            msg = f"{self.path.name} has no column {column!r}{guess}"
            raise SeriesError(msg)
        at = self.columns[column]
        values = np.full(int(self.position[-1]) + 1, np.nan)
        for position, row in zip(self.position.tolist(), self.rows, strict=True):
            text = row.fields[at].strip()
            try:
                values[position] = float(text) if text else np.nan
            except ValueError as error:
                msg = f"{self.path.name}, line {row.line}, column {column!r}: {text!r} is not a number"
                raise SeriesError(msg) from error
            if math.isinf(values[position]):
                msg = f"{self.path.name}, line {row.line}, column {column!r} has a value that is not finite"
                raise SeriesError(msg)
        return Series(self.path, column, self.first, self.interval, values)


def _read_file(path: Path, time: str, timezone: ZoneInfo) -> _File:
    header, *rows = _read_rows(path)
    columns = {name.strip(): at for at, name in enumerate(header.fields)}
    if time not in columns:
        # A header that is one column was separated by something else than commas.
        guess = did_you_mean(nearest(time, columns)) if len(columns) > 1 else ""
        guess = guess or f"; its header is {','.join(header.fields)!r}"
        msg = f"{path.name} has no column {time!r} for the time{guess}"
        raise SeriesError(msg)
    starts = _parse_times(columns[time], rows, path, timezone)
    if len(starts) < 2:  # noqa: PLR2004 - an interval needs two starts
        msg = f"{path.name} has fewer than two rows"
        raise SeriesError(msg)
    steps = np.diff(starts)
    interval = float(steps.min())
    if interval <= 0 or np.any(steps % interval):
        first = int(np.flatnonzero((steps <= 0) | (steps % max(interval, 1.0) != 0))[0]) + 1
        msg = f"{path.name}, line {rows[first].line}: the times do not go on in equal steps"
        raise SeriesError(msg)
    position = ((starts - starts[0]) / interval).astype(np.int64)
    return _File(path, float(starts[0]), interval, position, rows, columns)


def _read_rows(path: Path) -> list[_Row]:
    """Return the rows that are not blank; each has a field per column of the first, or more that are empty."""
    try:
        written = path.read_bytes()
        text = written.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""))
        rows = [_Row(reader.line_num, fields) for fields in reader if any(map(str.strip, fields))]
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise SeriesError(msg) from error
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        msg = f"{path.name}, line {line}: is not UTF-8 text ({error.reason}); save the file as UTF-8"
        raise SeriesError(msg) from error
    except csv.Error as error:
        msg = f"{path.name}, line {reader.line_num}: is not CSV: {error}"
        raise SeriesError(msg) from error
    if not rows:
        msg = f"{path.name} is not a CSV file with a header: it is empty"
        raise SeriesError(msg)
    width = len(rows[0].fields)
    for row in rows:
        if len(row.fields) < width or any(map(str.strip, row.fields[width:])):
            fields = f"{len(row.fields)} field{'s' if len(row.fields) > 1 else ''}"
            guess = " (a decimal comma?)" if len(row.fields) > width else ""
            msg = f"{path.name}, line {row.line}: {fields}, and the header has {width}{guess}"
            raise SeriesError(msg)
    return rows


def find_timezone(name: str) -> ZoneInfo:
    """Return a time zone by its name.

    :raises SeriesError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"no time zone {name!r}; one is 'Europe/Berlin'"
        raise SeriesError(msg) from error


def _parse_times(column: int, rows: Sequence[_Row], path: Path, timezone: ZoneInfo) -> Floats:
    """Return seconds since 1970; of a local hour that comes twice, the second one is the later."""
    starts = np.empty(len(rows))
    before = -np.inf
    for number, row in enumerate(rows):
        text = row.fields[column]
        try:
            moment = datetime.datetime.fromisoformat(text.strip())
        except ValueError as error:
            msg = f"{path.name}, line {row.line}: {text!r} is not a time such as 2026-06-15T00:15"
            raise SeriesError(msg) from error
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone)
            if moment.timestamp() <= before:
                moment = moment.replace(fold=1)
        before = starts[number] = moment.timestamp()
    return starts


def _text(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%MZ")
