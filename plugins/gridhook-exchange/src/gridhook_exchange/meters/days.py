"""Days of meter data: whole days of a time zone, from one midnight to another."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import attrs

from gridhook.errors import SeriesError
from gridhook.series import Series

__all__ = ["SLOT_SECONDS", "Days", "longest_complete", "whole_days"]

SLOT_SECONDS = 900.0
_DAY = datetime.timedelta(days=1)


@attrs.frozen
class Days:
    """Some days, one after the other; one on which the clock is changed has more or fewer slots than others.

    ``first``, ``count``
        the first day, and how many.
    """

    first: datetime.date
    count: int
    timezone: ZoneInfo

    @property
    def begin(self) -> float:
        """The midnight at which the first one begins, seconds since 1970."""
        return _midnight(self.first, self.timezone)

    @property
    def end(self) -> float:
        """The midnight at which the last one ends, seconds since 1970."""
        return _midnight(self.first + self.count * _DAY, self.timezone)

    @property
    def slots(self) -> int:
        """Number of slots of 15 minutes."""
        return round((self.end - self.begin) / SLOT_SECONDS)

    def each(self) -> list[Days]:
        """Return the days one by one."""
        return [Days(self.first + number * _DAY, 1, self.timezone) for number in range(self.count)]


def whole_days(
    series: Sequence[Series], timezone: ZoneInfo, first: datetime.date | None = None, count: int | None = None
) -> Days:
    """Return the days that all series have from midnight to midnight.

    :param first: the first one that is wanted; default: the first that there is.
    :param count: how many are wanted; default: up to the last that there is.
    :raises SeriesError: there are no such days.
    """
    begin = max(one.first for one in series)
    end = min(one.first + one.interval * len(one.values) for one in series)
    earliest, latest = _first_day(begin, timezone), _last_day(end, timezone)
    if latest < earliest:
        msg = f"no day from midnight to midnight in {timezone.key}: the meters have {_text(begin)} to {_text(end)}"
        raise SeriesError(msg)
    first = first or earliest
    days = Days(first, count or (latest - first) // _DAY + 1, timezone)
    if first < earliest or first > latest or days.end > end:
        wanted = f"{first} and {count} days from there" if count else f"{first}"
        msg = f"the meters have {earliest} to {latest} (whole days in {timezone.key}), not {wanted}"
        raise SeriesError(msg)
    return days


def longest_complete(series: Sequence[Series], days: Days) -> Days | None:
    """Return the longest stretch of days without a gap in any series; None where each day has one."""
    longest, running = None, 0
    for day in days.each():
        is_complete = all(one.covers(day.begin, day.end - day.begin) for one in series)
        running = running + 1 if is_complete else 0
        if running > (longest.count if longest else 0):
            longest = Days(day.first - (running - 1) * _DAY, running, days.timezone)
    return longest


def _first_day(begin: float, timezone: ZoneInfo) -> datetime.date:
    day = _date(begin, timezone)
    return day if _midnight(day, timezone) >= begin else day + _DAY


def _last_day(end: float, timezone: ZoneInfo) -> datetime.date:
    # The midnight at which the data end belongs to the day after the last.
    return _date(end, timezone) - _DAY


def _date(seconds: float, timezone: ZoneInfo) -> datetime.date:
    return datetime.datetime.fromtimestamp(seconds, timezone).date()


def _midnight(day: datetime.date, timezone: ZoneInfo) -> float:
    return datetime.datetime.combine(day, datetime.time(), timezone).timestamp()


def _text(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%MZ")
