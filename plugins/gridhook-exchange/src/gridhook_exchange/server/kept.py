"""Kept: frames for those who are still about to listen.

Clients send their first requests while their WebSockets are being opened, and wait for the answers there
(PROTOCOL.md 10, A10).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import attrs

__all__ = ["KeptFrames"]


@attrs.frozen
class KeptFrames:
    """The newest frames by channel, for a while.

    ``most_frames``, ``most_bytes``
        per channel; the oldest are dropped.
    ``seconds``
        after which nobody comes for a frame any more.
    ``clock``
        returns seconds.
    """

    most_frames: int = 100
    most_bytes: int = 1024 * 1024
    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _frames: dict[str, deque[tuple[float, bytes]]] = attrs.field(factory=dict, init=False)

    def add(self, channel: str, frame: bytes) -> None:
        """Keep a frame; on the way, forget what nobody came for."""
        now = self.clock()
        frames = self._frames.pop(channel, deque())
        frames.append((now, frame))
        while len(frames) > self.most_frames or sum(len(one) for _, one in frames) > self.most_bytes:
            frames.popleft()
        if frames:
            # Last of all: the channels are in the order of their newest frames.
            self._frames[channel] = frames
        while self._frames:
            longest = next(iter(self._frames))
            if now - self._frames[longest][-1][0] <= self.seconds:
                break
            del self._frames[longest]

    def take(self, channel: str) -> list[bytes]:
        """Return the frames of a channel that are not too old, oldest first; they are kept no more."""
        now = self.clock()
        return [frame for added, frame in self._frames.pop(channel, ()) if now - added <= self.seconds]
