"""Driving a link by hand: take events and send batches as a session does, and never wait without end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import NoReturn, TypeVar
from unittest import SkipTest

from gridhook.commands import Batch, ClaimAreas, ExchangeCommand
from gridhook.events import Answered, Connected, ExchangeEvent, Finished, SlotOpened, Ticked
from gridhook.links import Link

__all__ = ["SOON_SECONDS", "Driver", "bounded", "skip"]

SOON_SECONDS = 10.0
"""What shall happen soon takes less."""

_UNDER_WAY = 10
"""At most so many events are under way when a link is interrupted or closed."""

T = TypeVar("T")
EventT = TypeVar("EventT")


def bounded(work: Callable[[], T], seconds: float) -> T:
    """Return what ``work`` returns, or raise what it raises; its thread is left behind if it never ends.

    :raises AssertionError: it took longer.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits for it
            outcome.set_exception(error)

    # No executor: it would wait for the thread when the interpreter ends.
    thread = threading.Thread(target=run, name="bounded", daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"the link still made us wait after {seconds:g} s"
    return outcome.result()


def skip(reason: str) -> NoReturn:
    """Let pytest, or unittest, count the running test as skipped."""
    raise SkipTest(reason)


class Driver:
    """Takes the events of a link and sends it batches.

    ``link``
        open; whoever made it closes it.
    ``heard``
        the events so far.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self.heard: list[ExchangeEvent] = []
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

    def assert_over(self) -> None:
        """Assert that the events end; a few may be under way, at most one of them of the market."""
        left: list[ExchangeEvent] = []
        while len(left) <= _UNDER_WAY and (event := self.next()) is not None:
            left.append(event)
            assert not isinstance(event, Finished), "the exchange still went on to its end"
            market = [one for one in left if isinstance(one, SlotOpened | Ticked)]
            assert not market[1:], f"the exchange still goes on: {market[-1].slot}, {market[-1].progress:g}"
        told = ", ".join(type(one).__name__ for one in left)
        assert len(left) <= _UNDER_WAY, f"{len(left)} more events were told: {told}"

    def market(self) -> SlotOpened | Ticked:
        """Return the next market event."""
        event = self.until(object, lambda one: isinstance(one, SlotOpened | Ticked))
        assert isinstance(event, SlotOpened | Ticked)
        return event

    def send(self, *commands: ExchangeCommand) -> int:
        """Send a batch; return its number."""
        self._sent += 1
        self.link.send(Batch(self._sent, commands))
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
