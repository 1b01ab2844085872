"""A ramp over the slot, from the rate that is best for the asset to the one that always finds a counterpart."""

from __future__ import annotations

import math

import attrs
import numpy as np
from attrs import validators

from gridhook import Lots, Market, Rates, hookimpl

__all__ = ["Ramp", "ramp_rates"]

_ROUNDING = 1e-9


@attrs.frozen
class Ramp:
    """Moves rates in steps over the slot (PROTOCOL.md 9.5, "basic strategies").

    Loads start at the feed-in rate less the grid fee to the market maker, PVs at the market-maker rate plus that fee;
    they move towards each other and jump to the other end at ``final_at``. Storages go up to (or down to) the mean of
    both rates. Offers are never below zero. While a rate is unknown nothing is decided.

    ``steps``
        number of steps in a slot.
    ``final_at``
        share of the slot at which loads and PVs take the rate at which the market maker trades.
    """

    steps: int = attrs.field(default=10, validator=validators.ge(1))
    final_at: float = attrs.field(default=0.8, validator=[validators.ge(0), validators.le(1)])

    @hookimpl
    def price_energy(self, lots: Lots, market: Market) -> Rates:
        """Return the rates of this step; see :class:`gridhook.hookspecs.PricingSpec`."""
        step = math.floor(market.progress * self.steps + _ROUNDING)
        is_final = market.progress + _ROUNDING >= self.final_at
        return ramp_rates(lots, market, step / self.steps, is_final=is_final)


def ramp_rates(lots: Lots, market: Market, share: float, *, is_final: bool) -> Rates:
    """Return float64 (lots,), cents/kWh: ``share`` (0..1) of the way; loads and PVs all of it if ``is_final``."""
    feed_in, retail = market.feed_in_rate, market.market_maker_rate
    low, high = feed_in - lots.grid_fee, retail + lots.grid_fee
    is_storage, is_bid = lots.kind == "storage", lots.side == "bid"
    start = np.where(is_bid, low, high)
    end = np.where(is_storage, (feed_in + retail) / 2, np.where(is_bid, high, low))
    rates = np.where(is_final & ~is_storage, end, start + (end - start) * share)
    return np.where(is_bid, rates, np.maximum(rates, 0.0))
