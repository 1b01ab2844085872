"""Again: a session of a record, decided anew by the plugins of a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gridhook.deployment import Deployment
from gridhook.events import Connected, Event, SlotOpened, Ticked
from gridhook.figures import SessionInfo
from gridhook.plugins import Manager
from gridhook.plugins.interrupts import interruptible
from gridhook.plugins.loading import HOOKS
from gridhook.records.differences import Comparison, Difference
from gridhook.records.lines import Header, Line
from gridhook.records.replaying import Replay, turns
from gridhook.tally import Tally

__all__ = ["Again"]

_PURE_DOMAINS = frozenset({"registration", "pricing", "requirements", "grid_fees"})


class Again:
    """Runs an agent and freshly loaded plugins over one session.

    Only plugins that decide are told of events: those that just watch, say to keep trades, did so when it happened.

    ``events``
        number of events so far.

    :param deployment: is used up.
    """

    def __init__(self, deployment: Deployment, header: Header) -> None:
        self.events = 0
        self._manager = deployment.manager
        self._manager.decisions.tell_no_others(_deciders(deployment.manager))
        self._info = SessionInfo(header.aggregator, header.exchange)
        self._replay = Replay(self._manager.decisions, deployment.agent_settings)
        self._tally = Tally()
        self._paths: dict[str, str] = {}

    def differences(self, lines: Iterable[Line]) -> Iterator[Difference]:
        """Return what is decided differently now."""
        decisions = self._manager.decisions
        with self._manager.guard.armed(), interruptible() as check_interrupt:
            decisions.start_session(self._info)
            comparison = Comparison(lambda area: self.path_of(area).rpartition("/")[2])
            for turn in turns(lines):
                self.events += 1
                self._tell(turn.event)
                now = self._replay.decide(turn)
                for notice in now.notices:
                    self._tell(notice)
                check_interrupt()
                yield from comparison.compare(turn, now)
            yield from comparison.finish()
            decisions.finish_session(self._tally.figures(None, decisions.figures()))

    def path_of(self, area: str) -> str:
        """Return the path of an area by its id, as last told."""
        return self._paths.get(area, area)

    def _tell(self, event: Event) -> None:
        self._tally.add(event)
        self._manager.decisions.tell(event)
        if isinstance(event, Connected | SlotOpened | Ticked):
            tree = event.tree if isinstance(event, Connected) else event.grid.tree
            self._paths |= zip(tree.ids, tree.paths, strict=True)


def _deciders(manager: Manager) -> frozenset[str]:
    decides = {hook for hook, domain in HOOKS.items() if domain in _PURE_DOMAINS} | {"settle_deviations"}
    return frozenset(name for name, plugin in manager.plugins.items() if decides & plugin.implementations.keys())
