"""Addresses: where the REST and WebSocket interfaces of one simulation are (PROTOCOL.md 1.1, 2.1, 9.2). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import attrs

from gridhook.errors import Problem
from gridhook_gsy.summary import Summary

__all__ = ["DOMAIN", "SIMULATION", "WEBSOCKET_DOMAIN", "Address", "find_address", "is_loopback"]

DOMAIN = "API_CLIENT_DOMAIN_NAME"
WEBSOCKET_DOMAIN = "API_CLIENT_WEBSOCKET_DOMAIN_NAME"
SIMULATION = "API_CLIENT_SIMULATION_ID"

_DEFAULT_HOST = "d3aweb.gridsingularity.com"
_WEBSOCKET_PATH = "/external-ws"
_WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss"}


@attrs.frozen
class Address:
    """One simulation of an exchange.

    ``rest``
        origin of the REST interface, such as ``https://host``.
    ``websocket``
        origin and path of the WebSocket interface, such as ``wss://host/external-ws``.
    ``simulation``
        uuid of the simulation, collaboration or canary network.
    """

    rest: str
    websocket: str
    simulation: str

    @property
    def login(self) -> str:
        """Where a token is given for a name and a password."""
        return f"{self.rest}/api-token-auth/"

    @property
    def registry(self) -> str:
        """Where all areas are listed."""
        return f"{self.rest}/external-connection/configurations/{self._id}/registry"

    def aggregator(self, what: str) -> str:
        """Return where something is done about an aggregator, such as ``list-aggregators``."""
        return f"{self.rest}/external-connection/aggregator-api/{self._id}/{what}/"

    def asset(self, area: str, what: str) -> str:
        """Return where something is done about an asset, such as ``set-energy-forecast``."""
        return f"{self.rest}/external-connection/api/{self._id}/{quote(area, safe='')}/{what}/"

    def stream(self, aggregator: str) -> str:
        """Return where an aggregator listens."""
        return f"{self.websocket}/{self._id}/aggregator/{quote(aggregator, safe='')}/"

    @property
    def _id(self) -> str:
        return quote(self.simulation, safe="")


def find_address(
    scheme: str,
    url: str,
    environ: Mapping[str, str],
    *,
    simulation: str | None = None,
    websocket: str | None = None,
    summary: Summary | None = None,
) -> tuple[Address, list[Problem]]:
    """Return the address that a configuration and the environment lead to, and what is wrong with it.

    No simulation may be given, and a part may be no address; the others are right all the same.

    Where the URL names a host, that counts; otherwise ``API_CLIENT_DOMAIN_NAME``, the simulation's config file or the
    public exchange do. The simulation's id is the environment's before the configuration's.

    :param scheme: ``http`` or ``https``.
    :param url: ``//HOST``, or ``//`` alone.
    """
    problems: list[Problem] = []
    rest = _origin(f"{scheme}:{url}", "exchange.url", problems) if url.strip("/") else ""
    told = environ.get(DOMAIN) or (summary.domain if summary else "")
    if not rest:
        rest = _origin(_with_scheme(told or _DEFAULT_HOST, scheme), DOMAIN, problems)
        if not problems and urlsplit(rest).scheme != scheme:
            problems.append(
                Problem("exchange.url", f"begins with 'gsy+{scheme}:', but the address is {_shown(rest)!r}")
            )
    # A token must not go to another host than the one that is meant.
    is_same = not told or _with_scheme(told, scheme).rstrip("/") == rest
    given = websocket or (is_same and (environ.get(WEBSOCKET_DOMAIN) or (summary.websocket if summary else ""))) or ""
    default = f"{_WEBSOCKET_SCHEMES[scheme]}{rest.removeprefix(scheme)}{_WEBSOCKET_PATH}"
    stream = _with_scheme(given.rstrip("/"), _WEBSOCKET_SCHEMES[scheme]) if given else default
    if urlsplit(stream).scheme not in _WEBSOCKET_SCHEMES.values():
        problems.append(Problem("exchange.websocket", f"has to begin with 'wss://' or 'ws://', not {_shown(stream)!r}"))
    elif urlsplit(stream).username is not None:
        problems.append(Problem("exchange.websocket", f"credentials do not belong into an address: {_shown(stream)!r}"))
    identity = environ.get(SIMULATION) or simulation or (summary.simulation if summary else "")
    if not identity:
        problems.append(
            Problem(
                "exchange.simulation",
                "is missing: the uuid of the simulation, collaboration or canary network; or set "
                f"{SIMULATION}, or give simulation_file, the file that its registry page offers for download",
            )
        )
    return Address(rest, stream, identity), problems


def is_loopback(url: str) -> bool:
    """Return whether an address is one of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _with_scheme(text: str, scheme: str) -> str:
    return text if "://" in text else f"{scheme}://{text}"


def _shown(url: str) -> str:
    """Return an address without the credentials that somebody wrote into it."""
    return re.sub(r"//[^/]*@", "//***@", url)


def _origin(url: str, at: str, problems: list[Problem]) -> str:
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in _WEBSOCKET_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or parts.query or parts.fragment or parts.username is not None:
        problems.append(Problem(at, f"{_shown(url)!r} is no address such as 'https://HOST' or 'http://HOST:PORT'"))
    return url.rstrip("/")
