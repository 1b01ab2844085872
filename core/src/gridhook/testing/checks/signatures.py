"""Signatures: a hook's parameters and annotations against the specification's."""

from __future__ import annotations

import inspect
import re
from typing import Any

from gridhook.hookspecs import SPECIFICATIONS
from gridhook.plugins.loading import HOOKS
from gridhook.testing.checks.annotations import accepts, may_answer, resolve
from gridhook.testing.conformance import NonconformingError
from gridhook.testing.subject import Subject

__all__ = ["check_signature"]

_FLOATS = re.compile(r"numpy\.ndarray\[.*?numpy\.dtype\[numpy\.float64\]\]")
_MODULES = re.compile(r"\b(?:\w+\.)+(?=\w)")


def check_signature(hook: str, subject: Subject) -> str:
    """Return what the implementation takes.

    :raises NotApplicableError: there is no implementation.
    :raises NonconformingError: an annotation contradicts the specification.
    """
    with subject.session() as sitting:
        implementation = sitting.implementation(hook)
    taken = f"takes {', '.join(implementation.arguments)}" if implementation.arguments else "takes nothing"
    ours = resolve(implementation.function)
    if ours is None:
        return f"{taken}; its annotations cannot be resolved"
    domain = HOOKS[hook]
    asked = resolve(getattr(SPECIFICATIONS[domain], hook))
    assert asked is not None
    for name in implementation.arguments:
        if name in ours and not accepts(ours[name], asked[name]):
            msg = f"{name} is annotated as {_shown(ours[name])}, and is {_shown(asked[name])}"
            raise NonconformingError(msg)
    answer = ours.get("return", Any)
    if domain != "observation" and not may_answer(answer, asked["return"]):
        msg = f"is annotated to return {_shown(answer)}; it has to return {_shown(asked['return'])}"
        raise NonconformingError(msg)
    return taken


def _shown(annotation: Any) -> str:  # noqa: ANN401 - a type form
    text = _FLOATS.sub("an array of float64", inspect.formatannotation(annotation))
    return _MODULES.sub("", text).replace("NoneType", "None")
