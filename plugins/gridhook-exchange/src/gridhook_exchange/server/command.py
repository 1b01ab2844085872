"""``gridhook serve`` and, from its own module, ``gridhook users``."""

from __future__ import annotations

import errno
import json
import secrets
import socket
from collections.abc import Iterable
from functools import partial
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gridhook.assets import ASSET_KINDS
from gridhook.errors import ConfigError, Problem
from gridhook.grid import MARKET
from gridhook.resultfiles import ResultsFolder
from gridhook_exchange.server.keeping import users
from gridhook_exchange.service.limits import Limits

if TYPE_CHECKING:
    from gridhook_exchange.redis_door.address import Address
    from gridhook_exchange.server.hall import Hall
    from gridhook_exchange.server.serving import SideDoor

__all__ = ["serve", "users"]

_USER = "gridhook"
# Whoever comes through Redis; a name that nobody who logs in has.
_UNNAMED = "(redis)"
_LOOPBACK = "127.0.0.1"
_DAY = 86_400
_WRONG_HOST = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL)
_FILE = click.Path(path_type=Path, dir_okay=False)


def _check_seconds(_: click.Context, __: click.Parameter, seconds: float) -> float:
    """Refuse what is no length of a slot: NaN, too, which a range of click lets pass."""
    if not 0.0 <= seconds <= _DAY:
        msg = f"{seconds:g} is no number of seconds from 0 to {_DAY}"
        raise click.BadParameter(msg)
    return seconds


def _check_addresses(_: click.Context, __: click.Parameter, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no IP address."""
    for address in addresses:
        try:
            ip_address(address)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return addresses


@click.command()
@click.argument("community", default="demo")
@click.option("--host", default=_LOOPBACK, show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--slots", type=click.IntRange(min=1), help="End after so many slots.")
@click.option(
    "--slot-seconds",
    default=60.0,
    show_default=True,
    callback=_check_seconds,
    help="How long a slot lasts, up to a day.",
)
@click.option("--lockstep", is_flag=True, help="A tick lasts until each connected aggregator has sent a batch.")
@click.option("--paused", is_flag=True, help="Wait for POST …/resume/ before the first slot.")
@click.option(
    "--lease-slots",
    default=Limits().lease_slots,
    show_default=True,
    type=click.IntRange(min=1),
    help="After so many slots in which an aggregator sends nothing, its assets trade for themselves again.",
)
@click.option("--users", "users_file", type=_FILE, help="Who may log in.")
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    metavar="ADDRESS",
    multiple=True,
    callback=_check_addresses,
    help="A proxy that says in X-Forwarded-For for whom it asks; may be repeated. Of others, that is not believed.",
)
@click.option(
    "--redis",
    "redis_url",
    metavar="URL",
    help="Serve local Redis clients, too, on the server at redis://HOST:PORT/DATABASE. They need no password: whoever "
    "reaches that Redis trades for all assets and markets. Together with --users only on loopback.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write trades, orders, assets and a summary to this new folder in the end.",
)
@click.option("--json", "as_json", is_flag=True, help="The first line on stdout is one JSON object.")
def serve(  # noqa: PLR0913 - one argument per option
    community: str,
    host: str,
    port: int,
    slots: int | None,
    slot_seconds: float,
    *,
    lockstep: bool,
    paused: bool,
    lease_slots: int,
    users_file: Path | None,
    trusted_proxies: tuple[str, ...],
    redis_url: str | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Serve COMMUNITY (a name that ships, or a file) over REST and WebSocket, as the Grid Singularity Exchange does."""
    _check_call(host, lockstep=lockstep, has_users=users_file is not None)
    address = None if redis_url is None else _read_redis(redis_url, host, has_users=users_file is not None)
    from gridhook_exchange.server.building import Wishes, build_hall
    from gridhook_exchange.server.serving import do_nothing, run
    from gridhook_exchange.service.results import write_results

    password = None if users_file else secrets.token_urlsafe(12)
    wishes = Wishes(
        community,
        slots,
        None if lockstep else slot_seconds,
        users_file,
        {_USER: password} if password else {},
        None if address is None else _UNNAMED,
        keeps_orders=report is not None,
        trusted_proxies=trusted_proxies,
        limits=Limits(lease_slots=lease_slots),
    )
    hall = build_hall(wishes)
    conclude = do_nothing if report is None else partial(write_results, hall.exchange, ResultsFolder(report))
    terms = {"lease_slots": lease_slots, **({"pace": "lockstep"} if lockstep else {})}
    doors = [] if address is None else [_redis_door(hall, address, terms)]
    listener = _listen(host, port)
    if not paused:
        hall.driver.resumed.set()
    facts = _facts(hall, _reachable(host, listener), listener.getsockname()[1], password)
    if redis_url is not None:
        facts["redis_url"] = redis_url
    text = json.dumps(facts) if as_json else _text(facts, hall.users)
    status = run(hall, listener, lambda: click.echo(text), doors, conclude)
    if not as_json:
        click.echo(_ending(hall, report))
    raise SystemExit(status)


def _check_call(host: str, *, lockstep: bool, has_users: bool) -> None:
    """Refuse what cannot be served.

    :raises ConfigError: no host, or one that is not for everybody; two paces; a library is missing.
    """
    if not host:
        raise ConfigError(Problem("--host", "is empty; 0.0.0.0 is all addresses of this machine"))
    if lockstep and click.get_current_context().get_parameter_source("slot_seconds") is not ParameterSource.DEFAULT:
        message = "not together with --slot-seconds: in lockstep a tick lasts until all batches have come"
        raise ConfigError(Problem("--lockstep", message))
    if not has_users and not _is_loopback(host):
        message = f"without --users only this machine is served, and {host!r} is another address"
        raise ConfigError(Problem("--host", message))
    if missing := _missing_libraries():
        raise ConfigError(Problem("", missing))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _missing_libraries() -> str:
    missing = [name for name in ("starlette", "uvicorn", "websockets", "jwt", "graphql") if find_spec(name) is None]
    return f"{', '.join(missing)} is not installed; pip install 'gridhook-exchange[serve]'" if missing else ""


def _read_redis(url: str, host: str, *, has_users: bool) -> Address:
    """Return the address of a Redis server.

    :raises ConfigError: it is none, its clients would trade for the users' assets from elsewhere, or the library is
        missing.
    """
    from gridhook_exchange.redis_door.address import read_address

    address = read_address(url)
    if has_users and not (address.is_loopback and _is_loopback(host)):
        message = "together with --users only on loopback: whoever reaches that Redis trades for all of them"
        raise ConfigError(Problem("--redis", message))
    if find_spec("redis") is None:
        raise ConfigError(Problem("--redis", "redis is not installed; pip install 'gridhook-exchange[redis]'"))
    return address


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    :raises ConfigError: the address is taken, or not one of this machine.
    """
    from gridhook_exchange.server.serving import listen

    try:
        return listen(host, port)
    except (OSError, UnicodeError) as error:
        is_host = not isinstance(error, OSError) or isinstance(error, socket.gaierror) or error.errno in _WRONG_HOST
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"{host}:{port} cannot be listened on: {reason}"
        raise ConfigError(Problem("--host" if is_host else "--port", message)) from error


def _reachable(host: str, listener: socket.socket) -> str:
    """Return the name by which clients reach a socket: this machine's, if it listens on all addresses."""
    return socket.gethostname() if ip_address(listener.getsockname()[0]).is_unspecified else host


def _redis_door(hall: Hall, address: Address, terms: dict[str, Any]) -> SideDoor:
    from gridhook_exchange.redis_door.connection import RedisDoor
    from gridhook_exchange.redis_door.door import Door

    door = RedisDoor(address, hall.driver, Door(hall.exchange, _UNNAMED, terms))
    hall.driver.outlets.append(door)
    return door


def _facts(hall: Hall, host: str, port: int, password: str | None) -> dict[str, Any]:
    shown = f"[{host}]" if ":" in host else host
    tree = hall.exchange.registry.tree
    areas = [
        {"name": name, "uuid": area, "kind": kind}
        for name, area, kind in zip(tree.names, tree.ids, tree.kinds, strict=True)
    ]
    return {
        "url": f"http://{shown}:{port}",
        "websocket_url": f"ws://{shown}:{port}/external-ws",
        "simulation_id": hall.exchange.simulation_id,
        "username": _USER if password else None,
        "password": password,
        "assets": [area for area in areas if area["kind"] in ASSET_KINDS],
        "markets": [area for area in areas if area["kind"] == MARKET],
    }


def _text(facts: dict[str, Any], names: Iterable[str]) -> str:
    variables = {
        "API_CLIENT_DOMAIN_NAME": facts["url"],
        "API_CLIENT_WEBSOCKET_DOMAIN_NAME": facts["websocket_url"],
        "API_CLIENT_SIMULATION_ID": facts["simulation_id"],
        "API_CLIENT_USERNAME": facts["username"],
        "API_CLIENT_PASSWORD": facts["password"],
    }
    lines = [f"serving {len(facts['assets'])} assets in {len(facts['markets'])} markets; users: {', '.join(names)}"]
    lines += ["A client needs:", ""]
    lines += [f"export {name}={value or '...'}" for name, value in variables.items()]
    if "redis_url" in facts:
        lines += ["", f"Redis clients need: {facts['redis_url']}"]
    return "\n".join([*lines, "", "Ctrl-C ends it."])


def _ending(hall: Hall, report: Path | None) -> str:
    simulation = hall.exchange.simulation
    text = f"The run is over after {simulation.closed_slots} of {simulation.community.slots} slots."
    return f"{text} The report is in {report}." if report else text
