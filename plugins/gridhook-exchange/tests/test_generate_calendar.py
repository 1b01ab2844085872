from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.generate.calendar import build_calendar

BERLIN = ZoneInfo("Europe/Berlin")
DATES = st.dates(datetime.date(2000, 1, 1), datetime.date(2036, 12, 31))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata"]).map(ZoneInfo)


@settings(deadline=None)
@given(DATES, st.integers(1, 4), ZONES)
def test_slots_go_on_from_one_local_midnight_to_another(first, days, zone):
    calendar = build_calendar(first, days, zone)
    midnights = [
        datetime.datetime.combine(first + datetime.timedelta(days=day), datetime.time(), zone).timestamp()
        for day in (0, days)
    ]
    assert calendar.utc_seconds.tolist() == np.arange(*midnights, 900.0).tolist()
    assert [start.timestamp() for start in calendar.start] == calendar.utc_seconds.tolist()


@settings(deadline=None)
@given(DATES, st.integers(1, 4), ZONES)
def test_columns_say_what_a_local_clock_and_calendar_show(first, days, zone):
    calendar = build_calendar(first, days, zone)
    assert len(calendar) == len(calendar.start)
    for row, start in enumerate(calendar.start):
        shown = datetime.datetime.fromtimestamp(calendar.utc_seconds[row], zone)
        assert start.isoformat() == shown.isoformat()
        assert (calendar.month[row], calendar.weekday[row]) == (shown.month, shown.weekday())
        assert calendar.quarter[row] == shown.hour * 4 + shown.minute // 15


@pytest.mark.parametrize(
    ("day", "slots", "absent", "twice"),
    [
        (datetime.date(2026, 6, 15), 96, [], []),
        (datetime.date(2026, 3, 29), 92, [8, 9, 10, 11], []),
        (datetime.date(2026, 10, 25), 100, [], [8, 9, 10, 11]),
    ],
)
def test_days_on_which_the_clock_is_changed_have_92_or_100_slots(day, slots, absent, twice):
    calendar = build_calendar(day, 1, BERLIN)
    assert len(calendar) == slots
    times = np.bincount(calendar.quarter, minlength=96)
    assert np.flatnonzero(times == 0).tolist() == absent
    assert np.flatnonzero(times == 2).tolist() == twice


def test_a_monday_is_day_0_and_a_leap_day_is_a_day():
    assert set(build_calendar(datetime.date(2026, 6, 15), 1, BERLIN).weekday.tolist()) == {0}
    calendar = build_calendar(datetime.date(2028, 2, 28), 3, BERLIN)
    assert [start.date().isoformat() for start in calendar.start[::96]] == ["2028-02-28", "2028-02-29", "2028-03-01"]
    assert calendar.month[::96].tolist() == [2, 2, 3]


def test_a_year_has_as_many_slots_as_hours_times_four():
    assert len(build_calendar(datetime.date(2026, 1, 1), 365, BERLIN)) == 365 * 96
