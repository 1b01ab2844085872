"""The ASGI application: all endpoints, and what becomes of requests that cannot be granted."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridhook_exchange.server.endpoints import ROUTES
from gridhook_exchange.server.graphql import look_up
from gridhook_exchange.server.hall import Hall
from gridhook_exchange.server.listening import WEBSOCKETS
from gridhook_exchange.server.openapi import describe
from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["build_application"]

_STATUS = {Why.UNKNOWN: 404, Why.CONFLICT: 409, Why.INVALID: 400, Why.TOO_MANY: 429}


def build_application(hall: Hall) -> Starlette:
    """Return the application of one server."""
    application = Starlette(
        routes=[
            *ROUTES,
            Route("/graphql/", look_up, methods=["POST"]),
            Route("/openapi.json", describe, methods=["GET"]),
            *WEBSOCKETS,
        ],
        exception_handlers={HTTPException: _say, Refusal: _refuse, ClientDisconnect: _let_go},
    )
    application.state.hall = hall
    return application


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
