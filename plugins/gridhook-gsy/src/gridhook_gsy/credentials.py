"""Credentials: a user's name and password, from the environment, a file, or a prompt. Never shown."""

from __future__ import annotations

import getpass
import logging
import stat
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import attrs

from gridhook.errors import ConfigError, Problem

__all__ = ["PASSWORD", "USERNAME", "Credentials", "find_credentials"]

USERNAME = "API_CLIENT_USERNAME"
PASSWORD = "API_CLIENT_PASSWORD"  # noqa: S105 - the name of a variable

_log = logging.getLogger(__name__)


@attrs.frozen
class Credentials:
    """A user and the password, and where they come from, in words."""

    username: str
    password: str = attrs.field(repr=False)
    source: str = ""


def find_credentials(file: Path | None, environ: Mapping[str, str]) -> Credentials:
    """Return the credentials: the environment's, then those of a file, then what is typed on a terminal.

    :param file: TOML with ``username`` and ``password``; None: there is none.
    :raises ConfigError: there are none, or the file cannot be read.
    """
    told = {} if file is None else _read(file)
    username = environ.get(USERNAME) or told.get("username", "")
    password = environ.get(PASSWORD) or told.get("password", "")
    if not (username and password) and sys.stdin.isatty():
        try:
            username = username or _ask_name()
            password = getpass.getpass(f"Password of {username}: ")
        except EOFError:
            pass
    if not (username and password):
        message = f"there are no credentials: set {USERNAME} and {PASSWORD}, or give credentials_file"
        raise ConfigError(Problem("exchange", message))
    sources = (name if environ.get(name) else str(file or "typed in") for name in (USERNAME, PASSWORD))
    return Credentials(username, password, " and ".join(dict.fromkeys(sources)))


def _ask_name() -> str:
    sys.stderr.write("User name: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _read(file: Path) -> dict[str, str]:
    at = "exchange.credentials_file"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        mode = file.stat().st_mode
    except OSError as error:
        raise ConfigError(Problem(at, f"{file} cannot be read: {error.strerror}")) from error
    except ValueError as error:
        # What is wrong with it may be next to the password: it is not quoted.
        raise ConfigError(Problem(at, f"{file} is not TOML")) from error
    if sorted(table) != ["password", "username"] or not all(isinstance(text, str) for text in table.values()):
        raise ConfigError(Problem(at, f"{file} has to have two texts, 'username' and 'password', and nothing else"))
    if sys.platform != "win32" and mode & (stat.S_IRGRP | stat.S_IROTH):
        _log.warning("others on this machine can read the password in %s; chmod 600 it", file)
    return table
