"""Checks of ``require``."""

from __future__ import annotations

from functools import partial
from typing import Any

from gridhook.orders import Requirements
from gridhook.plugins.answers import check_requirements
from gridhook.testing.asking import Question
from gridhook.testing.checks.asked import checks_of
from gridhook.testing.checks.cases import ALWAYS, ANY_RATES, MANY, ON_BOTH_SIDES
from gridhook.testing.checks.orders import SEVERAL_ORDERS
from gridhook.testing.conformance import NonconformingError
from gridhook.testing.situations import Situation

__all__ = ["REQUIREMENTS"]


def _require(situation: Situation) -> Question:
    lots = situation.lots
    arguments = {"lots": lots, "rates": situation.rates, "market": situation.market}
    check = partial(_combined, rows=len(lots), sides=lots.side.tolist())
    return Question("require", situation, arguments, check, len(lots))


def _combined(answer: object, rows: int, sides: list[str]) -> Requirements:
    """Return an answer after it was combined with others', as the agent does."""
    return Requirements().both(check_requirements(answer, rows), sides)


def _names_ids(question: Question, value: Any) -> None:  # noqa: ANN401 - checked Requirements, or None
    """Refuse partners that are named: they are meant by their ids, and a name is nobody's."""
    if value is None:
        return
    tree = question.situation.market.grid.tree
    for row, alternatives in value.alternatives.items():
        named = [name for one in alternatives for name in one.partners if name in (*tree.names, *tree.paths)]
        if named:
            msg = (
                f"row {row} has the partner {named[0]!r}, which is a name; partners are ids: market.grid.tree has them"
            )
            raise NonconformingError(msg)


REQUIREMENTS = checks_of(
    "require", _require, (*ALWAYS, ON_BOTH_SIDES, *ANY_RATES, SEVERAL_ORDERS), MANY, look=_names_ids
)
