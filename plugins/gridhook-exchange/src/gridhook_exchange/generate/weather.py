"""The weather: how much of the clear sky's irradiance comes through, as a simple model of clouds.

Each day is clear, mixed or overcast, and often the next one is the same. Within a day the clear-sky index wanders
around the day's mean, the more the more mixed it is. All homes of a community lie under the same sky, but a cloud does
not reach them all in the same minute.
"""

from __future__ import annotations

import math

import attrs
import numpy as np

from gridhook.arrays import Floats
from gridhook_exchange.generate.calendar import Calendar
from gridhook_exchange.noise import correlated_noise

__all__ = ["Sky", "draw_sky", "local_sky"]


@attrs.frozen
class _Kind:
    mean: float
    spread: float
    summer: float
    winter: float


_KINDS = (
    _Kind(mean=0.95, spread=0.03, summer=0.40, winter=0.25),
    _Kind(mean=0.65, spread=0.22, summer=0.40, winter=0.40),
    _Kind(mean=0.30, spread=0.08, summer=0.20, winter=0.35),
)
"""Clear, mixed and overcast days: mean and standard deviation of the clear-sky index, and how common they are."""

_SAME_AS_YESTERDAY = 0.3
_PERSISTENCE = 0.94
"""Correlation of the index's departure from the day's mean, from one quarter of an hour to the next."""
_LOCAL_SPREAD = 0.04


@attrs.frozen(eq=False)
class Sky:
    """The clear-sky index per slot, and how much it varies there."""

    index: Floats
    spread: Floats


def draw_sky(calendar: Calendar, rng: np.random.Generator) -> Sky:
    """Draw the sky over a community."""
    mean, spread = np.empty(len(calendar)), np.empty(len(calendar))
    yesterday: _Kind | None = None
    day: object = None
    kind = _KINDS[0]
    for slot, start in enumerate(calendar.start):
        if start.date() != day:
            day = start.date()
            if yesterday is None or rng.random() > _SAME_AS_YESTERDAY:
                summer = (1 - math.cos(2 * math.pi * start.timetuple().tm_yday / 365)) / 2
                chances = [one.summer * summer + one.winter * (1 - summer) for one in _KINDS]
                kind = _KINDS[int(rng.choice(len(_KINDS), p=np.array(chances) / sum(chances)))]
            yesterday = kind
        mean[slot], spread[slot] = kind.mean, kind.spread
    return Sky(np.clip(mean + spread * correlated_noise(len(calendar), _PERSISTENCE, rng), 0.05, 1.05), spread)


def local_sky(sky: Sky, rng: np.random.Generator) -> Floats:
    """Return the clear-sky index over one home."""
    own = 1 + _LOCAL_SPREAD * sky.spread / max(float(sky.spread.max()), 1e-9) * correlated_noise(
        len(sky.index), _PERSISTENCE, rng
    )
    return np.clip(sky.index * own, 0.05, 1.05)
