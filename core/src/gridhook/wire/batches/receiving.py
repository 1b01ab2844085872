"""Batches as the server sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from gridhook.wire.answers import Answer, write_answer
from gridhook.wire.commands import WireCommand, read_command
from gridhook.wire.errors import WireError
from gridhook.wire.values import read_list, read_object, read_text, required

__all__ = ["ReceivedBatch", "read_batch", "write_batch_answer"]


@attrs.frozen
class ReceivedBatch:
    """A batch as it came in.

    ``transaction``, ``aggregator``
        ids; the answer repeats them.
    ``commands``
        by area what is to be done there, in order; in the place of a command that cannot be read the error that says
        why. An area whose commands are no list has one error.
    """

    transaction: str
    aggregator: str
    commands: Mapping[str, tuple[WireCommand | WireError, ...]]


def read_batch(value: object) -> ReceivedBatch:
    """Return the batch that a message is; keys that are not known do no harm.

    :raises WireError: the ids or the commands are missing, or are no texts or no object: then nobody knows what to
        answer. Whatever is wrong inside is an error in the place of a command.
    """
    message = read_object(value, "")
    transaction = read_text(required(message, "transaction_id"), "transaction_id")
    aggregator = read_text(required(message, "aggregator_uuid"), "aggregator_uuid")
    commands = read_object(required(message, "batch_commands"), "batch_commands")
    return ReceivedBatch(transaction, aggregator, {area: _read_area(listed) for area, listed in commands.items()})


def write_batch_answer(batch: ReceivedBatch, answers: Mapping[str, Sequence[Answer]]) -> dict[str, Any]:
    """Return the answer to a batch as JSON: by area one answer per command, in order."""
    return {
        "command": "batch_commands",
        "transaction_id": batch.transaction,
        "aggregator_uuid": batch.aggregator,
        "responses": {area: [write_answer(answer) for answer in listed] for area, listed in answers.items()},
    }


def _read_area(value: object) -> tuple[WireCommand | WireError, ...]:
    try:
        commands = read_list(value, "commands")
    except WireError as error:
        return (error,)
    return tuple(_read(command) for command in commands)


def _read(value: object) -> WireCommand | WireError:
    try:
        return read_command(value)
    except WireError as error:
        # Without the calls that led to it: a batch may have many errors, which wait with all that they hold.
        error.__traceback__ = error.__context__ = None
        return error
