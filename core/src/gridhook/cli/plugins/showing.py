"""``gridhook plugins show``: what one plugin is for, its hooks and its settings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import attrs
import click

from gridhook.errors import ConfigError, Problem
from gridhook.plugins.asking import ask_once
from gridhook.plugins.discovery import find_plugin
from gridhook.plugins.guard import Failure
from gridhook.plugins.loading import HOOKS, implemented_hooks
from gridhook.settings import fields_of

__all__ = ["show_plugin"]


@click.command("show")
@click.argument("name")
def show_plugin(name: str) -> None:
    """Show what plugin NAME is for, the hooks that it implements, and its settings. This imports it."""
    found = find_plugin(name)
    loaded = _answer(found.load(), f"{name!r} cannot be imported")
    hooks = _answer(implemented_hooks(loaded), f"{name!r} does not tell its hooks")
    # Annotations are texts until they are resolved; what cannot be resolved is shown as it was written.
    ask_once(lambda: attrs.resolve_types(loaded))
    fields = _answer(ask_once(lambda: _settings(loaded)), f"{name!r} does not tell its settings")
    description = _told(lambda: _plain(inspect.getdoc(loaded) or "It has no description."), "description")
    click.echo(f"{name} ({found.distribution} {found.version})\n")
    click.echo(description)
    click.echo(f"\nhooks: {', '.join(f'{hook} ({HOOKS[hook]})' for hook in hooks)}")
    click.echo(f"\n[plugins.{name}]" if fields else "\nIt has no settings.")
    for line in map(_line, fields):
        click.echo(line)


def _answer(answer: Any | Failure, otherwise: str) -> Any:  # noqa: ANN401 - whatever the plugin provides
    if isinstance(answer, Failure):
        raise ConfigError(Problem("", f"{otherwise}: {answer.message}"))
    return answer


def _settings(loaded: Any) -> tuple[attrs.Attribute[Any], ...]:  # noqa: ANN401 - whatever the plugin provides
    return fields_of(loaded) if inspect.isclass(loaded) else ()


def _line(field: attrs.Attribute[Any]) -> str:
    kind, default = _told(lambda: _type_name(field.type), "type"), _told(lambda: _default(field), "default")
    return f"{field.name:<16} {kind:<27}  {default}"


def _told(function: Callable[[], str], what: str) -> str:
    """Return what a function tells that may run code of the plugin; that it fails is told in its place."""
    told = ask_once(function)
    return f"{what} not known: {told.message}" if isinstance(told, Failure) else told


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
