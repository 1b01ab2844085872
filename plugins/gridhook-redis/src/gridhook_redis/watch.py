"""The watch: whether an exchange is still there, going by what it says, and when to ask it. Pure: the time is given.

A Redis connection holds, whatever becomes of the exchange behind it. Silence alone means nothing: it may be paused.
"""

from __future__ import annotations

import attrs

__all__ = ["Watch"]


@attrs.define
class Watch:
    """Times of one connection, seconds on one clock.

    :param begun: when it was made.
    :param silence_seconds: without an event for so long, the exchange is asked whether it knows us, again and again.
    :param heartbeat_seconds: an exchange whose heart was heard to beat, and is not for so long, is gone.
    """

    begun: float
    silence_seconds: float
    heartbeat_seconds: float
    is_waiting: bool = attrs.field(default=False, init=False)
    _beat: float | None = attrs.field(default=None, init=False)
    _quiet_since: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._quiet_since = self.begun

    def beat(self, now: float) -> None:
        """Take note of a heartbeat."""
        self._beat = now

    def hear(self, now: float) -> None:
        """Take note of an event or an answer."""
        self.is_waiting = False
        self._quiet_since = now

    def ask(self, now: float) -> None:
        """Take note that the exchange is asked."""
        self.is_waiting = True
        self._quiet_since = now

    def is_dead(self, now: float) -> bool:
        """Return whether its heart has stopped."""
        return self._beat is not None and now - self._beat >= self.heartbeat_seconds

    def is_silent(self, now: float) -> bool:
        """Return whether it is time to ask."""
        return now - self._quiet_since >= self.silence_seconds

    def wait(self, now: float) -> float:
        """Return the seconds until one of both may have become so."""
        ends = self._quiet_since + self.silence_seconds
        if self._beat is not None:
            ends = min(ends, self._beat + self.heartbeat_seconds)
        return max(0.0, ends - now)
