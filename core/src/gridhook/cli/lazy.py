"""Groups of commands that are imported when they are called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """A group whose help imports none of its commands.

    :param commands: per command where it is (``module:attribute``) and what it does, in one sentence.
    """

    def __init__(self, name: str, commands: Mapping[str, tuple[str, str]], text: str) -> None:
        super().__init__(name=name, help=text, context_settings={"help_option_names": ["-h", "--help"]})
        self.own = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(self.own)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None if there is none of this name."""
        del ctx
        if cmd_name not in self.own:
            return None
        module, _, attribute = self.own[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a name that is none gets the nearest ones named."""
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            from gridhook.errors import did_you_mean, nearest

            ctx.fail(f"no command {name!r}{did_you_mean(nearest(name, known))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.own.items()])
