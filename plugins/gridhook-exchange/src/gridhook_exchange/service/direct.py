"""Direct commands: those that an asset or market gives for itself, without an aggregator (PROTOCOL.md 1.3, 8 to 16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gridhook.wire.values import describe
from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["DIRECT_COMMANDS", "registration", "wire_value"]

_FEES = ("fee_const", "fee_percent")


def _energy(what: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda body: {"type": f"set_energy_{what}", f"energy_{what}": body.get(f"energy_{what}")}


_VALUES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "set-energy-forecast": _energy("forecast"),
    "set-energy-measurement": _energy("measurement"),
    "grid-fee": lambda body: {"type": "grid_fees", "data": {key: body[key] for key in _FEES if key in body}},
    "dso-market-stats": lambda _: {"type": "dso_market_stats"},
}
DIRECT_COMMANDS = ("register", "unregister", *_VALUES)
"""The last parts of the paths of all direct commands."""


def wire_value(command: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a direct command as it would stand in a batch.

    :raises Refusal: there is no such command.
    """
    if command not in _VALUES:
        raise Refusal(Why.UNKNOWN, f"no command {describe(command)}; there are {', '.join(DIRECT_COMMANDS)}")
    return _VALUES[command](body)


def registration(command: str, area: str) -> dict[str, Any] | None:
    """Return the answer to ``register`` and ``unregister``; None for other commands.

    Who owns an area may command it whether it is registered or not.
    """
    if command not in ("register", "unregister"):
        return None
    return {"command": command, "status": "ready", f"{command}ed": True, "device_uuid": area}
