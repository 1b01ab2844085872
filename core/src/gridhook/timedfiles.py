"""Timed files: CSV files with a column of times, read and checked row by row."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import numpy as np

from gridhook.arrays import Floats, Ints
from gridhook.errors import SeriesError, UnknownColumnError, did_you_mean, nearest

__all__ = [
    "Row",
    "TimedFile",
    "columns_of",
    "find_timezone",
    "missing_column",
    "parse_time",
    "read_timed_file",
    "width_problem",
]


@attrs.frozen
class Row:
    """The fields of one line, which is counted from 1."""

    line: int
    fields: Sequence[str]


@attrs.frozen(eq=False)
class TimedFile:
    """A CSV file with a column of times that go on in equal steps.

    ``first``, ``interval``
        start of the first row and length of each, seconds since 1970 and seconds.
    ``position``
        number of each row's interval; those that no row has are gaps.
    ``columns``
        position of each column by its name.
    """

    path: Path
    first: float
    interval: float
    position: Ints
    rows: Sequence[Row]
    columns: Mapping[str, int]

    def values(self, column: str) -> Floats:
        """Return a column, one value per interval; NaN in gaps and for empty fields.

        :raises SeriesError: the column is not there, or something in it is no finite number.
        """
        if column not in self.columns:
            raise missing_column(self.path, column, self.columns)
        at = self.columns[column]
        values = np.full(int(self.position[-1]) + 1, np.nan)
        try:
            values[self.position] = [float(row.fields[at] or "nan") for row in self.rows]
        except ValueError:
            # Something is empty or wrong: field by field, to say where.
            values[self.position] = [self._number(row, at, column) for row in self.rows]
        is_endless = np.isinf(values[self.position])
        if is_endless.any():
            line = self.rows[int(np.argmax(is_endless))].line
            msg = f"{self.path.name}, line {line}, column {column!r} has a value that is not finite"
            raise SeriesError(msg)
        return values

    def _number(self, row: Row, at: int, column: str) -> float:
        text = row.fields[at].strip()
        try:
            return float(text or "nan")
        except ValueError as error:
            msg = f"{self.path.name}, line {row.line}, column {column!r}: {text!r} is not a number"
            raise SeriesError(msg) from error


def read_timed_file(path: Path, time: str, timezone: ZoneInfo) -> TimedFile:
    """Read a file whose times are in the column ``time``, those without an offset in ``timezone``.

    :raises SeriesError: it cannot be read, or its rows or times are not in order.
    """
    header, *rows = _read_rows(path)
    columns = columns_of(header.fields, time, path)
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
    return TimedFile(path, float(starts[0]), interval, position, rows, columns)


def columns_of(header: Sequence[str], time: str, path: Path) -> dict[str, int]:
    """Return the position of each column by its name.

    :raises SeriesError: none of them is the time's.
    """
    columns = {name.strip(): at for at, name in enumerate(header)}
    if time not in columns:
        # A header that is one column was separated by something else than commas.
        guess = did_you_mean(nearest(time, columns)) if len(columns) > 1 else ""
        guess = guess or f"; its header is {','.join(header)!r}"
        msg = f"{path.name} has no column {time!r} for the time{guess}"
        raise SeriesError(msg)
    return columns


def missing_column(path: Path, column: str, columns: Collection[str]) -> UnknownColumnError:
    """Return what to raise where a file has no such column."""
    guess = did_you_mean(nearest(column, columns)) or f"; there are {', '.join(columns)}"
    return UnknownColumnError(f"{path.name} has no column {column!r}{guess}", column)


def width_problem(fields: Sequence[str], width: int) -> str | None:
    """Say what is wrong with the number of fields of a row, if something is; more may follow that are empty."""
    if len(fields) >= width and not any(map(str.strip, fields[width:])):
        return None
    count = f"{len(fields)} field{'s' if len(fields) > 1 else ''}"
    guess = " (a decimal comma?)" if len(fields) > width else ""
    return f"{count}, and the header has {width}{guess}"


def _read_rows(path: Path) -> list[Row]:
    """Return the rows that are not blank; each has a field per column of the first, or more that are empty."""
    try:
        written = path.read_bytes()
        text = written.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""))
        rows = [Row(reader.line_num, fields) for fields in reader if any(map(str.strip, fields))]
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
        problem = width_problem(row.fields, width)
        if problem is not None:
            msg = f"{path.name}, line {row.line}: {problem}"
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


def parse_time(text: str, timezone: ZoneInfo, before: float) -> float:
    """Return seconds since 1970.

    :param timezone: of a time without an offset.
    :param before: the time of the row above; of a local hour that comes twice, the second one is the later.
    :raises ValueError: it is no time, or one that the clocks of ``timezone`` leave out; the message says which.
    """
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
    except ValueError as error:
        msg = f"{text!r} is not a time such as 2026-06-15T00:15"
        raise ValueError(msg) from error
    if moment.tzinfo is not None:
        return moment.timestamp()
    local = moment.replace(tzinfo=timezone)
    if _is_left_out(local):
        raise ValueError(_left_out(text.strip(), local, timezone))
    seconds = local.timestamp()
    return seconds if seconds > before else local.replace(fold=1).timestamp()


def _is_left_out(moment: datetime.datetime) -> bool:
    """Tell whether a local time does not come on its day, on which clocks are put forward."""
    # A time of day that is left out is later when it comes back from UTC.
    return moment.astimezone(datetime.UTC).astimezone(moment.tzinfo).replace(fold=0) != moment.replace(fold=0)


def _left_out(text: str, moment: datetime.datetime, timezone: ZoneInfo) -> str:
    """Say that a time is left out, and which zone a meter may be in whose clock is never changed."""
    offset = moment.utcoffset() or datetime.timedelta()
    hours, rest = divmod(offset, datetime.timedelta(hours=1))
    # The signs of these names are those of POSIX: plus is west.
    zone = "the zone that they are in" if rest else f"the zone that they are in, such as 'Etc/GMT{-hours:+d}'"
    return (
        f"{text} is left out in {timezone.key}, where clocks are put forward then; "
        f"if the times stay on winter time all year, give {zone}"
    )


def _parse_times(column: int, rows: Sequence[Row], path: Path, timezone: ZoneInfo) -> Floats:
    """Return seconds since 1970."""
    starts = np.empty(len(rows))
    before = -np.inf
    for number, row in enumerate(rows):
        try:
            before = starts[number] = parse_time(row.fields[column], timezone, before)
        except ValueError as error:
            msg = f"{path.name}, line {row.line}: {error}"
            raise SeriesError(msg) from error
    return starts
