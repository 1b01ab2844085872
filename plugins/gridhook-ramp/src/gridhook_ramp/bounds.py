"""Between which rates it is worth while to trade: what the grid pays and asks, after grid fees."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook import Rates

__all__ = ["Bounds", "with_constant_fees", "with_percent_fees"]


@attrs.frozen(eq=False)
class Bounds:
    """The ends of the ramp.

    ``low``, ``high``
        float64 (lots,), cents/kWh: what the market maker pays the asset, and what it costs to buy from it; NaN
        while unknown.
    ``mean``
        half-way between the grid's two rates, without fees.
    """

    low: Rates
    high: Rates
    mean: float


def with_constant_fees(feed_in: float, retail: float, fees: Rates) -> Bounds:
    """Return the bounds where fees are cents/kWh (PROTOCOL.md 9.5)."""
    return Bounds(feed_in - fees, retail + fees, (feed_in + retail) / 2)


def with_percent_fees(feed_in: float, retail: float, fees: Rates, at_target: float) -> Bounds:
    """Return the bounds where fees are percentage points (PROTOCOL.md 6.7).

    An offer gains each market's share on its way, the asset's own included; a bid loses those of the markets that it
    leaves, all but the target's, where the market maker's offer has gained that one.

    :param fees: of all markets on the way, the target's included.
    :param at_target: of the target's market.
    """
    lost = 1.0 - (fees - at_target) / 100.0
    # Where markets take everything, no bid reaches the market maker.
    high = retail * (1.0 + at_target / 100.0) / np.where(lost > 0.0, lost, np.nan)
    return Bounds(feed_in / (1.0 + fees / 100.0), high, (feed_in + retail) / 2)
