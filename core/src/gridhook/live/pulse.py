"""Pulse: how often an exchange says something, and how long its slots are; no message tells either. Pure."""

from __future__ import annotations

from collections import deque

import attrs
import pendulum

__all__ = ["USUAL_SLOT", "Pulse", "Silence", "SlotLength"]

_REMEMBERED = 5
_SILENT_SLOTS = 2
_SHORTEST_SILENCE = 30.0
USUAL_SLOT = pendulum.duration(minutes=15)


@attrs.define
class Pulse:
    """The interval of events of one kind, as observed on one clock."""

    _intervals: deque[float] = attrs.field(factory=lambda: deque(maxlen=_REMEMBERED), init=False)
    _last: float | None = attrs.field(default=None, init=False)

    def beat(self, at: float) -> None:
        """Take note of an event at ``at`` seconds."""
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
class Silence:
    """When to be surprised that nothing is heard: after two slots, and then again after twice as long each time.

    ``slot_seconds``
        how long a slot takes, until slots were observed: an exchange may run faster than time does.
    ``since``
        when something was heard last, seconds on one clock.
    """

    slot_seconds: float
    since: float
    _slots: Pulse = attrs.field(factory=Pulse, init=False)
    _reports: int = attrs.field(default=0, init=False)

    def heard(self, at: float, *, is_new_slot: bool) -> None:
        """Take note of a market event."""
        if is_new_slot:
            self._slots.beat(at)
        self.since = at
        self._reports = 0

    def pause(self) -> None:
        """Take note that events may have been missed."""
        self._slots.pause()

    @property
    def ends(self) -> float:
        """When it has been silent for too long."""
        longest = _SILENT_SLOTS * (self._slots.seconds or self.slot_seconds)
        return self.since + max(longest, _SHORTEST_SILENCE) * 2.0**self._reports

    def report(self) -> None:
        """Take note that it was said."""
        self._reports += 1


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
        return self.given or self._found or USUAL_SLOT

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
