"""Statistics of a slot's trades in each market that they passed through."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints, sums
from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.tree import MarketTree

__all__ = ["Passage", "SlotStatistics", "passages", "slot_statistics"]


@attrs.frozen(eq=False)
class Passage:
    """Trades in each market between buyer and seller, one row per trade and market (PROTOCOL.md 6.8).

    ``trade``
        row of the trade.
    ``rate``
        what the trade costs in this market, cents/kWh: the buyer's rate less the fees of the markets nearer to it.
    ``fee``
        what this market takes off on the way to the seller, cents/kWh.
    ``is_import``, ``is_export``
        whether the seller, or the buyer, is outside the market, so that its agent sells, or buys, in it
        (PROTOCOL.md 4.4); neither where the trade stays inside.
    """

    trade: Ints
    market: Ints
    energy_kwh: Floats
    rate: Floats
    fee: Floats
    is_import: Bools
    is_export: Bools


@attrs.frozen(eq=False)
class SlotStatistics:
    """Per market: lowest, highest, mean and median trade rate (cents/kWh), and traded energy (kWh); NaN without trades.

    The mean is over trades, not weighted by energy (PROTOCOL.md 3.8).

    ``import_kwh``, ``export_kwh``
        what of the traded energy came into the market from outside, and what left it; 0 without trades.
    ``revenue_cents``
        the grid fees that the market took; 0 without trades.
    """

    min_rate: Floats
    max_rate: Floats
    mean_rate: Floats
    median_rate: Floats
    energy_kwh: Floats
    import_kwh: Floats
    export_kwh: Floats
    revenue_cents: Floats


def passages(trades: Entries, tree: MarketTree, fees: Fees) -> Passage:
    """Return all markets that trades of one slot passed through."""
    buyer, seller = tree.home[trades.buyer], tree.home[trades.seller]
    parts: list[tuple[Ints, Ints]] = []
    depth = tree.depth[trades.market]
    for level in range(tree.height + 1):
        for home in (buyer, seller):
            at = tree.ancestor[level][home]
            rows = np.flatnonzero((at >= 0) & (level > depth))
            parts.append((rows, at[rows]))
    parts.append((np.arange(len(trades)), trades.market))
    trade, market = (np.concatenate(column) for column in zip(*parts, strict=True))
    meeting = trades.market[trade]
    to_meeting = fees.below(buyer[trade], meeting)
    from_meeting = fees.part[meeting] + fees.below(np.maximum(tree.parent[market], 0), meeting)
    is_on_buyers_side = tree.ancestor[tree.depth[market], buyer[trade]] == market
    is_on_sellers_side = tree.ancestor[tree.depth[market], seller[trade]] == market
    nearer = np.where(is_on_buyers_side, fees.below(buyer[trade], market), to_meeting + from_meeting)
    unit = fees.unit(trades.buyer_rate, fees.on_path(buyer, seller, trades.market))[trade]
    rate = trades.buyer_rate[trade] - unit * nearer
    fee = unit * fees.part[market]
    return Passage(trade, market, trades.energy_kwh[trade], rate, fee, ~is_on_sellers_side, ~is_on_buyers_side)


def slot_statistics(passed: Passage, markets: int) -> SlotStatistics:
    """Return each market's statistics."""
    order = np.lexsort((passed.rate, passed.market))
    market, rate = passed.market[order], passed.rate[order]
    numbers, first, count = np.unique(market, return_index=True, return_counts=True)
    low, high, mean, median, energy = (np.full(markets, np.nan) for _ in range(5))
    low[numbers], high[numbers] = rate[first], rate[first + count - 1]
    mean[numbers] = sums(market, rate, markets)[numbers] / count
    median[numbers] = (rate[first + (count - 1) // 2] + rate[first + count // 2]) / 2
    energy[numbers] = sums(passed.market, passed.energy_kwh, markets)[numbers]
    came, left, revenue = (
        sums(passed.market, passed.energy_kwh * share, markets)
        for share in (passed.is_import, passed.is_export, passed.fee)
    )
    return SlotStatistics(low, high, mean, median, energy, came, left, revenue)
