"""Checks on the terminal: a line each with its remedy below, and a count at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TextIO

import click

from gridhook.checks import Check, Status

__all__ = ["count_checks", "show_check"]

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "wrong": ("WRONG", "red"), "skipped": ("-", "blue")}
_INDENT = " " * 9
_COUNTED: Mapping[Status, str] = {"ok": "ok", "warning": "warnings", "wrong": "wrong", "skipped": "not checked"}


def show_check(check: Check, stream: TextIO) -> None:
    """Print a check."""
    word, colour = _MARKS[check.status]
    mark = click.style(f"{word:<{len(_INDENT)}}", fg=colour)
    reason = "not checked: " if check.status == "skipped" else ""
    click.echo(f"{mark}{check.name}: {reason}{check.text}", file=stream)
    if check.remedy:
        click.echo(f"{_INDENT}-> {check.remedy}", file=stream)


def count_checks(checks: Iterable[Check]) -> str:
    """Return how many checks came out how."""
    counts = Counter(check.status for check in checks)
    return ", ".join(f"{counts[status]} {words}" for status, words in _COUNTED.items() if counts[status])
