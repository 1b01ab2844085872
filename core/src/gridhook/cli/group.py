"""A group of commands that are imported when they are called."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from importlib import metadata
from types import TracebackType
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
        return [*super().list_commands(ctx), *(name for name in _added() if name not in self.own)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a subcommand; None if there is none of this name."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        return _load(ctx, cmd_name) if cmd_name in _added() else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing any."""
        super().format_commands(ctx, formatter)
        added = [(name, _origin(its, is_own=name in self.own)) for name, its in _added().items()]
        if added:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(added)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Call a subcommand; the status that it asks for is kept, which click drops outside its standalone mode."""
        try:
            with _Whose(ctx, self.own):
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


class _Whose(AbstractContextManager[None]):
    """Says below the traceback of a command that fails unforeseen whose it is, if it is not an own one."""

    def __init__(self, ctx: click.Context, own: Mapping[str, object]) -> None:
        self._ctx = ctx
        self._own = own

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        name = self._ctx.invoked_subcommand
        is_meant = isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort)
        if not isinstance(error, Exception) or is_meant or name is None or name in self._own:
            return
        from gridhook.plugins.discovery import COMMANDS, find_installed

        if (found := find_installed(COMMANDS).get(name)) is not None:
            error.add_note(f"the command {name!r} is from {found.distribution}, whose authors may want to know")


def _added() -> dict[str, list[str]]:
    """Return the distributions of each command that plugins add."""
    added: dict[str, set[str]] = {}
    for one in metadata.entry_points(group="gridhook.commands"):
        added.setdefault(one.name, set()).add(_name(one.dist))
    return {name: sorted(distributions) for name, distributions in sorted(added.items())}


def _name(distribution: metadata.Distribution | None) -> str:
    # What is left of a distribution that was removed may say nothing.
    said = None if distribution is None else distribution.metadata
    return said["Name"] if said is not None and "Name" in said else "?"


def _origin(distributions: list[str], *, is_own: bool) -> str:
    """Return where a command is from; none takes the place of an own one."""
    origin = f"from {' and '.join(distributions)}"
    if is_own:
        return f"({origin}; never called, since gridhook has this command)"
    return f"({origin}; gridhook plugins list tells which is called)" if len(distributions) > 1 else f"({origin})"


def _load(ctx: click.Context, name: str) -> click.Command:
    from gridhook.plugins.discovery import COMMANDS, find_installed
    from gridhook.plugins.guard import Failure

    found = find_installed(COMMANDS)[name]
    if found.problem is not None:
        ctx.fail(found.problem)
    command: object = found.load()
    whose = f"the command {name!r} of {found.distribution}"
    if isinstance(command, Failure):
        ctx.fail(f"{whose} cannot be imported: {command.message}")
    if not isinstance(command, click.Command):
        ctx.fail(f"{whose} is {command!r}; an entry point in {COMMANDS} has to be a click command")
    return command


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own signature
    if value:
        click.echo(f"gridhook {metadata.version('gridhook')}")
        ctx.exit()
