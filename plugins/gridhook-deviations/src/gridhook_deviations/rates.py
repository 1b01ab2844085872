"""Rates that go from one end to the other while a slot can be settled."""

from __future__ import annotations

import numpy as np

from gridhook import Lots, Market, Rates

__all__ = ["ramp_rates"]


def ramp_rates(deviations: Lots, market: Market, window_slots: int) -> Rates:
    """Return float64 (deviations,), cents/kWh, by how long ago the slot was; NaN while the market's rates are unknown.

    Bids go up to the market-maker rate plus the grid fee and are never above it, offers go down to the feed-in rate
    less the fee and are never below it, though the one rate may be higher than the other.
    """
    slots = deviations.slot.tolist()
    ages = {slot: (market.slot - slot) / market.slot_length for slot in dict.fromkeys(slots)}
    share = np.clip(np.array([ages[slot] for slot in slots]) / window_slots, 0.0, 1.0)
    low = market.feed_in_rate - deviations.grid_fee
    high = market.market_maker_rate + deviations.grid_fee
    bids = np.minimum(low + (high - low) * share, high)
    offers = np.maximum(high - (high - low) * share, low)
    return np.maximum(np.where(deviations.side == "bid", bids, offers), 0.0)
