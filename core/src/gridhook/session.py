"""The session: the loop that joins a link and the agent, from the first event to the figures."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import attrs

from gridhook.agent import AgentSettings, State, initial_state, step
from gridhook.commands import Batch, Notify
from gridhook.errors import ConfigError, Problem
from gridhook.eventlog import EventLog
from gridhook.events import AreasClaimed, Connected, Event, Notice, SlotOpened
from gridhook.figures import Figures, SessionInfo
from gridhook.links import Link
from gridhook.plugins import Manager
from gridhook.tally import Tally
from gridhook.witness import Witness, Witnessed

__all__ = ["Session", "Stop"]

_log = logging.getLogger(__name__)


@attrs.define
class Stop:
    """Why a session was asked to stop: a signal's number, or None while it goes on."""

    signal_number: int | None = None


def _warn(problems: Sequence[Problem]) -> None:
    for problem in problems:
        _log.warning("%s", problem)


def _refuse(problems: Sequence[Problem]) -> None:
    raise ConfigError(problems)


class Session:
    """One run of an agent on an exchange.

    ``on_claimed``
        if set, called with what is claimed, whenever it is asked for.

    :param link: the open link; the session closes it.
    :param manager: the loaded plugins.
    :param info: what observers are told.
    :param settings: what the configuration says to the agent.
    :param slots: end after so many slots; None: when the exchange does.
    :param on_slot: called when a slot opens, with the number of slots so far.
    :param on_problems: called with what in claims leads nowhere; None: that is worth a warning.
    :param refuse: called with what makes claims lead nowhere on this exchange, whatever comes; raises ConfigError.
    :param witnesses: are told all that happens, and the figures in the end.
    """

    def __init__(
        self,
        link: Link,
        manager: Manager,
        info: SessionInfo,
        settings: AgentSettings,
        slots: int | None = None,
        on_slot: Callable[[int], None] | None = None,
        on_problems: Callable[[Sequence[Problem]], None] | None = None,
        refuse: Callable[[Sequence[Problem]], None] = _refuse,
        witnesses: Sequence[Witness] = (),
    ) -> None:
        self._link = link
        self._manager = manager
        self._info = info
        self._settings = settings
        self._slots = slots
        self._on_slot = on_slot
        self._on_problems = on_problems or _warn
        self._refuse = refuse
        self._is_unwarned = False
        self._witnesses = tuple(witnesses)
        self._decide = Witnessed(manager.decisions, self._witnesses)
        self.on_claimed: Callable[[AreasClaimed], None] | None = None
        self._tally = Tally()
        self._log = EventLog()
        self.stop = Stop()

    def run(self) -> Figures:
        """Trade until the exchange finishes, the slots are over, or a signal comes; return the figures.

        :raises ExchangeError: the exchange is gone.
        """
        decisions = self._manager.decisions
        with self._manager.guard.armed(), self._signals():
            decisions.start_session(self._info)
            try:
                self._trade()
            finally:
                figures = self.figures()
                decisions.finish_session(figures)
                for witness in self._witnesses:
                    witness.finish(figures)
                self._log_failures()
                self._link.close()
        return figures

    @property
    def slots(self) -> int | None:
        """How many slots there will be, if that is known."""
        known = [slots for slots in (self._slots, self._link.slots) if slots is not None]
        return min(known, default=None)

    def figures(self) -> Figures:
        """Return the figures so far."""
        return self._tally.figures(self._link.accounts(), self._manager.decisions.figures())

    def _trade(self) -> None:
        state = initial_state(self._settings)
        self._log_failures()
        for event in self._link.events():
            if isinstance(event, SlotOpened) and self._tally.slots == self._slots:
                return
            self._manager.guard.tick_seconds = self._link.tick_seconds
            state = self._act(state, event)
            if self.stop.signal_number is not None:
                return

    def _act(self, state: State, event: Event) -> State:
        self._log.tell(event)
        self._publish(event)
        if isinstance(event, Connected | SlotOpened):
            self._warn_of_names(event)
        state, commands = step(state, event, self._decide)  # type: ignore[arg-type]
        for command in commands:
            match command:
                case Notify(notice):
                    self._note(notice)
                case Batch():
                    self._tally.sent(command)
                    for witness in self._witnesses:
                        witness.sent(command)
                    self._link.send(command)
        return state

    def _publish(self, event: Event) -> None:
        self._tally.add(event)
        for witness in self._witnesses:
            witness.saw(event)
        self._manager.decisions.tell(event)
        self._log_failures()
        if isinstance(event, SlotOpened) and self._on_slot is not None:
            self._on_slot(self._tally.slots)

    def _note(self, notice: Notice) -> None:
        self._log.tell(notice)
        self._publish(notice)
        if isinstance(notice, AreasClaimed) and self.on_claimed is not None:
            self.on_claimed(notice)
        if isinstance(notice, AreasClaimed) and notice.problems:
            (self._refuse if notice.is_impossible else self._on_problems)(notice.problems)
        if isinstance(notice, AreasClaimed) and not notice.paths:
            _log.warning("no asset is claimed; nothing will be traded")

    def _log_failures(self) -> None:
        """Report failures of observers; they are not told about them, or one that always fails would never end."""
        for failure in self._manager.decisions.take_failures():
            self._log.tell(failure)

    def _warn_of_names(self, event: Connected | SlotOpened) -> None:
        """Warn of routes and settings that lead to no area: on this exchange one may still appear."""
        tree = event.tree if isinstance(event, Connected) else event.grid.tree
        if isinstance(event, Connected):
            self._is_unwarned = True
        if self._is_unwarned and (len(tree) or (isinstance(event, Connected) and event.lists_areas)):
            self._is_unwarned = False
            _warn(self._manager.unknown_areas(tree))

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM end the session between two events, so that nothing is left half done."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._take_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _take_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop.signal_number = number
        self._manager.guard.hurry()
        self._link.interrupt()
