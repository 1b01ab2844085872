"""``gridhook plugins check``: does an installed plugin do what the specifications ask for?"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import click

from gridhook.cli.logs import set_up_logging
from gridhook.cli.streams import silent_stdout
from gridhook.config import Layer, read_layer
from gridhook.errors import ConfigError, Problem
from gridhook.plugins.discovery import Installed, find_plugin
from gridhook.plugins.guard import Failure
from gridhook.testing import Finding
from gridhook.testing.checking import findings_of
from gridhook.testing.subject import Subject

__all__ = ["check_plugin"]

_MARKS = {"passed": ("ok", "green"), "failed": ("FAILED", "red"), "skipped": ("-", "blue")}


@click.command("check")
@click.argument("name")
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="Take [plugins.NAME] of this configuration."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object, and nothing else.")
def check_plugin(name: str, config: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes it by name
    """Check the installed plugin NAME against the specifications of all hooks that it implements.

    It is asked about tables of many sorts, and trades a few simulated slots. The exit status is 0 where everything
    passed, 1 where something failed, 2 where there is no such plugin or it cannot be loaded.
    """
    set_up_logging("error", None)
    stdout = sys.stdout
    findings: list[Finding] = []
    # What plugins print must not get between the findings.
    with silent_stdout(and_below=as_json):
        found = find_plugin(name)
        subject = _subject(found, config)
        for finding in findings_of(subject):
            findings.append(finding)
            if not as_json:
                _show(finding, stdout)
    counts: Counter[str] = Counter(finding.outcome for finding in findings)
    if as_json:
        click.echo(json.dumps({"plugin": name, "version": found.version, "findings": [_json(one) for one in findings]}))
    else:
        click.echo("\n" + ", ".join(f"{counts[outcome]} {outcome}" for outcome in _MARKS if counts[outcome]))
    sys.exit(1 if counts["failed"] else 0)


def _subject(found: Installed, config: Path | None) -> Subject:
    """Import a plugin, and see whether it can be loaded with these settings."""
    layer = Layer("", {}, Path())
    if config is not None:
        layer, problems = read_layer(config)
        if problems:
            raise ConfigError(problems)
    loaded = found.load()
    if isinstance(loaded, Failure):
        raise ConfigError(Problem("", f"{found.name!r} cannot be imported: {loaded.message}"))
    subject = Subject(loaded, _table(layer.document, found.name), base=layer.base, name=found.name)
    _, problems = subject.load()
    if problems:
        raise ConfigError([layer.place(problem) if problem.path else problem for problem in problems])
    return subject


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    tables = document.get("plugins", {})
    table = tables.get(name, {}) if isinstance(tables, Mapping) else {}
    return table if isinstance(table, Mapping) else {}


def _json(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "hook": finding.hook,
        "outcome": finding.outcome,
        "message": finding.message,
        "seconds": round(finding.seconds, 6),
    }


def _show(finding: Finding, stdout: TextIO) -> None:
    word, colour = _MARKS[finding.outcome]
    click.echo(f"{click.style(f'{word:<6}', fg=colour)} {finding.seconds * 1e3:4.0f} ms  {finding}", file=stdout)
