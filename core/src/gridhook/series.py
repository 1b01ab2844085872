"""Series: columns of files as energies or rates per slot. For exchanges and plugins that read meter data."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Floats
from gridhook.assets import Assets
from gridhook.dayprofiles import DayProfile
from gridhook.errors import SeriesError, SettingError, UnknownColumnError, join_path
from gridhook.growingfiles import GrowingFile
from gridhook.intervals import EnergyUnit, Series
from gridhook.jsonprofiles import JsonProfiles, read_json_profiles
from gridhook.orders import Energies
from gridhook.timedfiles import TimedFile, find_timezone, missing_column, read_timed_file

__all__ = ["AssetSeries", "EnergyUnit", "Series", "SeriesError", "SeriesReader", "SeriesSettings", "find_timezone"]

_log = logging.getLogger(__name__)

_REMEMBERED_DAYS = 15
"""How long before the slots that are asked for a growing file is remembered: two weeks of persistence, and a day."""


class _Columns(Protocol):
    """A file of columns of equal intervals."""

    @property
    def path(self) -> Path: ...
    @property
    def first(self) -> float: ...
    @property
    def interval(self) -> float: ...
    def values(self, column: str) -> Floats: ...


class AssetSeries:
    """One file with a column per asset: CSV, or JSON where its name ends so.

    :param file: the file; the times of a CSV file are in the column ``time``.
    :param unit: of all columns.
    :param timezone: name of the zone of times without an offset.
    :param columns: the column of an asset, by its name or path; others have a column of their name, or none.
    :param is_growing: it may not exist yet, and is looked at again whenever energies are asked for.
    :raises SeriesError: the file cannot be read.
    """

    def __init__(
        self,
        file: Path,
        time: str,
        unit: EnergyUnit,
        timezone: str,
        columns: Mapping[str, str],
        *,
        is_growing: bool = False,
    ) -> None:
        self._path = file
        self._unit = unit
        self._columns = columns
        zone = find_timezone(timezone)
        self._source = _open(file, time, zone, is_growing=is_growing)
        self._series: dict[str, Series | DayProfile | None] = {}
        self._problem = ""
        self._below_zero: set[str] = set()
        self._source.look()
        if not self._source.names:
            _log.info("%s is not there yet, or has fewer than two rows; it is looked at again at each slot", file)
            return
        for column in columns.values():
            self._source.series(column)

    def energies(self, assets: Assets, slots: Sequence[pendulum.DateTime], slot_length: pendulum.Duration) -> Energies:
        """Return float64 (assets, slots) in kWh; NaN where the file has no column or does not cover the slot.

        What is below zero is zero; a warning says so, once per asset.
        """
        self._look(slots)
        energies = np.full((len(assets), len(slots)), np.nan)
        seconds = slot_length.total_seconds()
        for row, (name, path) in enumerate(zip(assets.name.tolist(), assets.path.tolist(), strict=True)):
            series = self._of(name, path)
            if series is None:
                continue
            for column, slot in enumerate(slots):
                if series.covers(slot.timestamp(), seconds):
                    energies[row, column] = series.energy(self._unit, slot.timestamp(), seconds, 1, is_net=True)[0]
            if np.nanmin(energies[row], initial=0.0) < 0:
                self._warn_of_negative(path, series)
        at_least_zero: Energies = np.maximum(energies, 0.0)
        return at_least_zero

    def _look(self, slots: Sequence[pendulum.DateTime]) -> None:
        try:
            is_new = self._source.look(min((slot.timestamp() for slot in slots), default=None))
        except SeriesError as error:
            self._warn(f"{error}; what was read before holds")
            return
        if not is_new:
            return
        self._series.clear()
        missing = [column for column in self._columns.values() if column not in self._source.names]
        if missing and self._source.names:
            self._warn(str(missing_column(self._path, missing[0], self._source.names)))
        else:
            self._problem = ""

    def _warn(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("%s", problem)
        self._problem = problem

    def _of(self, name: str, path: str) -> Series | DayProfile | None:
        if path not in self._series:
            column = self._columns.get(path) or self._columns.get(name) or name
            self._series[path] = self._source.series(column) if column in self._source.names else None
        return self._series[path]

    def _warn_of_negative(self, path: str, series: Series | DayProfile) -> None:
        if path not in self._below_zero:
            self._below_zero.add(path)
            _log.warning(
                "%s: %s, column %r has values below zero; they count as 0", path, series.file.name, series.column
            )


class _Source(Protocol):
    """Where columns come from."""

    @property
    def names(self) -> Collection[str]:
        """Its columns; none before it is there."""
        ...

    def look(self, needed: float | None = None) -> bool:
        """Look for what is new; return whether something is. ``needed``: what is asked for now, seconds since 1970."""
        ...

    def series(self, column: str) -> Series | DayProfile: ...


@attrs.frozen(eq=False)
class _Still:
    """A file that is read once."""

    _file: TimedFile | JsonProfiles

    @property
    def names(self) -> Collection[str]:
        return self._file.columns

    def look(self, needed: float | None = None) -> bool:  # noqa: ARG002 - as the others have it
        return False

    def series(self, column: str) -> Series | DayProfile:
        return _series(self._file, column) if isinstance(self._file, TimedFile) else self._file.series(column)


@attrs.frozen(eq=False)
class _Growing:
    """A CSV file that is appended to."""

    _file: GrowingFile

    @property
    def names(self) -> Collection[str]:
        return () if math.isnan(self._file.interval) else self._file.columns

    def look(self, needed: float | None = None) -> bool:
        is_new = self._file.look()
        if is_new and needed is not None:
            self._file.forget(needed - _REMEMBERED_DAYS * 86_400)
        return is_new

    def series(self, column: str) -> Series:
        return _series(self._file, column)


@attrs.define(eq=False)
class _Rewritten:
    """A JSON file that is written anew now and then; while it cannot be read, its last good state holds."""

    _path: Path
    _timezone: ZoneInfo
    _file: JsonProfiles | None = None
    _mark: tuple[int, int, int] | None = None

    @property
    def names(self) -> Collection[str]:
        return () if self._file is None else self._file.columns

    def look(self, needed: float | None = None) -> bool:  # noqa: ARG002 - as the others have it
        try:
            found = self._path.stat()
        except OSError:
            return False
        mark = (found.st_ino, found.st_size, found.st_mtime_ns)
        if mark == self._mark:
            return False
        self._mark = mark
        self._file = read_json_profiles(self._path, self._timezone)
        return True

    def series(self, column: str) -> Series | DayProfile:
        assert self._file is not None
        return self._file.series(column)


def _open(file: Path, time: str, timezone: ZoneInfo, *, is_growing: bool) -> _Source:
    if file.suffix.lower() == ".json":
        return _Rewritten(file, timezone) if is_growing else _Still(read_json_profiles(file, timezone))
    return _Growing(GrowingFile(file, time, timezone)) if is_growing else _Still(read_timed_file(file, time, timezone))


@attrs.define
class SeriesSettings:
    """Where a plugin reads energies per asset from, as settings.

    ``file``
        a CSV file, relative to the configuration file; without one there are no energies. A name that ends in
        ``.json`` means an object of times and values per asset: ``{"Load 1": {"2026-06-15T00:15": 0.1, …}}``, or
        ``{"Load 1": {"00:00": 0.1, "06:30": 0.3}}`` for a day that comes again every day, where a value holds until
        the next time.
    ``time``
        the column of times of a CSV file.
    ``unit``
        of its other columns: ``kWh`` or ``Wh`` in the interval that starts then, ``kW`` or ``W`` during it.
    ``timezone``
        the zone of times without an offset. Of an hour that comes twice in autumn, the first is the earlier one.
    ``columns``
        the column of an asset, by its name or path; others have a column of their own name, or none.
    ``growing``
        the file is appended to while it is read: it may not exist yet, and is looked at again at each slot. Of a CSV
        file only what is new is read; a last line that is not ended waits, a broken one is told of once and left out.
        Two weeks are remembered. A JSON file is read again when it was changed; while it is broken, its last good
        state holds.
    """

    file: Path | None = None
    time: str = "time"
    unit: EnergyUnit = "kWh"
    timezone: str = "UTC"
    columns: dict[str, str] = attrs.field(factory=dict)
    growing: bool = False
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
            return AssetSeries(self.file, self.time, self.unit, self.timezone, self.columns, is_growing=self.growing)
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


def _series(file: _Columns, column: str) -> Series:
    return Series(file.path, column, file.first, file.interval, file.values(column))
