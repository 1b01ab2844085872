"""The sun's place and a panel's output, against almanacs and what Freiburg's roofs are known to give."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.generate.calendar import build_calendar
from gridhook_exchange.generate.sun import Panel, Sun, clear_sky, panel_power, sun_position
from gridhook_exchange.generate.weather import draw_sky

FREIBURG = (47.99, 7.85)
OBLIQUITY = 23.44


def minutes_of(day: datetime.date) -> np.ndarray:
    """Return all minutes of a day, UTC."""
    midnight = datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp()
    return midnight + 60.0 * np.arange(1440)


def noon_of(day: datetime.date, latitude: float, longitude: float = 0.0) -> tuple[float, float]:
    """Return the highest elevation of the sun in degrees, and the hour of it (UTC)."""
    sun = sun_position(minutes_of(day), latitude, longitude)
    return float(np.degrees(np.arcsin(sun.cos_zenith.max()))), float(sun.cos_zenith.argmax() / 60)


@pytest.fixture(scope="module")
def year():
    return build_calendar(datetime.date(2026, 1, 1), 365, ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="module")
def freiburg(year) -> Sun:
    return sun_position(year.utc_seconds, *FREIBURG)


class TestPosition:
    @pytest.mark.parametrize("latitude", [0.0, 47.99, 60.0, -33.9])
    @pytest.mark.parametrize("year", [2000, 2026, 2035])
    @pytest.mark.parametrize(
        ("month", "day", "declination"), [(6, 21, OBLIQUITY), (12, 21, -OBLIQUITY), (3, 20, 0.0), (9, 23, -0.2)]
    )
    def test_elevation_at_noon_on_solstices_and_equinoxes(self, latitude, year, month, day, declination):
        elevation, _ = noon_of(datetime.date(year, month, day), latitude)
        assert elevation == pytest.approx(90.0 - abs(latitude - declination), abs=0.35)

    @pytest.mark.parametrize(
        ("month", "day", "late_minutes"), [(2, 11, 14.2), (5, 14, -3.7), (7, 26, 6.5), (11, 3, -16.4), (12, 25, 0.0)]
    )
    def test_noon_is_late_or_early_as_sundials_are(self, month, day, late_minutes):
        _, hour = noon_of(datetime.date(2026, month, day), 47.99)
        assert (hour - 12.0) * 60 == pytest.approx(late_minutes, abs=1.5)

    def test_noon_is_an_hour_earlier_every_fifteen_degrees_further_east(self):
        day = datetime.date(2026, 6, 15)
        assert noon_of(day, 48.0)[1] - noon_of(day, 48.0, 15.0)[1] == pytest.approx(1.0, abs=0.03)

    @pytest.mark.parametrize(
        ("month", "day", "latitude", "hours"),
        [
            (6, 21, 47.99, 15.84),
            (12, 21, 47.99, 8.16),
            (3, 20, 47.99, 12.0),
            (6, 21, 0.0, 12.0),
            (6, 21, 70.0, 24.0),
            (12, 21, 70.0, 0.0),
        ],
    )
    def test_days_are_as_long_as_the_latitude_and_the_season_make_them(self, month, day, latitude, hours):
        sun = sun_position(minutes_of(datetime.date(2026, month, day)), latitude, 0.0)
        assert (sun.cos_zenith > 0).mean() * 24 == pytest.approx(hours, abs=0.1)

    @pytest.mark.parametrize(("latitude", "noon"), [(47.99, 180.0), (-33.9, 0.0)])
    def test_the_sun_rises_in_the_east_stands_highest_towards_the_equator_and_sets_in_the_west(self, latitude, noon):
        sun = sun_position(minutes_of(datetime.date(2026, 3, 20)), latitude, 0.0)
        azimuth = np.degrees(sun.azimuth)
        up = np.flatnonzero(sun.cos_zenith > 0)
        assert azimuth[up[0]] == pytest.approx(90.0, abs=1.0)
        assert azimuth[up[-1]] == pytest.approx(270.0, abs=1.0)
        away = (azimuth[sun.cos_zenith.argmax()] - noon + 180.0) % 360.0 - 180.0
        assert away == pytest.approx(0.0, abs=1.0)

    @pytest.mark.parametrize(("month", "rises"), [(6, 53.5), (12, 126.5)])
    def test_the_sun_rises_further_north_in_summer_and_further_south_in_winter(self, month, rises):
        sun = sun_position(minutes_of(datetime.date(2026, month, 21)), 47.99, 0.0)
        up = np.flatnonzero(sun.cos_zenith > 0)
        assert np.degrees(sun.azimuth[up[[0, -1]]]) == pytest.approx([rises, 360.0 - rises], abs=1.0)

    @pytest.mark.parametrize(("month", "day", "watts"), [(1, 3, 1408.0), (7, 4, 1317.0)])
    def test_sunshine_is_strongest_outside_the_atmosphere_when_the_earth_is_nearest(self, month, day, watts):
        sun = sun_position(minutes_of(datetime.date(2026, month, day)), 0.0, 0.0)
        assert sun.extraterrestrial.mean() == pytest.approx(watts, abs=4.0)

    @settings(deadline=None)
    @given(st.floats(0.0, 2.2e9), st.floats(-90.0, 90.0), st.floats(-180.0, 180.0))
    def test_the_sun_stands_somewhere_at_any_time_and_place(self, moment, latitude, longitude):
        sun = sun_position(np.array([moment]), latitude, longitude)
        assert abs(sun.cos_zenith[0]) <= 1.0 + 1e-9
        assert 0.0 <= sun.azimuth[0] <= 2 * np.pi
        assert 1310.0 < sun.extraterrestrial[0] < 1412.0


class TestClearSky:
    def test_nothing_shines_at_night(self, freiburg):
        night = freiburg.cos_zenith <= 0
        assert 0.45 < night.mean() < 0.55
        assert np.all(clear_sky(freiburg)[night] == 0)

    def test_more_comes_down_the_higher_the_sun_stands_and_less_than_above_the_atmosphere(self, freiburg):
        order = np.argsort(freiburg.cos_zenith)
        shining = clear_sky(freiburg)
        assert np.all(np.diff(shining[order]) >= 0)
        assert np.all(shining <= freiburg.extraterrestrial * np.maximum(freiburg.cos_zenith, 0.0))

    def test_a_clear_noon_in_june_has_nearly_a_kilowatt_per_square_metre(self, freiburg):
        assert clear_sky(freiburg).max() == pytest.approx(930.0, abs=40.0)


class TestPanels:
    @settings(deadline=None)
    @given(
        st.floats(0.1, 20.0), st.floats(0.0, 90.0), st.floats(0.0, 360.0), st.floats(-1.0, 1.0), st.floats(0.0, 1400.0)
    )
    def test_power_is_between_zero_and_the_rated_power_and_none_at_night(self, rated, tilt, azimuth, height, watts):
        sun = Sun(np.array([height]), np.array([np.pi]), np.array([1361.0]))
        (power,) = panel_power(Panel(rated, tilt, azimuth), sun, np.array([watts]))
        assert 0.0 <= power <= rated
        assert height > 0 or power == 0

    def test_a_flat_panel_gets_what_falls_on_the_ground(self, freiburg):
        shining = clear_sky(freiburg) * 0.5
        assert panel_power(Panel(2.0, 0.0, 180.0), freiburg, shining) == pytest.approx(2.0 * 0.86 * shining / 1000)

    def test_power_is_in_proportion_to_the_rated_power(self, freiburg):
        one, five = (panel_power(Panel(rated, 30.0, 180.0), freiburg, clear_sky(freiburg)) for rated in (1.0, 5.0))
        assert five == pytest.approx(5 * one)

    def test_no_light_is_no_power(self, freiburg):
        assert not panel_power(Panel(5.0, 30.0, 180.0), freiburg, np.zeros(len(freiburg.cos_zenith))).any()

    def test_panels_to_the_east_produce_in_the_morning_and_those_to_the_west_later(self):
        sun = sun_position(minutes_of(datetime.date(2026, 6, 15)), 47.99, 0.0)
        hours = np.arange(1440) / 60
        east, south, west = (
            float(np.average(hours, weights=panel_power(Panel(1.0, 45.0, azimuth), sun, clear_sky(sun))))
            for azimuth in (90.0, 180.0, 270.0)
        )
        assert east + 1 < south < west - 1
        assert south == pytest.approx(12.0, abs=0.1)

    def test_a_year_in_freiburg_yields_what_roofs_there_are_known_to(self, year, freiburg):
        """About 1,100 kWh per kW to the south at 30 degrees, from 1,150 kWh/m2 on the ground or a little more."""
        shining = clear_sky(freiburg) * np.mean(
            [draw_sky(year, np.random.default_rng(seed)).index for seed in (1, 2)], 0
        )
        assert 1050 < shining.sum() / 4 / 1000 < 1300
        yields = {
            (tilt, azimuth): panel_power(Panel(1.0, tilt, azimuth), freiburg, shining).sum() / 4
            for tilt, azimuth in [(30.0, 180.0), (30.0, 90.0), (30.0, 0.0), (0.0, 180.0), (90.0, 180.0)]
        }
        best = yields[30.0, 180.0]
        assert 950 < best < 1250
        assert max(yields.values()) == best
        assert 0.78 < yields[30.0, 90.0] / best < 0.92
        assert 0.82 < yields[0.0, 180.0] / best < 0.95
        assert 0.55 < yields[90.0, 180.0] / best < 0.80
        assert yields[30.0, 0.0] < yields[30.0, 90.0]

    def test_a_winter_month_yields_a_fraction_of_a_summer_month(self, year, freiburg):
        power = panel_power(Panel(1.0, 30.0, 180.0), freiburg, clear_sky(freiburg))
        assert power[year.month == 12].sum() < 0.6 * power[year.month == 6].sum()

    def test_under_clouds_it_matters_little_where_a_panel_faces(self):
        sun = sun_position(minutes_of(datetime.date(2026, 6, 15)), 47.99, 0.0)
        ratios = []
        for index in (0.15, 1.0):
            south, north = (
                panel_power(Panel(1.0, 45.0, azimuth), sun, clear_sky(sun) * index).sum() for azimuth in (180.0, 0.0)
            )
            ratios.append(north / south)
        assert ratios[0] > 0.9
        assert ratios[1] < 0.75
