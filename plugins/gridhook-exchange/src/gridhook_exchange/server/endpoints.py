"""The REST endpoints (PROTOCOL.md 1.3), one short function each: who asks, for what, and the exchange's answer."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gridhook_exchange.server.bodies import LARGEST_BATCH, LARGEST_ENERGIES, LARGEST_OTHER
from gridhook_exchange.server.driver import FEW_COMMANDS
from gridhook_exchange.server.hall import Hall, hall_of
from gridhook_exchange.service.intake import read_body

__all__ = ["BODIES", "ROUTES"]

_CONNECTION = "/external-connection"
_AGGREGATORS = f"{_CONNECTION}/aggregator-api/{{simulation}}"
_AREAS = f"{_CONNECTION}/api/{{simulation}}"

_Work = Callable[[Hall, str, Request, dict[str, Any]], Awaitable[object]]


async def log_in(request: Request) -> JSONResponse:
    """Answer a user's name and password with a token (PROTOCOL.md 1.2)."""
    return JSONResponse({"access": await hall_of(request).log_in(request)})


async def list_aggregators(hall: Hall, user: str, _: Request, __: dict[str, Any]) -> object:
    """Answer name and uuid of the user's aggregators."""
    return [{"name": one.name, "uuid": one.uuid} for one in hall.exchange.aggregators.of_user(user)]


async def create_aggregator(hall: Hall, user: str, _: Request, body: dict[str, Any]) -> object:
    """Make an aggregator; of the same name there is only one."""
    made = hall.exchange.create_aggregator(user, hall.text(body, "name"))
    return {"name": made.name, "uuid": made.uuid}


async def delete_aggregator(hall: Hall, user: str, _: Request, body: dict[str, Any]) -> object:
    """Delete an aggregator; its assets trade for themselves again."""
    uuid = hall.text(body, "aggregator_uuid")
    hall.driver.publish(hall.exchange.delete_aggregator(user, uuid))
    hall.driver.sockets.end([uuid])
    return {"aggregator_uuid": uuid, "status": "deleted"}


async def select_aggregator(hall: Hall, user: str, _: Request, body: dict[str, Any]) -> object:
    """Put an asset or market under an aggregator."""
    uuid, area = (hall.text(body, key) for key in ("aggregator_uuid", "device_uuid"))
    hall.driver.publish(hall.exchange.select(user, uuid, area))
    return {"aggregator_uuid": uuid, "device_uuid": area, "status": "SELECTED"}


async def unselect_aggregator(hall: Hall, user: str, _: Request, body: dict[str, Any]) -> object:
    """Take an asset or market from an aggregator."""
    uuid, area = (hall.text(body, key) for key in ("aggregator_uuid", "device_uuid"))
    hall.driver.publish(hall.exchange.unselect(user, uuid, area))
    return {"aggregator_uuid": uuid, "device_uuid": area, "status": "UNSELECTED"}


async def batch_commands(hall: Hall, user: str, _: Request, body: dict[str, Any]) -> object:
    """Take a batch; its answer comes over the aggregator's WebSocket at the end of the tick."""
    exchange, driver = hall.exchange, hall.driver
    size = exchange.intake.measure(body)
    exchange.intake.check(user, body, size)
    is_large = size.commands > FEW_COMMANDS
    async with hall.bodies.lock if is_large else contextlib.nullcontext():
        # Again: others of this user may have been taken since.
        exchange.intake.check(user, body, size)
        batch = await to_thread.run_sync(read_body, body) if is_large else read_body(body)
        async with driver.lock:
            driver.publish(exchange.take(user, batch, size))
    await driver.note_batch()
    return {"command": "batch_commands", "transaction_id": batch.transaction}


async def registry(hall: Hall, user: str, _: Request, __: dict[str, Any]) -> object:
    """Answer the tree of markets and assets (PROTOCOL.md 1.4)."""
    return hall.exchange.registry_of(user)


async def area_command(hall: Hall, user: str, request: Request, body: dict[str, Any]) -> object:
    """Take a command for one asset or market; its answer comes over that area's WebSocket."""
    return _command(hall, user, request, request.path_params["command"], body)


async def market_stats(hall: Hall, user: str, request: Request, body: dict[str, Any]) -> object:
    """Take the question how a market's last slot was; the answer comes over the market's WebSocket."""
    return _command(hall, user, request, "dso-market-stats", body)


def _command(hall: Hall, user: str, request: Request, command: str, body: dict[str, Any]) -> object:
    hall.driver.publish(hall.exchange.command_area(user, request.path_params["area"], command, body))
    return {"command": command, "transaction_id": body["transaction_id"]}


async def resume(hall: Hall, user: str, _: Request, __: dict[str, Any]) -> object:
    """Let the clock run."""
    _check_clock(hall, user)
    hall.driver.resumed.set()
    return {"status": "running"}


async def pause(hall: Hall, user: str, _: Request, __: dict[str, Any]) -> object:
    """Stop the clock at the end of the running tick."""
    _check_clock(hall, user)
    hall.driver.resumed.clear()
    return {"status": "paused"}


def _check_clock(hall: Hall, user: str) -> None:
    """Let only those who own the root market stop the clock for everybody; anybody, if nobody owns it.

    :raises HTTPException: 403.
    """
    root = hall.exchange.registry.tree.ids[0]
    operators = [one for one in hall.users if hall.exchange.owns(one, root)]
    if operators and user not in operators:
        raise HTTPException(403, "the clock is for those who own the root market")


def _largest(request: Request) -> int:
    """Return how many bytes the body of a request may have."""
    if request.url.path.rstrip("/").endswith("/batch-commands"):
        return LARGEST_BATCH
    is_of_energies = request.path_params.get("command") in ("set-energy-forecast", "set-energy-measurement")
    return LARGEST_ENERGIES if is_of_energies else LARGEST_OTHER


def _route(method: str, path: str, work: _Work) -> Route:
    name = work.__name__

    async def answer(request: Request) -> JSONResponse:
        hall = hall_of(request)
        user = hall.user_of(request)
        has_body = name in BODIES or request.headers.get("content-length", "0") != "0"
        async with hall.bodies.turn(request, user) if has_body else contextlib.nullcontext():
            body = await hall.bodies.read(request, _largest(request)) if has_body else {}
            # Batches may be large: it is not held while they are read.
            async with contextlib.nullcontext() if work is batch_commands else hall.driver.lock:
                return JSONResponse(await work(hall, user, request, body))

    answer.__doc__ = work.__doc__
    return Route(path, answer, methods=[method], name=name)


ROUTES = [
    Route("/api-token-auth/", log_in, methods=["POST"]),
    _route("GET", f"{_AGGREGATORS}/list-aggregators/", list_aggregators),
    _route("POST", f"{_AGGREGATORS}/create-aggregator/", create_aggregator),
    _route("POST", f"{_AGGREGATORS}/delete-aggregator/", delete_aggregator),
    _route("POST", f"{_AGGREGATORS}/select-aggregator/", select_aggregator),
    _route("POST", f"{_AGGREGATORS}/unselect-aggregator/", unselect_aggregator),
    _route("POST", f"{_AGGREGATORS}/batch-commands/", batch_commands),
    _route("GET", f"{_CONNECTION}/configurations/{{simulation}}/registry", registry),
    _route("POST", f"{_AREAS}/resume/", resume),
    _route("POST", f"{_AREAS}/pause/", pause),
    _route("GET", f"{_AREAS}/{{area}}/dso-market-stats", market_stats),
    _route("POST", f"{_AREAS}/{{area}}/{{command}}/", area_command),
]


_TEXT = {"type": "string", "minLength": 1}
_LISTS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}}
_ENERGIES = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}
_FEE = {"type": "number", "minimum": 0}


def _object(*texts: str, also: dict[str, object] | None = None, **others: object) -> dict[str, object]:
    """Return the schema of an object; what it may have ``also`` is not required."""
    properties: dict[str, object] = dict.fromkeys(texts, _TEXT) | others
    return {"type": "object", "required": list(properties), "properties": properties | (also or {})}


BODIES: dict[str, dict[str, object]] = {
    "log_in": _object("username", "password"),
    "create_aggregator": _object("name"),
    "delete_aggregator": _object("aggregator_uuid"),
    "select_aggregator": _object("aggregator_uuid", "device_uuid"),
    "unselect_aggregator": _object("aggregator_uuid", "device_uuid"),
    "batch_commands": _object("aggregator_uuid", "transaction_id", batch_commands=_LISTS),
    "market_stats": _object("transaction_id"),
    "area_command": _object(
        "transaction_id",
        also={
            "energy_forecast": _ENERGIES,
            "energy_measurement": _ENERGIES,
            "fee_const": _FEE,
            "fee_percent": _FEE,
        },
    ),
    "look_up": _object(
        "query",
        also={"variables": {"type": ["object", "null"]}, "operationName": {"type": ["string", "null"]}},
    ),
}
"""JSON Schema of the bodies by the name of the endpoint."""
