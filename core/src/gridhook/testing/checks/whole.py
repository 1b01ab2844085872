"""Checks of a plugin as a whole: it loads, its settings are read strictly, and what it names is named well."""

from __future__ import annotations

import re

from gridhook.errors import Problem
from gridhook.plugins.naming import named_by
from gridhook.settings import fields_of
from gridhook.testing.checks.check import Check
from gridhook.testing.conformance import NonconformingError, NotApplicableError
from gridhook.testing.subject import Subject, make_guard

__all__ = ["LOADS", "REFUSES", "WHOLE"]

_UNKNOWN = "no_such_setting"
_UNCLEAR = re.compile(r"is refused: |.*cannot be constructed: ")
"""How errors are told that no plugin raised on purpose."""


def _loads(subject: Subject) -> str:
    _, problems = subject.load()
    if problems:
        raise NonconformingError("; ".join(map(str, problems)))
    return ", ".join(sorted(subject.hooks()))


def _refuses_unknown_settings(subject: Subject) -> str:
    _, problems = subject.load({**subject.settings, _UNKNOWN: 1})
    if not problems:
        msg = f"the setting {_UNKNOWN} was taken; a misspelt setting has to be refused, so let attrs make __init__"
        raise NonconformingError(msg)
    return ""


def _refuses_wrong_settings(subject: Subject) -> str:
    if not subject.refused_settings:
        msg = "no refused_settings are given: tables that the plugin has to refuse"
        raise NotApplicableError(msg)
    for settings in subject.refused_settings:
        _, problems = subject.load(settings)
        if not problems:
            msg = f"{dict(settings)!r} was taken; refuse it by an attrs validator, or raise SettingError"
            raise NonconformingError(msg)
        unclear = [problem for problem in problems if _is_unclear(problem)]
        if unclear:
            msg = (
                f"{dict(settings)!r} is refused by {unclear[0].message!r}, of which no user knows what to do; "
                "raise ValueError (in a validator) or SettingError with a sentence that says it"
            )
            raise NonconformingError(msg)
    return f"{len(subject.refused_settings)} tables are refused"


def _is_unclear(problem: Problem) -> bool:
    return not problem.message or _UNCLEAR.match(problem.message) is not None


def _names_areas(subject: Subject) -> str:
    instance = subject.loaded().instance
    if not any(callable(getattr(instance, method, None)) for method in ("named_areas", "named_assets")):
        return "settings name none"
    guard = make_guard()
    with guard.armed():
        named, problems = named_by(subject.name, instance, "", guard)
    if problems:
        raise NonconformingError("; ".join(map(str, problems)))
    known = [field.name for field in fields_of(type(instance))]
    for one in named:
        place = one.at.removeprefix(".")
        if re.split(r"[.[]", place)[0] not in known:
            msg = (
                f"{one.name!r} is said to be in {place!r}, and the settings are {', '.join(known) or 'none'}; "
                'the keys are places in the settings, such as partner or limits."Home 1"'
            )
            raise NonconformingError(msg)
    return f"{len(named)} areas"


LOADS = Check("loads", "", _loads)

REFUSES = Check("wrong settings refused", "", _refuses_wrong_settings)

WHOLE = (
    LOADS,
    Check("unknown settings refused", "", _refuses_unknown_settings),
    REFUSES,
    Check("named areas", "", _names_areas),
)
"""For every plugin, whatever it implements."""
