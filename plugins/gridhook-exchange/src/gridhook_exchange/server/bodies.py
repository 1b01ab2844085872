"""Bodies of requests: JSON objects of a limited size, or a reason why not."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager
from typing import Any

import attrs
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gridhook_exchange.service.texts import parse_object

__all__ = ["LARGEST_BATCH", "LARGEST_ENERGIES", "LARGEST_LOGIN", "LARGEST_OTHER", "Bodies"]

LARGEST_LOGIN = 16 * 1024
"""Bytes of a name and a password: nobody knows yet who sends them."""
LARGEST_OTHER = 64 * 1024
"""Bytes of a body that has a few texts."""
LARGEST_ENERGIES = 1024 * 1024
"""Bytes of the energies of a year of quarters of an hour, and a few more."""
LARGEST_BATCH = 32 * 1024 * 1024
"""Bytes of ten orders, each with a requirement, for each of 10,000 assets."""

_LARGE_AT_ONCE = 2


@attrs.define(eq=False)
class Bodies:
    """Reads bodies, large ones without holding up anybody else.

    ``most_seconds``
        until a body has to be there.
    ``lock``
        held while something large is read.
    """

    most_seconds: float = 60.0
    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    _of_users: dict[str, asyncio.Semaphore] = attrs.field(factory=dict, init=False)

    def turn(self, request: Request, user: str) -> AbstractAsyncContextManager[None]:
        """Return what has to be held while a user's request is read and done: few large ones are at a time."""
        if _announced(request, LARGEST_OTHER + 1) <= LARGEST_OTHER:
            return contextlib.nullcontext()
        return self._of_users.setdefault(user, asyncio.Semaphore(_LARGE_AT_ONCE))

    async def read(self, request: Request, most_bytes: int) -> dict[str, Any]:
        """Return the JSON object of a request's body.

        :raises HTTPException: 413 if it is too large, 408 if it does not come.
        :raises Refusal: it is no JSON object.
        """
        if _announced(request, 0) > most_bytes:
            raise _too_large(most_bytes)
        try:
            async with asyncio.timeout(self.most_seconds):
                body = await _receive(request, most_bytes)
        except TimeoutError as error:
            raise HTTPException(408, f"the body did not come within {self.most_seconds:g} seconds") from error
        if len(body) <= LARGEST_OTHER:
            return parse_object(body)
        async with self.lock:
            return await to_thread.run_sync(parse_object, body)


def _announced(request: Request, default: int) -> int:
    """Return how large a body says that it is; a default if it does not."""
    length = request.headers.get("content-length", "")
    return int(length[:20]) if length.isdecimal() else default


async def _receive(request: Request, most_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(body)


def _too_large(most_bytes: int) -> HTTPException:
    return HTTPException(413, f"the body is larger than {most_bytes} bytes")
