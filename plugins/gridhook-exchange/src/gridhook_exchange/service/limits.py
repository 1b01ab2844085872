"""Limits: how much a client may ask for, and how much it asked for in a tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import attrs

from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["LONGEST_ID", "Budgets", "Limits", "Size", "measure"]

LONGEST_ID = 200
"""Characters of the longest id that is taken."""

_ENERGIES_PER_COMMAND = 10


@attrs.frozen
class Limits:
    """What a client may do.

    ``lease_slots``
        an aggregator that is not heard for more slots than this loses its areas; they trade for themselves again.
    ``most_commands``
        in one batch, and of one user in one tick.
    ``most_in_turn``
        commands of one area in a batch, and the longest lists of all batches of one user in one tick together: the
        commands of an area are executed one after the other.
    ``most_batches``
        of one aggregator in one tick.
    ``most_direct``
        direct commands for one area in one tick.
    ``kept_transactions``, ``kept_commands``
        per aggregator: answers to so many batches and commands are kept, to be given again to a batch that comes again.
    ``most_aggregators``
        of one user.
    """

    lease_slots: int = 4
    # An aggregator of 10,000 assets can give each of them ten commands per tick.
    most_commands: int = 100_000
    most_in_turn: int = 10_000
    most_batches: int = 100
    most_direct: int = 100
    kept_transactions: int = 1000
    kept_commands: int = 200_000
    most_aggregators: int = 100


class Size(NamedTuple):
    """How much work a batch is: its commands, and the longest list of those of one area."""

    commands: int
    in_turn: int


def measure(body: Mapping[str, object], limits: Limits) -> Size:
    """Return the size of a batch that nobody has read yet. Fast.

    :raises Refusal: it is too large, or its ids are.
    """
    transaction, by_area = body.get("transaction_id"), body.get("batch_commands")
    if isinstance(transaction, str) and not 0 < len(transaction) <= LONGEST_ID:
        raise Refusal(Why.INVALID, f"'transaction_id' has to have 1 to {LONGEST_ID} characters")
    if not isinstance(by_area, dict):
        return Size(0, 1)
    if any(len(area) > LONGEST_ID for area in by_area):
        raise Refusal(Why.INVALID, f"the uuid of an area has {LONGEST_ID} characters at most")
    lists = [its for its in by_area.values() if isinstance(its, list)]
    # What is no list has one answer, as a command has; an empty list is some work, too.
    counted = sum(max(len(its), 1) for its in lists) + len(by_area) - len(lists)
    if counted <= limits.most_commands:
        counted += sum(map(_inside, (command for its in lists for command in its)))
    if counted > limits.most_commands:
        text = f"the batch counts as {counted} commands; {limits.most_commands} are the most: send several"
        raise Refusal(Why.TOO_MANY, text)
    in_turn = max(map(len, lists), default=1)
    if in_turn > limits.most_in_turn:
        text = f"the batch has {in_turn} commands of one area; {limits.most_in_turn} are the most"
        raise Refusal(Why.TOO_MANY, text)
    return Size(counted, max(in_turn, 1))


class Budgets:
    """What is left of the running tick to users and areas."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._commands: Counter[str] = Counter()
        self._in_turn: Counter[str] = Counter()
        self._direct: Counter[tuple[str, str]] = Counter()

    def begin_tick(self) -> None:
        """Begin a tick."""
        self._commands.clear()
        self._in_turn.clear()
        self._direct.clear()

    def check(self, user: str, size: Size) -> None:
        """Make sure that a user may send a batch.

        :raises Refusal: with what was sent before in this tick, it is too much.
        """
        commands, in_turn = self._commands[user] + size.commands, self._in_turn[user] + size.in_turn
        if commands > self._limits.most_commands:
            text = f"your batches of this tick would count as {commands} commands; {self._limits.most_commands} are"
            raise Refusal(Why.TOO_MANY, f"{text} the most: send the rest in the next tick")
        if in_turn > self._limits.most_in_turn:
            text = f"the longest lists of your batches of this tick would have {in_turn} commands together;"
            raise Refusal(Why.TOO_MANY, f"{text} {self._limits.most_in_turn} are the most: put areas into one batch")

    def spend(self, user: str, size: Size) -> None:
        """Take note that a user sent a batch."""
        self._commands[user] += size.commands
        self._in_turn[user] += size.in_turn

    def spend_directly(self, user: str, area: str) -> None:
        """Take note of a user's direct command for an area.

        :raises Refusal: there were too many in this tick.
        """
        if self._direct[user, area] >= self._limits.most_direct:
            text = f"{self._limits.most_direct} commands for {area} came in this tick, the most; go on in the next one"
            raise Refusal(Why.TOO_MANY, text)
        self._direct[user, area] += 1


def _inside(command: object) -> int:
    """Return how many commands more a command counts as: for its sets of requirements, and for its energies."""
    if not isinstance(command, dict):
        return 0
    inside = 0
    for value in command.values():
        if isinstance(value, list):
            inside += len(value)
        elif isinstance(value, dict):
            inside += len(value) // _ENERGIES_PER_COMMAND
    return inside
