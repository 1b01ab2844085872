"""A base for links to exchanges within the process: an embedded one, a simulation, a backtest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from gridhook.commands import Batch
from gridhook.events import Answered, ExchangeEvent
from gridhook.figures import Accounts

__all__ = ["InProcessLink"]


class InProcessLink(ABC):
    """A :class:`~gridhook.links.Link` to an exchange that waits for the agent: it is driven by who takes its events.

    Subclasses say what happens in :meth:`run`, and in it when batches are executed, by taking :meth:`answers`.

    :param slots: how many slots there will be.
    """

    tick_seconds: float | None = None

    def __init__(self, slots: int) -> None:
        self.slots: int | None = slots
        self._batches: list[Batch] = []
        self._is_over = False

    @abstractmethod
    def run(self) -> Iterator[ExchangeEvent]:
        """Yield all events, from ``Connected`` to ``Finished``; each is acted on before the next one is taken."""

    @abstractmethod
    def execute(self, batch: Batch) -> Answered:
        """Do what a batch says, and return its answer."""

    def events(self) -> Iterator[ExchangeEvent]:
        """Yield the events of the run, until it is interrupted."""
        run = self.run()
        while not self._is_over and (event := next(run, None)) is not None:
            yield event

    def send(self, batch: Batch) -> None:
        """Keep a batch until its answer is taken."""
        self._batches.append(batch)

    def answers(self) -> Iterator[Answered]:
        """Execute the batches that were sent meanwhile, in their order, and yield their answers."""
        batches, self._batches = self._batches, []
        for batch in batches:
            yield self.execute(batch)

    def accounts(self) -> Accounts | None:
        """Tell nothing about members; an exchange that has their bills does."""
        return None

    def interrupt(self) -> None:
        """Let ``events`` end."""
        self._is_over = True

    def close(self) -> None:
        """Let ``events`` end; nothing else is held open."""
        self._is_over = True
