"""``@per_lot``: write a rule for one lot, publish a hook for the whole table."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from gridhook.orders import HOLD, Requirement, Requirements

if TYPE_CHECKING:
    from gridhook.lots import Lots
    from gridhook.market import Market
    from gridhook.orders import Rates

__all__ = ["per_lot"]

_Rule = Callable[..., Any]
_Call = Callable[..., list[Any]]


def per_lot(rule: _Rule) -> _Rule:
    """Lift a rule for one lot to the hook of the same name.

    ========================  ===============================  ================================================
    hook                      arguments of the rule            answer of the rule
    ========================  ===============================  ================================================
    ``price_energy``          ``lot, market``                  rate, ``HOLD``, or None: not my decision
    ``settle_deviations``     ``deviation, market``            the same
    ``adjust_rates``          ``rate, lot, market``            rate, ``HOLD``, or None: as it is
    ``require``               ``lot, rate, market``            requirement(s), ``HOLD``, or None: free to trade
    ========================  ===============================  ================================================

    A rule may take fewer arguments, and may be a function or a method. Rows carry plain Python floats. The result has
    the signature of the specification, so ``@hookimpl`` goes on top of it; its attribute ``rule`` is the rule.

    :raises TypeError: the rule has another name, or arguments that its hook does not offer.
    """
    if rule.__name__ not in _LIFTS:
        msg = f"@per_lot lifts {', '.join(_LIFTS)}, not {rule.__name__!r}"
        raise TypeError(msg)
    offered, lift = _LIFTS[rule.__name__]
    parameters = list(inspect.signature(rule).parameters)
    is_method = parameters[:1] == ["self"]
    taken = parameters[1:] if is_method else parameters
    unknown = [name for name in taken if name not in offered]
    if unknown:
        msg = f"@per_lot: {rule.__name__}({', '.join(offered)}) does not offer {', '.join(unknown)}"
        raise TypeError(msg)
    chosen = [offered.index(name) for name in taken]

    def call(owner: object, *columns: list[Any]) -> list[Any]:
        bound = rule if owner is None else rule.__get__(owner)
        if not chosen:
            return [bound() for _ in columns[0]]
        return list(map(bound, *(columns[position] for position in chosen)))

    function, method = lift(call)
    lifted = method if is_method else function
    # No __wrapped__: pluggy would follow it and read the rule's argument names instead of the specification's.
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(lifted, name, getattr(rule, name))
    vars(lifted)["rule"] = rule
    return lifted


def _lift_price_energy(call: _Call) -> tuple[_Rule, _Rule]:
    def function(lots: Lots, market: Market) -> Rates:
        return _rates(call(None, list(lots), [market] * len(lots)))

    def method(self: object, lots: Lots, market: Market) -> Rates:
        return _rates(call(self, list(lots), [market] * len(lots)))

    return function, method


def _lift_settle_deviations(call: _Call) -> tuple[_Rule, _Rule]:
    def function(deviations: Lots, market: Market) -> Rates:
        return _rates(call(None, list(deviations), [market] * len(deviations)))

    def method(self: object, deviations: Lots, market: Market) -> Rates:
        return _rates(call(self, list(deviations), [market] * len(deviations)))

    return function, method


def _lift_adjust_rates(call: _Call) -> tuple[_Rule, _Rule]:
    def function(rates: Rates, lots: Lots, market: Market) -> Rates:
        return _rates(call(None, rates.tolist(), list(lots), [market] * len(lots)))

    def method(self: object, rates: Rates, lots: Lots, market: Market) -> Rates:
        return _rates(call(self, rates.tolist(), list(lots), [market] * len(lots)))

    return function, method


def _lift_require(call: _Call) -> tuple[_Rule, _Rule]:
    def function(lots: Lots, rates: Rates, market: Market) -> Requirements:
        return _requirements(call(None, list(lots), rates.tolist(), [market] * len(lots)))

    def method(self: object, lots: Lots, rates: Rates, market: Market) -> Requirements:
        return _requirements(call(self, list(lots), rates.tolist(), [market] * len(lots)))

    return function, method


_LIFTS: dict[str, tuple[tuple[str, ...], Callable[[_Call], tuple[_Rule, _Rule]]]] = {
    "price_energy": (("lot", "market"), _lift_price_energy),
    "settle_deviations": (("deviation", "market"), _lift_settle_deviations),
    "adjust_rates": (("rate", "lot", "market"), _lift_adjust_rates),
    "require": (("lot", "rate", "market"), _lift_require),
}


def _rates(answers: list[Any]) -> Rates:
    return np.array([math.nan if answer is None else answer for answer in answers], dtype=np.float64)


def _requirements(answers: list[Any]) -> Requirements:
    alternatives: dict[int, tuple[Requirement, ...]] = {}
    held = set()
    for row, answer in enumerate(answers):
        if answer is None:
            continue
        if answer == HOLD:
            held.add(row)
        elif isinstance(answer, Requirement):
            alternatives[row] = (answer,)
        elif several := _several(answer):
            alternatives[row] = several
    return Requirements(alternatives, frozenset(held))


def _several(answer: Iterable[Requirement]) -> tuple[Requirement, ...]:
    several = tuple(answer)
    if not all(isinstance(one, Requirement) for one in several):
        msg = f"a rule for require answers Requirement, several of them, HOLD or None, not {answer!r}"
        raise TypeError(msg)
    return several
