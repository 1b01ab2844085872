"""``gridhook plugins doctor``: what of that which is installed does not load, and why."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import click

from gridhook.cli.checks import count_checks, show_check
from gridhook.cli.logs import set_up_logging
from gridhook.cli.streams import silent_stdout
from gridhook.config import Config, read_config
from gridhook.errors import ConfigError, Problem
from gridhook.examining.diagnosing import Diagnosis, diagnose
from gridhook.links import base_layer
from gridhook.plugins.discovery import COMMANDS, EXCHANGES, PLUGINS, find_installed, missing

__all__ = ["doctor"]


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--config", type=click.Path(path_type=Path), help="Take the settings of plugins from this file.")
@click.option("--traceback", is_flag=True, help="Show where in its code a plugin fails.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(names: tuple[str, ...], config: Path | None, *, traceback: bool, as_json: bool) -> None:
    """Load what is installed, or just NAME, and say what of it does not work, and why.

    This imports and constructs plugins, enabled or not. The exit status is 1 if anything is wrong.
    """
    set_up_logging("error", None)
    _check_names(names)
    settings = _read(config)
    found: list[Diagnosis] = []
    stdout = sys.stdout
    with silent_stdout(and_below=as_json):
        for diagnosis in diagnose(settings.plugins, settings.guard.timeout_seconds, names):
            found.append(diagnosis)
            if not as_json:
                show_check(diagnosis.check, stdout)
            if traceback and diagnosis.traceback and not as_json:
                click.echo(textwrap.indent(diagnosis.traceback.rstrip(), " " * 9), file=stdout)
    checks = [diagnosis.check for diagnosis in found]
    if as_json:
        rows = [one.check.to_json() | {"traceback": one.traceback or None} for one in found]
        click.echo(json.dumps({"checks": rows}, indent=2))
    else:
        click.echo(f"\n{count_checks(checks) or 'nothing is installed'}")
    sys.exit(any(check.status == "wrong" for check in checks))


def _check_names(names: tuple[str, ...]) -> None:
    installed = {name: one for group in (PLUGINS, EXCHANGES, COMMANDS) for name, one in find_installed(group).items()}
    problems = [Problem("", missing(name, installed, "plugin")) for name in names if name not in installed]
    if problems:
        raise ConfigError(problems)


def _read(path: Path | None) -> Config:
    reading = read_config(path, None, base_layer)
    if path is not None and reading.problems:
        raise ConfigError(reading.problems)
    return reading.config
