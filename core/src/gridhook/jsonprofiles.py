"""JSON profiles: a file with an object of times and values per asset."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from gridhook.arrays import Floats
from gridhook.dayprofiles import DayProfile
from gridhook.errors import SeriesError
from gridhook.intervals import Series
from gridhook.timedfiles import missing_column, parse_time

__all__ = ["JsonProfiles", "read_json_profiles"]

_HOURS, _MINUTES = 24, 60
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(:00)?")


@attrs.frozen(eq=False)
class JsonProfiles:
    """A JSON file such as ``{"Load 1": {"2026-06-15T00:15": 0.1, …}, "PV 1": {"06:00": 0, "07:30": 0.2, …}}``.

    ``columns``
        the profiles by name: of dates, or of times of a day that comes again every day.
    """

    path: Path
    columns: Mapping[str, Series | DayProfile]

    def series(self, column: str) -> Series | DayProfile:
        """Return one profile.

        :raises UnknownColumnError: there is none of this name.
        """
        if column not in self.columns:
            raise missing_column(self.path, column, self.columns)
        return self.columns[column]


def read_json_profiles(path: Path, timezone: ZoneInfo) -> JsonProfiles:
    """Read a file; times without an offset are in ``timezone``.

    :raises SeriesError: it cannot be read, or something in it is no time or number.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise SeriesError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path.name} is not JSON: {error}"
        raise SeriesError(msg) from error
    if not isinstance(content, dict) or not all(isinstance(inner, dict) and inner for inner in content.values()):
        msg = f'{path.name} has to be an object with one of times and values per asset: {{"Load 1": {{"00:00": 0.1}}}}'
        raise SeriesError(msg)
    return JsonProfiles(path, {name: _profile(path, name, inner, timezone) for name, inner in content.items()})


def _profile(path: Path, name: str, values: Mapping[str, object], timezone: ZoneInfo) -> Series | DayProfile:
    numbers = {time: _number(value, f"{path.name}, {name!r}, {time!r}") for time, value in values.items()}
    of_day = [time for time in numbers if _TIME_OF_DAY.fullmatch(time.strip())]
    if not of_day:
        return _series(path, name, numbers, timezone)
    if len(of_day) < len(numbers):
        msg = f"{path.name}, {name!r} has times of a day such as {of_day[0]!r} and others; either will do"
        raise SeriesError(msg)
    return DayProfile(path, name, timezone, {_minute(time, path, name): value for time, value in numbers.items()})


def _series(path: Path, name: str, numbers: Mapping[str, float], timezone: ZoneInfo) -> Series:
    before, starts = -math.inf, np.empty(len(numbers))
    for at, time in enumerate(numbers):
        try:
            before = starts[at] = parse_time(time, timezone, before)
        except ValueError as error:
            msg = f"{path.name}, {name!r}: {error}"
            raise SeriesError(msg) from error
    steps = np.diff(starts)
    interval = float(steps.min(initial=math.inf))
    if not 0 < interval < math.inf or np.any(steps % interval):
        msg = f"{path.name}, {name!r}: its times, two or more, have to go on in equal steps"
        raise SeriesError(msg)
    position = ((starts - starts[0]) / interval).astype(np.int64)
    written: Floats = np.full(int(position[-1]) + 1, np.nan)
    written[position] = list(numbers.values())
    return Series(path, name, float(starts[0]), interval, written)


def _number(value: object, where: str) -> float:
    if value is None:
        return math.nan
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.inf
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        msg = f"{where}: {value!r} is not a number"
        raise SeriesError(msg)
    return number


def _minute(time: str, path: Path, name: str) -> int:
    hour, minute = (int(part) for part in time.split(":")[:2])
    if hour >= _HOURS or minute >= _MINUTES:
        msg = f"{path.name}, {name!r}: {time!r} is not a time of day such as 06:15"
        raise SeriesError(msg)
    return hour * 60 + minute
