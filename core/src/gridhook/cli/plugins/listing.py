"""``gridhook plugins list``: what is installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from gridhook.cli.logs import set_up_logging
from gridhook.cli.streams import silent_stdout
from gridhook.deployment import survey
from gridhook.errors import ConfigError
from gridhook.examining.listing import Listed, list_installed

__all__ = ["list_plugins"]

_COLUMNS: dict[str, Callable[[Listed], str]] = {
    "name": lambda one: one.name,
    "domains": lambda one: "?" if one.domains is None else " ".join(one.domains),
    "used in": lambda one: " ".join(one.used_in) or "-",
    "distribution": lambda one: f"{one.distribution} {one.version}",
    "gridhook": lambda one: one.core_range or "any",
}
_SHOWN = {
    "plugin": ("name", "domains", "used in", "distribution", "gridhook"),
    "exchange": ("name", "used in", "distribution", "gridhook"),
    "command": ("name", "distribution", "gridhook"),
}


@click.command("list")
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--import-all", is_flag=True, help="Import what is not enabled, too, to tell its domains.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(config: Path | None, *, import_all: bool, as_json: bool) -> None:
    """List the installed plugins, exchange links and commands.

    Only plugins that a run with CONFIG would load are imported; of the others the domains are not known.
    """
    set_up_logging("error", None)
    with silent_stdout():
        found = survey(config)
        listed = list_installed(found, import_all=import_all)
    if config is not None and found.reading.problems:
        raise ConfigError(found.reading.problems)
    if as_json:
        click.echo(json.dumps([one.to_json() for one in listed], indent=2))
    else:
        _print(listed)


def _print(listed: Sequence[Listed]) -> None:
    """Print plugins, links and commands, a table of each; what cannot be used has a line with the reason below."""
    tables = [_table(kind, [one for one in listed if one.kind == kind]) for kind in _SHOWN]
    for number, table in enumerate(table for table in tables if table):
        click.echo("\n".join(["", *table] if number else table))


def _table(kind: str, listed: Sequence[Listed]) -> list[str]:
    if not listed:
        return []
    columns = _SHOWN[kind]
    rows = [(kind, *columns[1:]), *(tuple(_COLUMNS[column](one) for column in columns) for one in listed)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    table = lines[:1]
    for line, one in zip(lines[1:], listed, strict=True):
        table.append(line)
        if one.problem is not None:
            table.append(f"  -> {one.problem}")
        if one.passed_over:
            table.append(f"  -> not that of {', '.join(one.passed_over)}, whose name it is not")
    return table
