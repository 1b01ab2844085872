"""The exchange: one running simulation and its clients. It says everything in messages; somebody else sends them.

Time is given by the caller: ``begin_tick`` matches and tells what happened, ``end_tick`` executes the batches that came
meanwhile and answers them, so that each order is posted in the tick in which it came.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np

from gridhook.wire.answers import Answer, CommandFailed, write_answer
from gridhook.wire.batches import ReceivedBatch, write_batch_answer
from gridhook.wire.commands import AskAssetInfo, command_name
from gridhook.wire.events import write_finish_event, write_selected, write_unselected
from gridhook.wire.registry import write_registry
from gridhook.wire.values import describe
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.registry import build_registry
from gridhook_exchange.service.admitting import admit_batch, read_one, refuse_batch
from gridhook_exchange.service.aggregators import Aggregator, Aggregators
from gridhook_exchange.service.connections import Connections
from gridhook_exchange.service.control import change_control
from gridhook_exchange.service.counter import Counter, Reading
from gridhook_exchange.service.direct import registration, wire_value
from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.ids import Ids
from gridhook_exchange.service.intake import Intake, read_body
from gridhook_exchange.service.limits import LONGEST_ID, Limits, Size
from gridhook_exchange.service.message import Message
from gridhook_exchange.service.orderlog import Asked, OrderLog
from gridhook_exchange.service.single import SingleTeller
from gridhook_exchange.service.telling import Teller
from gridhook_exchange.view import View

__all__ = ["Exchange", "Limits", "Message"]

_NAMESPACE = uuid.UUID("1f0a7c51-6a0b-54a4-8f6e-0d8d5c8a86a0")


class Exchange:
    """A simulation with aggregators, batches and events.

    ``intake``
        where batches wait for the end of the tick.
    ``orders``
        where orders are kept for a report; None: they are not.

    :param community: what is simulated.
    :param owned: the ids of the areas that a user owns.
    :param limits: what clients may do.
    """

    def __init__(
        self, community: Community, owned: Callable[[str], frozenset[str]], limits: Limits | None = None
    ) -> None:
        self.simulation_id = str(uuid.uuid5(_NAMESPACE, f"{community.name}/{community.start}/{community.seed}"))
        self.simulation = Simulation(community)
        self.registry = build_registry(community)
        self._owned = owned
        self._limits = limits or Limits()
        self.aggregators = Aggregators(
            self.simulation_id, lambda user, area: area in owned(user), self._limits.most_aggregators
        )
        self.is_finished = False
        self.orders: OrderLog | None = None
        self.ids = Ids(self.simulation_id)
        view = View(self.simulation, self.registry)
        self._counter = Counter(self.simulation, view, self.ids)
        self._single_teller = SingleTeller(self.simulation, view, self.ids)
        self._teller = Teller(self.simulation, self.registry, self.ids, self.simulation_id)
        self.intake = Intake(self._limits)
        self._asset_of = community.asset_numbers
        self._registered: dict[str, None] = {}
        self.connections = Connections(
            self.simulation,
            self.aggregators,
            self.owns,
            self._registered,
            self._take_over,
            self._give_back,
            self._limits.lease_slots,
        )

    @property
    def is_event_tick(self) -> bool:
        """Whether aggregators were told about the market in the running tick."""
        rules = self.simulation.community.rules
        return self.simulation.tick % rules.ticks_per_slot % rules.dispatch_ticks == 0

    def begin_tick(self) -> list[Message]:
        """Begin a tick: open a slot if it is time, match, and tell what happened."""
        simulation = self.simulation
        rules = simulation.community.rules
        messages: list[Message] = []
        tick = (simulation.tick + 1) % rules.ticks_per_slot
        if tick == 0:
            simulation.open_slot()
            self.connections.release_silent()
            messages += self._release_silent()
        self.intake.begin_tick()
        trades = simulation.begin_tick()
        if self.is_event_tick:
            messages += self._tell_market(tick)
        return [*messages, *self._tell_trades(trades)]

    def end_tick(self) -> list[Message]:
        """End the tick: execute the batches that came in it, and answer them."""
        messages = [self._execute(batch) for batch in self.intake.take()]
        simulation = self.simulation
        simulation.end_tick()
        if simulation.is_last_tick:
            simulation.close_slot()
            self.is_finished = simulation.closed_slots == simulation.community.slots
        return messages

    def finish(self) -> list[Message]:
        """Return what is said to everybody when it is over, or is stopped: what still waits is refused."""
        self.is_finished = True
        areas = (*self.simulation.community.asset_ids, *self.simulation.community.market_ids)
        content = write_finish_event(self.simulation_id)
        return [
            *(self._refuse(batch, "the run is over") for batch in self.intake.take()),
            *(Message(one.uuid, content) for one in self.aggregators),
            *(Message(area, {**content, "area_uuid": area}) for area in areas),
        ]

    def owns(self, user: str, area: str) -> bool:
        """Return whether a user owns an asset or market."""
        return area in self._owned(user)

    def registry_of(self, user: str) -> dict[str, Any]:
        """Return the registry tree: what a user does not own is not registered, and has no aggregator to be seen."""
        own = self._owned(user)
        holders = {area: self.aggregators.of_area(area) for area in own}
        names = {area: holder.name for area, holder in holders.items() if holder is not None}
        tree = self.registry.tree
        registered = tree.registered & np.array([area in own for area in tree.ids])
        return write_registry(attrs.evolve(tree, registered=registered), names)

    def create_aggregator(self, user: str, name: str, identity: str | None = None) -> Aggregator:
        """Return a user's aggregator of this name, made if there is none; always a new one with a chosen uuid.

        :raises Refusal: the chosen uuid is taken, or the user has too many.
        """
        return self.aggregators.create(user, name, max(self.simulation.slot, 0), identity)

    def delete_aggregator(self, user: str, aggregator_uuid: str) -> list[Message]:
        """Delete an aggregator; its areas trade for themselves again, and its batches that wait are refused.

        :raises Refusal: the user has no such aggregator.
        """
        for area in self.aggregators.delete(user, aggregator_uuid):
            self._give_back(area)
        waiting = self.intake.take(aggregator_uuid)
        messages = [self._refuse(batch, "the aggregator was deleted") for batch in waiting]
        self._teller.forget(aggregator_uuid)
        self.intake.transactions.forget(aggregator_uuid)
        return messages

    def select(self, user: str, aggregator_uuid: str, area: str) -> list[Message]:
        """Put an area under an aggregator.

        :raises Refusal: no such aggregator or area, or it has another one.
        """
        aggregator = self.aggregators.select(user, aggregator_uuid, area, max(self.simulation.slot, 0))
        self._take_over(area)
        self._show(aggregator)
        return [Message(aggregator.uuid, write_selected(area))]

    def unselect(self, user: str, aggregator_uuid: str, area: str) -> list[Message]:
        """Take an area from an aggregator; it trades for itself again.

        :raises Refusal: no such aggregator, or it does not have the area.
        """
        aggregator = self.aggregators.unselect(user, aggregator_uuid, area)
        return self._lose(aggregator, area)

    def submit(self, user: str, body: Mapping[str, Any]) -> list[Message]:
        """Take a batch, to be executed at the end of the tick; one that was answered is answered again.

        :raises Refusal: no such aggregator, no batch, too many, too large, or the run is over.
        """
        size = self.intake.measure(body)
        self.intake.check(user, body, size)
        return self.take(user, read_body(body), size)

    def take(self, user: str, batch: ReceivedBatch, size: Size) -> list[Message]:
        """Take a batch that was measured, checked and read, as ``submit`` does.

        :raises Refusal: no such aggregator, too many, or the run is over.
        """
        if self.is_finished:
            raise Refusal(Why.CONFLICT, "the run is over")
        aggregator = self.aggregators.find(user, batch.aggregator)
        self.keep_lease(aggregator)
        known = self.intake.transactions.answer_to(batch)
        if known is not None:
            self.intake.transactions.note(aggregator.uuid)
            return [Message(aggregator.uuid, known)]
        self.intake.add(user, batch, size)
        return []

    def command_area(self, user: str, area: str, command: str, body: Mapping[str, Any]) -> list[Message]:
        """Execute a command that an asset or market gives for itself; the answer goes to its own channel.

        :raises Refusal: not the user's area, or it has another user's aggregator; no such command, no transaction id;
            too many in this tick.
        """
        if not self.owns(user, area):
            raise Refusal(Why.UNKNOWN, f"you have no asset or market {describe(area)}")
        transaction = body.get("transaction_id")
        if not isinstance(transaction, str) or not 0 < len(transaction) <= LONGEST_ID:
            raise Refusal(Why.INVALID, f"'transaction_id' has to be a text of 1 to {LONGEST_ID} characters")
        self.intake.budgets.spend_directly(user, area)
        content = registration(command, area)
        if command == "register":
            self._registered[area] = None
        elif command == "unregister":
            self._registered.pop(area, None)
        if content is None:
            self.aggregators.check_commander(user, area)
            content = write_answer(self._execute_one(area, read_one(wire_value(command, body), area)))
        return [Message(area, {**content, "transaction_id": transaction})]

    def command_directly(self, user: str, area: str, value: Mapping[str, Any], transaction: str) -> dict[str, Any]:
        """Execute a command, as it would stand in a batch, for a connected area, and return the answer.

        :raises Refusal: the user may not command the area, or too many came in this tick.
        """
        self.intake.budgets.spend_directly(user, area)
        reading = read_one(value, area)
        try:
            self.connections.admit(user, area)
        except Refusal as refusal:
            self._note({area: [reading]}, {area: [CommandFailed("", refusal.message)]})
            raise
        if isinstance(reading, AskAssetInfo) and self.simulation.slot < 0:
            reading = CommandFailed(command_name(reading), "the first slot has not begun", area)
        return {**write_answer(self._execute_one(area, reading)), "transaction_id": transaction}

    def keep_lease(self, aggregator: Aggregator) -> None:
        """Say that an aggregator is there, though it may have nothing to send."""
        aggregator.heard_in = max(self.simulation.slot, 0)

    def has_sent(self, aggregator: Aggregator) -> bool:
        """Return whether an aggregator has sent a batch in the running tick, or was told nothing to answer to.

        Who has markets alone is told that a slot began, and nothing else (PROTOCOL.md 3.7).
        """
        if aggregator.areas and not self._asset_of.keys() & aggregator.areas.keys():
            rules = self.simulation.community.rules
            if self.simulation.tick % rules.ticks_per_slot:
                return True
        return self.intake.transactions.has_sent(aggregator.uuid)

    def _execute(self, batch: ReceivedBatch) -> Message:
        readings = admit_batch(batch, partial(self._has, batch.aggregator))
        return self._answer(batch, self._counter.execute(readings))

    def _refuse(self, batch: ReceivedBatch, reason: str) -> Message:
        return self._answer(batch, refuse_batch(batch, reason))

    def _answer(self, batch: ReceivedBatch, answers: Mapping[str, Sequence[Answer]]) -> Message:
        self._note(batch.commands, answers)
        content: dict[str, Any] = write_batch_answer(batch, answers)
        for its in content["responses"].values():
            for answer in its:
                answer["transaction_id"] = batch.transaction
        self.intake.transactions.keep(batch, content)
        return Message(batch.aggregator, content)

    def _has(self, aggregator_uuid: str, area: str) -> bool:
        holder = self.aggregators.of_area(area)
        return holder is not None and holder.uuid == aggregator_uuid

    def _execute_one(self, area: str, reading: Reading) -> Answer:
        answers = self._counter.execute({area: [reading]})
        self._note({area: [reading]}, answers)
        return answers[area][0]

    def _note(self, asked: Mapping[str, Sequence[Asked]], answers: Mapping[str, Sequence[Answer]]) -> None:
        if self.orders is not None:
            self.orders.note(asked, answers)

    def _release_silent(self) -> list[Message]:
        lost = self.aggregators.release_silent(self.simulation.slot, self._limits.lease_slots)
        return [message for aggregator, area in lost for message in self._lose(aggregator, area)]

    def _lose(self, aggregator: Aggregator, area: str) -> list[Message]:
        self._give_back(area)
        self._show(aggregator)
        return [Message(aggregator.uuid, write_unselected(area))]

    def _take_over(self, area: str) -> None:
        asset = self._asset_of.get(area)
        if asset is not None and not self.simulation.is_controlled[asset]:
            change_control(self.simulation, asset, is_controlled=True)

    def _give_back(self, area: str) -> None:
        asset = self._asset_of.get(area)
        if asset is not None:
            change_control(self.simulation, asset, is_controlled=self.connections.controls(area))

    def _show(self, aggregator: Aggregator) -> None:
        assets = sorted(self._asset_of[area] for area in aggregator.areas if area in self._asset_of)
        self._teller.show(aggregator.uuid, np.array(assets, dtype=np.int64), self._owned(aggregator.user))

    def _tell_market(self, tick: int) -> list[Message]:
        messages: list[Message] = []
        for aggregator in self.aggregators:
            if aggregator.areas:
                messages += [
                    Message(aggregator.uuid, content) for content in self._teller.market_events(aggregator.uuid, tick)
                ]
        alone = self._alone()
        return messages + [Message(*told) for told in (self._single_teller.market_events(alone, tick) if alone else ())]

    def _tell_trades(self, trades: list[Entries]) -> list[Message]:
        contents = ((one.uuid, self._teller.trade_event(one.uuid, trades)) for one in self.aggregators if one.areas)
        messages = [Message(channel, content) for channel, content in contents if content is not None]
        alone = self._alone()
        return messages + [
            Message(*told) for told in (self._single_teller.trade_events(alone, trades) if alone else ())
        ]

    def _alone(self) -> list[int]:
        """Return the assets that registered and have no aggregator."""
        return [
            self._asset_of[area]
            for area in self._registered
            if area in self._asset_of and self.aggregators.of_area(area) is None
        ]
