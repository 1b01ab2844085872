"""Driving a link by hand: take events and send batches as a session does, and never wait without end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Generic, NoReturn, TypeVar
from unittest import SkipTest

import attrs

from gridhook.commands import Batch, ClaimAreas, ExchangeCommand
from gridhook.events import Answered, Connected, ExchangeEvent, SlotOpened, Ticked
from gridhook.links import Link

__all__ = ["Driver", "bounded", "skip"]

T = TypeVar("T")
EventT = TypeVar("EventT")


@attrs.define
class _Outcome(AbstractContextManager[None], Generic[T]):
    """What a thread's work came to: errors are kept, to be raised where somebody waits."""

    value: list[T] = attrs.field(factory=list)
    error: BaseException | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return True


def bounded(work: Callable[[], T], seconds: float) -> T:
    """Return what ``work`` returns; it has a thread of its own, which is left behind if it never ends.

    :raises AssertionError: it took longer.
    """
    outcome: _Outcome[T] = _Outcome()

    def run() -> None:
        with outcome:
            outcome.value.append(work())

    thread = threading.Thread(target=run, name="bounded", daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"the link still made us wait after {seconds:g} s"
    if outcome.error is not None:
        raise outcome.error
    return outcome.value[0]


def skip(reason: str) -> NoReturn:
    """Let pytest, or unittest, count the running test as skipped."""
    raise SkipTest(reason)


class Driver:
    """Takes the events of a link and sends it batches.

    ``heard``
        the events so far.

    :param link: open; whoever made it closes it.
    """

    def __init__(self, link: Link) -> None:
        self.heard: list[ExchangeEvent] = []
        self._link = link
        self._events = link.events()
        self._sent = 0

    def next(self) -> ExchangeEvent | None:
        """Return the next event; None where there are no more."""
        event = next(self._events, None)
        if event is not None:
            self.heard.append(event)
        return event

    def until(self, kind: type[EventT], is_wanted: Callable[[EventT], bool] = lambda _: True) -> EventT:
        """Return the next event of a kind.

        :raises AssertionError: the events ended before.
        """
        while (event := self.next()) is not None:
            if isinstance(event, kind) and is_wanted(event):
                return event
        told = ", ".join(type(one).__name__ for one in self.heard[-5:])
        msg = f"the events ended without {kind.__name__}; the last were {told or 'none'}"
        raise AssertionError(msg)

    def market(self) -> SlotOpened | Ticked:
        """Return the next market event."""
        event = self.until(object, lambda one: isinstance(one, SlotOpened | Ticked))
        assert isinstance(event, SlotOpened | Ticked)
        return event

    def send(self, *commands: ExchangeCommand) -> int:
        """Send a batch; return its number."""
        self._sent += 1
        self._link.send(Batch(self._sent, commands))
        return self._sent

    def ask(self, *commands: ExchangeCommand) -> Answered:
        """Send a batch; return its answer."""
        number = self.send(*commands)
        return self.until(Answered, lambda answer: answer.transaction == number)

    def claim(self, names: tuple[str, ...]) -> Connected:
        """Connect, and claim areas by name; no names: all assets that can be had. Return the first event."""
        connected = self.until(Connected)
        tree = connected.tree
        if connected.lists_areas:
            wanted = [tree.find(name) for name in names] or tree.registered.nonzero()[0].tolist()
            refused = self.ask(ClaimAreas(tuple(tree.ids[area] for area in wanted))).refused
        else:
            refused = self.ask(ClaimAreas((), names)).refused
        assert not refused, f"what is claimed was refused: {refused}"
        return connected
