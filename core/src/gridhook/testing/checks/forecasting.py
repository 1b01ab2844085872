"""Checks of ``forecast_energy``."""

from __future__ import annotations

from functools import partial

from gridhook.plugins.answers import check_energies
from gridhook.testing.asking import Question
from gridhook.testing.checks.asked import checks_of
from gridhook.testing.checks.cases import ALWAYS, METERED_MANY, Case
from gridhook.testing.situations import Situation, make_situation

__all__ = ["A_DAY", "FORECASTING"]

A_DAY = Case("96 slots", lambda: [make_situation(slots=96)], "answer one column per slot")


def _forecast(situation: Situation) -> Question:
    assets, slots = situation.metered, situation.coming
    check = partial(check_energies, rows=len(assets), slots=len(slots))
    return Question("forecast_energy", situation, {"assets": assets, "slots": slots}, check, len(assets))


FORECASTING = checks_of("forecast_energy", _forecast, (*ALWAYS, A_DAY), METERED_MANY)
