from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.community.forecasting import imperfect

CURVE = np.linspace(0.1, 2.0, 96)


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 100.0), max_size=20), st.floats(0.0, 2.0), st.integers(0, 100))
def test_a_forecast_is_never_below_zero_and_zero_where_there_is_nothing(measured, error, seed):
    forecast = imperfect(np.array(measured), error, seed, "PV")
    assert forecast.shape == (len(measured),)
    assert np.all(np.isfinite(forecast))
    assert np.all(forecast >= 0)
    assert np.all(forecast[np.array(measured) == 0] == 0)


def test_a_forecast_without_error_is_perfect():
    assert imperfect(CURVE, 0.0, 1, "Load").tolist() == CURVE.tolist()


@pytest.mark.parametrize("error", [0.05, 0.3])
def test_a_forecast_errs_as_much_as_it_is_told_and_is_right_on_average(error):
    relative = imperfect(np.ones(100_000), error, 1, "Load")
    assert relative.mean() == pytest.approx(1.0, abs=0.02)
    assert np.log(relative).std() == pytest.approx(error, rel=0.05)


def test_errors_last_for_hours_and_not_for_single_slots():
    error = np.log(imperfect(np.ones(50_000), 0.1, 1, "Load"))
    assert np.corrcoef(error[1:], error[:-1])[0, 1] == pytest.approx(0.7, abs=0.02)


def test_a_forecast_depends_on_seed_and_name_and_on_nothing_else():
    forecast = imperfect(CURVE, 0.1, 1, "Load")
    assert forecast.tolist() == imperfect(CURVE, 0.1, 1, "Load").tolist()
    for other in (imperfect(CURVE, 0.1, 2, "Load"), imperfect(CURVE, 0.1, 1, "Load 2")):
        assert not np.any(np.isclose(forecast, other))
