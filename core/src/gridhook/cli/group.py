"""A group of commands that are imported when they are called."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import click

from gridhook.cli.lazy import LazyGroup

__all__ = ["CommandGroup"]


class CommandGroup(LazyGroup):
    """The ``gridhook`` command: its own subcommands, and those that installed distributions add.

    :param commands: per subcommand where it is (``module:attribute``) and what it does, in one sentence.
    """

    def __init__(self, name: str, commands: Mapping[str, tuple[str, str]], text: str) -> None:
        super().__init__(name, commands, text)
        self.params.append(
            click.Option(
                ["--version"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                help="Show the version.",
                callback=_version,
            )
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return [*super().list_commands(ctx), *_added(self.own)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a subcommand; None if there is none of this name."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        return _load(ctx, cmd_name) if cmd_name in _added(self.own) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing any."""
        super().format_commands(ctx, formatter)
        added = [(name, f"(from {distribution})") for name, distribution in _added(self.own).items()]
        if added:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(added)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Call a subcommand; the status that it asks for is kept, which click drops outside its standalone mode."""
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit as error:
            raise SystemExit(error.exit_code) from error

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's own signature
        """Run; an interrupt before a session is under way exits with 130."""
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            raise SystemExit(error.exit_code) from error
        except (click.Abort, KeyboardInterrupt) as error:
            raise SystemExit(128 + signal.SIGINT) from error


def _added(own: Mapping[str, object]) -> dict[str, str]:
    """Return the distribution of each command that plugins add; none takes the place of an own one."""
    found = metadata.entry_points(group="gridhook.commands")
    return {one.name: one.dist.name if one.dist else "" for one in found if one.name not in own}


def _load(ctx: click.Context, name: str) -> click.Command:
    from gridhook.plugins.discovery import COMMANDS, find_installed
    from gridhook.plugins.guard import Failure

    found = find_installed(COMMANDS)[name]
    if found.problem is not None:
        ctx.fail(found.problem)
    command: click.Command | Failure = found.load()
    if isinstance(command, Failure):
        ctx.fail(f"the command {name!r} of {found.distribution} cannot be imported: {command.message}")
    return command


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own signature
    if value:
        click.echo(f"gridhook {metadata.version('gridhook')}")
        ctx.exit()
