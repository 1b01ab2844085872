"""``gridhook plugins show``: what one plugin is for, its hooks and its settings."""

from __future__ import annotations

import inspect
import math
import re
from typing import Any

import attrs
import click

from gridhook.errors import ConfigError, Problem
from gridhook.settings import fields_of

__all__ = ["show_plugin"]


@click.command("show")
@click.argument("name")
def show_plugin(name: str) -> None:
    """Show what plugin NAME is for, the hooks that it implements, and its settings. This imports it."""
    from gridhook.plugins.discovery import PLUGINS, find_installed, missing
    from gridhook.plugins.guard import Failure, Guard
    from gridhook.plugins.loading import HOOKS, implemented_hooks

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
    click.echo(f"\nhooks: {', '.join(f'{hook} ({HOOKS[hook]})' for hook in implemented_hooks(loaded))}")
    # Annotations are texts until they are resolved; what cannot be resolved is shown as it was written.
    Guard(math.inf).call(lambda: attrs.resolve_types(loaded))
    fields = fields_of(loaded) if inspect.isclass(loaded) else ()
    click.echo(f"\n[plugins.{name}]" if fields else "\nIt has no settings.")
    for field in fields:
        click.echo(f"{field.name:<16} {_type_name(field.type):<27}  {_default(field)}")


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
