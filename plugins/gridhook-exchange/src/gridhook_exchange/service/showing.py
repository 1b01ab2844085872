"""Showing: orders as their owners see them."""

from __future__ import annotations

import pendulum

from gridhook.lots import BID, OFFER
from gridhook.wire.orders import Trader, WireOrder
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.slotmarket import Lines, SlotMarket
from gridhook_exchange.service.ids import Ids

__all__ = ["listed_price", "tick_moment", "wire_order"]


def tick_moment(simulation: Simulation, tick: int) -> pendulum.DateTime:
    """Return when a tick begins, by its number over the whole run."""
    community = simulation.community
    slot, rest = divmod(tick, community.rules.ticks_per_slot)
    share = rest / community.rules.ticks_per_slot
    return community.slot_start(slot).add(seconds=community.slot_length.total_seconds() * share)


def listed_price(market: SlotMarket, key: int, rate: float, energy_kwh: float) -> float:
    """Return the price of a whole order where it was posted, cents: an offer's has the local fee (PROTOCOL.md 6.7)."""
    return market.listed_rate(key, rate) * energy_kwh


def wire_order(
    simulation: Simulation,
    ids: Ids,
    market: SlotMarket,
    lines: Lines,
    row: int,
    number: int,
    price: float,
    created_at: pendulum.DateTime,
    slot: pendulum.DateTime,
) -> WireOrder:
    """Return an order that has just been posted, at a moment for a slot.

    :param price: cents; what was sent, to the last digit.
    """
    community = simulation.community
    key, rate, energy = int(lines.key[row]), float(lines.rate[row]), float(lines.energy_kwh[row])
    asset = key // 2
    name, area = community.asset_names[asset], community.asset_ids[asset]
    listed = market.listed_rate(key, rate)
    return WireOrder(
        id=ids.order(number),
        side=OFFER if key % 2 else BID,
        energy_kwh=energy,
        rate=listed,
        price_cents=listed * energy if key % 2 else price,
        original_price_cents=price,
        created_at=created_at,
        slot=slot,
        trader=Trader(name, area, name, area),
    )
