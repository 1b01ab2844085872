"""WebSockets: who listens to which channel, and what waits to be sent to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping

import attrs
from starlette.websockets import WebSocket, WebSocketDisconnect

from gridhook_exchange.server.kept import KeptFrames

__all__ = ["Listener", "Sockets"]

_TOO_SLOW = 1013
_TOO_MANY = 1008
_DONE = 1000
_SECONDS_TO_DROP = 1.0


@attrs.define(eq=False)
class Listener:
    """One open WebSocket, and the frames that wait for it; None ends it."""

    channel: str
    user: str
    waiting: asyncio.Queue[bytes | None] = attrs.field(factory=asyncio.Queue)
    waiting_bytes: int = 0
    too_slow: asyncio.Event = attrs.field(factory=asyncio.Event)


class Sockets:
    """All open WebSockets by channel, which is the uuid of an aggregator or area.

    :param most_waiting: frames that may wait for a reader; a slower one is disconnected.
    :param most_bytes: how large those may be together that wait for all readers of a user; then the slowest one is
        disconnected. A single one may be larger.
    :param most_of_user: a user may have so many open.
    :param headers: are sent with the handshake.
    """

    def __init__(
        self,
        most_waiting: int,
        most_bytes: int = 256 * 1024 * 1024,
        most_of_user: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._headers = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        self._most_waiting = most_waiting
        self._most_bytes = most_bytes
        self._most_of_user = most_of_user
        self._listeners: dict[str, set[Listener]] = {}
        self._kept = KeptFrames()
        self._of_users: dict[str, set[Listener]] = {}
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
            if listener.too_slow.is_set():
                continue
            if listener.waiting.qsize() >= self._most_waiting:
                self._drop(listener)
                continue
            listener.waiting_bytes += len(frame)
            listener.waiting.put_nowait(frame)
            self._make_room(listener.user)

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

    async def serve(self, socket: WebSocket, channel: str, user: str) -> None:
        """Accept a user's WebSocket, and send what comes to a channel as binary frames, until either side ends it."""
        if len(self._of_users.get(user, ())) >= self._most_of_user:
            await socket.accept()
            # A refusal of the handshake could not say why.
            await _close(socket, _TOO_MANY, f"you have {self._most_of_user} WebSockets open; close one first")
            return
        listener = Listener(channel, user)
        for frame in self._kept.take(channel):
            listener.waiting_bytes += len(frame)
            listener.waiting.put_nowait(frame)
        self._listeners.setdefault(channel, set()).add(listener)
        self._of_users.setdefault(user, set()).add(listener)
        self._none_open.clear()
        try:
            await socket.accept(headers=self._headers)
            await _serve(socket, listener)
        finally:
            self._forget(listener)
        if listener.too_slow.is_set():
            await _close(socket, _TOO_SLOW, "reads too slowly")

    def _make_room(self, user: str) -> None:
        own = self._of_users[user]
        while sum(one.waiting_bytes for one in own) > self._most_bytes:
            slowest = max(own, key=lambda one: one.waiting_bytes)
            if slowest.waiting.qsize() <= 1 and not any(one.waiting_bytes for one in own if one is not slowest):
                return
            self._drop(slowest)

    def _drop(self, listener: Listener) -> None:
        listener.too_slow.set()
        self._forget(listener)

    def _forget(self, listener: Listener) -> None:
        for all_of_them, key in ((self._listeners, listener.channel), (self._of_users, listener.user)):
            listeners = all_of_them.get(key, set())
            listeners.discard(listener)
            if not listeners:
                all_of_them.pop(key, None)
        if not self._listeners:
            self._none_open.set()


async def _serve(socket: WebSocket, listener: Listener) -> None:
    # Who reads too slowly may not let the writing go on either, so that it is not waited for.
    tasks = [asyncio.create_task(one) for one in (_read(socket), _write(socket, listener), listener.too_slow.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(socket: WebSocket) -> None:
    """Read until the client ends: it has nothing to say here (PROTOCOL.md 2.1)."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _write(socket: WebSocket, listener: Listener) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while (frame := await listener.waiting.get()) is not None:
            await socket.send_bytes(frame)
            listener.waiting_bytes -= len(frame)
        await socket.close(_DONE)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with contextlib.suppress(TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(_SECONDS_TO_DROP):
            await socket.close(code, reason)
