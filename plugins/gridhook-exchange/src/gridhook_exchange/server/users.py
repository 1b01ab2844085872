"""The users file: who may log in, and what each owns."""

from __future__ import annotations

import tomllib
from pathlib import Path

import attrs

from gridhook.assets import ASSET_KINDS
from gridhook.claims import Claim, resolve_claim
from gridhook.errors import ConfigError, Problem
from gridhook.grid import MARKET, Tree
from gridhook.settings import read_settings
from gridhook_exchange.server.passwords import is_hash

__all__ = ["User", "describe", "owned_areas", "parse_users", "read_text", "read_users"]


def _is_hash(_: object, __: object, text: str) -> None:
    if not is_hash(text):
        msg = "has to be a hash that `gridhook users add` made"
        raise ValueError(msg)


@attrs.frozen
class User:
    """``[users.NAME]``: the hash of a password, and what the user owns: all of it if nothing is named.

    ``names``, ``kinds``, ``globs``, ``exclude``
        areas by name or path, by kind, by pattern; and what is not included.
    """

    password: str = attrs.field(validator=_is_hash, repr=False)
    names: list[str] = attrs.field(factory=list)
    kinds: list[str] = attrs.field(factory=list)
    globs: list[str] = attrs.field(factory=list)
    exclude: list[str] = attrs.field(factory=list)


def read_users(path: Path) -> dict[str, User]:
    """Return the users of a file by name.

    :raises ConfigError: all that is wrong with the file; nobody in it is wrong, too.
    """
    users = parse_users(read_text(path), path)
    if not users:
        raise ConfigError(Problem("users", "there is no user; `gridhook users add NAME` makes one", file=path))
    return users


def read_text(path: Path) -> str:
    """Return the text of a file of users.

    :raises ConfigError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Problem("", f"cannot be read: {error}", file=path)) from error


def parse_users(text: str, path: Path) -> dict[str, User]:
    """Return the users of a text by name.

    :raises ConfigError: all that is wrong with it.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(Problem("", f"cannot be read: {error}", file=path)) from error
    tables = document.get("users", {})
    problems = [Problem(key, "no such table; there is [users.NAME]", file=path) for key in document if key != "users"]
    if not isinstance(tables, dict):
        problems.append(Problem("users", "there is no user here, but a value", file=path))
    users: dict[str, User] = {}
    for name, table in tables.items() if isinstance(tables, dict) else ():
        where = f"users.{name}"
        user, wrong = read_settings(User, table if isinstance(table, dict) else {}, base=path.parent, at=where)
        problems += [attrs.evolve(problem, file=path) for problem in wrong]
        if user is not None:
            users[name] = user
    if problems:
        raise ConfigError(problems)
    return users


def owned_areas(user: User, tree: Tree) -> tuple[frozenset[str], list[Problem]]:
    """Return the ids of the areas that a user owns, and what leads nowhere."""
    kinds = user.kinds if user.names or user.kinds or user.globs else (*ASSET_KINDS, MARKET)
    positions, problems = resolve_claim(Claim(user.names, kinds, user.globs, (), user.exclude), tree)
    return frozenset(tree.ids[position] for position in positions), problems


def describe(user: User) -> str:
    """Return what a user owns, in one line."""
    said = {"names": user.names, "kinds": user.kinds, "globs": user.globs}
    owned = "; ".join(f"{key} {', '.join(texts)}" for key, texts in said.items() if texts) or "everything"
    return f"{owned}; without {', '.join(user.exclude)}" if user.exclude else owned
