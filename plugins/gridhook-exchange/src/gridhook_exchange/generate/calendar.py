"""The slots of some local days, with what sun and households need to know about them."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from gridhook.arrays import Floats, Ints

__all__ = ["SLOT_MINUTES", "Calendar", "build_calendar"]

SLOT_MINUTES = 15


@attrs.frozen(eq=False)
class Calendar:
    """Slots of 15 minutes, as columns.

    ``start``
        local start with its offset from UTC.
    ``utc_seconds``
        start, seconds since 1970.
    ``month``, ``weekday``, ``quarter``
        local: 1..12, 0 (Monday)..6, 0..95.
    """

    start: tuple[datetime.datetime, ...]
    utc_seconds: Floats
    month: Ints
    weekday: Ints
    quarter: Ints

    def __len__(self) -> int:
        return len(self.start)


def build_calendar(first: datetime.date, days: int, timezone: ZoneInfo) -> Calendar:
    """Return all slots from the local midnight of ``first`` to that ``days`` later; days may have 92 or 100."""
    begin = datetime.datetime.combine(first, datetime.time(), timezone).astimezone(datetime.UTC)
    last = first + datetime.timedelta(days=days)
    end = datetime.datetime.combine(last, datetime.time(), timezone).astimezone(datetime.UTC)
    count = (end - begin) // datetime.timedelta(minutes=SLOT_MINUTES)
    utc = [begin + datetime.timedelta(minutes=SLOT_MINUTES) * slot for slot in range(count)]
    local = tuple(moment.astimezone(timezone) for moment in utc)
    return Calendar(
        local,
        np.array([moment.timestamp() for moment in utc]),
        np.array([moment.month for moment in local]),
        np.array([moment.weekday() for moment in local]),
        np.array([(moment.hour * 60 + moment.minute) // SLOT_MINUTES for moment in local]),
    )
