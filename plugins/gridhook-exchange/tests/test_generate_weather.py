from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.generate.calendar import build_calendar
from gridhook_exchange.generate.weather import Sky, draw_sky, local_sky

WEEK = build_calendar(datetime.date(2026, 6, 15), 7, ZoneInfo("Europe/Berlin"))
SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def years():
    """Ten years of weather, drawn for one calendar."""
    calendar = build_calendar(datetime.date(2026, 1, 1), 365, ZoneInfo("Europe/Berlin"))
    return calendar, [draw_sky(calendar, np.random.default_rng(seed)) for seed in range(10)]


@settings(deadline=None)
@given(SEEDS)
def test_the_same_seed_gives_the_same_sky_and_another_one_another(seed):
    sky, again, other = (draw_sky(WEEK, np.random.default_rng(one)) for one in (seed, seed, seed + 1))
    assert sky.index.tolist() == again.index.tolist()
    assert sky.spread.tolist() == again.spread.tolist()
    assert sky.index.tolist() != other.index.tolist()


@settings(deadline=None)
@given(SEEDS)
def test_clouds_let_some_light_through_and_add_little_to_it(seed):
    rng = np.random.default_rng(seed)
    sky = draw_sky(WEEK, rng)
    for index in (sky.index, local_sky(sky, rng)):
        assert index.shape == (len(WEEK),)
        assert index.min() >= 0.05
        assert index.max() <= 1.05


def test_weather_lasts_for_hours_and_is_forgotten_after_days(years):
    _, skies = years
    near, far = (
        np.mean([np.corrcoef(sky.index[lag:], sky.index[:-lag])[0, 1] for sky in skies]) for lag in (1, 5 * 96)
    )
    assert near > 0.95
    assert abs(far) < 0.15


def test_each_local_day_is_of_one_kind_and_days_differ(years):
    calendar, skies = years
    days = np.array([start.date().toordinal() for start in calendar.start])
    changes = np.flatnonzero(np.diff(skies[0].spread)) + 1
    assert len(changes) > 100
    assert np.all(days[changes] != days[changes - 1])
    assert len(set(skies[0].spread.tolist())) == 3


def test_clear_mixed_and_overcast_days_look_like_it(years):
    _, skies = years
    index, spread = np.concatenate([sky.index for sky in skies]), np.concatenate([sky.spread for sky in skies])
    clear, overcast, mixed = (index[spread == kind] for kind in sorted(set(spread.tolist())))
    assert clear.mean() > 0.9
    assert 0.5 < mixed.mean() < 0.75
    assert overcast.mean() < 0.35
    assert mixed.std() > 2 * max(clear.std(), overcast.std())


def test_the_next_day_is_more_often_of_the_same_kind_than_by_chance(years):
    _, skies = years
    noons = np.array([sky.spread[48::96][:364] for sky in skies])
    chance = sum((noons == kind).mean() ** 2 for kind in set(noons.ravel().tolist()))
    assert (noons[:, 1:] == noons[:, :-1]).mean() > chance + 0.1


def test_summers_are_clearer_than_winters(years):
    calendar, skies = years
    mean = np.mean([sky.index for sky in skies], axis=0)
    summer, winter = np.isin(calendar.month, [5, 6, 7, 8]), np.isin(calendar.month, [11, 12, 1, 2])
    assert 0.65 < mean[summer].mean() < 0.80
    assert 0.50 < mean[winter].mean() < mean[summer].mean() - 0.05


def test_homes_lie_under_one_sky_with_clouds_of_their_own():
    rng = np.random.default_rng(2)
    sky = draw_sky(WEEK, rng)
    one, other = local_sky(sky, rng), local_sky(sky, rng)
    assert np.mean(one != other) > 0.9
    for index in (one, other):
        assert np.corrcoef(index, sky.index)[0, 1] > 0.95
        assert index.mean() == pytest.approx(sky.index.mean(), rel=0.05)


def test_a_sky_without_clouds_is_the_same_everywhere():
    even = Sky(np.full(96, 0.9), np.zeros(96))
    assert local_sky(even, np.random.default_rng(1)).tolist() == even.index.tolist()
