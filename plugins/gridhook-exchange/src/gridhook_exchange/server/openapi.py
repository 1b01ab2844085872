"""The description of the REST endpoints that the server publishes: OpenAPI 3.1."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gridhook_exchange.server.endpoints import BODIES, ROUTES
from gridhook_exchange.server.graphql import LOOK_UPS
from gridhook_exchange.service.direct import DIRECT_COMMANDS

__all__ = ["describe", "description"]

_STATUS = {
    "200": "the answer",
    "400": "the request makes no sense",
    "401": "no token, or one that is worth nothing",
    "403": "not for this user",
    "404": "no such thing, or not yours",
    "405": "another method",
    "409": "somebody else has it",
    "413": "the body is too large",
    "429": "too many",
}

_TEXT = {"type": "string"}
_PARAMETERS: dict[str, dict[str, Any]] = {"command": {**_TEXT, "enum": list(DIRECT_COMMANDS)}}


async def describe(_: Request) -> JSONResponse:
    """Answer the description of this server."""
    return JSONResponse(description())


def description() -> dict[str, Any]:
    """Return the OpenAPI description of all endpoints."""
    paths: dict[str, dict[str, Any]] = {}
    for route in (*ROUTES, *LOOK_UPS):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(route.path, {})[method.lower()] = _operation(route, method)
    return {
        "openapi": "3.1.0",
        "info": {"title": "gridhook exchange", "version": metadata.version("gridhook-exchange")},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}}},
    }


def _operation(route: Route, method: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.name}_{method.lower()}",
        "summary": (route.endpoint.__doc__ or "").strip().partition("\n")[0],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _PARAMETERS.get(name, _TEXT)}
            for name in route.param_convertors
        ],
        "responses": {
            status: {"description": text, "content": {"application/json": {"schema": {}}}}
            for status, text in _STATUS.items()
        },
    }
    if route.name != "log_in":
        operation["security"] = [{"token": []}]
    schema = BODIES.get(route.name)
    if schema is not None:
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation
