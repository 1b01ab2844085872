"""Signatures: a hook's parameters and annotations against the specification's."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gridhook.hookspecs import SPECIFICATIONS
from gridhook.lots import Lot
from gridhook.market import Market
from gridhook.orders import Requirement
from gridhook.plugins.loading import HOOKS
from gridhook.testing.checks.annotations import Hints, accepts, may_answer, resolve
from gridhook.testing.conformance import NonconformingError, NotApplicableError
from gridhook.testing.subject import Subject

__all__ = ["check_signature"]

_ROWS: Mapping[str, Any] = {"lot": Lot, "deviation": Lot, "rate": float, "market": Market}
"""What a rule of ``@per_lot`` is given."""

_RATE: Any = float | int | np.floating | np.integer | None
_REQUIREMENT: Any = Requirement | Iterable[Requirement] | float | None
"""What it answers."""

_FLOATS = re.compile(r"numpy\.ndarray\[.*?numpy\.dtype\[numpy\.float64\]\]")
_MODULES = re.compile(r"\b(?:\w+\.)+(?=\w)")


def check_signature(hook: str, subject: Subject) -> str:
    """Return what the implementation takes.

    A rule of ``@per_lot`` is compared with the rows that it is given, and what it may answer for one.

    :raises NotApplicableError: there is no implementation, or an annotation that cannot be resolved.
    :raises NonconformingError: an annotation contradicts the specification.
    """
    with subject.session() as sitting:
        implementation = sitting.implementation(hook)
    taken = f"takes {', '.join(implementation.arguments)}" if implementation.arguments else "takes nothing"
    domain = HOOKS[hook]
    asked = resolve(getattr(SPECIFICATIONS[domain], hook)).types
    rule = getattr(implementation.function, "rule", None)
    if rule is None:
        _compare(resolve(implementation.function), asked, has_answer=domain != "observation")
    else:
        _compare(resolve(rule), {**_ROWS, "return": _REQUIREMENT if hook == "require" else _RATE}, has_answer=True)
    return taken


def _compare(ours: Hints, asked: Mapping[str, Any], *, has_answer: bool) -> None:
    """Compare annotations with what is given, and with the answer that is asked for.

    :raises NonconformingError: one contradicts it.
    :raises NotApplicableError: none does, as far as they are known.
    """
    for name, annotation in ours.types.items():
        if name != "return" and name in asked and not accepts(annotation, asked[name]):
            msg = f"{name} is annotated as {_shown(annotation)}, and is {_shown(asked[name])}"
            raise NonconformingError(msg)
    answer = ours.types.get("return", Any)
    if has_answer and not may_answer(answer, asked["return"]):
        msg = f"is annotated to return {_shown(answer)}; it has to return {_shown(asked['return'])}"
        raise NonconformingError(msg)
    if ours.unknown:
        unknown = "; ".join(f"of {name}: {why}" for name, why in ours.unknown.items())
        msg = f"annotations cannot be resolved, {unknown}"
        raise NotApplicableError(msg)


def _shown(annotation: Any) -> str:  # noqa: ANN401 - a type form
    text = _FLOATS.sub("an array of float64", inspect.formatannotation(annotation))
    return _MODULES.sub("", text).replace("NoneType", "None")
