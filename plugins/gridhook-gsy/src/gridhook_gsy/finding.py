"""Finding the address that command line, environment and configuration lead to (PROTOCOL.md 9.2). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import attrs

from gridhook.errors import Problem
from gridhook_gsy.address import Address
from gridhook_gsy.summary import Summary

__all__ = ["DOMAIN", "SIMULATION", "WEBSOCKET_DOMAIN", "Found", "Given", "find_address"]

DOMAIN = "API_CLIENT_DOMAIN_NAME"
WEBSOCKET_DOMAIN = "API_CLIENT_WEBSOCKET_DOMAIN_NAME"
SIMULATION = "API_CLIENT_SIMULATION_ID"

_URL = "exchange.url"
_COMMAND_LINE = "--exchange"
_WEBSOCKET = "exchange.websocket"
_FILE = "simulation_file"
_DEFAULT = "default"
_DEFAULT_HOST = "d3aweb.gridsingularity.com"
_WEBSOCKET_PATH = "/external-ws"
_WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss"}


@attrs.frozen
class Given:
    """What was given, besides the environment.

    ``scheme``
        ``http`` or ``https``.
    ``url``
        ``//HOST``, or ``//`` alone.
    ``is_commanded``
        whether the URL is the command line's, which goes before the environment.
    ``simulation``, ``websocket``
        the configuration's keys.
    ``summary``
        the simulation's config file.
    """

    scheme: str
    url: str
    is_commanded: bool = False
    simulation: str | None = None
    websocket: str | None = None
    summary: Summary | None = None


@attrs.frozen
class Found:
    """An address, and for each part of it where that comes from.

    ``overruled``
        what the configuration says instead, by the name of the variable that goes before it.
    ``problems``
        what is wrong with it; the other parts are right all the same.
    """

    address: Address
    rest: str
    websocket: str
    simulation: str
    overruled: Mapping[str, str]
    problems: tuple[Problem, ...]


def find_address(given: Given, environ: Mapping[str, str]) -> Found:
    """Return the address that is meant.

    The command line goes before the environment, and that before the configuration. After that come
    the simulation's config file and the public exchange. What says where the WebSocket interface is only counts beside
    the host that it belongs to: a token must go to no other one.
    """
    problems: list[Problem] = []
    scheme, summary = given.scheme, given.summary or Summary("", "", "")
    own = f"{scheme}:{given.url}" if given.url.strip("/") else ""
    told = environ.get(DOMAIN, "")
    rest, rest_source = _first(
        (own if given.is_commanded else "", _COMMAND_LINE),
        (told, DOMAIN),
        (own, _URL),
        (summary.domain, _FILE),
        (_DEFAULT_HOST, _DEFAULT),
    )
    rest = _origin(_with_scheme(rest, scheme), _URL if rest_source in (_URL, _COMMAND_LINE) else rest_source, problems)
    if not problems and urlsplit(rest).scheme != scheme:
        problems.append(_other_scheme(scheme, rest, rest_source))
    stream, stream_source = _first(
        (environ.get(WEBSOCKET_DOMAIN, "") if _is_of(told, rest, scheme) else "", WEBSOCKET_DOMAIN),
        ((given.websocket or "") if rest_source == _URL or not own else "", _WEBSOCKET),
        (summary.websocket if _is_of(summary.domain, rest, scheme) else "", _FILE),
        (f"{rest.removeprefix(scheme).removeprefix('://')}{_WEBSOCKET_PATH}", "same host"),
    )
    stream = _with_scheme(stream.rstrip("/"), _WEBSOCKET_SCHEMES[scheme])
    problems += _stream_problems(stream, WEBSOCKET_DOMAIN if stream_source == WEBSOCKET_DOMAIN else _WEBSOCKET)
    configured, configured_source = _first((given.simulation or "", "exchange.simulation"), (summary.simulation, _FILE))
    identity, identity_source = _first((environ.get(SIMULATION, ""), SIMULATION), (configured, configured_source))
    if not identity:
        problems.append(_no_simulation())
    overruled = {
        name: ours
        for name, theirs, ours in (
            (DOMAIN, rest if rest_source == DOMAIN else "", own.rstrip("/")),
            (SIMULATION, identity if identity_source == SIMULATION else "", configured),
        )
        if theirs and ours and theirs != ours
    }
    address = Address(rest, stream, identity)
    return Found(address, rest_source, stream_source, identity_source, overruled, tuple(problems))


def _first(*candidates: tuple[str, str]) -> tuple[str, str]:
    """Return the first that is not empty, and where it comes from."""
    return next((one for one in candidates if one[0]), ("", ""))


def _is_of(domain: str, rest: str, scheme: str) -> bool:
    """Return whether what stands beside a domain belongs to this host; it does where no domain is told."""
    return not domain or _with_scheme(domain, scheme).rstrip("/") == rest


def _with_scheme(text: str, scheme: str) -> str:
    return text if "://" in text else f"{scheme}://{text}"


def _shown(url: str) -> str:
    """Return an address without the credentials that somebody wrote into it."""
    return re.sub(r"//[^/]*@", "//***@", url)


def _other_scheme(scheme: str, rest: str, source: str) -> Problem:
    unset = f"; unset {DOMAIN}, which goes before, or begin with the same" if source == DOMAIN else ""
    return Problem(_URL, f"begins with 'gsy+{scheme}:', but the address is {_shown(rest)!r} ({source}){unset}")


def _stream_problems(stream: str, at: str) -> list[Problem]:
    if urlsplit(stream).scheme not in _WEBSOCKET_SCHEMES.values():
        return [Problem(at, f"has to begin with 'wss://' or 'ws://', not {_shown(stream)!r}")]
    if urlsplit(stream).username is not None:
        return [Problem(at, f"credentials do not belong into an address: {_shown(stream)!r}")]
    return []


def _no_simulation() -> Problem:
    return Problem(
        "exchange.simulation",
        "is missing: the uuid of the simulation, collaboration or canary network; or set "
        f"{SIMULATION}, or give simulation_file, the file that its registry page offers for download",
    )


def _origin(url: str, at: str, problems: list[Problem]) -> str:
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in _WEBSOCKET_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or parts.query or parts.fragment or parts.username is not None:
        problems.append(Problem(at, f"{_shown(url)!r} is no address such as 'https://HOST' or 'http://HOST:PORT'"))
    return url.rstrip("/")
