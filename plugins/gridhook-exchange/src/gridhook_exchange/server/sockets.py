"""WebSockets: who listens to which channel, and what waits to be sent to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

import attrs
from starlette.websockets import WebSocket, WebSocketDisconnect

from gridhook_exchange.server.keeping import KeptFrames

__all__ = ["Listener", "Sockets"]

_TOO_SLOW = 1013
_DONE = 1000
_SECONDS_TO_DROP = 1.0


@attrs.define(eq=False)
class Listener:
    """One open WebSocket, and the frames that wait for it; None ends it."""

    channel: str
    waiting: asyncio.Queue[bytes | None] = attrs.field(factory=asyncio.Queue)
    waiting_bytes: int = 0
    too_slow: asyncio.Event = attrs.field(factory=asyncio.Event)


class Sockets:
    """All open WebSockets by channel, which is the uuid of an aggregator or area.

    :param most_waiting: frames that may wait for a reader; a slower one is disconnected.
    :param most_bytes: how large those that wait may be together; a single one may be larger.
    """

    def __init__(self, most_waiting: int, most_bytes: int = 64 * 1024 * 1024) -> None:
        self._most_waiting = most_waiting
        self._most_bytes = most_bytes
        self._listeners: dict[str, set[Listener]] = {}
        self._kept = KeptFrames()
        self._none_open = asyncio.Event()
        self._none_open.set()

    def __len__(self) -> int:
        return sum(map(len, self._listeners.values()))

    def is_open(self, channel: str) -> bool:
        """Return whether anybody listens to a channel."""
        return channel in self._listeners

    def send(self, channel: str, frame: bytes) -> None:
        """Queue a frame for everybody who listens to a channel; who reads too slowly listens no more."""
        for listener in list(self._listeners.get(channel, ())):
            waiting = listener.waiting.qsize()
            if waiting >= self._most_waiting or (waiting and listener.waiting_bytes + len(frame) > self._most_bytes):
                listener.too_slow.set()
                self._forget(listener)
            else:
                listener.waiting_bytes += len(frame)
                listener.waiting.put_nowait(frame)

    def keep(self, channel: str, frame: bytes) -> None:
        """Keep a frame for whoever listens to a channel next, if that is soon."""
        self._kept.add(channel, frame)

    def end(self, channels: Iterable[str] | None = None) -> None:
        """Close the WebSockets of some channels, or of all, after what waits for them."""
        for channel in list(self._listeners) if channels is None else channels:
            for listener in self._listeners.get(channel, ()):
                listener.waiting.put_nowait(None)

    async def ended(self) -> None:
        """Return when no WebSocket is open any more."""
        await self._none_open.wait()

    async def serve(self, socket: WebSocket, channel: str) -> None:
        """Send what comes to a channel as binary frames, until either side ends it."""
        listener = Listener(channel)
        for frame in self._kept.take(channel):
            listener.waiting_bytes += len(frame)
            listener.waiting.put_nowait(frame)
        self._listeners.setdefault(channel, set()).add(listener)
        self._none_open.clear()
        # Who reads too slowly may not let the writing go on either, so that it is not waited for.
        tasks = [
            asyncio.create_task(one) for one in (_read(socket), _write(socket, listener), listener.too_slow.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._forget(listener)
        if listener.too_slow.is_set():
            await _drop(socket)

    def _forget(self, listener: Listener) -> None:
        listeners = self._listeners.get(listener.channel, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(listener.channel, None)
        if not self._listeners:
            self._none_open.set()


async def _read(socket: WebSocket) -> None:
    """Read until the client ends: it has nothing to say here (PROTOCOL.md 2.1)."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _write(socket: WebSocket, listener: Listener) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while (frame := await listener.waiting.get()) is not None:
            listener.waiting_bytes -= len(frame)
            await socket.send_bytes(frame)
        await socket.close(_DONE)


async def _drop(socket: WebSocket) -> None:
    with contextlib.suppress(TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(_SECONDS_TO_DROP):
            await socket.close(_TOO_SLOW, "reads too slowly")
