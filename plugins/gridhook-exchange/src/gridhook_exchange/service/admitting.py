"""Admitting: which commands are executed, and which are their own answer."""

from __future__ import annotations

from collections.abc import Callable

from gridhook.wire.answers import CommandFailed
from gridhook.wire.batches import ReceivedBatch
from gridhook.wire.commands import WireCommand, command_name, read_command
from gridhook.wire.errors import WireError
from gridhook_exchange.service.counter import Reading
from gridhook_exchange.service.limits import LONGEST_ID

__all__ = ["admit_batch", "read_one", "refuse_batch"]


def admit_batch(batch: ReceivedBatch, has: Callable[[str], bool]) -> dict[str, list[Reading]]:
    """Return the commands of a batch by area; what cannot be executed is refused one by one.

    :param has: whether the batch's aggregator has an area.
    """
    readings: dict[str, list[Reading]] = {}
    for area, commands in batch.commands.items():
        is_own = has(area)
        readings[area] = [_admit(area, command, is_own=is_own) for command in commands]
    return readings


def refuse_batch(batch: ReceivedBatch, reason: str) -> dict[str, list[CommandFailed]]:
    """Return the answers to a batch of which nothing is done."""
    return {
        area: [_refused(area, command, reason) for command in commands] for area, commands in batch.commands.items()
    }


def read_one(command: object, area: str) -> Reading:
    """Return a command of an area as it is read."""
    try:
        return read_command(command)
    except WireError as error:
        return _refused(area, error, str(error))


def _admit(area: str, command: WireCommand | WireError, *, is_own: bool) -> Reading:
    if isinstance(command, WireError):
        return _refused(area, command, str(command))
    if not is_own:
        return _refused(area, command, "the aggregator does not have this asset or market")
    return command


def _refused(area: str, command: WireCommand | WireError, reason: str) -> CommandFailed:
    name = command.command[:LONGEST_ID] if isinstance(command, WireError) else command_name(command)
    return CommandFailed(name, reason, area)
