from __future__ import annotations

import datetime
import importlib.resources
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridhook_exchange.generate
from gridhook_exchange.generate.calendar import Calendar, build_calendar
from gridhook_exchange.generate.households import (
    Household,
    draw_household,
    simulate_load,
    standard_profile,
    usual_load,
)

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = build_calendar(datetime.date(2026, 6, 15), 7, BERLIN)
AVERAGE = Household(annual_kwh=3000.0, shift_quarters=0, at_home=0.0, contrast=1.0, restlessness=0.2)
SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def year() -> Calendar:
    return build_calendar(datetime.date(2026, 1, 1), 365, BERLIN)


def days_of(profile: str) -> np.ndarray:
    """Return a kind of day of the standard profile, by month and quarter of an hour."""
    return np.array([standard_profile()[f"{month:02d}_{profile}"] for month in range(1, 13)])


class TestStandardProfile:
    def test_it_has_every_month_and_kind_of_day(self):
        kinds = ("workday", "saturday", "sunday")
        assert list(standard_profile()) == [f"{month:02d}_{kind}" for month in range(1, 13) for kind in kinds]
        assert all(values.shape == (96,) for values in standard_profile().values())

    def test_its_rows_are_the_quarters_of_a_day_in_order(self):
        text = (importlib.resources.files(gridhook_exchange.generate) / "bdew_h25.csv").read_text(encoding="utf-8")
        times = [line.split(",")[0] for line in text.splitlines()]
        assert times == ["time", *(f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 15, 30, 45))]

    def test_it_is_of_a_household_that_uses_1000_kwh_in_the_year(self):
        """Each day has 24 hours in it, and values are rounded to a thousandth of a Wh."""
        year = build_calendar(datetime.date(2026, 1, 1), 365, ZoneInfo("UTC"))
        kinds = np.array(["workday"] * 5 + ["saturday", "sunday"])[year.weekday]
        values = [
            standard_profile()[f"{month:02d}_{kind}"][quarter]
            for month, kind, quarter in zip(year.month, kinds, year.quarter, strict=True)
        ]
        assert sum(values) == pytest.approx(1_000_000.0, abs=1.5)

    def test_it_has_the_shape_that_the_bdew_published_for_households(self):
        """Nights are low, evenings are the peak, winters are higher, and people are in on Sundays at noon."""
        for kind in ("workday", "saturday", "sunday"):
            days = days_of(kind)
            assert np.all((days > 8.0) & (days < 70.0))
            assert np.all((days.argmin(axis=1) >= 8) & (days.argmin(axis=1) < 24))
            assert days[[0, 11]].mean() > 1.1 * days[[5, 6]].mean()
        assert np.all((days_of("workday").argmax(axis=1) >= 70) & (days_of("workday").argmax(axis=1) < 86))
        assert np.all(days_of("sunday")[:, 40:56].mean(axis=1) > days_of("workday")[:, 40:56].mean(axis=1))


class TestUsualLoad:
    @pytest.mark.parametrize("contrast", [0.8, 1.0, 1.3])
    @pytest.mark.parametrize("shift", [-6, 0, 5])
    def test_a_year_has_the_energy_that_is_asked_for(self, year, contrast, shift):
        home = attrs.evolve(AVERAGE, contrast=contrast, shift_quarters=shift)
        assert usual_load(home, year).sum() == pytest.approx(3000.0, rel=1e-4)

    @pytest.mark.parametrize("at_home", [0.5, 1.0])
    def test_who_is_at_home_uses_energy_at_other_hours_but_not_more_of_it(self, year, at_home):
        usual, there = usual_load(AVERAGE, year), usual_load(attrs.evolve(AVERAGE, at_home=at_home), year)
        assert there.sum() == pytest.approx(3000.0, rel=1e-4)
        assert np.abs(there - usual).sum() > 0.05 * at_home * usual.sum()

    def test_load_is_in_proportion_to_the_years_energy(self):
        twice = usual_load(attrs.evolve(AVERAGE, annual_kwh=6000.0), WEEK)
        assert twice == pytest.approx(2 * usual_load(AVERAGE, WEEK))

    def test_a_home_that_is_late_does_the_same_an_hour_later(self):
        monday = build_calendar(datetime.date(2026, 6, 15), 1, BERLIN)
        late = usual_load(attrs.evolve(AVERAGE, shift_quarters=4), monday)
        assert late == pytest.approx(np.roll(usual_load(AVERAGE, monday), 4))

    def test_a_home_with_somebody_in_has_workdays_like_sundays(self):
        days = usual_load(attrs.evolve(AVERAGE, at_home=1.0), WEEK).reshape(7, 96)
        assert np.corrcoef(days[0], days[6])[0, 1] == pytest.approx(1.0)
        assert usual_load(AVERAGE, WEEK).reshape(7, 96)[0] != pytest.approx(days[6])

    def test_contrast_makes_higher_peaks_and_lower_nights_of_the_same_energy(self):
        flat, peaky = (usual_load(attrs.evolve(AVERAGE, contrast=contrast), WEEK) for contrast in (0.8, 1.3))
        assert peaky.sum() == pytest.approx(flat.sum())
        assert peaky.max() > flat.max()
        assert peaky.min() < flat.min()

    def test_something_is_always_on(self):
        usual = usual_load(attrs.evolve(AVERAGE, contrast=3.0), WEEK)
        assert usual.min() >= 0.25 * usual.mean()

    @pytest.mark.parametrize("day", [datetime.date(2026, 3, 29), datetime.date(2026, 10, 25)])
    def test_people_follow_the_clock_on_days_on_which_it_is_changed(self, day):
        calendar = build_calendar(day, 1, BERLIN)
        usual = usual_load(AVERAGE, calendar)
        sunday = standard_profile()[f"{day.month:02d}_sunday"]
        assert np.argsort(usual)[-5:].tolist() == np.argsort(sunday[calendar.quarter])[-5:].tolist()


class TestSimulatedLoad:
    @settings(deadline=None)
    @given(SEEDS)
    def test_a_load_has_appliances_in_it_and_never_stops(self, seed):
        home = attrs.evolve(AVERAGE, annual_kwh=1600.0, contrast=1.3, restlessness=0.25)
        load, appliances = simulate_load(home, WEEK, np.random.default_rng(seed))
        assert load.shape == appliances.shape == (len(WEEK),)
        assert np.all(appliances >= 0)
        assert np.all(load - appliances >= 0.1 * usual_load(home, WEEK).mean() - 1e-12)

    def test_appliances_run_some_times_a_day_and_for_less_than_two_hours(self):
        months = build_calendar(datetime.date(2026, 5, 1), 60, BERLIN)
        _, appliances = simulate_load(AVERAGE, months, np.random.default_rng(1))
        starts = np.count_nonzero((appliances[1:] > 0) & (appliances[:-1] == 0))
        assert 60 < starts < 150
        assert appliances[appliances > 0].min() >= 0.1
        day = np.isin(months.quarter, np.arange(28, 92))
        assert appliances[day].sum() > 3 * appliances[~day].sum()

    def test_the_same_seed_gives_the_same_bytes(self):
        one, again, other = (simulate_load(AVERAGE, WEEK, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
        assert one.tobytes() == again.tobytes()
        assert not np.any(one == other)

    def test_departures_from_habit_cost_no_energy_in_the_long_run(self, year):
        usual = usual_load(AVERAGE, year)
        loads = [simulate_load(AVERAGE, year, np.random.default_rng(seed))[0] for seed in range(3)]
        assert np.mean(loads) == pytest.approx(usual.mean(), rel=0.03)
        assert np.corrcoef(np.mean(loads, axis=0), usual)[0, 1] > 0.5

    def test_a_restless_home_departs_further_from_its_habits_and_for_hours(self):
        usual = usual_load(AVERAGE, WEEK)

        def departure(restlessness: float) -> np.ndarray:
            home = attrs.evolve(AVERAGE, restlessness=restlessness)
            load, appliances = simulate_load(home, WEEK, np.random.default_rng(1))
            return (load - appliances) / usual

        assert departure(0.25).std() > departure(0.12).std()
        assert np.corrcoef(departure(0.25)[1:], departure(0.25)[:-1])[0, 1] > 0.8


class TestDrawing:
    @settings(deadline=None)
    @given(SEEDS)
    def test_homes_are_plausible_and_the_same_seed_draws_the_same(self, seed):
        home = draw_household(np.random.default_rng(seed))
        assert home == draw_household(np.random.default_rng(seed))
        assert 1600.0 <= home.annual_kwh <= 6500.0
        assert -6 <= home.shift_quarters <= 6
        assert 0.0 <= home.at_home <= 1.0
        assert 0.8 <= home.contrast <= 1.3
        assert 0.12 <= home.restlessness <= 0.25

    def test_homes_differ_around_the_average_household(self):
        rng = np.random.default_rng(1)
        homes = [draw_household(rng) for _ in range(500)]
        assert len(set(homes)) == 500
        energies = [home.annual_kwh for home in homes]
        assert np.mean(energies) == pytest.approx(3500.0, rel=0.05)
        assert (min(energies), max(energies)) == (1600.0, 6500.0)
        assert {home.shift_quarters for home in homes} == set(range(-6, 7))
