from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.noise import correlated_noise


@pytest.mark.parametrize("persistence", [0.0, 0.7, 0.94])
def test_noise_has_mean_0_deviation_1_and_the_correlation_that_is_asked_for(persistence):
    noise = correlated_noise(100_000, persistence, np.random.default_rng(1))
    assert noise.mean() == pytest.approx(0.0, abs=0.05)
    assert noise.std() == pytest.approx(1.0, abs=0.03)
    for lag in (1, 2, 5):
        assert np.corrcoef(noise[lag:], noise[:-lag])[0, 1] == pytest.approx(persistence**lag, abs=0.02)


def test_noise_does_not_begin_calmer_than_it_goes_on():
    rng = np.random.default_rng(1)
    first = np.array([correlated_noise(1, 0.94, rng)[0] for _ in range(4000)])
    assert first.std() == pytest.approx(1.0, abs=0.05)


@settings(deadline=None)
@given(st.integers(0, 50), st.floats(0.0, 1.0), st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_noise(count, persistence, seed):
    noise, again = (correlated_noise(count, persistence, np.random.default_rng(seed)) for _ in range(2))
    assert noise.shape == (count,)
    assert np.all(np.isfinite(noise))
    assert noise.tolist() == again.tolist()
    assert (
        count == 0 or noise.tolist() != correlated_noise(count, persistence, np.random.default_rng(seed + 1)).tolist()
    )
