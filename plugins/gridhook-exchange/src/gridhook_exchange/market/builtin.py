"""The built-in strategy: what assets do that no aggregator controls, so that a community trades from the start."""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Bools, Floats, Ints

__all__ = ["builtin_rates"]


def builtin_rates(key: Ints, progress: float, low: Floats, high: Floats, middle: float, is_storage: Bools) -> Floats:
    """Return rates that move linearly over the slot, cents/kWh.

    Bids rise from the feed-in rate less fees to the retail rate plus fees, offers fall the other way and not below
    zero; storages go only half-way, to the mean of both rates before fees.

    :param key: 2 x asset + side, per order.
    :param progress: share of the slot that has passed, 0..1.
    :param low: per order, what the feed-in rate is worth to the asset.
    :param high: per order, what the retail rate costs it.
    :param middle: the mean of both rates.
    :param is_storage: per order.
    """
    is_bid = key % 2 == 0
    start = np.where(is_bid, low, high)
    end = np.where(is_storage, middle, np.where(is_bid, high, low))
    return np.maximum(start + (end - start) * progress, 0.0)
