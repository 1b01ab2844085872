"""The door: what a Redis message asks of the exchange, and what the exchange says, as messages to publish.

Who speaks over Redis is not known (PROTOCOL.md 10, B13), so that all who do are one user, who owns all areas. What
belongs to other users stays theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

from gridhook.wire.answers import write_answer
from gridhook.wire.batches import read_batch
from gridhook.wire.errors import WireError
from gridhook_exchange.redis_door.areas import answer_area
from gridhook_exchange.redis_door.channels import (
    AREA_COMMANDS,
    BATCHES,
    CONTROLS,
    LIFECYCLE,
    LIFECYCLE_ANSWERS,
    REGISTRATIONS,
    Prefixes,
    Publication,
    answers_to_batches,
    events_of,
)
from gridhook_exchange.redis_door.control import answer_control
from gridhook_exchange.redis_door.lifecycle import answer_lifecycle
from gridhook_exchange.redis_door.reading import known_text, read_message, text_of
from gridhook_exchange.service.admitting import refuse_batch
from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.exchange import Exchange, Message
from gridhook_exchange.service.texts import is_writable

__all__ = ["Door", "Heard"]


@attrs.frozen
class Heard:
    """What follows from a message.

    ``publications``
        what is to be published.
    ``is_batch``
        whether it was a batch that was taken.
    ``order``
        what whoever runs the exchange has to do: pause, resume, stop; empty for nothing.
    ``problem``
        why there is nobody whom an answer could reach; empty if there is.
    """

    publications: tuple[Publication, ...] = ()
    is_batch: bool = False
    order: str = ""
    problem: str = ""


class Door:
    """Translates between Redis messages and an exchange.

    :param exchange: the exchange.
    :param user: a user of it who owns all areas.
    :param terms: what aggregators are told when they are made, such as whether they are waited for.
    """

    def __init__(self, exchange: Exchange, user: str, terms: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._exchange = exchange
        self._user = user
        self._terms = terms
        self._prefixes = Prefixes(exchange.registry.tree)
        self._markets = frozenset(exchange.simulation.community.market_ids)
        self._waiting: set[tuple[str, str]] = set()
        self._have_sent: set[str] = set()

    def hear(self, channel: str, data: bytes) -> Heard:
        """Do what a message asks for."""
        if channel in LIFECYCLE:
            answer, said = answer_lifecycle(self._exchange, self._user, data, self._terms)
            # They are of an aggregator that is no longer there.
            refused = [self._answer_to_batch(message) for message in said]
            if answer["status"] == "deleted":
                self._have_sent.discard(answer["aggregator_uuid"])
            return Heard((*filter(None, refused), Publication(LIFECYCLE_ANSWERS, answer)))
        if channel == BATCHES:
            return self._take_batch(data)
        if channel in CONTROLS:
            command = CONTROLS[channel]
            answer, order = answer_control(self._exchange.registry.tree, command, data)
            return Heard((Publication(f"/response/{command}", answer),), order=order)
        return self._hear_area(channel, data)

    def tell(self, message: Message) -> Publication | None:
        """Return what is to be published of something that the exchange says; None if nobody here is concerned."""
        content = message.content
        if content.get("command") == "batch_commands":
            return self._answer_to_batch(message)
        if not message.is_market_event:
            return None
        if self._has_aggregator(message.channel):
            return Publication(events_of(message.channel), {**content, "simulation_id": None})
        return self._tell_area(message.channel, content)

    def _answer_to_batch(self, message: Message) -> Publication | None:
        asked = (message.channel, message.content["transaction_id"])
        if asked not in self._waiting:
            return None
        self._waiting.remove(asked)
        return Publication(answers_to_batches(message.channel), message.content)

    def has_sent(self, aggregator: str) -> bool:
        """Return whether an aggregator has ever sent a batch over Redis: then it is there and will send others."""
        return aggregator in self._have_sent and self._has_aggregator(aggregator)

    def _hear_area(self, channel: str, data: bytes) -> Heard:
        prefix, _, command = channel.rpartition("/")
        areas = self._prefixes.areas(prefix)
        if command not in AREA_COMMANDS:
            return Heard()
        # Answers match the patterns of the requests, and others may use this Redis for other things.
        if not areas and (command not in REGISTRATIONS or prefix == "response" or prefix.endswith("/response")):
            return Heard()
        answer = answer_area(self._exchange, self._user, areas, command, data)
        return Heard((Publication(f"{prefix}/response/{command}", answer),))

    def _take_batch(self, data: bytes) -> Heard:
        try:
            body = read_message(data)
        except Refusal as refusal:
            return Heard(problem=f"a batch on {BATCHES}: {refusal}")
        aggregator = known_text(body, "aggregator_uuid")
        if aggregator is None:
            return Heard(problem=f"a batch on {BATCHES}: it has no aggregator_uuid")
        try:
            transaction = text_of(body, "transaction_id")
            if b"\\u" in data and not is_writable(body):
                body["batch_commands"] = None
            messages = self._exchange.submit(self._user, body)
        except Refusal as refusal:
            return Heard((Publication(answers_to_batches(aggregator), _refuse(body, aggregator, refusal)),))
        self._have_sent.add(aggregator)
        if not messages:
            self._waiting.add((aggregator, transaction))
        channel = answers_to_batches(aggregator)
        return Heard(tuple(Publication(channel, message.content) for message in messages), is_batch=True)

    def _tell_area(self, area: str, content: dict[str, Any]) -> Publication | None:
        """Return an event of an area: connected assets without an aggregator have all, and markets only the last."""
        prefix, event = self._prefixes.of(area), content["event"]
        is_market = area in self._markets
        if event == "finish":
            content = {"event": event} if is_market else {"event": event, "area_uuid": area}
        is_alone = area in self._exchange.connections and self._exchange.aggregators.of_area(area) is None
        if prefix is None or not (is_alone or (is_market and event == "finish")):
            return None
        return Publication(f"{prefix}/events/{event}", content)

    def _has_aggregator(self, aggregator: str) -> bool:
        try:
            self._exchange.aggregators.find(self._user, aggregator)
        except Refusal:
            return False
        return True


def _refuse(body: Mapping[str, Any], aggregator: str, refusal: Refusal) -> dict[str, Any]:
    """Return the answer to a batch of which nothing is done: the shape of any other, with this reason everywhere."""
    reason = refusal.message
    try:
        # What is too large is not read, and not answered one by one either.
        is_read = refusal.why is not Why.TOO_MANY
        answers = refuse_batch(read_batch({**body, "transaction_id": ""}), reason) if is_read else {}
    except WireError:
        answers = {}
    return {
        "command": "batch_commands",
        "transaction_id": known_text(body, "transaction_id"),
        "aggregator_uuid": aggregator,
        "status": "error",
        "error_message": reason,
        "responses": {area: [write_answer(answer) for answer in listed] for area, listed in answers.items()},
    }
