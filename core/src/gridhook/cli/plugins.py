"""``gridhook plugins``: what is installed."""

from __future__ import annotations

import inspect
import json
import math
import re
from typing import Any

import attrs
import click
import pluggy

from gridhook.errors import ConfigError, Problem
from gridhook.hookspecs import PROJECT
from gridhook.settings import fields_of

__all__ = ["plugins"]


@click.group()
def plugins() -> None:
    """See what is installed."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(*, as_json: bool) -> None:
    """List the installed plugins, exchange links and commands, without importing them."""
    from gridhook.plugins.discovery import COMMANDS, EXCHANGES, PLUGINS, find_installed

    rows = [
        {
            "kind": kind,
            "name": found.name,
            "distribution": found.distribution,
            "version": found.version,
            "core_range": found.core_range,
            "problem": found.problem,
        }
        for kind, group in (("plugin", PLUGINS), ("exchange", EXCHANGES), ("command", COMMANDS))
        for found in find_installed(group).values()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        problem = f"  {row['problem']}" if row["problem"] else ""
        name = f"{row['kind']:<9} {row['name']:<14}"
        click.echo(f"{name} {row['distribution']} {row['version']} (gridhook {row['core_range'] or 'any'}){problem}")


@plugins.command("show")
@click.argument("name")
def show_plugin(name: str) -> None:
    """Show what plugin NAME is for, the hooks that it implements, and its settings. This imports it."""
    from gridhook.plugins.discovery import PLUGINS, find_installed, missing
    from gridhook.plugins.guard import Failure, Guard
    from gridhook.plugins.loading import HOOKS

    installed = find_installed(PLUGINS)
    found = installed.get(name)
    if found is None:
        raise ConfigError(Problem("", missing(name, installed, "plugin")))
    if found.problem is not None:
        raise ConfigError(Problem("", found.problem))
    loaded = found.load()
    if isinstance(loaded, Failure):
        raise ConfigError(Problem("", f"{name!r} cannot be imported: {loaded.message}"))
    click.echo(f"{name} ({found.distribution} {found.version})\n")
    click.echo(_plain(inspect.getdoc(loaded) or "It has no description."))
    implemented = _implemented(loaded)
    click.echo(f"\nhooks: {', '.join(f'{hook} ({HOOKS[hook]})' for hook in HOOKS if hook in implemented)}")
    # Annotations are texts until they are resolved; what cannot be resolved is shown as it was written.
    Guard(math.inf).call(lambda: attrs.resolve_types(loaded))
    fields = fields_of(loaded) if inspect.isclass(loaded) else ()
    click.echo(f"\n[plugins.{name}]" if fields else "\nIt has no settings.")
    for field in fields:
        click.echo(f"{field.name:<16} {_type_name(field.type):<27}  {_default(field)}")


def _implemented(loaded: object) -> set[str]:
    """Return the hooks that a class or module implements, under whatever names."""
    reader = pluggy.PluginManager(PROJECT)
    marks = ((name, reader.parse_hookimpl_opts(loaded, name)) for name in dir(loaded))
    return {mark.get("specname") or name for name, mark in marks if mark is not None}


def _plain(text: str) -> str:
    """Return a docstring without its marks: roles name what they lead to, literals are bare."""
    text = re.sub(r":[\w:]+:`[~!.]*([^`<]*?)(?:\s*<[^`]*>)?`", r"\1", text)
    return re.sub(r"``(.*?)``", r"\1", text, flags=re.DOTALL)


def _type_name(kind: Any) -> str:  # noqa: ANN401 - a type form
    if attrs.has(kind):
        return f"table of {', '.join(field.name for field in fields_of(kind))}"
    shown = inspect.formatannotation(kind)
    return kind if isinstance(kind, str) else re.sub(r"\b(typing|pathlib|datetime|collections\.abc)\.(?=\w)", "", shown)


def _default(field: attrs.Attribute[object]) -> str:
    default = field.default
    if default is attrs.NOTHING:
        return "required"
    if getattr(default, "takes_self", False):
        return "default follows from the others"
    factory = getattr(default, "factory", None)
    if factory is not None:
        default = factory()
    return "default {}" if attrs.has(type(default)) else f"default {default!r}"
