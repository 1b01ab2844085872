"""``gridhook doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from gridhook.checks import Check
from gridhook.cli.checks import count_checks, show_check
from gridhook.cli.logs import log_options
from gridhook.cli.streams import silent_stdout
from gridhook.deployment import survey
from gridhook.examining import examine

__all__ = ["doctor"]


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
            show_check(check, stdout)

    # What plugins print must not get between the checks.
    with silent_stdout(and_below=as_json):
        examine(config, survey(config, exchange=exchange), tell)
    if as_json:
        click.echo(json.dumps({"checks": [check.to_json() for check in checks]}))
    else:
        click.echo(f"\n{count_checks(checks)}")
    sys.exit(_status(checks))


def _status(checks: list[Check]) -> int:
    wrong = [check for check in checks if check.status == "wrong"]
    if any(check.is_config for check in wrong):
        return 2
    return 1 if wrong else 0
