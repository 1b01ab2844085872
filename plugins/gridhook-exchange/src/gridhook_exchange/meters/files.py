"""Meter files: their columns, found by what stands in their first lines."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path

import attrs

from gridhook.errors import SeriesError

__all__ = ["MeterFile", "open_meter_file"]


@attrs.frozen
class MeterFile:
    """A CSV file of meter data.

    ``time``
        the column of times.
    ``columns``
        all others, in their order.
    ``is_local``
        whether its first time has no offset from UTC.
    """

    path: Path
    time: str
    columns: tuple[str, ...]
    is_local: bool


def open_meter_file(path: Path, time: str | None) -> MeterFile:
    """Look at the first lines of a file.

    :param time: the column of times; default: ``time`` where there is one, else the first.
    :raises SeriesError: it cannot be read, has no such column or the same column twice.
    """
    header, first = _first_rows(path)
    names = [name.strip() for name in header]
    if time is None:
        time = "time" if "time" in names else names[0]
    if time not in names:
        msg = f"{path.name} has no column {time!r} for the time; there are {', '.join(filter(None, names))}"
        raise SeriesError(msg)
    columns = tuple(name for name in names if name and name != time)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        msg = f"{path.name} has two columns {twice!r}; give each a name of its own"
        raise SeriesError(msg)
    at = names.index(time)
    return MeterFile(path, time, columns, at >= len(first) or _has_no_offset(first[at]))


def _first_rows(path: Path) -> tuple[list[str], list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = (row for row in csv.reader(stream) if any(map(str.strip, row)))
            header, first = next(rows, []), next(rows, [])
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise SeriesError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path.name} is not UTF-8 text ({error.reason}); save the file as UTF-8"
        raise SeriesError(msg) from error
    except csv.Error as error:
        msg = f"{path.name} is not CSV: {error}"
        raise SeriesError(msg) from error
    if not header:
        msg = f"{path.name} is not a CSV file with a header: it is empty"
        raise SeriesError(msg)
    return header, first


def _has_no_offset(text: str) -> bool:
    try:
        return datetime.datetime.fromisoformat(text.strip()).tzinfo is None
    except ValueError:
        # The reader of the whole file says so, with the line.
        return False
