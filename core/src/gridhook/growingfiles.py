"""Growing files: CSV files that are appended to while they are read."""

from __future__ import annotations

import csv
import logging
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook.errors import SeriesError
from gridhook.timedfiles import columns_of, missing_column, parse_time, width_problem

__all__ = ["GrowingFile"]

_log = logging.getLogger(__name__)

_MOST_INTERVALS = 500_000
"""Further away from the others a time is a mistake."""

_CANDIDATES = 10
"""So many steps, at most, are tried out where several are equally common."""

_TAIL = 512
"""Bytes before the place that was read to that tell whether the file is still the same."""


@attrs.frozen(eq=False)
class _Row:
    """A line's numbers, infinite where they are none; ``wrong`` has what was written there, by its place."""

    line: int
    values: Floats
    wrong: Mapping[int, str]


class GrowingFile:
    """A CSV file with a column of times, which need not exist yet.

    A line that is not ended waits. One that makes no sense is told of once and left out, and so is one whose time is
    off the others' equal steps. A line for a time that was there already replaces it. A file that is another one, or
    shorter than before, is read from its beginning; what was read before is kept as long as the header is the same.

    :param time: the column of times.
    :param timezone: of times without an offset.
    """

    def __init__(self, path: Path, time: str, timezone: ZoneInfo) -> None:
        self.path = path
        self.columns: Mapping[str, int] = {}
        self.first = self.interval = math.nan
        self._time = time
        self._timezone = timezone
        self._position: Ints = np.empty(0, dtype=np.int64)
        self._placed: list[_Row] = []
        self._values: Floats = np.empty((0, 0))
        self._rows: dict[float, _Row] = {}
        self._mark: tuple[int, int, int] | None = None
        self._offset = self._line = 0
        self._tail = b""
        self._header: Sequence[str] | None = None
        self._before = -math.inf
        self._told: dict[str, int] = {}

    def look(self) -> bool:
        """Read what is new, and return whether something is.

        :raises SeriesError: it is there and cannot be read, or its header has no time.
        """
        try:
            found = self.path.stat()
            mark = (found.st_ino, found.st_size, found.st_mtime_ns)
            if mark == self._mark:
                return False
            with self.path.open("rb") as stream:
                if not self._goes_on(found, stream):
                    self._begin_anew()
                stream.seek(self._offset)
                new = stream.read()
        except FileNotFoundError:
            return False
        except OSError as error:
            msg = f"{self.path} cannot be read: {error.strerror}"
            raise SeriesError(msg) from error
        self._mark = mark
        ended = new[: new.rfind(b"\n") + 1]
        self._offset += len(ended)
        self._tail = (self._tail + ended)[-_TAIL:]
        lines = ended.splitlines()
        if not lines:
            return False
        self._take(lines)
        return True

    def forget(self, before: float) -> None:
        """Forget rows of earlier times, seconds since 1970."""
        kept = {time: row for time, row in self._rows.items() if time >= before}
        if len(kept) < len(self._rows):
            self._rows = kept
            self._place()

    def values(self, column: str) -> Floats:
        """Return a column, one value per interval; NaN in gaps and for what is no number.

        :raises UnknownColumnError: the column is not there.
        """
        if column not in self.columns:
            raise missing_column(self.path, column, self.columns)
        at, told = self.columns[column], self._told.get(column, 0)
        values: Floats = np.full(int(self._position[-1]) + 1 if len(self._position) else 0, np.nan)
        written = self._values[:, at]
        wrong = np.flatnonzero(np.isinf(written)).tolist()
        new = [self._placed[row] for row in wrong if self._placed[row].line > told]
        self._tell([(row.line, f"column {column!r}: {row.wrong[at]!r} is not a number") for row in new])
        self._told[column] = self._line
        values[self._position] = np.where(np.isinf(written), np.nan, written)
        return values

    def _goes_on(self, found: os.stat_result, stream: BinaryIO) -> bool:
        if found.st_size < self._offset:
            return False
        stream.seek(self._offset - len(self._tail))
        return stream.read(len(self._tail)) == self._tail

    def _begin_anew(self) -> None:
        self._offset = self._line = 0
        self._tail = b""
        self._header = None
        self._before = -math.inf
        self._told.clear()
        # What was read keeps its values; its lines are told of already.
        self._rows = {time: attrs.evolve(row, line=0) for time, row in self._rows.items()}

    def _take(self, lines: Sequence[bytes]) -> None:
        problems: list[tuple[int, str]] = []
        for line in lines:
            self._line += 1
            try:
                fields = _fields(line)
                if self._header is None:
                    self._take_header(fields)
                elif any(map(str.strip, fields)):
                    self._take_row(fields)
            except ValueError as error:
                problems.append((self._line, str(error)))
        self._tell(problems)
        self._place()

    def _take_header(self, fields: Sequence[str]) -> None:
        if not any(map(str.strip, fields)):
            return
        try:
            columns = columns_of(fields, self._time, self.path)
        except SeriesError:
            # Until it has another header, there is nothing to go on with.
            self._begin_anew()
            raise
        if columns != self.columns:
            self._rows.clear()
        self.columns, self._header = columns, fields

    def _take_row(self, fields: Sequence[str]) -> None:
        width = len(self._header or ())
        problem = width_problem(fields, width)
        if problem is not None:
            raise ValueError(problem)
        self._before = parse_time(fields[self.columns[self._time]], self._timezone, self._before)
        self._rows[self._before] = _row(self._line, fields[:width], self.columns[self._time])

    def _place(self) -> None:
        """Find the step that most times are apart, and the rows that keep to it."""
        times = np.array(sorted(self._rows))
        if len(times) < 2:  # noqa: PLR2004 - an interval needs two starts
            self.first = self.interval = math.nan
            self._position, self._placed = np.empty(0, dtype=np.int64), []
            self._values = np.empty((0, len(self._header or ())))
            return
        self.interval = _interval(times)
        in_step = _in_step(times, self.interval)
        # A typing error in a year would be a gap of millions of intervals.
        in_step &= np.abs(times - np.median(times)) <= _MOST_INTERVALS * self.interval
        told = self._told.get(self._time, 0)
        off = [self._rows[time] for time in times[~in_step].tolist()]
        self._tell([(row.line, "its time is off the others' equal steps") for row in off if row.line > told])
        self._told[self._time] = self._line
        placed = times[in_step]
        self.first = float(placed[0])
        self._position = ((placed - placed[0]) / self.interval).astype(np.int64)
        self._placed = [self._rows[time] for time in placed.tolist()]
        self._values = np.stack([row.values for row in self._placed])

    def _tell(self, problems: Sequence[tuple[int, str]]) -> None:
        if problems:
            (line, problem), others = problems[0], len(problems) - 1
            more = f", and {others} more like it" if others else ""
            _log.warning("%s, line %d: %s%s; left out", self.path.name, line, problem, more)


def _fields(line: bytes) -> list[str]:
    """Return the fields of a line.

    :raises ValueError: it is no CSV; a byte that is not UTF-8 makes its field something that is no number.
    """
    try:
        return next(csv.reader([line.decode("utf-8-sig", errors="replace")]), [])
    except csv.Error as error:
        msg = f"is not CSV: {error}"
        raise ValueError(msg) from error


def _row(line: int, fields: Sequence[str], time: int) -> _Row:
    values: Floats = np.array([_number(field) for field in fields])
    values[time] = np.nan
    return _Row(line, values, {at: fields[at] for at in np.flatnonzero(np.isinf(values)).tolist()})


def _number(text: str) -> float:
    """Return a number; NaN for nothing, and infinity for what is none."""
    try:
        return float(text.strip() or "nan")
    except ValueError:
        return math.inf


def _interval(times: Floats) -> float:
    """Return the step that most times are apart; of several, that to which more times keep, then the longer one."""
    steps, counts = np.unique(np.diff(times), return_counts=True)
    candidates = steps[counts == counts.max()][-_CANDIDATES:]
    return float(max(candidates, key=lambda step: (_in_step(times, step).sum(), step)))


def _in_step(times: Floats, interval: float) -> Bools:
    """Return which times are whole intervals apart from most others."""
    rest = times % interval
    found, counts = np.unique(rest, return_counts=True)
    in_step: Bools = rest == found[np.argmax(counts)]
    return in_step
