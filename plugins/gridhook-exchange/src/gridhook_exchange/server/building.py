"""Building: a hall from what the command line asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from gridhook.assets import ASSET_KINDS
from gridhook.errors import ConfigError, Problem
from gridhook.grid import MARKET, Tree
from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.link import find_community
from gridhook_exchange.server.driver import Driver, Lockstep, Paced
from gridhook_exchange.server.hall import Hall
from gridhook_exchange.server.logins import Logins
from gridhook_exchange.server.passwords import Passwords, hash_password
from gridhook_exchange.server.sockets import Sockets
from gridhook_exchange.server.tokens import Tokens
from gridhook_exchange.server.users import User, owned_areas, read_users
from gridhook_exchange.service.exchange import Exchange
from gridhook_exchange.service.limits import Limits
from gridhook_exchange.service.orderlog import OrderLog

__all__ = ["Wishes", "build_hall"]

# Besides two for each asset and market: clients listen for each of theirs.
_MOST_WEBSOCKETS = 200
_MOST_WAITING = 1000
_TOKEN_SECONDS = 48 * 3600.0


@attrs.frozen
class Wishes:
    """What is to be served.

    ``community``
        a name that ships, or a file.
    ``slots``
        number of slots; None: as many as the community file says.
    ``slot_seconds``
        how long a slot lasts; None: in lockstep with the aggregators.
    ``users_file``, ``passwords``
        who may log in: the users of a file, and those with these passwords, who own everything.
    ``unnamed``
        a user who owns everything and cannot log in: all those who come through a door that asks for no names.
    ``keeps_orders``
        whether orders are kept for a report.
    ``trusted_proxies``
        addresses whose ``X-Forwarded-For`` is believed.
    ``limits``
        what clients may do.
    """

    community: str
    slots: int | None = None
    slot_seconds: float | None = None
    users_file: Path | None = None
    passwords: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    unnamed: str | None = None
    keeps_orders: bool = False
    trusted_proxies: tuple[str, ...] = ()
    limits: Limits = attrs.field(factory=Limits)


def build_hall(wishes: Wishes) -> Hall:
    """Return a hall with an exchange that has not begun.

    :raises ConfigError: the community or the users are wrong.
    """
    owned: dict[str, frozenset[str]] = {}
    exchange = _build_exchange(wishes, lambda name: owned.get(name, frozenset()))
    users = {} if wishes.users_file is None else read_users(wishes.users_file)
    users |= {name: User(hash_password(password)) for name, password in wishes.passwords.items()}
    owned |= _owned_by_all(wishes, users, exchange.registry.tree)
    return Hall(
        exchange,
        _build_driver(wishes, exchange),
        Logins(Passwords({name: user.password for name, user in users.items()}), time.monotonic),
        Tokens(_TOKEN_SECONDS, time.time),
        tuple(users),
        wishes.trusted_proxies,
    )


def _build_exchange(wishes: Wishes, owned: Callable[[str], frozenset[str]]) -> Exchange:
    community = read_community(
        find_community(wishes.community, Path(), "COMMUNITY"), Overrides(None, wishes.slots, None)
    )
    exchange = Exchange(community, owned, wishes.limits)
    if wishes.keeps_orders:
        exchange.orders = OrderLog(exchange.simulation, exchange.registry)
    return exchange


def _owned_by_all(wishes: Wishes, users: Mapping[str, User], tree: Tree) -> dict[str, frozenset[str]]:
    """Return the ids of the areas that each user owns.

    :raises ConfigError: what is wrong with the users.
    """
    owned: dict[str, frozenset[str]] = {}
    problems: list[Problem] = []
    for name, user in users.items():
        owned[name], wrong = owned_areas(user, tree)
        problems += [
            attrs.evolve(problem, path=f"users.{name}.{problem.path}", file=wishes.users_file) for problem in wrong
        ]
    if wishes.unnamed is not None:
        if wishes.unnamed in users:
            problems.append(Problem(f"users.{wishes.unnamed}", "is no name for a user", file=wishes.users_file))
        everything = zip(tree.ids, tree.kinds, strict=True)
        owned[wishes.unnamed] = frozenset(area for area, kind in everything if kind in (*ASSET_KINDS, MARKET))
    if problems:
        raise ConfigError(problems)
    return owned


def _build_driver(wishes: Wishes, exchange: Exchange) -> Driver:
    ticks = exchange.simulation.community.rules.ticks_per_slot
    sockets = Sockets(
        _MOST_WAITING,
        most_of_user=_MOST_WEBSOCKETS + 2 * len(exchange.registry.tree),
        # So that a client knows that it is waited for.
        headers={"Gridhook-Pace": "lockstep"} if wishes.slot_seconds is None else None,
    )
    pace = Lockstep() if wishes.slot_seconds is None else Paced(wishes.slot_seconds / ticks)
    return Driver(exchange, sockets, pace)
