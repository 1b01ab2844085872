"""Credentials: the password of a Redis server, from the environment or a file. Never shown."""

from __future__ import annotations

import logging
import stat
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import attrs

from gridhook.errors import ConfigError, Problem

__all__ = ["PASSWORD", "Credentials", "find_credentials"]

PASSWORD = "REDISCLI_AUTH"  # noqa: S105 - the name of a variable, the one that redis-cli reads

_AT = "exchange.credentials_file"

_log = logging.getLogger(__name__)


@attrs.frozen
class Credentials:
    """A password, and the user whose it is; None: the default user, or no password."""

    password: str | None = attrs.field(default=None, repr=False)
    username: str | None = None


def find_credentials(file: Path | None, environ: Mapping[str, str]) -> Credentials:
    """Return the credentials: the environment's password goes before that of a file.

    :param file: TOML with ``password``, and perhaps ``username``; None: there is none.
    :raises ConfigError: it cannot be read.
    """
    told = {} if file is None else _read(file)
    return Credentials(environ.get(PASSWORD) or told.get("password"), told.get("username"))


def _read(file: Path) -> dict[str, str]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        mode = file.stat().st_mode
    except OSError as error:
        raise ConfigError(Problem(_AT, f"{file} cannot be read: {error.strerror}")) from error
    except ValueError as error:
        # What is wrong with it may be next to the password: it is not quoted.
        raise ConfigError(Problem(_AT, f"{file} is not TOML")) from error
    if not {"password"} <= table.keys() <= {"password", "username"} or not all(
        isinstance(text, str) for text in table.values()
    ):
        raise ConfigError(Problem(_AT, f"{file} has to have the text 'password', perhaps 'username', and nothing else"))
    if sys.platform != "win32" and mode & (stat.S_IRGRP | stat.S_IROTH):
        _log.warning("others on this machine can read the password in %s; chmod 600 it", file)
    return table
