"""Backoff: how long to wait before the next attempt to connect. Pure: chance and durations are given."""

from __future__ import annotations

from collections.abc import Callable

import attrs

__all__ = ["LONGEST_SECONDS", "Backoff"]

LONGEST_SECONDS = 30.0
_FIRST_SECONDS = 0.5
_SHORTEST_SECONDS = 0.1
_MOST_DOUBLINGS = 10


@attrs.define
class Backoff:
    """Delays that double from 0.5 s, each with a random half taken off, so that not all clients come back at once.

    ``random``
        a number from 0 to 1 at each call.
    ``tick_seconds``
        how often the exchange says something: no delay is longer than half of that, nor than 30 s.
    """

    random: Callable[[], float]
    tick_seconds: float = 2 * LONGEST_SECONDS
    _failures: int = attrs.field(default=0, init=False)

    @property
    def ceiling(self) -> float:
        """The longest delay, seconds."""
        return max(min(LONGEST_SECONDS, self.tick_seconds / 2), _SHORTEST_SECONDS)

    def next_delay(self) -> float:
        """Return the seconds to wait before the next attempt."""
        delay = min(_FIRST_SECONDS * 2.0**self._failures, self.ceiling)
        self._failures = min(self._failures + 1, _MOST_DOUBLINGS)
        return delay * (1.0 - self.random() / 2)

    def note_end(self, lasted_seconds: float) -> None:
        """Take note that a connection ended: one that held starts the delays anew.

        A server that accepts and closes at once would otherwise be called without pause.
        """
        if lasted_seconds > self.ceiling:
            self._failures = 0
