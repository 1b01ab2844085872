"""``gridhook doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import click

from gridhook.checks import Check, Status
from gridhook.cli.logs import log_options
from gridhook.deployment import survey
from gridhook.examining import examine

__all__ = ["doctor"]

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "wrong": ("WRONG", "red"), "skipped": ("-", "blue")}
_INDENT = " " * 9
_COUNTED: Mapping[Status, str] = {"ok": "ok", "warning": "warnings", "wrong": "wrong", "skipped": "not checked"}


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--exchange", metavar="URL", help="Look there; goes before the configuration.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as one JSON object, and nothing else.")
@log_options
def doctor(
    config: Path | None,
    exchange: str | None,
    as_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Look at all that a run with CONFIG needs, and say what is wrong and what to do.

    Nothing on the exchange is changed. The exit status is 0 where nothing is wrong, 1 where something about the
    exchange is, 2 where the call or the configuration is.
    """
    stdout = sys.stdout
    checks: list[Check] = []

    def tell(check: Check) -> None:
        checks.append(check)
        if not as_json:
            _show(check, stdout)

    # What plugins print must not get between the checks.
    with contextlib.redirect_stdout(sys.stderr):
        examine(config, survey(config, exchange=exchange), tell)
    if as_json:
        click.echo(json.dumps({"checks": [check.to_json() for check in checks]}))
    else:
        counts = Counter(check.status for check in checks)
        click.echo(
            "\n" + ", ".join(f"{counts[status]} {words}" for status, words in _COUNTED.items() if counts[status])
        )
    sys.exit(_status(checks))


def _show(check: Check, stdout: TextIO) -> None:
    word, colour = _MARKS[check.status]
    mark = click.style(f"{word:<{len(_INDENT)}}", fg=colour)
    reason = "not checked: " if check.status == "skipped" else ""
    click.echo(f"{mark}{check.name}: {reason}{check.text}", file=stdout)
    if check.remedy:
        click.echo(f"{_INDENT}-> {check.remedy}", file=stdout)


def _status(checks: list[Check]) -> int:
    wrong = [check for check in checks if check.status == "wrong"]
    if any(check.is_config for check in wrong):
        return 2
    return 1 if wrong else 0
