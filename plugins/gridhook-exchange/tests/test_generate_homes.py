from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.generate.calendar import build_calendar
from gridhook_exchange.generate.homes import Home, draw_homes, forecast_load, simulate_home
from gridhook_exchange.generate.households import Household
from gridhook_exchange.generate.sun import Panel, clear_sky, panel_power, sun_position
from gridhook_exchange.generate.weather import Sky, draw_sky

DAYS = build_calendar(datetime.date(2026, 6, 15), 3, ZoneInfo("Europe/Berlin"))
SUN = sun_position(DAYS.utc_seconds, 47.99, 7.85)
SKY = draw_sky(DAYS, np.random.default_rng(1))
HOUSEHOLD = Household(annual_kwh=3000.0, shift_quarters=0, at_home=0.3, contrast=1.0, restlessness=0.2)
ROOF = Home("Home 1", HOUSEHOLD, Panel(6.0, 30.0, 180.0), None)
CURVES = st.lists(st.floats(0.01, 10.0), min_size=3, max_size=12)


def simulate(home: Home = ROOF, sky: Sky = SKY, seed: int = 1):
    return simulate_home(home, DAYS, SUN, sky, np.random.default_rng(seed))


class TestDrawing:
    @settings(deadline=None)
    @given(
        st.integers(2, 30).flatmap(lambda count: st.tuples(st.just(count), *[st.integers(0, count)] * 2)),
        st.integers(0, 99),
    )
    def test_as_many_homes_have_panels_and_batteries_as_are_asked_for(self, wishes, seed):
        count, panels, batteries = wishes
        homes = draw_homes(count, panels, batteries, np.random.default_rng(seed))
        assert len({home.name for home in homes}) == len(homes) == count
        assert [home.name for home in homes] == sorted(home.name for home in homes)
        with_panel = {home.name for home in homes if home.panel}
        with_battery = {home.name for home in homes if home.battery}
        assert (len(with_panel), len(with_battery)) == (panels, batteries)
        assert with_battery <= with_panel or with_panel <= with_battery
        assert homes == draw_homes(count, panels, batteries, np.random.default_rng(seed))

    def test_panels_are_scattered_and_differ_as_households_do(self):
        homes = draw_homes(40, 20, 10, np.random.default_rng(1))
        assert 5 < len([home for home in homes[:20] if home.panel]) < 15
        assert len({home.panel for home in homes if home.panel}) == 20
        assert len({home.household for home in homes}) == 40

    def test_panels_and_batteries_are_of_the_size_that_homes_have(self):
        homes = draw_homes(300, 300, 300, np.random.default_rng(1))
        assert all(4.0 <= home.panel.rated_kw <= 10.0 for home in homes)
        assert all(15.0 <= home.panel.tilt <= 45.0 for home in homes)
        assert np.mean([home.panel.azimuth for home in homes]) == pytest.approx(180.0, abs=10.0)
        assert all(5.0 <= home.battery.capacity_kwh <= 12.0 for home in homes)
        assert all(home.battery.power_kw == pytest.approx(home.battery.capacity_kwh / 2, abs=0.06) for home in homes)


class TestCurves:
    def test_a_home_without_a_panel_has_no_pv(self):
        curves = simulate(attrs.evolve(ROOF, panel=None))
        assert curves.pv is None
        assert curves.pv_forecast is None
        assert curves.load.tolist() == simulate().load.tolist()

    def test_curves_are_energies_of_quarters_of_an_hour(self):
        curves = simulate()
        assert all(curve.shape == (len(DAYS),) for curve in attrs.astuple(curves, recurse=False))
        assert 0.2 < curves.load.sum() / (3000.0 * 3 / 365) < 2.0
        assert 6.0 * 0.25 / 2 < curves.pv.max() <= 6.0 * 0.25

    def test_panels_produce_by_day_only_and_no_more_than_under_a_clear_sky(self):
        curves = simulate()
        clear = panel_power(ROOF.panel, SUN, clear_sky(SUN) * 1.05) * 0.25
        for curve in (curves.pv, curves.pv_forecast):
            assert not curve[SUN.cos_zenith <= 0].any()
            assert curve.any()
            assert np.all(curve <= np.maximum(clear * 1.3, 6.0 * 0.25))
            assert curve.sum() < clear.sum()

    def test_the_same_seed_gives_the_same_curves_and_another_one_others(self):
        one, again, other = (simulate(seed=seed) for seed in (1, 1, 2))
        for name in ("load", "load_forecast", "pv", "pv_forecast"):
            assert getattr(one, name).tobytes() == getattr(again, name).tobytes()
            assert getattr(one, name).tobytes() != getattr(other, name).tobytes()


class TestForecasts:
    def test_forecasts_err_but_say_more_than_the_mean_does(self):
        curves = simulate()
        for measured, forecast in ((curves.load, curves.load_forecast), (curves.pv, curves.pv_forecast)):
            wape = np.abs(forecast - measured).sum() / measured.sum()
            assert 0.03 < wape < 0.6
            assert np.abs(forecast - measured).sum() < np.abs(measured - measured.mean()).sum()

    @settings(deadline=None)
    @given(CURVES, st.data())
    def test_a_load_forecast_knows_what_was_measured_two_slots_ago_and_nothing_later(self, usual, data):
        measured = data.draw(st.lists(st.floats(0.0, 20.0), min_size=len(usual), max_size=len(usual)))
        slot = data.draw(st.integers(0, len(usual) - 1))
        other = [*measured[:slot], *(value + 1.0 for value in measured[slot:])]
        one, changed = (forecast_load(np.array(curve), np.array(usual)) for curve in (measured, other))
        assert np.all(one >= 0)
        assert one[: slot + 2].tolist() == changed[: slot + 2].tolist()

    def test_a_home_that_departs_from_its_habits_is_expected_to_go_on_for_the_most_part(self):
        usual = np.full(5, 0.2)
        forecast = forecast_load(np.array([0.3, 0.0, 2.0, 0.2, 0.2]), usual)
        assert forecast == pytest.approx([0.2, 0.2, 0.2 * 1.35, 0.2 * 0.3, 0.2 * 1.7])

    @pytest.mark.parametrize("slot", [60, 150])
    def test_a_pv_forecast_knows_the_sun_and_the_clouds_of_two_slots_ago(self, slot):
        index = SKY.index.copy()
        index[slot:] = 0.05
        one, changed = (simulate(sky=sky).pv_forecast for sky in (SKY, attrs.evolve(SKY, index=index)))
        assert one[: slot + 2].tolist() == changed[: slot + 2].tolist()
        assert one[slot + 2 : slot + 6].sum() > changed[slot + 2 : slot + 6].sum()

    def test_under_a_steady_sky_the_pv_forecast_is_right_after_two_slots(self):
        curves = simulate(sky=Sky(np.full(len(DAYS), 0.5), np.zeros(len(DAYS))))
        assert curves.pv_forecast[2:].tolist() == curves.pv[2:].tolist()
