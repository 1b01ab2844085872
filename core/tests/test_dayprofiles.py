"""Day profiles: the same by the clock every day, whatever the length of slots and of the day."""

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.dayprofiles import DayProfile
from gridhook.series import SeriesError

UTC, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime.datetime(2026, 6, 15, tzinfo=datetime.UTC).timestamp()
HOUR = 3600.0

VALUES = st.dictionaries(st.integers(0, 24 * 60 - 1), st.floats(0, 100), min_size=1, max_size=8)


def profile(values, timezone=UTC):
    return DayProfile(Path("day.json"), "load", timezone, values)


def local(*when):
    return datetime.datetime(*when, tzinfo=BERLIN).timestamp()


@given(VALUES, st.sampled_from([900.0, 1800.0, HOUR]))
def test_a_day_has_the_energy_that_is_written_in_slots_of_any_length(values, slot_seconds):
    energies = profile(values).energy("kWh", MIDNIGHT, slot_seconds, round(24 * HOUR / slot_seconds))
    assert np.all(energies >= 0)
    assert energies.sum() == pytest.approx(sum(values.values()))


@given(VALUES, st.sampled_from(["kWh", "kW", "Wh", "W"]), st.integers(0, 23))
def test_an_hour_has_the_energy_of_its_quarters(values, unit, hour):
    quarters = profile(values).energy(unit, MIDNIGHT + hour * HOUR, HOUR / 4, 4)
    assert profile(values).energy(unit, MIDNIGHT + hour * HOUR, HOUR, 1)[0] == pytest.approx(quarters.sum())


def test_the_last_value_holds_until_the_first_of_the_next_day():
    energies = profile({6 * 60: 1.0, 20 * 60: 2.0}).energy("kW", MIDNIGHT, HOUR, 24)
    assert energies.tolist() == [2.0] * 6 + [1.0] * 14 + [2.0] * 4


def test_energy_is_spread_until_the_next_time():
    energies = profile({6 * 60: 28.0, 20 * 60: 10.0}).energy("kWh", MIDNIGHT, HOUR, 24)
    assert energies == pytest.approx(np.array([1.0] * 6 + [2.0] * 14 + [1.0] * 4))


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (6, 15, 24), (10, 25, 25)])
def test_a_day_on_which_the_clock_is_changed_follows_the_clock(month, day, hours):
    night = profile({0: 1.0, 2 * 60: 5.0, 3 * 60: 1.0}, BERLIN)
    energies = night.energy("kW", local(2026, month, day), HOUR, hours)
    assert energies.tolist().count(5.0) == hours - 23
    assert night.energy("kW", local(2026, month, day), HOUR, hours + 1)[-1] == 1.0


def test_where_there_is_no_value_nothing_is_covered():
    gap = profile({0: 1.0, 60: np.nan, 120: 2.0})
    assert [gap.covers(MIDNIGHT + hour * HOUR, HOUR) for hour in range(3)] == [True, False, True]
    assert not gap.covers(MIDNIGHT, 2 * HOUR)
    with pytest.raises(SeriesError, match=r"day\.json, 'load' has no value"):
        gap.energy("kW", MIDNIGHT, HOUR, 2)


def test_values_below_zero_are_for_who_expects_them():
    below = profile({0: -1.0})
    assert below.energy("kW", MIDNIGHT, HOUR, 1, is_net=True).tolist() == [-1.0]
    with pytest.raises(SeriesError, match="below zero"):
        below.energy("kW", MIDNIGHT, HOUR, 1)
