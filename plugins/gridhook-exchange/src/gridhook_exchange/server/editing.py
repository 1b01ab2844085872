"""Editing the users file: users come, go and change their passwords, and all else in it stays as it was written."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gridhook.errors import ConfigError, Problem
from gridhook_exchange.server.passwords import hash_password
from gridhook_exchange.server.users import parse_users, read_text

__all__ = ["add_user", "remove_user", "set_password"]

_LONGEST_NAME = 200


def add_user(path: Path, name: str, password: str, globs: Sequence[str] = (), names: Sequence[str] = ()) -> None:
    """Append a user to a file, which only its owner can read afterwards; the file is made if there is none.

    :raises ConfigError: the name is none, or the file cannot be read, or has the user already.
    """
    if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
        raise ConfigError(Problem("", f"the name of a user has 1 to {_LONGEST_NAME} printable characters"))
    text = read_text(path) if path.exists() else ""
    if name in parse_users(text, path):
        raise ConfigError(Problem(f"users.{name}", "there is such a user already", file=path))
    lines = [f"[users.{_quote(name)}]", _password(password)]
    lines += [
        f"{key} = [{', '.join(map(_quote, owned))}]" for key, owned in (("names", names), ("globs", globs)) if owned
    ]
    # The last line may have no end.
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    _write(path, before + "\n".join(lines) + "\n")


def remove_user(path: Path, name: str) -> None:
    """Take a user out of a file.

    :raises ConfigError: there is no such user, or the file cannot be edited.
    """
    text, tables = _read(path, name)
    del tables[name]
    for first, end in _sections(text, name):
        lines = text.splitlines(keepends=True)
        _replace(path, name, "".join([*lines[:first], *lines[end:]]), tables)
        return
    raise _by_hand(path, name)


def set_password(path: Path, name: str, password: str) -> None:
    """Give a user another password.

    :raises ConfigError: there is no such user, or the file cannot be edited.
    """
    text, tables = _read(path, name)
    line = _password(password)
    tables[name] |= tomllib.loads(line)
    for first, end in _sections(text, name):
        lines = text.splitlines(keepends=True)
        for number in range(first, end):
            if lines[number].partition("=")[0].strip() == "password":
                lines[number] = f"{line}\n"
                _replace(path, name, "".join(lines), tables)
                return
    raise _by_hand(path, name)


def _read(path: Path, name: str) -> tuple[str, dict[str, Any]]:
    text = read_text(path)
    if name not in parse_users(text, path):
        raise ConfigError(Problem(f"users.{name}", "there is no such user", file=path))
    return text, tomllib.loads(text)["users"]


def _sections(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Yield where the lines of a user's table seem to begin and to end."""
    lines = text.splitlines()
    headers = [(number, _header(line)) for number, line in enumerate(lines)]
    begins = [(number, header) for number, header in headers if header is not None]
    ends = [*(number for number, _ in begins[1:]), len(lines)]
    # Without any there is one end too many.
    for (number, header), end in zip(begins, ends, strict=False):
        if header != {"users": {name: {}}}:
            continue
        # What is said before the next user is about that one.
        last = end
        while not lines[last - 1].partition("#")[0].strip():
            last -= 1
        yield number, last


def _header(line: str) -> dict[str, Any] | None:
    """Return the table that a line begins; None if it begins none."""
    if not line.lstrip().startswith("["):
        return None
    try:
        return tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None


def _replace(path: Path, name: str, text: str, tables: dict[str, Any]) -> None:
    """Write a text, if it says what it should: in files that people wrote, lines may look like what they are not."""
    try:
        is_right = tomllib.loads(text).get("users", {}) == tables
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise _by_hand(path, name)
    _write(path, text)


def _by_hand(path: Path, name: str) -> ConfigError:
    message = "cannot be changed: it is not written as `gridhook users add` does it; edit the file by hand"
    return ConfigError(Problem(f"users.{name}", message, file=path))


def _write(path: Path, text: str) -> None:
    """Put a text into a file that only its owner can read, all of it or nothing."""
    target = path.resolve()
    # Made for its owner alone.
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _password(password: str) -> str:
    return f"password = {_quote(hash_password(password))}"


def _quote(value: str) -> str:
    """Return a TOML string: its escapes are those of JSON, which has no escape for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
