"""Transactions: batches that wait for the end of the tick, and the answers to those that were executed.

A transaction id is executed once (PROTOCOL.md 10, E10). Sent again while it waits, it still waits; sent again later, it
is answered as before.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Any

from gridhook.wire.batches import ReceivedBatch
from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["Transactions"]


class Transactions:
    """Batches of all aggregators.

    :param most_batches: of one aggregator that may wait.
    :param kept: number of answers kept per aggregator.
    :param kept_commands: number of commands per aggregator of which answers are kept; of the newest batch always.
    """

    def __init__(self, most_batches: int, kept: int, kept_commands: int) -> None:
        self._most_batches = most_batches
        self._kept = kept
        self._kept_commands = kept_commands
        self._waiting: dict[tuple[str, str], ReceivedBatch] = {}
        self._answers: dict[str, OrderedDict[str, dict[str, Any]]] = {}
        self._sent: Counter[str] = Counter()
        self._sizes: Counter[str] = Counter()

    def begin_tick(self) -> None:
        """Begin a tick: what came before it and waits, such as in a pause, is sent in it."""
        self._sent = Counter(aggregator for aggregator, _ in self._waiting)

    def add(self, batch: ReceivedBatch) -> None:
        """Let a batch wait for the end of the tick; the same transaction again adds nothing, and is none too many.

        :raises Refusal: too many of its aggregator wait.
        """
        key = (batch.aggregator, batch.transaction)
        if key in self._waiting:
            return
        if self._sent[batch.aggregator] >= self._most_batches:
            raise Refusal(Why.TOO_MANY, f"{self._most_batches} batches of this aggregator wait for the end of the tick")
        self._sent[batch.aggregator] += 1
        self._waiting[key] = batch

    def take(self, aggregator: str | None = None) -> list[ReceivedBatch]:
        """Return the batches that wait, all or an aggregator's, in the order in which they came; they wait no more."""
        taken = [key for key in self._waiting if aggregator in (None, key[0])]
        return [self._waiting.pop(key) for key in taken]

    def note(self, aggregator: str) -> None:
        """Say that an aggregator has sent a batch in this tick, though none that waits: it was answered before."""
        self._sent[aggregator] = max(self._sent[aggregator], 1)

    def has(self, aggregator: object, transaction: object) -> bool:
        """Return whether a transaction waits, or its answer is kept: it costs nothing when it comes again."""
        if not isinstance(aggregator, str) or not isinstance(transaction, str):
            return False
        return (aggregator, transaction) in self._waiting or transaction in self._answers.get(aggregator, ())

    def has_sent(self, aggregator: str) -> bool:
        """Return whether an aggregator has sent a batch since the tick began."""
        return self._sent[aggregator] > 0

    def keep(self, batch: ReceivedBatch, answer: dict[str, Any]) -> None:
        """Keep the answer to a batch; the oldest ones are forgotten."""
        aggregator = batch.aggregator
        answers = self._answers.setdefault(aggregator, OrderedDict())
        answers[batch.transaction] = answer
        self._sizes[aggregator] += _size(answer)
        while len(answers) > self._kept or (len(answers) > 1 and self._sizes[aggregator] > self._kept_commands):
            _, oldest = answers.popitem(last=False)
            self._sizes[aggregator] -= _size(oldest)

    def forget(self, aggregator: str) -> None:
        """Forget the answers to an aggregator."""
        self._answers.pop(aggregator, None)
        self._sizes.pop(aggregator, None)

    def answer_to(self, batch: ReceivedBatch) -> dict[str, Any] | None:
        """Return the answer to a transaction that was executed before."""
        answers = self._answers.get(batch.aggregator)
        return None if answers is None else answers.get(batch.transaction)


def _size(answer: dict[str, Any]) -> int:
    return sum(map(len, answer["responses"].values()))
