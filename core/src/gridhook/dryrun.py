"""The dry run: a link that sends everything but orders and grid fees, and tells of those orders instead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeAlias

import attrs
import numpy as np
import pendulum

from gridhook.assets import Asset
from gridhook.commands import Batch, ClaimAreas, ExchangeCommand, PlaceOrders, SetGridFees, WithdrawOrders
from gridhook.events import Answered, Connected, ExchangeEvent, SlotOpened, Ticked
from gridhook.figures import Accounts
from gridhook.grid import Tree
from gridhook.links import Link, Restoring
from gridhook.orders import Requirement
from gridhook.paper import Paper

__all__ = ["DryRunLink", "Unsent", "UnsentDeletion", "UnsentOrder"]

_ORDERS = (PlaceOrders, WithdrawOrders)
_UNSENT = (*_ORDERS, SetGridFees)


@attrs.frozen
class UnsentDeletion:
    """Open orders that would have been deleted.

    ``now``, ``progress``
        the event that they would have followed.
    ``path``, ``side``, ``slot``
        whose orders, ``bid`` or ``offer``, and of which slot.
    """

    now: pendulum.DateTime
    progress: float
    path: str
    side: str
    slot: pendulum.DateTime


@attrs.frozen
class UnsentOrder(UnsentDeletion):
    """An order that would have been sent, in kWh and cents/kWh; it takes the place of what stands."""

    energy_kwh: float
    rate: float
    requirements: tuple[Requirement, ...] = ()


Unsent: TypeAlias = UnsentOrder | UnsentDeletion


class DryRunLink:
    """A link in whose batches are no orders, none to delete, and no grid fees, which all others would have to pay.

    The agent is answered at once that nothing was sent, and goes on as if its orders stood and never traded: events
    report them as open. Thus an order is told of once, and again when it would be changed.

    Areas that the aggregator has already are not left, and those that it takes are left at the end, where the link can.

    :param link: an open link.
    :param tell: gets what is not sent.
    """

    def __init__(self, link: Link, tell: Callable[[Unsent], None]) -> None:
        self.slots = link.slots
        self._link = link
        self._tell = tell
        self._paper = Paper()
        self._paths: dict[str, str] = {}
        self._held: frozenset[str] | None = None
        self._claimed: frozenset[str] = frozenset()
        self._names: frozenset[str] = frozenset()
        self._tree: Tree | None = None
        self._now: tuple[pendulum.DateTime, float] | None = None
        self._answers: deque[Answered] = deque()

    @property
    def tick_seconds(self) -> float | None:
        """How often the exchange tells of the market."""
        return self._link.tick_seconds

    @property
    def caution(self) -> str:
        """What to know before this is done on an exchange where others trade."""
        end = (
            "those that it takes are left at its end"
            if isinstance(self._link, Restoring)
            else "they are not left at its end"
        )
        return f"dry run: the claimed assets do not trade by themselves while it lasts; {end}"

    def events(self) -> Iterator[ExchangeEvent]:
        """Yield the exchange's events, and the answers to what was not sent."""
        for event in self._link.events():
            yield self._as_if(event)
            while self._answers:
                yield self._answers.popleft()

    def send(self, batch: Batch) -> None:
        """Send what is neither an order nor a fee."""
        orders = [command for command in batch.commands if isinstance(command, _ORDERS)]
        others = tuple(self._keeping(command) for command in batch.commands if not isinstance(command, _UNSENT))
        if others:
            self._link.send(Batch(batch.transaction, others))
        if len(others) == len(batch.commands):
            return
        self._paper.take(orders)
        for command in orders:
            for unsent in self._unsent(command):
                self._tell(unsent)
        rows = sum(len(command.lines) for command in orders if isinstance(command, PlaceOrders))
        self._answers.append(Answered(batch.transaction, np.zeros(rows, dtype=np.bool_), {}, is_dry_run=True))

    def accounts(self) -> Accounts | None:
        """Return what the exchange tells."""
        return self._link.accounts()

    def interrupt(self) -> None:
        """Let :meth:`events` end soon."""
        self._link.interrupt()

    def close(self) -> None:
        """Let go of the exchange."""
        self._link.close()

    def _as_if(self, event: ExchangeEvent) -> ExchangeEvent:
        """Return an event as it would be if the orders stood."""
        match event:
            case Connected():
                self._know(event.tree)
                if self._held is None and event.lists_areas:
                    self._hold(event.held)
                elif self._held is None:
                    # What is held already is told by the first event with own assets; until then there is nothing.
                    self._restore(frozenset())
            case SlotOpened() | Ticked():
                self._now = (event.slot, event.progress)
                grid = event.grid
                self._know(grid.tree)
                if self._held is None and len(grid.assets):
                    self._hold(frozenset(one.id for one in grid.assets if not self._is_claimed(one)))
                if self._held and not self._held <= self._claimed:
                    grid = grid.only(frozenset(one.id for one in grid.assets if self._is_claimed(one)))
                return attrs.evolve(event, grid=self._paper.seen_in(grid, event.slot))
            case _:
                pass
        return event

    def _keeping(self, command: ExchangeCommand) -> ExchangeCommand:
        """Return a command that leaves no area which the aggregator had before."""
        if not isinstance(command, ClaimAreas):
            return command
        self._claimed = frozenset(command.ids)
        self._names = frozenset(command.names)
        return attrs.evolve(command, ids=(*command.ids, *sorted((self._held or frozenset()) - self._claimed)))

    def _is_claimed(self, asset: Asset) -> bool:
        return asset.id in self._claimed or not self._names.isdisjoint((asset.name, asset.path))

    def _know(self, tree: Tree) -> None:
        if tree is not self._tree:
            self._tree = tree
            self._paths |= zip(tree.ids, tree.paths, strict=True)

    def _hold(self, areas: frozenset[str]) -> None:
        """Take note of what the aggregator had before: it keeps that."""
        self._held = areas
        self._restore(areas)

    def _restore(self, areas: frozenset[str]) -> None:
        if isinstance(self._link, Restoring):
            self._link.hold_at_end(sorted(areas))

    def _unsent(self, command: PlaceOrders | WithdrawOrders) -> Iterator[Unsent]:
        assert self._now is not None  # orders follow a market event
        if isinstance(command, WithdrawOrders):
            for area, side, slot in zip(command.asset, command.side, command.slot, strict=True):
                yield UnsentDeletion(*self._now, self._paths.get(area, area), side, slot)
            return
        for row, line in enumerate(command.lines):
            yield UnsentOrder(
                *self._now,
                self._paths.get(line.asset, line.asset),
                line.side,
                line.slot,
                line.energy_kwh,
                line.rate,
                tuple(self._with_paths(one) for one in command.requirements.get(row, ())),
            )

    def _with_paths(self, requirement: Requirement) -> Requirement:
        partners = tuple(self._paths.get(area, area) for area in requirement.partners)
        return attrs.evolve(requirement, partners=partners)
