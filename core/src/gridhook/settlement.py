"""How long ended slots can be settled, as far as an exchange has shown it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import pendulum

__all__ = ["SettlementWindow"]

_LATEST_PROGRESS = 0.8
_ROUNDING = 1e-9


@attrs.frozen
class SettlementWindow:
    """The settlement market of a slot is open for a fixed time after it (PROTOCOL.md 7): the longest that was seen.

    An order that comes when its market has closed ends the original exchange (PROTOCOL.md 4.5), and one that is sent at
    the end of a slot comes in the next (10, E7).

    ``longest_seconds``
        from the start of the oldest slot whose market was seen open to that of the slot that was running then.
    """

    longest_seconds: float = 0.0

    def seen(self, running: pendulum.DateTime, slots: Iterable[pendulum.DateTime]) -> SettlementWindow:
        """Return what is known after the markets of these slots were seen open."""
        longest = max((_age(running, slot) for slot in slots), default=0.0)
        return SettlementWindow(longest) if longest > self.longest_seconds else self

    def length(self, slot_length: pendulum.Duration) -> int:
        """Return for how many slots a market is open; 0 while that is not known."""
        return round(self.longest_seconds / slot_length.total_seconds())

    def closing(
        self, running: pendulum.DateTime, progress: float, slots: Iterable[pendulum.DateTime]
    ) -> frozenset[pendulum.DateTime]:
        """Return those of ended slots for which an order may come when their markets have closed.

        From four fifths of the running slot on that are those for which it is the last one; as long as no older slot
        was seen open, the oldest is taken to be in its last.
        """
        if progress + _ROUNDING < _LATEST_PROGRESS:
            return frozenset()
        least = max(self.longest_seconds, 1.0)
        return frozenset(slot for slot in slots if _age(running, slot) >= least)


def _age(running: pendulum.DateTime, slot: pendulum.DateTime) -> float:
    return (running - slot).total_seconds()
