"""``gridhook config``: check, show and start configurations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gridhook.errors import ConfigError, Problem, did_you_mean, nearest

if TYPE_CHECKING:
    from gridhook.deployment import Deployment

__all__ = ["config"]

_FILE = click.Path(path_type=Path)


@click.group()
def config() -> None:
    """Check, show and start configurations."""


@config.command()
@click.argument("file", required=False, type=_FILE)
def check(file: Path | None) -> None:
    """Say all that is wrong in FILE, one line each, without connecting to anything."""
    deployment = _prepare(file)
    names = ", ".join(deployment.manager.plugins) or "no plugins"
    click.echo(f"{file or 'the default configuration'} is right: {deployment.config.exchange.url} with {names}")


@config.command()
@click.argument("file", required=False, type=_FILE)
def show(file: Path | None) -> None:
    """Print the effective values of FILE, and where each was written."""
    from gridhook.cli.showing import show_config

    click.echo(show_config(_prepare(file)))


@config.command()
@click.argument("file", required=False, type=_FILE)
def schema(file: Path | None) -> None:
    """Print a JSON Schema for editors, with the settings of the plugins that FILE uses."""
    from gridhook.cli.schema import config_schema

    click.echo(json.dumps(config_schema(_prepare(file)), indent=2))


def _prepare(file: Path | None) -> Deployment:
    """Read a configuration; what plugins and links print meanwhile does not get into what is printed here."""
    from gridhook.cli.streams import silent_stdout
    from gridhook.deployment import prepare

    with silent_stdout():
        return prepare(file)


class _New(click.Command):
    """The command that lists the templates in its help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the templates, each with what it does."""
        from gridhook.cli.templates import purpose, templates

        del ctx
        with formatter.section("Templates"):
            formatter.write_dl([(name, purpose(name)) for name in templates()])


@config.command(cls=_New)
@click.argument("template")
@click.argument("file", default="gridhook.toml", type=_FILE)
def new(template: str, file: Path) -> None:
    """Write a starting point to FILE (gridhook.toml)."""
    from gridhook.cli.templates import purpose, template_text, templates

    if template not in templates():
        guess = did_you_mean(nearest(template, templates())) or f"; there are {', '.join(templates())}"
        raise ConfigError(Problem("", f"no template {template!r}{guess}"))
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(template_text(template))
    except FileExistsError as error:
        raise ConfigError(Problem("", f"{file} exists; give another name")) from error
    except OSError as error:
        raise ConfigError(Problem("", f"{file} cannot be written: {error.strerror}")) from error
    click.echo(f"wrote {file}; gridhook config check {file} says whether it is right, gridhook run {file} trades")
    click.echo(purpose(template))
