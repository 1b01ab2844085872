"""The hall: everything that the endpoints of one server share, and how they find out who is asking."""

from __future__ import annotations

from typing import Any

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from gridhook_exchange.server.bodies import LARGEST_LOGIN, Bodies
from gridhook_exchange.server.driver import Driver
from gridhook_exchange.server.logins import Logins
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
    ``trusted_proxies``
        addresses that may say for whom they ask.
    """

    exchange: Exchange
    driver: Driver
    logins: Logins
    tokens: Tokens
    users: tuple[str, ...]
    trusted_proxies: tuple[str, ...] = ()
    bodies: Bodies = attrs.field(factory=Bodies)

    async def log_in(self, request: Request) -> str:
        """Return a token for the user and password in a request.

        :raises HTTPException: 400, 401, or 429 if too many wait.
        """
        body = await self.bodies.read(request, LARGEST_LOGIN)
        user, password = (self.text(body, key) for key in ("username", "password"))
        if not await self.logins.check(user, password, request.client.host if request.client else ""):
            raise HTTPException(401, "no such user and password")
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
