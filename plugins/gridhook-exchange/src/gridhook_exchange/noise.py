"""Noise: what is random from one slot to the next, but not independent of it."""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Floats

__all__ = ["correlated_noise"]


def correlated_noise(count: int, persistence: float, rng: np.random.Generator) -> Floats:
    """Return a first-order autoregressive series with mean 0, standard deviation 1 and this lag-1 correlation."""
    shocks = rng.standard_normal(count) * np.sqrt(1 - persistence**2)
    series = np.empty(count)
    current = float(rng.standard_normal())
    for slot, shock in enumerate(shocks.tolist()):
        current = persistence * current + shock
        series[slot] = current
    return series
