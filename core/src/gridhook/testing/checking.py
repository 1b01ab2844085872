"""Checking a plugin: all checks of the whole and of every hook that it implements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gridhook.testing.checks import BY_DOMAIN, LOADS, PLAYED, REFUSES, WHOLE, make_check
from gridhook.testing.conformance import Conformance, Finding
from gridhook.testing.subject import SECONDS_PER_ROW, Subject

__all__ = ["check_plugin", "findings_of"]


def check_plugin(
    plugin: object,
    settings: Mapping[str, Any] | None = None,
    *,
    refused_settings: Sequence[Mapping[str, Any]] = (),
    base: Path | None = None,
    seconds_per_row: float = SECONDS_PER_ROW,
) -> Conformance:
    """Check a plugin against the specifications of all hooks that it implements.

    It is loaded anew for each check, and its code runs: with settings that make it write, it writes.

    :param plugin: the class, or module, that its entry point names.
    :param settings: its ``[plugins.NAME]`` table.
    :param refused_settings: tables that it has to refuse, each with a clear message.
    :param base: the folder that paths in these tables are relative to; None: the working directory.
    :param seconds_per_row: how long a hook may take for each of 10,000 rows; generous, for machines that are slow.
    """
    subject = Subject(plugin, settings or {}, refused_settings, base or Path(), seconds_per_row)
    return Conformance(tuple(findings_of(subject)))


def findings_of(subject: Subject) -> Iterator[Finding]:
    """Yield what each check finds, when it is made; where a plugin cannot be loaded, that is all there is."""
    for check in WHOLE:
        if check is REFUSES and not subject.refused_settings:
            continue
        finding = make_check(check, subject)
        yield finding
        if check is LOADS and finding.outcome == "failed":
            return
    implemented = subject.hooks()
    for checks in BY_DOMAIN.values():
        yield from (make_check(check, subject) for check in checks if check.hook in implemented)
    yield make_check(PLAYED, subject)
