"""The conversation: what is said between an agent and an exchange, and what it means. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pendulum

from gridhook.arrays import objects
from gridhook.commands import Batch, ClaimAreas, PlaceOrders, WithdrawOrders
from gridhook.events import (
    Answered,
    AreasLost,
    Capability,
    Connected,
    ConnectionRestored,
    ExchangeEvent,
    SlotOpened,
    Ticked,
)
from gridhook.grid import Tree
from gridhook.live.hearing import Hearing, Moment
from gridhook.live.outbox import DirectDone, Outbox, Outgoing, Post
from gridhook.live.settings import LiveSettings
from gridhook.live.transport import Joined
from gridhook.settlement import SettlementWindow
from gridhook.wire.events import Selected, Unselected
from gridhook.wire.values import read_object

__all__ = ["Conversation"]

_NO_SLOT = pendulum.datetime(1970, 1, 1)


class Conversation:
    """One session with an exchange, over as many connections as it takes.

    ``is_owed``
        whether the exchange waits for a batch: it is in lockstep, and has told of the market since the last one; or it
        wants to hear once in a slot that this aggregator is still there.
    ``held``
        ids of the areas that the aggregator has.
    ``asked``
        ids of those that it may have: they were asked for, and what came of it is not known.

    :param joined: what the first connection starts with.
    :param capability: what the exchange does with requirements.
    :param new_id: makes transaction ids.
    :param lists_areas: whether the exchange has a registry; if not, areas are asked for by their names.
    """

    def __init__(
        self,
        joined: Joined,
        settings: LiveSettings,
        capability: Capability,
        new_id: Callable[[], str],
        *,
        lists_areas: bool = True,
    ) -> None:
        self.held = set(joined.held)
        self.asked: set[str] = set()
        self.is_owed = False
        self._joined = joined
        self._capability = capability
        self._lists_areas = lists_areas
        self._hearing = Hearing(joined.tree, settings.slot_length, is_listed=lists_areas)
        self._outbox = Outbox(new_id, settings.batch_commands, direct_energies=settings.energies == "asset")
        self._wanted = frozenset[str]()
        self._remembers_orders = settings.withdraw_at_end
        self._ids: dict[str, str] = {}
        self._is_own_told = lists_areas
        self._window = SettlementWindow()
        self._open_slots: tuple[pendulum.DateTime, ...] = ()
        self._placed: dict[tuple[str, str, pendulum.DateTime], None] = {}

    @property
    def aggregator(self) -> str:
        """The uuid of the aggregator."""
        return self._joined.aggregator

    @property
    def is_lockstep(self) -> bool:
        """Whether the exchange waits for a batch after each market event."""
        return self._joined.is_lockstep

    @property
    def moment(self) -> Moment | None:
        """Slot and progress of the newest market event; None before the first."""
        return self._hearing.moment

    def begin(self) -> ExchangeEvent:
        """Return the first event."""
        return Connected(self._hearing.tree, self._capability, frozenset(self.held), self._lists_areas)

    def join_again(self, joined: Joined, gap_seconds: float) -> list[ExchangeEvent]:
        """Take over a new connection; the agent is told the registry again, so that it claims what was lost."""
        self._joined = joined
        self.held = set(joined.held)
        self.is_owed = False
        self._window = SettlementWindow()
        self._is_own_told = self._lists_areas
        if joined.is_new:
            self._ids.clear()
        self._hearing.meet_again(joined.tree, is_new=joined.is_new)
        return [ConnectionRestored(gap_seconds), self.begin()]

    def has_new_areas(self) -> bool:
        """Return whether events told of areas that the registry did not have; of each area only once."""
        return self._hearing.has_new_areas()

    def learn(self, registry: Tree) -> None:
        """Take over another registry; from the next market event on it is what the agent is told."""
        self._hearing.learn(registry)

    def hear(self, message: object) -> ExchangeEvent | None:
        """Return the event that a message means to the agent, if any.

        :raises WireError: the message makes no sense.
        """
        event = self._hearing.hear(message)
        match event:
            case None:
                return self._hear_answer(message)
            case Selected(area):
                self.held.add(area)
            case Unselected(area):
                return self._lose(area)
            case SlotOpened() | Ticked():
                is_slot = isinstance(event, SlotOpened)
                self.is_owed = self._joined.is_lockstep or (self._joined.has_lease and is_slot)
                self._hold_own(event)
                if is_slot:
                    self._open_slots = event.grid.deviations.slots
                    self._window = self._window.seen(event.slot, self._open_slots)
                    open_slots = {event.slot, *self._open_slots}
                    self._placed = {its: None for its in self._placed if its[2] in open_slots}
                return event
            case _:
                return event
        return None

    def say(self, batch: Batch, newest: Moment | None) -> tuple[Outgoing, Answered | None]:
        """Return what is to be done about a batch, and its answer if there is nothing to wait for.

        :param newest: of the market events that are waiting to be heard.
        """
        slot = _NO_SLOT if self.moment is None else self.moment[0]
        is_late = newest is not None and newest[0] > slot
        closing = self._closing(newest)
        outgoing, answer = self._outbox.write(batch, self.aggregator, slot, is_late=is_late, closing=closing)
        if self._remembers_orders and not is_late:
            for command in batch.commands:
                if isinstance(command, PlaceOrders):
                    lines = command.lines
                    self._placed |= dict.fromkeys(zip(lines.asset, lines.side, lines.slot, strict=True))
        self.is_owed = self.is_owed and not outgoing.posts
        return outgoing, answer

    def acknowledge(self) -> Post:
        """Return a request without commands, for an exchange that waits for one."""
        self.is_owed = False
        return self._outbox.empty(self.aggregator)

    def nameless(self, command: ClaimAreas) -> list[str]:
        """Return the names in a claim of which the ids are not known yet."""
        return [name for name in command.names if name not in self._ids]

    def name(self, ids: Mapping[str, str]) -> None:
        """Take note of ids, by name."""
        self._ids |= ids

    def claim(self, command: ClaimAreas) -> tuple[list[str], list[str]]:
        """Return the areas to select, and those to leave."""
        named = [self._ids[name] for name in command.names if name in self._ids]
        wanted = dict.fromkeys((*command.ids, *named))
        self._wanted = frozenset(wanted)
        return [area for area in wanted if area not in self.held], sorted((self.held | self.asked) - self._wanted)

    def settle(self, number: int, done: DirectDone) -> Answered | None:
        """Take note of what became of a batch's direct commands; return its answer if it is complete."""
        return self._outbox.settle(number, done)

    def split(self, post: Post) -> tuple[Post, ...]:
        """Return what to send in the place of a request that was too large; nothing if it cannot be made smaller."""
        return self._outbox.split(post.transaction)

    def refuse(self, post: Post, reason: str) -> Answered | None:
        """Take note that a request was refused as a whole; return the batch's answer if it is complete."""
        return self._outbox.refuse(post.transaction, reason)

    def withdrawal(self, number: int) -> Batch | None:
        """Return a batch that deletes all orders that may be open; None if there are none, or that is not wanted."""
        if not self._placed:
            return None
        columns = (objects(list(column)) for column in zip(*self._placed, strict=True))
        self._placed = {}
        return Batch(number, (WithdrawOrders(*columns),))

    def _closing(self, newest: Moment | None) -> frozenset[pendulum.DateTime]:
        """Return the ended slots whose markets may close before what is sent now is there."""
        moment = max((one for one in (self.moment, newest) if one is not None), default=None)
        return frozenset() if moment is None else self._window.closing(*moment, self._open_slots)

    def _hold_own(self, event: SlotOpened | Ticked) -> None:
        """Take note of what this aggregator has from before, where only the exchange's own events tell that."""
        if not self._is_own_told and len(event.grid.assets):
            self._is_own_told = True
            self.held.update(event.grid.assets.id.tolist())

    def _hear_answer(self, message: object) -> Answered | None:
        value = read_object(message, "")
        return self._outbox.answer(value) if value.get("command") == "batch_commands" else None

    def _lose(self, area: str) -> AreasLost | None:
        was_held = area in self.held
        self.held.discard(area)
        return AreasLost((area,)) if was_held and area in self._wanted else None
