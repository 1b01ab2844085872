"""``gridhook users``: keeps the file of those who may log in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gridhook.errors import ConfigError, Problem

__all__ = ["users"]

_PATH = click.Path(path_type=Path, dir_okay=False)
_FILE = click.option("--file", "path", default="users.toml", show_default=True, type=_PATH, help="The file of users.")
_PASSWORD = click.option(
    "--password-file", type=_PATH, help="Its first line is the password, which is asked for otherwise."
)


@click.group()
def users() -> None:
    """Keep the file of users that ``gridhook serve --users`` reads. A running server does not read it again."""


@users.command("list")
@_FILE
def list_users(path: Path) -> None:
    """List the users of the file, and what each owns."""
    from gridhook_exchange.server.users import describe, read_users

    for name, user in read_users(path).items():
        click.echo(f"{name}: {describe(user)}")


@users.command()
@click.argument("name")
@_FILE
@click.option("--glob", "globs", multiple=True, help="Assets that the user owns; may be repeated.")
@click.option(
    "--name",
    "names",
    multiple=True,
    help="An asset or a market that the user owns; may be repeated.  [default: all areas]",
)
@_PASSWORD
def add(name: str, path: Path, globs: tuple[str, ...], names: tuple[str, ...], password_file: Path | None) -> None:
    """Add user NAME to the file, with the hash of a password."""
    from gridhook_exchange.server.editing import add_user

    with _told():
        add_user(path, name, _ask(password_file), globs, names)
    click.echo(f"added {name} to {path}")


@users.command()
@click.argument("name")
@_FILE
def remove(name: str, path: Path) -> None:
    """Remove user NAME from the file."""
    from gridhook_exchange.server.editing import remove_user

    with _told():
        remove_user(path, name)
    click.echo(f"removed {name} from {path}")


@users.command()
@click.argument("name")
@_FILE
@_PASSWORD
def password(name: str, path: Path, password_file: Path | None) -> None:
    """Give user NAME another password."""
    from gridhook_exchange.server.editing import set_password

    with _told():
        set_password(path, name, _ask(password_file))
    click.echo(f"changed the password of {name} in {path}")


def _ask(file: Path | None) -> str:
    """Return the password that is in a file, or that somebody types.

    :raises ConfigError: there is none.
    """
    if file is None:
        text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        try:
            text = file.read_text(encoding="utf-8").partition("\n")[0]
        except UnicodeDecodeError as error:
            raise ConfigError(Problem("", f"{file}: not UTF-8")) from error
    if not text:
        raise ConfigError(Problem("", "the password is empty"))
    return text


@contextmanager
def _told() -> Iterator[None]:
    """Say what is wrong with a file."""
    try:
        yield
    except OSError as error:
        raise ConfigError(Problem("", f"{error.filename}: {error.strerror}")) from error
