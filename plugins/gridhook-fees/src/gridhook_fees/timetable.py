"""The time-of-use file: ToU.csv as GSy users have it (PROTOCOL.md 9.6)."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import attrs

from gridhook_fees.errors import FeesFileError

__all__ = ["Timetable", "read_timetable"]

_TIME_COLUMN = "Time"
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_FEE = re.compile(r"\d+(?:[.,]\d*)?|[.,]\d+")
_DAY = 24 * 60 * 60
_USUAL_INTERVAL = 15 * 60

_Row: TypeAlias = tuple[int, Sequence[str]]
"""Number of the line, and its fields."""


@attrs.frozen(eq=False)
class Timetable:
    """Fees by the time of the day.

    ``markets``
        names or paths, one per column.
    ``interval``
        for so many seconds a row holds.
    ``rows``
        by their start, seconds since midnight: cents/kWh by market; None where nothing is written.
    """

    markets: tuple[str, ...]
    interval: int
    rows: Mapping[int, Mapping[str, float | None]]

    def row_at(self, time: datetime.time) -> Mapping[str, float | None] | None:
        """Return the fees that hold at a time of the day; None if no row does."""
        first = next(iter(self.rows))
        after = (_seconds(time.hour, time.minute, time.second) - first) % _DAY
        return self.rows.get((first + after - after % self.interval) % _DAY)


def read_timetable(path: Path) -> Timetable:
    """Return the fees of a file.

    Fields are separated by semicolons, decimals by a comma or a point; columns without a name and rows without
    anything are passed over.

    :raises FeesFileError: what is wrong, and where.
    """
    (_, header), *lines = _read_lines(path)
    names = [name.strip() for name in header]
    columns = _columns(path, names)
    at = names.index(_TIME_COLUMN)
    rows: dict[int, Mapping[str, float | None]] = {}
    for line in lines:
        start = _read_time(path, line, at)
        if start in rows:
            msg = f"{path.name}, line {line[0]}: the time {line[1][at].strip()!r} is there already"
            raise FeesFileError(msg)
        rows[start] = {name: _read_fee(path, line, column, name) for name, column in columns.items()}
        _check_nameless(path, line, names)
    if not rows:
        msg = f"{path.name} has no rows"
        raise FeesFileError(msg)
    return Timetable(tuple(columns), _interval(path, sorted(rows)), dict(sorted(rows.items())))


def _read_lines(path: Path) -> Sequence[_Row]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
        lines = [(reader.line_num, fields) for fields in reader if any(map(str.strip, fields))]
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise FeesFileError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path.name} is not UTF-8 text ({error.reason}); save the file as UTF-8"
        raise FeesFileError(msg) from error
    except csv.Error as error:
        msg = f"{path.name}, line {reader.line_num}: is not CSV: {error}"
        raise FeesFileError(msg) from error
    if not lines:
        msg = f"{path.name} is not a CSV file with a header: it is empty"
        raise FeesFileError(msg)
    return lines


def _columns(path: Path, names: Sequence[str]) -> Mapping[str, int]:
    """Return the position of each market's column."""
    if _TIME_COLUMN not in names:
        msg = f"{path.name} has no column {_TIME_COLUMN!r}; its header is {';'.join(names)!r}"
        raise FeesFileError(msg)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        msg = f"{path.name} has two columns {twice!r}"
        raise FeesFileError(msg)
    columns = {name: column for column, name in enumerate(names) if name not in ("", _TIME_COLUMN)}
    if not columns:
        msg = f"{path.name} has no column of a market"
        raise FeesFileError(msg)
    return columns


def _read_time(path: Path, line: _Row, at: int) -> int:
    text = _field(line, at)
    found = _TIME.fullmatch(text)
    hour, minute, second = (int(part or 0) for part in found.groups()) if found else (24, 0, 0)
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - a clock's
        msg = f"{path.name}, line {line[0]}: {text!r} is not a time of the day such as 11:15:00"
        raise FeesFileError(msg)
    return _seconds(hour, minute, second)


def _read_fee(path: Path, line: _Row, column: int, market: str) -> float | None:
    text = _field(line, column)
    if not text:
        return None
    if not _FEE.fullmatch(text):
        msg = f"{path.name}, line {line[0]}, column {market!r}: {text!r} is not a fee from 0 up such as 1,25"
        raise FeesFileError(msg)
    return float(text.replace(",", "."))


def _check_nameless(path: Path, line: _Row, names: Sequence[str]) -> None:
    for column, text in enumerate(line[1]):
        if text.strip() and (column >= len(names) or not names[column]):
            msg = f"{path.name}, line {line[0]}: {text.strip()!r} is in column {column + 1}, which has no name"
            raise FeesFileError(msg)


def _interval(path: Path, starts: Sequence[int]) -> int:
    steps = [after - before for before, after in pairwise(starts)]
    interval = min(steps, default=_USUAL_INTERVAL)
    if any(step % interval for step in steps):
        msg = f"{path.name}: its times do not go on in equal steps"
        raise FeesFileError(msg)
    return interval


def _field(line: _Row, column: int) -> str:
    return line[1][column].strip() if column < len(line[1]) else ""


def _seconds(hour: int, minute: int, second: int) -> int:
    return (hour * 60 + minute) * 60 + second
