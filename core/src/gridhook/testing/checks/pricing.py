"""Checks of ``price_energy`` and ``adjust_rates``."""

from __future__ import annotations

from functools import partial

from gridhook.plugins.answers import check_offers, check_rates
from gridhook.testing.asking import Question
from gridhook.testing.checks.asked import checks_of
from gridhook.testing.checks.cases import ALWAYS, ANY_RATES, MANY, ON_BOTH_SIDES
from gridhook.testing.checks.orders import SEVERAL_ORDERS
from gridhook.testing.situations import Situation

__all__ = ["PRICING"]


def _price(situation: Situation) -> Question:
    lots = situation.lots
    arguments = {"lots": lots, "market": situation.market}
    return Question("price_energy", situation, arguments, partial(check_offers, lots=lots), len(lots))


def _adjust(situation: Situation) -> Question:
    lots = situation.lots
    arguments = {"rates": situation.rates, "lots": lots, "market": situation.market}
    return Question("adjust_rates", situation, arguments, partial(check_rates, rows=len(lots)), len(lots))


PRICING = (
    *checks_of("price_energy", _price, (*ALWAYS, ON_BOTH_SIDES, *ANY_RATES), MANY),
    *checks_of("adjust_rates", _adjust, (*ALWAYS, ON_BOTH_SIDES, *ANY_RATES, SEVERAL_ORDERS), MANY),
)
