"""Queues of orders from which many others are served, without looking again and again at what is used up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = ["Queue"]


class Queue:
    """Numbers in their order of merit. Those that are found used up are passed over for good.

    :param items: the numbers.
    :param is_used_up: per number, not 0 if nothing is left of it; whoever trades keeps it up to date.
    """

    __slots__ = ("_is_used_up", "_items", "_next")

    def __init__(self, items: Iterable[int], is_used_up: bytearray) -> None:
        self._items = list(items)
        self._is_used_up = is_used_up
        # Per place, a place at or before the next that may have something left: itself, if it has.
        self._next = list(range(len(self._items) + 1))

    def append(self, item: int) -> None:
        """Add a number behind all others."""
        self._items.append(item)
        self._next.append(len(self._items))

    def walk(self) -> Iterator[int]:
        """Yield what has something left, in order."""
        items, is_used_up, end = self._items, self._is_used_up, len(self._items)
        place = self._find(0)
        while place < end:
            item = items[place]
            if is_used_up[item]:
                self._next[place] = place + 1
            else:
                yield item
            place = self._find(place + 1)

    def _find(self, place: int) -> int:
        following = self._next
        end = place
        while following[end] != end:
            end = following[end]
        while place != end:
            following[place], place = end, following[place]
        return end
