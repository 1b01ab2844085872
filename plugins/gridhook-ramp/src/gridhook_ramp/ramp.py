"""A ramp over the slot, from the rate that is best for the asset to the one that always finds a counterpart."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt
from attrs import validators

from gridhook import Lots, Market, Rates, hookimpl
from gridhook_ramp.bounds import Bounds, with_constant_fees, with_percent_fees
from gridhook_ramp.fees import FeesToTarget

__all__ = ["Ramp", "ramp_rates"]

_log = logging.getLogger(__name__)

_ROUNDING = 1e-9


@attrs.define
class Ramp:
    """Moves rates in steps over the slot (PROTOCOL.md 9.5, "basic strategies").

    Loads start at the feed-in rate less the grid fee to the market maker, PVs at the market-maker rate plus that fee;
    they move towards each other and jump to the other end at ``final_at``. What buys and sells at once, storages above
    all, goes up from the one (or down from the other) to the mean of both rates, and never reaches it, so that its bid
    stays below its offer. Offers are never below zero; bids below zero are not sent. No bid is above the
    market maker's rate with the fee, and no offer below the feed-in rate less the fee, whichever of them is higher.

    ``steps``
        number of steps in a slot.
    ``final_at``
        share of the slot at which loads and PVs take the rate at which the market maker trades.
    ``fee_target``
        id, path or name of the area to which grid fees are counted; empty: the market maker, that is the asset of
        this kind, or the area "Market Maker" or "Grid Market", or else the root.
    ``fees``
        ``constant``: cents/kWh; ``percent``: percentage points (no exchange tells which).
    ``feed_in_rate``, ``market_maker_rate``
        cents/kWh, to be taken while the exchange tells none; not given: what depends on it is not decided then.
    """

    steps: int = attrs.field(default=10, validator=validators.ge(1))
    final_at: float = attrs.field(default=0.8, validator=[validators.ge(0), validators.le(1)])
    fee_target: str = ""
    fees: Literal["constant", "percent"] = "constant"
    feed_in_rate: float | None = None
    market_maker_rate: float | None = None
    _fees: FeesToTarget = attrs.field(init=False)
    _missed: tuple[str, ...] = attrs.field(init=False, default=())

    @_fees.default
    def _count_fees(self) -> FeesToTarget:
        return FeesToTarget(self.fee_target)

    def named_areas(self) -> Mapping[str, str]:
        """Return the area to which fees are counted; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {"fee_target": self.fee_target} if self.fee_target else {}

    @hookimpl
    def price_energy(self, lots: Lots, market: Market) -> Rates:
        """Return the rates of this step; see :class:`gridhook.hookspecs.PricingSpec`."""
        feed_in = self._known("feed_in_rate", market.feed_in_rate, self.feed_in_rate)
        retail = self._known("market_maker_rate", market.market_maker_rate, self.market_maker_rate)
        fees = self._fees.of(lots, market)
        if self.fees == "percent":
            bounds = with_percent_fees(feed_in, retail, fees, self._fees.at_target(market))
        else:
            bounds = with_constant_fees(feed_in, retail, fees)
        step = math.floor(market.progress * self.steps + _ROUNDING)
        is_final = market.progress + _ROUNDING >= self.final_at
        return ramp_rates(lots, bounds, step / self.steps, is_final=is_final)

    def _known(self, name: str, told: float, given: float | None) -> float:
        if not math.isnan(told):
            return told
        if given is None and name not in self._missed:
            self._missed = (*self._missed, name)
            _log.warning(
                "the exchange tells no %s: what depends on it has no price until it does, or until %s says one",
                name.replace("_", " "),
                f"plugins.ramp.{name}",
            )
        return math.nan if given is None else given


def ramp_rates(lots: Lots, bounds: Bounds, share: float, *, is_final: bool) -> Rates:
    """Return float64 (lots,), cents/kWh: ``share`` (0..1) of the way; loads and PVs all of it if ``is_final``."""
    is_bid = lots.side == "bid"
    to_mean = _sells_what_it_buys(lots)
    start = np.where(is_bid, bounds.low, bounds.high)
    end = np.where(to_mean, bounds.mean, np.where(is_bid, bounds.high, bounds.low))
    rates = np.where(is_final & ~to_mean, end, start + (end - start) * share)
    return np.where(is_bid, np.minimum(rates, bounds.high), np.maximum(np.maximum(rates, bounds.low), 0.0))


def _sells_what_it_buys(lots: Lots) -> npt.NDArray[np.bool_]:
    """Return per lot whether its asset is a storage, or has lots on both sides as a smart meter may."""
    storages: npt.NDArray[np.bool_] = lots.kind == "storage"
    if not np.any(lots.kind == "smart-meter"):
        return storages
    _, asset, count = np.unique(lots.asset.astype(str), return_inverse=True, return_counts=True)
    both: npt.NDArray[np.bool_] = storages | (count[asset] > 1)
    return both
