"""Outbox: batches as they go out, in one request or several, and the one answer that becomes of theirs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import attrs
import numpy as np
import pendulum

from gridhook.commands import Batch, ClaimAreas, PlaceOrders, SendForecasts, SendMeasurements, WithdrawOrders
from gridhook.events import Answered, Refused
from gridhook.wire.batches import SentBatch, read_batch_answer, write_batch

__all__ = ["DIRECT", "DirectDone", "Outbox", "Outgoing", "Post"]

DIRECT = (ClaimAreas, SendForecasts, SendMeasurements)

_KEPT_BATCHES = 8
_LATE = "late: a newer slot had begun before the order was sent"


@attrs.frozen(eq=False)
class Post:
    """One request of a batch: its ``transaction`` id, and the JSON that is sent."""

    transaction: str
    body: dict[str, Any]


@attrs.frozen(eq=False)
class Outgoing:
    """What is to be done about a batch.

    ``number``
        of the batch in its session.
    ``direct``
        commands that are not part of a request, but made area by area.
    ``posts``
        the requests.
    """

    number: int
    direct: tuple[ClaimAreas | SendForecasts | SendMeasurements, ...]
    posts: tuple[Post, ...]


@attrs.define
class DirectDone:
    """What became of a batch's direct commands.

    ``refused``
        what the exchange did not take.
    ``forecasts``
        how many (asset, slot) forecasts it took.
    ``unknown_energies``
        assets of which nobody knows whether their forecasts and measurements came through.
    """

    refused: list[Refused] = attrs.field(factory=list)
    forecasts: int = 0
    unknown_energies: set[str] = attrs.field(factory=set)


@attrs.define(eq=False)
class _Waiting:
    """A batch of which parts are not answered yet: requests by transaction id, and perhaps the direct commands."""

    answer: Answered
    posts: dict[str, SentBatch]
    is_direct_open: bool


class Outbox:
    """Writes batches, and puts the answers to their parts together.

    :param new_id: makes transaction ids.
    :param most_commands: a request has no more, unless those of one area are more.
    :param direct_energies: forecasts and measurements are sent asset by asset, and not in batches.
    """

    def __init__(self, new_id: Callable[[], str], most_commands: int, *, direct_energies: bool = False) -> None:
        self._new_id = new_id
        self._most_commands = most_commands
        self._direct = DIRECT if direct_energies else (ClaimAreas,)
        self._waiting: dict[int, _Waiting] = {}

    def write(
        self,
        batch: Batch,
        aggregator: str,
        slot: pendulum.DateTime,
        *,
        is_late: bool = False,
        closing: AbstractSet[pendulum.DateTime] = frozenset(),
    ) -> tuple[Outgoing, Answered | None]:
        """Return what is to be done about a batch, and its answer if nothing has to be waited for.

        :param aggregator: uuid of the aggregator.
        :param slot: the running slot, to which orders without a slot go.
        :param is_late: a newer one has begun; orders would go there, so that they are not sent.
        :param closing: ended slots whose markets may close before an order is there; theirs are not sent.
        """
        direct = tuple(command for command in batch.commands if isinstance(command, self._direct))
        rows = sum(len(command.lines) for command in batch.commands if isinstance(command, PlaceOrders))
        late = dict.fromkeys(range(rows), _LATE) if is_late else {}
        others = tuple(
            command
            for command in batch.commands
            if not isinstance(command, (*self._direct, *((PlaceOrders, WithdrawOrders) if is_late else ())))
        )
        sent = attrs.evolve(write_batch(Batch(batch.transaction, others), aggregator, slot, closing), orders=rows)
        posts = {self._new_id(): part for part in _split(sent, self._most_commands)}
        errors = {**sent.kept, **late}
        answer = Answered(batch.transaction, np.zeros(rows, dtype=np.bool_), errors)
        waiting = _Waiting(answer, posts, bool(direct))
        outgoing = Outgoing(batch.transaction, direct, _posts(posts))
        self._waiting[batch.transaction] = waiting
        while len(self._waiting) > _KEPT_BATCHES:
            # What was not answered for so long never will be.
            del self._waiting[next(iter(self._waiting))]
        return outgoing, self._finish(batch.transaction)

    def empty(self, aggregator: str) -> Post:
        """Return a request without commands: an exchange in lockstep waits for one."""
        key = self._new_id()
        return Post(key, {"aggregator_uuid": aggregator, "batch_commands": {}, "transaction_id": key})

    def settle(self, number: int, done: DirectDone) -> Answered | None:
        """Take note of what became of a batch's direct commands; return its answer if that was the last part."""
        waiting = self._waiting.get(number)
        if waiting is None:
            return None
        waiting.is_direct_open = False
        waiting.answer = attrs.evolve(
            waiting.answer,
            refused=(*waiting.answer.refused, *done.refused),
            sent_forecasts=waiting.answer.sent_forecasts + done.forecasts,
            unknown_energies=frozenset(done.unknown_energies),
        )
        return self._finish(number)

    def split(self, transaction: str) -> tuple[Post, ...]:
        """Return two requests in the place of one that was too large, and make none so large again.

        Return none if it cannot be made smaller.
        """
        for waiting in self._waiting.values():
            sent = waiting.posts.get(transaction)
            if sent is None:
                continue
            if len(sent.origins) == 1:
                return ()
            self._most_commands = max(1, sum(map(len, sent.origins.values())) // 2)
            parts = {self._new_id(): part for part in _halves(sent)}
            del waiting.posts[transaction]
            waiting.posts |= parts
            return _posts(parts)
        return ()

    def refuse(self, transaction: str, reason: str) -> Answered | None:
        """Take note that a request was refused as a whole; return the batch's answer if that was the last part."""
        nothing = {"error_message": reason, "status": "error"}
        return self._take(
            transaction,
            lambda sent: {"responses": {area: [nothing] * len(its) for area, its in sent.origins.items()}},
        )

    def answer(self, message: Mapping[str, object]) -> Answered | None:
        """Take the answer to a request; return the batch's if that was the last part.

        An answer that nobody waits for, such as one that comes twice, says nothing.

        :raises WireError: it makes no sense.
        """
        return self._take(str(message.get("transaction_id")), lambda _: message)

    def _take(self, transaction: str, message_for: Callable[[SentBatch], object]) -> Answered | None:
        for number, waiting in self._waiting.items():
            sent = waiting.posts.get(transaction)
            if sent is not None:
                waiting.answer = _joined(waiting.answer, read_batch_answer(message_for(sent), sent))
                del waiting.posts[transaction]
                return self._finish(number)
        return None

    def _finish(self, number: int) -> Answered | None:
        waiting = self._waiting[number]
        if waiting.posts or waiting.is_direct_open:
            return None
        del self._waiting[number]
        return waiting.answer


def _joined(one: Answered, other: Answered) -> Answered:
    return Answered(
        one.transaction,
        one.accepted | other.accepted,
        {**one.order_errors, **other.order_errors},
        one.refused + other.refused,
        one.sent_forecasts + other.sent_forecasts,
        one.unknown_energies | other.unknown_energies,
        throughput={**one.throughput, **other.throughput},
    )


def _posts(parts: Mapping[str, SentBatch]) -> tuple[Post, ...]:
    return tuple(Post(key, {**part.message, "transaction_id": key}) for key, part in parts.items())


def _halves(sent: SentBatch) -> tuple[SentBatch, SentBatch]:
    areas = list(sent.origins)
    middle = len(areas) // 2
    return _part(sent, areas[:middle]), _part(sent, areas[middle:])


def _split(sent: SentBatch, most_commands: int) -> Iterator[SentBatch]:
    """Yield a batch in parts, by areas: those of one area stay together, since their order counts."""
    if sent.origins and sum(map(len, sent.origins.values())) <= most_commands:
        yield sent
        return
    areas: list[str] = []
    count = 0
    for area, origins in sent.origins.items():
        if areas and count + len(origins) > most_commands:
            yield _part(sent, areas)
            areas, count = [], 0
        areas.append(area)
        count += len(origins)
    if areas:
        yield _part(sent, areas)


def _part(sent: SentBatch, areas: list[str]) -> SentBatch:
    commands = sent.message["batch_commands"]
    return attrs.evolve(
        sent,
        message={**sent.message, "batch_commands": {area: commands[area] for area in areas}},
        origins={area: sent.origins[area] for area in areas},
    )
