"""Bodies of requests: JSON objects of a limited size, or a reason why not."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gridhook_exchange.service.texts import parse_object

__all__ = ["read_object"]


async def read_object(request: Request, most_bytes: int) -> dict[str, Any]:
    """Return the JSON object of a request's body.

    :raises HTTPException: 413 if it is too large.
    :raises Refusal: it is no JSON object.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most_bytes:
        raise _too_large(most_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return parse_object(bytes(body))


def _too_large(most_bytes: int) -> HTTPException:
    return HTTPException(413, f"the body is larger than {most_bytes} bytes")
