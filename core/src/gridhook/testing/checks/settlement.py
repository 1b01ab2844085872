"""Checks of ``measure_energy`` and ``settle_deviations``."""

from __future__ import annotations

from functools import partial

from gridhook.plugins.answers import check_energies, check_offers
from gridhook.testing.asking import Question
from gridhook.testing.checks.asked import checks_of
from gridhook.testing.checks.cases import ALWAYS, ANY_RATES, METERED_MANY
from gridhook.testing.checks.forecasting import A_DAY
from gridhook.testing.situations import Situation

__all__ = ["SETTLEMENT"]


def _measure(situation: Situation) -> Question:
    assets, slots = situation.metered, situation.ended
    check = partial(check_energies, rows=len(assets), slots=len(slots))
    return Question("measure_energy", situation, {"assets": assets, "slots": slots}, check, len(assets))


def _settle(situation: Situation) -> Question:
    lots = situation.deviations
    arguments = {"deviations": lots, "market": situation.market}
    return Question("settle_deviations", situation, arguments, partial(check_offers, lots=lots), len(lots))


SETTLEMENT = (
    *checks_of("measure_energy", _measure, (*ALWAYS, A_DAY), METERED_MANY),
    *checks_of("settle_deviations", _settle, (*ALWAYS, *ANY_RATES), METERED_MANY),
)
