"""Ids: what orders and trades are called on the wire."""

from __future__ import annotations

import uuid

__all__ = ["Ids"]

_BITS = 48
_LOW = (1 << _BITS) - 1


class Ids:
    """Turns the running numbers of orders into UUIDs and back: the same numbers, the same UUIDs.

    :param simulation_id: a UUID; those of different simulations differ.
    """

    def __init__(self, simulation_id: str) -> None:
        self._simulation = uuid.UUID(simulation_id)
        self._orders = uuid.uuid5(self._simulation, "order").int & ~_LOW

    def order(self, number: int) -> str:
        """Return the UUID of an order."""
        return str(uuid.UUID(int=self._orders | number))

    def trade(self, bid: int, offer: int) -> str:
        """Return the UUID of the trade of two orders: they trade once, what is left of them are new ones."""
        return str(uuid.uuid5(self._simulation, f"trade/{bid}/{offer}"))

    def order_number(self, text: str) -> int | None:
        """Return the number of an order; None if this is not the UUID of one."""
        try:
            value = uuid.UUID(text).int
        except ValueError:
            return None
        return value & _LOW if value & ~_LOW == self._orders else None
