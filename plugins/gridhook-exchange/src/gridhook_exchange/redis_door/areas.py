"""Assets and markets that speak for themselves: registration (PROTOCOL.md 3.4) and direct commands (3.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gridhook_exchange.redis_door.channels import REGISTRATIONS
from gridhook_exchange.redis_door.reading import known_text, read_message, text_of
from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.exchange import Exchange

__all__ = ["answer_area"]

_FEES = ("fee_const", "fee_percent")


def answer_area(exchange: Exchange, user: str, areas: Sequence[str], command: str, data: bytes) -> dict[str, Any]:
    """Do what a message on an area's channel asks for, and return the answer.

    :param areas: ids of the areas that have this channel: one, if all is well.
    :param command: the last part of the channel.
    """
    message: dict[str, Any] = {}
    try:
        message = read_message(data)
        transaction = text_of(message, "transaction_id")
        area = _only(areas)
        if command in REGISTRATIONS:
            return {**_register(exchange, user, area, command), "transaction_id": transaction}
        return exchange.command_directly(user, area, _value(command, message), transaction)
    except Refusal as refusal:
        return {
            "command": REGISTRATIONS.get(command, command),
            "status": "error",
            "error_message": refusal.message,
            "transaction_id": known_text(message, "transaction_id"),
        }


def _only(areas: Sequence[str]) -> str:
    if len(areas) != 1:
        what = "no asset or market has" if not areas else f"{len(areas)} assets and markets have"
        raise Refusal(Why.UNKNOWN, f"{what} this channel")
    return areas[0]


def _register(exchange: Exchange, user: str, area: str, command: str) -> dict[str, Any]:
    if command == "register_participant":
        exchange.connections.connect(user, area)
        return {"command": "register", "status": "ready", "registered": True, "device_uuid": area}
    exchange.connections.disconnect(area)
    holder = exchange.aggregators.of_area(area)
    if holder is not None and holder.user == user:
        exchange.unselect(user, holder.uuid, area)
    # The original's SDK looks for "response" and finds nothing (10, B6).
    return {"command": "unregister", "status": "ready", "unregistered": True, "response": "success"}


def _value(command: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a direct command as it would stand in a batch; a fee may be given with ``data`` around it or without."""
    value = {**message, "type": command}
    if command == "grid_fees" and "data" not in value:
        value["data"] = {key: value.pop(key) for key in _FEES if key in value}
    return value
