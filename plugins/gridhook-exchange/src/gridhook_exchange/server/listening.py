"""The WebSocket endpoints (PROTOCOL.md 2.1): one for aggregators, one for assets and markets."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from gridhook_exchange.server.hall import hall_of
from gridhook_exchange.service.errors import Refusal

__all__ = ["WEBSOCKETS"]

_PREFIX = "/external-ws/{simulation}"


async def listen_to_aggregator(socket: WebSocket) -> None:
    """Send an aggregator's events and answers."""
    hall = hall_of(socket)
    uuid = socket.path_params["aggregator"]
    try:
        user = hall.user_of(socket)
        hall.exchange.aggregators.find(user, uuid)
    except (HTTPException, Refusal):
        await socket.close()
        return
    await hall.driver.sockets.serve(socket, uuid, user)
    # In lockstep, nobody has to wait any longer for who has left.
    await hall.driver.note_batch()


async def listen_to_area(socket: WebSocket) -> None:
    """Send the answers to an asset's or market's own commands, and its events."""
    hall = hall_of(socket)
    area = socket.path_params["area"]
    try:
        user = hall.user_of(socket)
    except HTTPException:
        user = None
    if user is None or not hall.exchange.owns(user, area):
        # Before the handshake, this is the status 403.
        await socket.close()
        return
    await hall.driver.sockets.serve(socket, area, user)


WEBSOCKETS = [
    WebSocketRoute(f"{_PREFIX}/aggregator/{{aggregator}}/", listen_to_aggregator),
    WebSocketRoute(f"{_PREFIX}/{{area}}/", listen_to_area),
]
