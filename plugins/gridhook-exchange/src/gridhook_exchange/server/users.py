"""The users file: who may log in, and what each owns."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

import attrs

from gridhook.assets import ASSET_KINDS
from gridhook.claims import Claim, resolve_claim
from gridhook.errors import ConfigError, Problem
from gridhook.grid import MARKET, Tree
from gridhook.settings import read_settings
from gridhook_exchange.server.passwords import hash_password, is_hash

__all__ = ["User", "add_user", "owned_areas", "read_users"]


_LONGEST_NAME = 200


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

    :raises ConfigError: all that is wrong with the file.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(Problem("", f"cannot be read: {error}", file=path)) from error
    tables = document.get("users", {})
    problems = [Problem(key, "no such table; there is [users.NAME]", file=path) for key in document if key != "users"]
    users: dict[str, User] = {}
    for name, table in tables.items() if isinstance(tables, dict) else ():
        where = f"users.{name}"
        user, wrong = read_settings(User, table if isinstance(table, dict) else {}, base=path.parent, at=where)
        problems += [attrs.evolve(problem, file=path) for problem in wrong]
        if user is not None:
            users[name] = user
    if not users and not problems:
        problems.append(Problem("users", "there is no user; `gridhook users add NAME` makes one", file=path))
    if problems:
        raise ConfigError(problems)
    return users


def owned_areas(user: User, tree: Tree) -> tuple[frozenset[str], list[Problem]]:
    """Return the ids of the areas that a user owns, and what leads nowhere."""
    kinds = user.kinds if user.names or user.kinds or user.globs else (*ASSET_KINDS, MARKET)
    positions, problems = resolve_claim(Claim(user.names, kinds, user.globs, (), user.exclude), tree)
    return frozenset(tree.ids[position] for position in positions), problems


def add_user(path: Path, name: str, password: str, globs: Sequence[str]) -> None:
    """Append a user to a file, which only its owner can read afterwards.

    :raises ConfigError: the name is none, or the file cannot be read, or has the user already.
    """
    if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
        raise ConfigError(Problem("", f"the name of a user has 1 to {_LONGEST_NAME} printable characters"))
    if path.exists() and path.stat().st_size and name in read_users(path):
        raise ConfigError(Problem(f"users.{name}", "there is such a user already", file=path))
    owned = ", ".join(_text(glob) for glob in globs)
    lines = [f"[users.{_text(name)}]", f"password = {_text(hash_password(password))}"]
    lines += [f"globs = [{owned}]"] if globs else []
    path.touch(mode=0o600)
    path.chmod(0o600)
    with path.open("a", encoding="utf-8") as stream:
        if stream.tell():
            # The last line may have no end.
            stream.write("\n\n")
        stream.write("\n".join(lines) + "\n")


def _text(value: str) -> str:
    """Return a TOML string: its escapes are those of JSON, which has no escape for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
