"""The list of ``gridhook plugins list``, for people to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from gridhook.examining.listing import Listed

__all__ = ["print_list"]

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


def print_list(listed: Sequence[Listed]) -> None:
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
        table += [line] if one.problem is None else [line, f"  -> {one.problem}"]
    return table
