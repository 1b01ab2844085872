"""The life of an aggregator: how it is made, selects areas and leaves them (PROTOCOL.md 3.3). Pure.

An aggregator's uuid is the transaction id of its CREATE. It follows from the name here, so that who starts again has
the same aggregator, and with it the same areas, as before.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import attrs

from gridhook.live.transport import RequestRefusedError

__all__ = ["Created", "check_selected", "check_unselected", "identity", "read_created", "write_create", "write_select"]

_NAMESPACE = uuid.UUID("0b6c1c9e-52f4-5c0c-9d0e-3f1f6f6b7a51")


@attrs.frozen
class Created:
    """What the answer to a CREATE says.

    ``is_new``
        whether the exchange did not know the aggregator: it has begun anew, or never heard of it.
    ``is_lockstep``, ``has_lease``
        whether it waits for a batch after each market event; whether it takes areas from who sends none for long. Only
        the exchange of gridhook says so.
    """

    is_new: bool
    is_lockstep: bool
    has_lease: bool


def identity(configuration: str, name: str) -> str:
    """Return the uuid of the aggregator with this name on the exchange of this configuration."""
    return str(uuid.uuid5(_NAMESPACE, f"{configuration}/{name}"))


def write_create(configuration: str, name: str, aggregator: str) -> dict[str, Any]:
    """Return the request for an aggregator."""
    return {"type": "CREATE", "name": name, "transaction_id": aggregator, **_of(configuration)}


def write_select(configuration: str, aggregator: str, area: str, *, ends: bool = False) -> dict[str, Any]:
    """Return the request for an area or, if that ``ends``, to be rid of it."""
    return {
        "type": "UNSELECT" if ends else "SELECT",
        "aggregator_uuid": aggregator,
        "device_uuid": area,
        "transaction_id": str(uuid.uuid4()),
        **_of(configuration),
    }


def read_created(answer: Mapping[str, object], aggregator: str) -> Created:
    """Return what the answer to a CREATE means: an aggregator that exists already is ours, since its uuid is.

    :raises RequestRefusedError: it is something else.
    """
    is_new = answer.get("status") == "ready"
    # The original's answer to who is there already has no reason, since it knows only one.
    reason = str(answer.get("msg") or f"{aggregator} already")
    if is_new or (answer.get("aggregator_uuid") == aggregator and reason.endswith(f"{aggregator} already")):
        return Created(is_new, answer.get("pace") == "lockstep", "lease_slots" in answer)
    msg = f"the exchange does not take the aggregator: {_reason(answer)}"
    raise RequestRefusedError(msg)


def check_selected(answer: Mapping[str, object], aggregator: str) -> None:
    """Make sure that the area is ours: now, or from before.

    :raises RequestRefusedError: it is not.
    """
    is_held = str(answer.get("msg")).endswith(f"already have selected {aggregator}")
    if answer.get("status") != "SELECTED" and not is_held:
        raise RequestRefusedError(_reason(answer))


def check_unselected(answer: Mapping[str, object]) -> None:
    """Make sure that the area was left.

    :raises RequestRefusedError: it was not.
    """
    if answer.get("status") != "UNSELECTED":
        raise RequestRefusedError(_reason(answer))


def _of(configuration: str) -> dict[str, str]:
    return {"config_uuid": configuration} if configuration else {}


def _reason(answer: Mapping[str, object]) -> str:
    return str(answer.get("msg") or answer.get("error_message") or f"the answer has status {answer.get('status')!r}")
