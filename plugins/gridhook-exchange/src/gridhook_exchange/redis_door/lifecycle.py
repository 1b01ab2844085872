"""The life of aggregators: made, selected, left and deleted (PROTOCOL.md 3.3), with one answer to every request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gridhook_exchange.redis_door.reading import known_text, read_message, text_of
from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.exchange import Exchange, Message

__all__ = ["answer_lifecycle"]

_Message = Mapping[str, Any]
_Done = tuple[dict[str, Any], list[Message]]


def answer_lifecycle(
    exchange: Exchange, user: str, data: bytes, terms: Mapping[str, Any] = MappingProxyType({})
) -> tuple[dict[str, Any], list[Message]]:
    """Do what a message asks for; return the answer, and what the exchange says to batches that still waited.

    The answer always has the keys ``transaction_id`` and, if it is an error, ``aggregator_uuid``: everybody hears it,
    and a client that misses a key may stop listening (10, B1).

    :param terms: what an aggregator is told when it is made, and when it is there already.
    """
    message: dict[str, Any] = {}
    try:
        message = read_message(data)
        transaction = text_of(message, "transaction_id")
        work = _WORK.get(str(message.get("type")), _refuse)
        answer, said = work(exchange, user, message)
    except Refusal as refusal:
        transaction_or_none = known_text(message, "transaction_id")
        aggregator = transaction_or_none if message.get("type") == "CREATE" else known_text(message, "aggregator_uuid")
        device = known_text(message, "device_uuid")
        return {
            "status": "error",
            "aggregator_uuid": aggregator,
            **({} if device is None else {"device_uuid": device}),
            "transaction_id": transaction_or_none,
            "msg": refusal.message,
            **(terms if message.get("type") == "CREATE" else {}),
        }, []
    return {**answer, "transaction_id": transaction, **(terms if message["type"] == "CREATE" else {})}, said


def _create(exchange: Exchange, user: str, message: _Message) -> _Done:
    name, identity = text_of(message, "name"), text_of(message, "transaction_id")
    try:
        exchange.create_aggregator(user, name, identity)
    except Refusal as refusal:
        if refusal.why is not Why.TOO_MANY or not _forget_idle(exchange, user):
            raise
        exchange.create_aggregator(user, name, identity)
    return {"status": "ready", "name": name}, []


def _forget_idle(exchange: Exchange, user: str) -> bool:
    """Delete the aggregator that was idle for longest: a client that starts again makes a new one (10, B3)."""
    idle = [
        one for one in exchange.aggregators.of_user(user) if not one.areas and one.heard_in < exchange.simulation.slot
    ]
    if idle:
        exchange.delete_aggregator(user, min(idle, key=lambda one: one.heard_in).uuid)
    return bool(idle)


def _delete(exchange: Exchange, user: str, message: _Message) -> _Done:
    aggregator = text_of(message, "aggregator_uuid")
    said = exchange.delete_aggregator(user, aggregator)
    return {"status": "deleted", "aggregator_uuid": aggregator}, said


def _select(exchange: Exchange, user: str, message: _Message) -> _Done:
    aggregator, area = text_of(message, "aggregator_uuid"), text_of(message, "device_uuid")
    exchange.select(user, aggregator, area)
    return {"status": "SELECTED", "aggregator_uuid": aggregator, "device_uuid": area}, []


def _unselect(exchange: Exchange, user: str, message: _Message) -> _Done:
    aggregator, area = text_of(message, "aggregator_uuid"), text_of(message, "device_uuid")
    exchange.unselect(user, aggregator, area)
    return {"status": "UNSELECTED", "aggregator_uuid": aggregator, "device_uuid": area}, []


def _refuse(_: Exchange, __: str, ___: _Message) -> _Done:
    raise Refusal(Why.INVALID, f"'type' has to be one of {', '.join(_WORK)}")


_WORK: Mapping[str, Callable[[Exchange, str, _Message], _Done]] = {
    "CREATE": _create,
    "DELETE": _delete,
    "SELECT": _select,
    "UNSELECT": _unselect,
}
