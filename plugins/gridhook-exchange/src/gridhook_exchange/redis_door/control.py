"""Simulation control: pause, resume and stop, and which areas there are."""

from __future__ import annotations

from typing import Any

from gridhook.grid import Tree
from gridhook_exchange.redis_door.reading import known_text, read_message, text_of
from gridhook_exchange.service.errors import Refusal

__all__ = ["ORDERS", "answer_control"]

ORDERS = ("pause", "resume", "stop")
"""What whoever runs the exchange is told to do."""


def answer_control(tree: Tree, command: str, data: bytes) -> tuple[dict[str, Any], str]:
    """Return the answer to a control message, and the order that follows from it: one of ``ORDERS``, or empty."""
    message: dict[str, Any] = {}
    order, outcome = "", {"status": "success"}
    try:
        message = read_message(data)
        text_of(message, "transaction_id")
    except Refusal as refusal:
        outcome = {"status": "error", "error_message": refusal.message}
    else:
        if command == "area-map":
            return {"area_mapping": dict(zip(tree.ids, tree.names, strict=True))}, ""
        if command in ORDERS:
            order = command
        else:
            outcome = {"status": "error", "error_message": f"{command!r} is not supported"}
    transaction = known_text(message, "transaction_id")
    return {"command": command, "simulation_id": "", "transaction_id": transaction, **outcome}, order
