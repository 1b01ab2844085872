"""The intake: batches on their way in, before they are executed."""

from __future__ import annotations

from collections.abc import Mapping

from gridhook.wire.batches import ReceivedBatch, read_batch
from gridhook.wire.errors import WireError
from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.limits import Budgets, Limits, Size, measure
from gridhook_exchange.service.transactions import Transactions

__all__ = ["Intake", "read_body"]


def read_body(body: Mapping[str, object]) -> ReceivedBatch:
    """Return the batch that a body is. This may be slow, and touches nothing else: it can be done in a thread.

    :raises Refusal: it is none.
    """
    try:
        return read_batch(body)
    except WireError as error:
        raise Refusal(Why.INVALID, str(error)) from error


class Intake:
    """Batches that wait for the end of the tick, and what users and areas may still ask for in it.

    ``transactions``
        of all aggregators.
    ``budgets``
        of all users and areas.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.transactions = Transactions(limits.most_batches, limits.kept_transactions, limits.kept_commands)
        self.budgets = Budgets(limits)
        self._sizes: dict[tuple[str, str], Size] = {}

    @property
    def commands(self) -> int:
        """How many commands wait."""
        return sum(size.commands for size in self._sizes.values())

    def begin_tick(self) -> None:
        """Begin a tick."""
        self.transactions.begin_tick()
        self.budgets.begin_tick()

    def measure(self, body: Mapping[str, object]) -> Size:
        """Return the size of a batch that has not been read.

        :raises Refusal: it is too large.
        """
        return measure(body, self._limits)

    def check(self, user: str, body: Mapping[str, object], size: Size) -> None:
        """Make sure that a user may send a batch of this size, or has sent it before.

        :raises Refusal: the user has sent too much in this tick.
        """
        if not self.transactions.has(body.get("aggregator_uuid"), body.get("transaction_id")):
            self.budgets.check(user, size)

    def add(self, user: str, batch: ReceivedBatch, size: Size) -> None:
        """Let a batch wait for the end of the tick.

        :raises Refusal: too much was sent in this tick.
        """
        if self.transactions.has(batch.aggregator, batch.transaction):
            self.transactions.add(batch)
            return
        self.budgets.check(user, size)
        self.transactions.add(batch)
        self.budgets.spend(user, size)
        self._sizes[batch.aggregator, batch.transaction] = size

    def take(self, aggregator: str | None = None) -> list[ReceivedBatch]:
        """Return the batches that wait, all or an aggregator's, in the order in which they came; they wait no more."""
        taken = self.transactions.take(aggregator)
        for batch in taken:
            self._sizes.pop((batch.aggregator, batch.transaction), None)
        return taken
