"""The case of hooks that are asked about orders: a lot with several appears several times."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import floats
from gridhook.testing.checks.cases import Case
from gridhook.testing.situations import Situation, make_situation

__all__ = ["SEVERAL_ORDERS"]


def _ladder() -> Situation:
    once = make_situation()
    lots = once.lots.take(np.arange(3 * len(once.lots)) // 3)
    return attrs.evolve(once, lots=lots, rates=floats(np.linspace(10.0, 20.0, len(lots))))


SEVERAL_ORDERS = Case(
    "several orders of a lot", lambda: [_ladder()], "there is one row per order, and an asset may have several"
)
