"""Ending: a server that lets go of its clients in a moment, whatever they do, and without a complaint."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Server", "end_quietly"]

_SECONDS_TO_ANSWER = 0.5
_SECONDS_TO_CANCEL = 1.0
_MOST_ROUNDS = 1000
_SECONDS_TO_LOOK = 0.02


class Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it.

    :param config: its application ends quietly when it is cancelled.
    :param hurry: set when nobody is to be waited for any more.
    """

    def __init__(self, config: uvicorn.Config, hurry: asyncio.Event) -> None:
        super().__init__(config)
        self._hurry = hurry

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing about signals."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what can be answered at once, and break off all the rest."""
        state = self.server_state
        for server in self.servers:
            server.close()
        for connection in list(state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_ANSWER):
                # Nobody says when they become empty.
                while (state.connections or state.tasks) and not self._hurry.is_set():  # noqa: ASYNC110
                    await asyncio.sleep(_SECONDS_TO_LOOK)
        for connection in list(state.connections):
            connection.transport.abort()
        # First they are told that their clients are gone, so that they do not miss an answer.
        await asyncio.sleep(0)
        for _ in range(_MOST_ROUNDS):
            # A client may have sent several requests at once: then the next one begins when one ends.
            tasks = set(state.tasks)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_SECONDS_TO_CANCEL)
        await super().shutdown(sockets)


def end_quietly(application: ASGIApp) -> ASGIApp:
    """Return an application of which nothing is heard when it is cancelled, as only a server that ends does."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        is_begun = False

        async def note(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await application(scope, receive, note)
        except asyncio.CancelledError:
            if scope["type"] == "http" and not is_begun:
                await JSONResponse({"error": "the server ends"}, 503)(scope, receive, send)

    return run
