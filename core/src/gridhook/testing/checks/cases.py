"""Cases: the situations in which every hook is asked, and what to do where one is too much for a plugin."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs

from gridhook.assets import LOAD, PV, STORAGE
from gridhook.testing.situations import Situation, make_situation

__all__ = ["ALWAYS", "ANY_RATES", "MANY", "MARKETS_MANY", "METERED_MANY", "ON_BOTH_SIDES", "Case", "moments"]

_LITTLE_KWH = 3e-5
"""Just more than the energies that the agent takes for nothing (PROTOCOL.md 0.4), and asks nobody about."""

_HUGE_KWH = 1e12
_ALMOST_OVER = 0.999
_NAN = (math.nan, math.nan)


@attrs.frozen
class Case:
    """A kind of situation.

    ``name``
        in a few words.
    ``situations``
        makes them.
    ``remedy``
        what to do where a plugin cannot cope.
    """

    name: str
    situations: Callable[[], list[Situation]]
    remedy: str = ""


ALWAYS = (
    Case("empty table", lambda: [make_situation(())], "without rows, answer an empty array"),
    Case("single row", lambda: [make_situation([kind], slots=1) for kind in (LOAD, PV)], "answer one entry per row"),
    Case("every kind of asset", lambda: [make_situation(homes=3)], "answer NaN for what the plugin is not for"),
    Case(
        "extreme energies",
        lambda: [make_situation(kwh=kwh) for kwh in (_LITTLE_KWH, _HUGE_KWH)],
        "energies may be next to nothing, or huge",
    ),
    Case(
        "unreported columns",
        lambda: [make_situation(is_sparse=True)],
        "what an exchange does not report is NaN, and last_market_stats is None",
    ),
)
"""For every hook."""

ON_BOTH_SIDES = Case(
    "storage on both sides",
    lambda: [make_situation([STORAGE])],
    "a storage is two rows, one per side; look at lot.side",
)

ANY_RATES = (
    Case(
        "unknown rates",
        lambda: [make_situation(rates=_NAN), make_situation(rates=(math.nan, 30.0))],
        "rates are NaN until the exchange tells them; answer NaN for what cannot be decided then",
    ),
    Case(
        "negative rates",
        lambda: [make_situation(rates=rates) for rates in ((-5.0, -1.0), (30.0, 8.0), (0.0, 0.0))],
        "market rates may be negative, equal, or the wrong way round",
    ),
    Case(
        "beginning and end of a slot",
        lambda: [make_situation(progress=progress) for progress in (0.0, _ALMOST_OVER)],
        "0 <= market.progress < 1",
    ),
)
"""For hooks that see the market."""

MANY = Case("10,000 rows", lambda: [make_situation([LOAD, PV, STORAGE], 2_500, slots=1)], "use numpy columns")
METERED_MANY = Case("10,000 rows", lambda: [make_situation([LOAD, PV], 5_000, slots=1)], "use numpy columns")
MARKETS_MANY = Case("10,000 rows", lambda: [make_situation((), 9_999)], "use numpy columns")


def moments() -> list[Situation]:
    """Return what is seen one after the other: a slot's beginning twice, its middle, and the next slot."""
    first = make_situation(homes=2)
    following = first.market.slot + first.market.slot_length
    return [first, first, make_situation(homes=2, progress=0.5), make_situation(homes=2, slot=following)]
