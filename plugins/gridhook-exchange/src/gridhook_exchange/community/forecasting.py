"""The built-in forecast: what the exchange expects of an asset that nobody forecasts."""

from __future__ import annotations

import zlib

import numpy as np

from gridhook.arrays import Floats
from gridhook_exchange.noise import correlated_noise

__all__ = ["imperfect"]

_PERSISTENCE = 0.7
"""Share of a slot's error that is still there in the next one: forecasts err for hours, not for single slots."""


def imperfect(measured_kwh: Floats, error: float, seed: int, name: str) -> Floats:
    """Return ``measured_kwh`` with a multiplicative error: log-normal, mean 1, correlated from slot to slot.

    :param error: standard deviation of the logarithm, which for small errors is the relative error's.
    :param name: the asset's, so that its errors do not depend on what else there is.
    """
    rng = np.random.default_rng((seed, zlib.crc32(name.encode())))
    noise = correlated_noise(len(measured_kwh), _PERSISTENCE, rng)
    forecast: Floats = measured_kwh * np.exp(error * noise - error**2 / 2)
    return forecast
