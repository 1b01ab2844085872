"""Orders as the exchange shows them (PROTOCOL.md 6.1)."""

from __future__ import annotations

from typing import Any

import attrs
import pendulum

from gridhook.lots import BID, OFFER
from gridhook.wire.errors import fail, inside
from gridhook.wire.times import format_moment, read_time
from gridhook.wire.values import describe, read_number, read_object, read_text, required

__all__ = ["Trader", "WireOrder", "read_order", "write_order"]

_TYPES = {BID: "Bid", OFFER: "Offer"}
_SIDES = {name: side for side, name in _TYPES.items()}
_TRADER_KEYS = {BID: "buyer", OFFER: "seller"}


@attrs.frozen
class Trader:
    """Who posted an order.

    ``name``, ``uuid``
        the direct poster in that market: an asset, or a market's agent.
    ``origin``, ``origin_uuid``
        the asset that the order comes from; never change on the order's way.
    """

    name: str
    uuid: str
    origin: str
    origin_uuid: str


@attrs.frozen
class WireOrder:
    """One bid or offer in a market.

    ``side``
        ``"bid"`` or ``"offer"``.
    ``energy_kwh``, ``rate``
        kWh; cents/kWh.
    ``price_cents``
        cents for the whole order; an offer's includes the grid fee of the market that it is in.
    ``original_price_cents``
        cents for the whole order as the asset asked or bid.
    ``created_at``, ``slot``
        when it was posted; start of the slot in which its energy flows.
    """

    id: str
    side: str
    energy_kwh: float
    rate: float
    price_cents: float
    original_price_cents: float
    created_at: pendulum.DateTime
    slot: pendulum.DateTime
    trader: Trader


def write_order(order: WireOrder) -> dict[str, Any]:
    """Return an order as JSON (PROTOCOL.md 6.1)."""
    trader = order.trader
    return {
        "type": _TYPES[order.side],
        "id": order.id,
        "energy": order.energy_kwh,
        "energy_rate": order.rate,
        "price": order.price_cents,
        "original_price": order.original_price_cents,
        "creation_time": format_moment(order.created_at),
        "time_slot": format_moment(order.slot),
        _TRADER_KEYS[order.side]: {
            "name": trader.name,
            "origin": trader.origin,
            "origin_uuid": trader.origin_uuid,
            "uuid": trader.uuid,
        },
    }


def read_order(value: object, where: str = "order") -> WireOrder:
    """Return the order that JSON tells of; keys that are not known do no harm.

    :raises WireError: something is missing or wrong.
    """
    with inside(where):
        return _read(value)


def _read(value: object) -> WireOrder:
    order = read_object(value, "")
    kind = read_text(required(order, "type"), "type")
    if kind not in _SIDES:
        fail("type", f"has to be 'Bid' or 'Offer', not {describe(kind)}")
    side = _SIDES[kind]
    key = _TRADER_KEYS[side]
    trader = read_object(required(order, key), key)
    names = [read_text(trader.get(name), f"{key}.{name}") for name in ("name", "uuid", "origin", "origin_uuid")]
    price = read_number(required(order, "price"), "price")
    return WireOrder(
        read_text(required(order, "id"), "id"),
        side,
        read_number(required(order, "energy"), "energy"),
        read_number(required(order, "energy_rate"), "energy_rate"),
        price,
        read_number(order.get("original_price", price), "original_price"),
        read_time(required(order, "creation_time"), "creation_time"),
        read_time(required(order, "time_slot"), "time_slot"),
        Trader(*names),
    )
