"""The address of a Redis server. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import attrs

from gridhook.errors import ConfigError, Problem

__all__ = ["Address", "read_address"]


@attrs.frozen
class Address:
    """Where a Redis server is.

    ``url``
        such as ``redis://localhost:6379/0``.
    ``is_loopback``
        whether only this machine reaches it there.
    """

    url: str
    is_loopback: bool

    def __str__(self) -> str:
        return self.url


def read_address(scheme: str, url: str) -> Address:
    """Return the address that a URL is.

    :param url: without its scheme and colon: ``//HOST[:PORT][/DATABASE]``.
    :raises ConfigError: it is none.
    """
    whole = f"{scheme}:{url}"
    try:
        parts = urlsplit(whole)
        is_right = bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:
        is_right = False
    if is_right and "@" in parts.netloc:
        message = "credentials do not belong into an address; see credentials_file"
        raise ConfigError(Problem("exchange.url", message))
    database = parts.path.removeprefix("/") if is_right else ""
    if not is_right or (database and not (database.isascii() and database.isdigit())):
        raise ConfigError(Problem("exchange.url", f"{whole!r} is no address such as '{scheme}://localhost:6379'"))
    return Address(whole, _is_loopback(parts.hostname or ""))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
