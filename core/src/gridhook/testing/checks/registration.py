"""Checks of ``claim_assets``."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.agent.slots import no_assets
from gridhook.assets import ASSET_KINDS
from gridhook.claims import Claim
from gridhook.grid import MARKET, Grid, Tree
from gridhook.plugins.answers import check_claim
from gridhook.plugins.guard import WrongAnswerError
from gridhook.testing.asking import Question
from gridhook.testing.checks.asked import checks_of
from gridhook.testing.checks.cases import ALWAYS, METERED_MANY, Case
from gridhook.testing.situations import Situation, make_situation

__all__ = ["REGISTRATION"]

_KINDS = (*ASSET_KINDS, MARKET)


def _claim(situation: Situation) -> Question:
    """Ask with a grid as it is before anything is owned: the areas and nothing else."""
    tree = situation.market.grid.tree
    unknown = np.full(len(tree), np.nan)
    return Question("claim_assets", situation, {"grid": Grid(tree, unknown, unknown, no_assets())}, _known, len(tree))


def _known(answer: object) -> Claim:
    """Return a claim of kinds that there are."""
    claim = check_claim(answer)
    unknown = [kind for kind in claim.kinds if kind not in _KINDS]
    if unknown:
        msg = f"claims the kind {unknown[0]!r}, and there are {', '.join(_KINDS)}"
        raise WrongAnswerError(msg)
    return claim


def _nothing() -> Situation:
    """Return the situation where an exchange lists no area."""
    situation = make_situation(())
    tree = Tree((), (), (), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_))
    grid = attrs.evolve(situation.market.grid, tree=tree, current_market_fee=[], last_market_fee=[])
    return attrs.evolve(situation, market=attrs.evolve(situation.market, grid=grid))


_UNLISTED = Case(
    "empty table", lambda: [_nothing()], "some exchanges list no areas: grid.tree is empty; claim by names then"
)

_LISTED = [case for case in ALWAYS if case.name in ("single row", "every kind of asset")]

REGISTRATION = checks_of("claim_assets", _claim, (_UNLISTED, *_LISTED), METERED_MANY)
