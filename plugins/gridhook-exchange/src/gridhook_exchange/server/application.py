"""The ASGI application: all endpoints, and what becomes of requests that cannot be granted."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from gridhook_exchange.server.endpoints import ROUTES
from gridhook_exchange.server.graphql import LOOK_UPS
from gridhook_exchange.server.hall import Hall
from gridhook_exchange.server.listening import WEBSOCKETS
from gridhook_exchange.server.openapi import describe
from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["build_application"]

_STATUS = {Why.UNKNOWN: 404, Why.CONFLICT: 409, Why.INVALID: 400, Why.TOO_MANY: 429}


def build_application(hall: Hall) -> Starlette:
    """Return the application of one server."""
    routes: list[Route | WebSocketRoute] = [
        *ROUTES,
        *LOOK_UPS,
        Route("/openapi.json", describe, methods=["GET"]),
        *WEBSOCKETS,
    ]
    application = Starlette(
        # The paths of the protocol have no rule about the last slash, so that both spellings are served.
        routes=[*routes, *map(_other_spelling, routes)],
        exception_handlers={HTTPException: _say, Refusal: _refuse, ClientDisconnect: _let_go},
    )
    # A redirection would go to whatever host the client named.
    application.router.redirect_slashes = False
    application.state.hall = hall
    return application


def _other_spelling(route: Route | WebSocketRoute) -> Route | WebSocketRoute:
    path = route.path.removesuffix("/") if route.path.endswith("/") else f"{route.path}/"
    if isinstance(route, WebSocketRoute):
        return WebSocketRoute(path, route.endpoint)
    return Route(path, route.endpoint, methods=sorted(route.methods or ()))


async def _say(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Refusal):
        raise error
    return JSONResponse({"error": error.message}, _STATUS[error.why])


async def _let_go(_: Request, __: Exception) -> Response:
    """Answer somebody who left in the middle of a request: nobody reads it."""
    return Response(status_code=400)
