"""The inbox: what a connection's thread has heard and the session has not yet."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from typing import TypeAlias

import attrs

from gridhook.live.hearing import Moment
from gridhook.live.transport import Joined
from gridhook.wire.events import read_moment

__all__ = ["Entry", "GaveUp", "Heard", "Inbox", "Lost", "Rejoined", "Unreadable"]


@attrs.frozen(eq=False)
class Heard:
    """A message.

    ``moment``
        its slot and progress, if it is a market or tick event.
    ``skipped``
        how many older ones it replaces that nobody has acted on.
    """

    message: object
    moment: Moment | None = None
    skipped: int = 0


@attrs.frozen
class Unreadable:
    """A message was no message."""

    problem: str


@attrs.frozen
class Lost:
    """The connection broke."""

    reason: str


@attrs.frozen(eq=False)
class Rejoined:
    """The connection is there again."""

    joined: Joined
    gap_seconds: float


@attrs.frozen
class GaveUp:
    """The connection could not be restored in the time for that."""

    reason: str


Entry: TypeAlias = Heard | Unreadable | Lost | Rejoined | GaveUp


class Inbox:
    """Entries in their order; of market and tick events only the newest waits, since older ones are worth nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque()
        self._taken: Moment | None = None
        # Says that there may be something new. A signal handler may put into it, whoever holds which lock.
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_interrupted = False

    def put(self, entry: Entry) -> None:
        """Add an entry."""
        with self._lock:
            if isinstance(entry, Heard) and entry.moment is not None:
                self._put_market(entry, entry.moment)
            else:
                self._entries.append(entry)
        self._news.put(None)

    def put_message(self, message: object) -> None:
        """Add a message.

        :raises WireError: it is a market or tick event without slot or progress, or no object.
        """
        self.put(Heard(message, read_moment(message)))

    def take(self, timeout_seconds: float | None = None) -> Entry | None:
        """Return the next entry; wait for it, and return None when that takes too long or is interrupted."""
        ends = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while True:
            self._forget_news()
            if self._is_interrupted:
                return None
            with self._lock:
                if self._entries:
                    return self._pop()
            try:
                self._news.get(timeout=None if ends is None else max(0.0, ends - time.monotonic()))
            except queue.Empty:
                return None

    @property
    def newest(self) -> Moment | None:
        """Slot and progress of the market event that waits, if one does."""
        with self._lock:
            waiting = self._market()
            return None if waiting is None else waiting.moment

    @property
    def is_interrupted(self) -> bool:
        """Whether nothing is to be waited for any more."""
        return self._is_interrupted

    def interrupt(self) -> None:
        """Let ``take`` return; may be called from a signal handler."""
        self._is_interrupted = True
        self._news.put(None)

    def resume(self) -> None:
        """Let ``take`` wait again."""
        self._is_interrupted = False

    def _forget_news(self) -> None:
        """Empty the queue, which would grow while there is always something; what it told of is looked at next."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._news.get_nowait()

    def _pop(self) -> Entry:
        entry = self._entries.popleft()
        if isinstance(entry, Heard) and entry.moment is not None:
            self._taken = entry.moment
        return entry

    def _put_market(self, entry: Heard, moment: Moment) -> None:
        waiting = self._market()
        if waiting is None:
            self._entries.append(entry)
        elif waiting.moment is None or waiting.moment < moment:
            self._entries.remove(waiting)
            # The tick event that comes with a market event tells nothing more (PROTOCOL.md 3.7): it is not missed.
            is_missed = waiting.moment != self._taken
            self._entries.append(attrs.evolve(entry, skipped=waiting.skipped + is_missed))

    def _market(self) -> Heard | None:
        return next((one for one in self._entries if isinstance(one, Heard) and one.moment is not None), None)
