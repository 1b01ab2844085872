"""Checking answers: what a plugin returned becomes a typed value, or an error that says what it is instead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gridhook.arrays import Floats, sums
from gridhook.claims import Claim
from gridhook.lots import Lots
from gridhook.orders import HOLD, Energies, Orders, Rates, Requirement, Requirements
from gridhook.plugins.guard import WrongAnswerError

__all__ = ["check_claim", "check_energies", "check_fees", "check_offers", "check_rates", "check_requirements"]

_ROUNDING = 1e-9


def check_rates(answer: object, rows: int, highest: float = math.inf) -> Rates:
    """Return an answer as float64 (rows,): finite and not above ``highest``, ``HOLD`` or NaN."""
    rates = _numbers(answer, (rows,), "one rate per lot", "; @per_lot takes a rule for one lot")
    if np.any(np.isneginf(rates)):
        msg = "a rate is -inf; HOLD (inf) is what holds a lot"
        raise WrongAnswerError(msg)
    _check_highest(rates, highest)
    return rates


def check_offers(answer: object, lots: Lots, highest: float = math.inf) -> Orders | Rates:
    """Return an answer to ``price_energy`` or ``settle_deviations``: rates, or orders within the lots' energy."""
    if not isinstance(answer, Orders):
        return check_rates(answer, len(lots), highest)
    if len(answer) and not (answer.lot.min() >= 0 and answer.lot.max() < len(lots)):
        msg = f"orders name lots from {answer.lot.min()} to {answer.lot.max()}, and there are {len(lots)}"
        raise WrongAnswerError(msg)
    if not np.all(np.isfinite(answer.rate) | (answer.rate == HOLD)):
        msg = "orders have rates that are neither finite nor HOLD"
        raise WrongAnswerError(msg)
    _check_highest(answer.rate, highest)
    placed = answer.rate != HOLD
    if not np.all(np.isfinite(answer.energy_kwh[placed]) & (answer.energy_kwh[placed] > 0)):
        msg = "orders have energies that are not above zero"
        raise WrongAnswerError(msg)
    held = np.bincount(answer.lot[~placed], minlength=len(lots)) > 0
    if np.any(held & (np.bincount(answer.lot, minlength=len(lots)) > 1)):
        msg = "a lot is both held and ordered"
        raise WrongAnswerError(msg)
    together = sums(answer.lot[placed], answer.energy_kwh[placed], len(lots))
    over = together > lots.energy_kwh * (1 + _ROUNDING) + _ROUNDING
    if np.any(over):
        first = int(np.flatnonzero(over)[0])
        msg = f"orders for {lots.path[first]!r} come to {together[first]:.6g} of {lots.energy_kwh[first]:.6g} kWh"
        raise WrongAnswerError(msg)
    return answer


def check_energies(answer: object, rows: int, slots: int) -> Energies:
    """Return an answer as float64 (rows, slots): kWh >= 0 or NaN."""
    energies = _numbers(answer, (rows, slots), "kWh per asset and slot")
    if np.any(np.isinf(energies) | (energies < 0)):
        worst = energies[np.isinf(energies) | (energies < 0)][0]
        msg = f"an energy is {worst:.6g} kWh; energies are finite and not below zero"
        raise WrongAnswerError(msg)
    return energies


def check_fees(answer: object, rows: int) -> Rates:
    """Return an answer as float64 (rows,): fees >= 0 or NaN."""
    fees = _numbers(answer, (rows,), "one fee per market")
    if np.any(np.isinf(fees) | (fees < 0)):
        msg = "a grid fee is infinite or below zero"
        raise WrongAnswerError(msg)
    return fees


def check_requirements(answer: object, rows: int) -> Requirements:
    """Return an answer with the rows that have an empty list of alternatives dropped: they are free to trade."""
    if not isinstance(answer, Requirements):
        msg = f"has to answer Requirements, not {type(answer).__name__}"
        raise WrongAnswerError(msg)
    named = {*answer.alternatives, *answer.held, *answer.energy_types, *answer.waivable}
    if not all(0 <= row < rows for row in named):
        msg = f"names rows that do not exist; there are {rows}"
        raise WrongAnswerError(msg)
    for alternatives in {id(its): its for its in answer.alternatives.values()}.values():  # rows often share theirs
        for one in alternatives:
            _check_requirement(one)
    if not all(isinstance(energy_type, str) for energy_type in answer.energy_types.values()):
        msg = "energy_types are texts"
        raise WrongAnswerError(msg)
    some = {row: tuple(alternatives) for row, alternatives in answer.alternatives.items() if alternatives}
    return Requirements(some, frozenset(answer.held), dict(answer.energy_types), frozenset(answer.waivable))


def check_claim(answer: object) -> Claim:
    """Return an answer that is a claim."""
    if not isinstance(answer, Claim):
        msg = f"has to answer a Claim, not {type(answer).__name__}"
        raise WrongAnswerError(msg)
    for part in (answer.names, answer.kinds, answer.globs, answer.ids, answer.exclude):
        if not all(isinstance(text, str) for text in part):
            msg = f"a claim consists of texts, not {part!r}"
            raise WrongAnswerError(msg)
    return answer


def _check_highest(rates: Rates, highest: float) -> None:
    absurd = (rates > highest) & (rates != HOLD)
    if np.any(absurd):
        msg = (
            f"a rate is {rates[absurd].max():.6g} cents/kWh, above the highest that [guard] allows "
            f"(highest_rate = {highest:g})"
        )
        raise WrongAnswerError(msg)


def _check_requirement(one: object) -> None:
    if not isinstance(one, Requirement):
        msg = "alternatives are a tuple of Requirement per row"
        raise WrongAnswerError(msg)
    texts: tuple[Any, ...] = (one.partners, one.energy_types)
    for names in texts:
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            msg = f"partners and energy_types of a requirement are tuples of texts, not {names!r}"
            raise WrongAnswerError(msg)
    amounts: tuple[Any, ...] = (one.energy_kwh, one.rate)
    for amount in amounts:
        if amount is not None and not (isinstance(amount, float | int | np.number) and math.isfinite(amount)):
            msg = f"energy_kwh and rate of a requirement are finite numbers or None, not {amount!r}"
            raise WrongAnswerError(msg)


def _numbers(answer: object, shape: tuple[int, ...], what: str, instead: str = "") -> Floats:
    if isinstance(answer, Iterator):
        msg = f"has to answer float64 {shape}, {what}, not a {type(answer).__name__}; return, do not yield"
        raise WrongAnswerError(msg)
    try:
        array = np.asarray(answer)
    except (ValueError, TypeError) as error:
        msg = f"has to answer float64 {shape}, {what}: {error}"
        raise WrongAnswerError(msg) from error
    if isinstance(answer, float | int | np.number):
        msg = f"has to answer float64 {shape}, {what}, not the number {array.item()}{instead}"
        raise WrongAnswerError(msg)
    if array.shape != shape:
        msg = f"has to answer float64 {shape}, {what}, not an array of shape {array.shape}"
        raise WrongAnswerError(msg)
    if array.dtype.kind not in "fiuO":
        msg = f"has to answer float64 {shape}, {what}, not {array.dtype}"
        raise WrongAnswerError(msg)
    try:
        return array.astype(np.float64)
    except (ValueError, TypeError) as error:
        msg = f"has to answer float64 {shape}, {what}: {error}"
        raise WrongAnswerError(msg) from error
