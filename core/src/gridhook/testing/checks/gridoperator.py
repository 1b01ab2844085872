"""Checks of ``set_grid_fees``."""

from __future__ import annotations

from functools import partial

import attrs
import numpy as np

from gridhook.plugins.answers import check_fees
from gridhook.testing.asking import Question
from gridhook.testing.checks.asked import checks_of
from gridhook.testing.checks.cases import ALWAYS, MARKETS_MANY, Case
from gridhook.testing.situations import Situation, make_situation

__all__ = ["GRID_FEES"]


def _set_fees(situation: Situation) -> Question:
    markets = situation.markets
    arguments = {"markets": markets, "slot": situation.coming[0]}
    return Question("set_grid_fees", situation, arguments, partial(check_fees, rows=len(markets)), len(markets))


def _operating(markets: int) -> Situation:
    """Return a situation in which only the first markets are operated."""
    situation = make_situation()
    return attrs.evolve(situation, markets=situation.markets.take(np.arange(markets)))


_SIZES = (
    Case("empty table", lambda: [_operating(0)], "without rows, answer an empty array"),
    Case("single row", lambda: [_operating(1)], "answer one entry per row"),
)
_OTHERS = [case for case in ALWAYS if case.name not in [size.name for size in _SIZES]]

GRID_FEES = checks_of("set_grid_fees", _set_fees, (*_SIZES, *_OTHERS), MARKETS_MANY)
