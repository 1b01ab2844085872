"""The outbox: what waits to be published."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Outbox"]


class Outbox:
    """A queue of frames by channel that holds a limited number of bytes; then the oldest ones are dropped.

    :param most_bytes: of all frames; one that is larger alone is held all the same.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, channel: bytes, frame: bytes) -> int:
        """Add a frame; return how many had to be dropped."""
        self._waiting.append((channel, frame))
        self._bytes += len(frame)
        dropped = 0
        while self._bytes > self._most_bytes and len(self._waiting) > 1:
            self._remove()
            dropped += 1
        self._filled.set()
        self._empty.clear()
        return dropped

    async def take(self) -> tuple[bytes, bytes]:
        """Return channel and frame of the oldest that waits; who takes it has to say when it is ``done``."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        channel, frame = self._remove()
        return channel, frame

    def done(self) -> None:
        """Say that the frame that was taken last is published."""
        if not self._waiting:
            self._empty.set()

    async def emptied(self) -> None:
        """Return when all is published."""
        await self._empty.wait()

    def _remove(self) -> tuple[bytes, bytes]:
        channel, frame = self._waiting.popleft()
        self._bytes -= len(frame)
        return channel, frame
