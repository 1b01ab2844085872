"""The hall: everything that the endpoints of one server share, and how they find out who is asking."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import attrs
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from gridhook_exchange.server.bodies import LARGEST_LOGIN, Bodies
from gridhook_exchange.server.driver import Driver
from gridhook_exchange.server.limits import FailedLogins
from gridhook_exchange.server.passwords import Passwords
from gridhook_exchange.server.tokens import Tokens
from gridhook_exchange.service.exchange import Exchange

__all__ = ["Hall", "hall_of"]

_LONGEST_TEXT = 1000


@attrs.define(eq=False)
class Hall:
    """One server's exchange, its driver, and its doorkeepers.

    ``bodies``
        read those of requests.
    ``users``
        their names.
    """

    exchange: Exchange
    driver: Driver
    passwords: Passwords
    tokens: Tokens
    failed_logins: FailedLogins
    users: tuple[str, ...]
    bodies: Bodies = attrs.field(factory=Bodies)
    _checking: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)

    async def log_in(self, request: Request) -> str:
        """Return a token for the user and password in a request.

        :raises HTTPException: 400, 401, or 429 after too many wrong passwords.
        """
        body = await self.bodies.read(request, LARGEST_LOGIN)
        user, password = (self.text(body, key) for key in ("username", "password"))
        # One at a time: a thousand tries at once would all begin before the first one has failed.
        if not self.passwords.is_known(user, password):
            async with self._checking:
                await self._check(user, password, f"client {request.client.host if request.client else ''}")
        return self.tokens.make(user)

    def user_of(self, connection: HTTPConnection) -> str:
        """Return the user whose token came with a request.

        :raises HTTPException: 401 without a token that is worth anything; 404 for another simulation.
        """
        user = self.tokens.user_of(connection.headers.get("authorization"))
        if user is None:
            raise HTTPException(401, "log in first, and send the header 'Authorization: JWT <token>'")
        simulation = connection.path_params.get("simulation")
        if simulation is not None and simulation != self.exchange.simulation_id:
            raise HTTPException(404, f"there is no simulation {simulation!r} here")
        return user

    async def _check(self, user: str, password: str, client: str) -> None:
        if self.passwords.is_known(user, password):
            return
        names = (f"user {user}", client)
        wait = max(map(self.failed_logins.wait_seconds, names))
        if wait > 0:
            raise HTTPException(429, "too many wrong passwords; wait", headers={"Retry-After": str(math.ceil(wait))})
        if not await to_thread.run_sync(self.passwords.is_right, user, password):
            for name in names:
                self.failed_logins.add(name)
            raise HTTPException(401, "no such user and password")

    @staticmethod
    def text(body: dict[str, Any], key: str) -> str:
        """Return a text of a body.

        :raises HTTPException: 400 if it is none, or too long.
        """
        value = body.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT:
            raise HTTPException(400, f"{key!r} has to be a text of 1 to {_LONGEST_TEXT} characters")
        return value


def hall_of(connection: HTTPConnection) -> Hall:
    """Return the hall of the server that a request came to."""
    hall: Hall = connection.app.state.hall
    return hall
