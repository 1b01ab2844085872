"""A check: one thing to look at, and how."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs

from gridhook.plugins.interrupts import interruptible
from gridhook.testing.conformance import Finding, NonconformingError, NotApplicableError, Outcome
from gridhook.testing.subject import Subject

__all__ = ["Check", "make_check"]


@attrs.frozen
class Check:
    """One thing to look at.

    ``name``
        what it is, in a few words.
    ``hook``
        the hook that it is about; empty: the plugin as a whole.
    ``run``
        looks at it and returns what is worth saying; raises NonconformingError or NotApplicableError.
    """

    name: str
    hook: str
    run: Callable[[Subject], str]


def make_check(check: Check, subject: Subject) -> Finding:
    """Make one check.

    :raises KeyboardInterrupt: Ctrl-C came meanwhile.
    """
    began = time.perf_counter()
    with interruptible():
        outcome, message = _run(check, subject)
    return Finding(check.name, check.hook, outcome, message, time.perf_counter() - began)


def _run(check: Check, subject: Subject) -> tuple[Outcome, str]:
    try:
        return "passed", check.run(subject)
    except NonconformingError as error:
        return "failed", str(error)
    except NotApplicableError as error:
        return "skipped", str(error)
