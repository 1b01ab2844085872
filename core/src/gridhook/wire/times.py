"""Times on the wire: UTC, without an offset in the text (PROTOCOL.md 0.3)."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache

import pendulum

from gridhook.wire.errors import WireError
from gridhook.wire.values import describe

__all__ = ["format_instant", "format_moment", "format_slot", "read_instant", "read_time"]

_NUMERIC = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d)(?::(\d\d)(?::(\d\d))?)?", re.ASCII)
_SPELT = re.compile(r"([A-Z][a-z]+) (\d\d) (\d{4}), (\d\d):(\d\d) h", re.ASCII)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_REMEMBERED = 4096


@lru_cache(_REMEMBERED)
def format_slot(time: pendulum.DateTime) -> str:
    """Return ``YYYY-MM-DDTHH:mm`` in UTC: ``market_slot``, ``time_slot`` of commands, keys of energies."""
    return format_moment(time)[:-3]


def format_moment(time: pendulum.DateTime) -> str:
    """Return ``YYYY-MM-DDTHH:mm:ss`` in UTC: the times inside orders."""
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")


def format_instant(time: pendulum.DateTime) -> str:
    """Return ``YYYY-MM-DDTHH:mm:ss+00:00``: the time of a trade."""
    return f"{format_moment(time)}+00:00"


def read_time(text: object, where: str = "time") -> pendulum.DateTime:
    """Return the instant of a time without offset: to the minute, second or hour, or as ``June 15 2026, 10:00 h``.

    The original takes times without a date too (``10:00``) and makes them *today* by the clock of its machine, which
    may be another day than that of the market. Here they are errors.

    :raises WireError: it is no text, in none of these formats, or no day of the calendar.
    """
    time = _parse(text) if isinstance(text, str) else None
    if time is None:
        raise WireError(where, f"has to be a time such as '2026-06-15T10:00' (UTC), not {describe(text)}")
    return time


def read_instant(text: object, where: str = "time") -> pendulum.DateTime:
    """Return the instant of an ISO-8601 text with an offset, in UTC; without one, as :func:`read_time`.

    :raises WireError: it is neither.
    """
    try:
        time = datetime.datetime.fromisoformat(text) if isinstance(text, str) else None
        if time is not None and time.tzinfo is not None:
            return pendulum.instance(time).in_timezone("UTC")
    except (ValueError, OverflowError):
        pass
    return read_time(text, where)


@lru_cache(_REMEMBERED)
def _parse(text: str) -> pendulum.DateTime | None:
    numeric = _NUMERIC.fullmatch(text)
    spelt = None if numeric else _SPELT.fullmatch(text)
    try:
        if numeric:
            year, month, day, hour, minute, second = (int(part or 0) for part in numeric.groups())
            return pendulum.datetime(year, month, day, hour, minute, second)
        if spelt:
            name, *numbers = spelt.groups()
            day, year, hour, minute = map(int, numbers)
            return pendulum.datetime(year, _MONTHS.index(name) + 1, day, hour, minute)
    except ValueError:
        return None
    return None
