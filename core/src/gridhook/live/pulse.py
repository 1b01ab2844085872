"""Pulse: how often an exchange says something, and how long its slots are; no message tells either. Pure."""

from __future__ import annotations

from collections import deque

import attrs
import pendulum

__all__ = ["SlotLength", "TickPulse"]

_REMEMBERED = 5
_USUAL = pendulum.duration(minutes=15)


@attrs.define
class TickPulse:
    """The interval of market events, as observed on one clock."""

    _intervals: deque[float] = attrs.field(factory=lambda: deque(maxlen=_REMEMBERED), init=False)
    _last: float | None = attrs.field(default=None, init=False)

    def beat(self, at: float) -> None:
        """Take note of a market event at ``at`` seconds."""
        if self._last is not None:
            self._intervals.append(at - self._last)
        self._last = at

    def pause(self) -> None:
        """Take note that events may have been missed."""
        self._last = None

    @property
    def seconds(self) -> float | None:
        """The usual interval: the median of the last ones; None while unknown."""
        ordered = sorted(self._intervals)
        return ordered[len(ordered) // 2] if ordered else None


@attrs.define
class SlotLength:
    """The length of slots: given, or else 15 minutes until the slots themselves tell.

    A shorter distance of two slots is believed at once; a longer one the second time, since slots may be missed.
    """

    given: pendulum.Duration | None = None
    _found: pendulum.Duration | None = attrs.field(default=None, init=False)
    _candidate: pendulum.Duration | None = attrs.field(default=None, init=False)
    _last: pendulum.DateTime | None = attrs.field(default=None, init=False)

    @property
    def value(self) -> pendulum.Duration:
        """The length as far as it is known."""
        return self.given or self._found or _USUAL

    def pause(self) -> None:
        """Take note that slots may have been missed."""
        self._last = self._candidate = None

    def note(self, slot: pendulum.DateTime) -> None:
        """Take note that a slot begins."""
        last, self._last = self._last, slot
        if last is None or slot <= last:
            return
        distance = pendulum.duration(seconds=(slot - last).total_seconds())
        if distance < self.value or distance == self._candidate:
            self._found = distance
        self._candidate = distance
