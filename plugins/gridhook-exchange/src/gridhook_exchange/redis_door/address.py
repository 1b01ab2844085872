"""The address of a Redis server, as given on the command line."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

import attrs

from gridhook.errors import ConfigError, Problem

__all__ = ["PASSWORD_VARIABLE", "Address", "read_address"]

PASSWORD_VARIABLE = "REDISCLI_AUTH"  # noqa: S105 - the name of a variable, the one that redis-cli reads


@attrs.frozen
class Address:
    """Where a Redis server is.

    ``url``
        without a password.
    ``is_loopback``
        whether only this machine reaches it there.
    """

    url: str
    is_loopback: bool
    password: str | None = attrs.field(default=None, repr=False)

    def __str__(self) -> str:
        return self.url


def read_address(url: str) -> Address:
    """Return the address that a URL is: ``redis://HOST[:PORT][/DATABASE]``, ``rediss://…`` or ``unix://PATH``.

    :raises ConfigError: it is none, or has a password, which other users of this machine would see.
    """
    problem = _problem(url)
    if problem is not None:
        raise ConfigError(Problem("--redis", problem))
    parts = urlsplit(url)
    is_loopback = parts.scheme == "unix" or _is_loopback(parts.hostname or "")
    return Address(url, is_loopback, os.environ.get(PASSWORD_VARIABLE) or None)


def _problem(url: str) -> str | None:
    """Return what is wrong with a URL; None if nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is no URL: {error}"
    database = parts.path.removeprefix("/")
    is_number = not database or (database.isascii() and database.isdigit())
    problem = None
    if parts.scheme not in ("redis", "rediss", "unix"):
        problem = "has to begin with redis://, rediss:// or unix://"
    elif parts.username or parts.password:
        problem = f"a password does not belong on the command line; set {PASSWORD_VARIABLE}"
    elif parts.query or parts.fragment:
        problem = "has to end after the number of the database, or the path of the socket"
    elif parts.scheme == "unix" and (parts.hostname or not database):
        problem = "has to be the path of a socket, such as unix:///run/redis.sock"
    elif parts.scheme != "unix" and not (parts.hostname and port != 0 and is_number):
        problem = "has to look like redis://localhost:6379/0"
    return problem


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
