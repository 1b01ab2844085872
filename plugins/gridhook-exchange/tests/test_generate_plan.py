from __future__ import annotations

import datetime
from collections import Counter

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.generate.households import usual_load
from gridhook_exchange.generate.plan import Period, Place, Plan, Wishes, draw_plan

SUMMER = Period(datetime.date(2026, 6, 15), 2)
WINTER = Period(datetime.date(2026, 2, 9), 1)


def bytes_of(plan: Plan, period: int = 0) -> list[bytes]:
    """Return all curves of a period, home by home."""
    curves = [curve for home in plan.curves for curve in attrs.astuple(home[period], recurse=False)]
    return [b"" if curve is None else curve.tobytes() for curve in curves]


@pytest.mark.parametrize(
    "said",
    [
        {"homes": 1, "panels": 0, "batteries": 0},
        {"panels": -1},
        {"batteries": -1},
        {"districts": 0},
        {"seed": -1},
        {"homes": 4, "panels": 5, "batteries": 0},
        {"homes": 4, "panels": 0, "batteries": 5},
    ],
)
def test_wishes_that_cannot_be_fulfilled_are_refused(said):
    with pytest.raises(ValueError, match=next(iter(said))):
        Wishes(**said)


def test_as_many_panels_and_batteries_as_homes_are_possible():
    homes = draw_plan(Wishes(homes=3, panels=3, batteries=3), [WINTER]).homes
    assert all(home.panel and home.battery for home in homes)


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(1, 50))
def test_districts_have_neighbours_in_them_and_are_of_one_size(homes, districts):
    plan = Plan(Wishes(homes=homes, panels=0, batteries=0, districts=districts), [None] * homes, [], [], [])
    numbers = [plan.district_of(home) for home in range(homes)]
    assert numbers == sorted(numbers)
    assert 0 <= numbers[0] <= numbers[-1] < districts
    sizes = Counter(numbers).values()
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == min(homes, districts)


def test_a_plan_has_curves_for_each_home_and_period():
    plan = draw_plan(Wishes(homes=3, panels=1, batteries=0), [SUMMER, WINTER])
    assert [len(calendar) for calendar in plan.calendars] == [192, 96]
    for home, curves in zip(plan.homes, plan.curves, strict=True):
        assert [len(one.load) for one in curves] == [192, 96]
        assert all((one.pv is not None) == (home.panel is not None) for one in curves)


@pytest.mark.parametrize(("day", "slots"), [(datetime.date(2026, 3, 29), 92), (datetime.date(2026, 10, 25), 100)])
def test_a_plan_may_have_days_on_which_the_clock_is_changed(day, slots):
    plan = draw_plan(Wishes(homes=2, panels=2, batteries=0), [Period(day, 1)])
    assert {len(curve) for home in plan.curves for curve in attrs.astuple(home[0], recurse=False)} == {slots}


def test_the_same_wishes_give_the_same_plan_and_another_seed_another():
    wishes = Wishes(homes=4, panels=2, batteries=1)
    plan, again, other = (draw_plan(attrs.evolve(wishes, seed=seed), [SUMMER]) for seed in (1, 1, 2))
    assert plan.homes == again.homes
    assert bytes_of(plan) == bytes_of(again)
    assert plan.homes != other.homes
    assert not set(bytes_of(plan)) & set(bytes_of(other)) - {b""}


def test_a_periods_curves_do_not_depend_on_what_other_periods_there_are():
    wishes = Wishes(homes=3, panels=2, batteries=0)
    alone, both = draw_plan(wishes, [SUMMER]), draw_plan(wishes, [WINTER, SUMMER])
    assert bytes_of(alone) == bytes_of(both, 1)
    assert bytes_of(both, 0) != bytes_of(both, 1)


def test_two_weeks_of_one_season_have_their_own_weather_and_their_own_events():
    june = Period(datetime.date(2026, 6, 15), 7), Period(datetime.date(2026, 6, 22), 7)
    (one, other), _ = draw_plan(Wishes(homes=2, panels=2, batteries=0), [*june]).curves
    assert np.abs(one.load - other.load).sum() > 0.1 * one.load.sum()
    assert np.abs(one.pv - other.pv).sum() > 0.1 * one.pv.sum()


def test_what_happens_in_one_home_says_nothing_of_another():
    plan = draw_plan(Wishes(homes=3, panels=0, batteries=0), [Period(datetime.date(2026, 6, 1), 28)])
    departures = [
        np.log(curves[0].load / usual_load(home.household, plan.calendars[0]))
        for home, curves in zip(plan.homes, plan.curves, strict=True)
    ]
    assert np.abs(np.corrcoef(departures)[np.triu_indices(3, 1)]).max() < 0.3


def test_no_two_homes_have_the_same_curves():
    plan = draw_plan(Wishes(homes=8, panels=8, batteries=0), [WINTER])
    assert len(set(bytes_of(plan))) == 8 * 4


def test_more_sun_shines_in_summer_and_in_the_south():
    def energy(period: Period, place: Place | None = None) -> float:
        plan = draw_plan(Wishes(homes=2, panels=2, batteries=0, place=place or Place()), [period])
        return float(np.sum([home[0].pv for home in plan.curves]))

    june, december = (Period(datetime.date(2026, month, 1), 14) for month in (6, 12))
    assert energy(june) > 2 * energy(december)
    assert energy(december, Place(28.0, -16.0, "Atlantic/Canary")) > 1.5 * energy(december)
