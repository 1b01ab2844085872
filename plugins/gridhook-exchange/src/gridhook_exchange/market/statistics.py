"""Statistics of a slot's trades in each market that they passed through."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Floats, Ints, sums
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.tree import Fees, MarketTree

__all__ = ["Passage", "SlotStatistics", "passages", "slot_statistics"]


@attrs.frozen(eq=False)
class Passage:
    """Trades in each market between buyer and seller, one row per trade and market (PROTOCOL.md 6.8).

    ``trade``
        row of the trade.
    ``rate``
        what the trade costs in this market: the buyer's rate less the fees of the markets nearer to the buyer.
    ``fee``
        this market's fee, which is taken off on the way to the seller.
    """

    trade: Ints
    market: Ints
    energy_kwh: Floats
    rate: Floats
    fee: Floats


@attrs.frozen(eq=False)
class SlotStatistics:
    """Per market: lowest, highest, mean and median trade rate (cents/kWh), and traded energy (kWh); NaN without trades.

    The mean is over trades, not weighted by energy (PROTOCOL.md 3.8).
    """

    min_rate: Floats
    max_rate: Floats
    mean_rate: Floats
    median_rate: Floats
    energy_kwh: Floats


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
    from_meeting = fees.own[meeting] + fees.below(np.maximum(tree.parent[market], 0), meeting)
    is_on_buyers_side = tree.ancestor[tree.depth[market], buyer[trade]] == market
    nearer = np.where(is_on_buyers_side, fees.below(buyer[trade], market), to_meeting + from_meeting)
    return Passage(trade, market, trades.energy_kwh[trade], trades.buyer_rate[trade] - nearer, fees.own[market])


def slot_statistics(passed: Passage, markets: int) -> SlotStatistics:
    """Return each market's statistics."""
    low, high, mean, median = (np.full(markets, np.nan) for _ in range(4))
    energy = sums(passed.market, passed.energy_kwh, markets)
    order = np.argsort(passed.market, kind="stable")
    numbers, starts = np.unique(passed.market[order], return_index=True)
    for number, rates in zip(numbers.tolist(), np.split(passed.rate[order], starts[1:]), strict=False):
        low[number], high[number] = rates.min(), rates.max()
        mean[number], median[number] = rates.mean(), np.median(rates)
    energy[~np.isin(np.arange(markets), numbers)] = np.nan
    return SlotStatistics(low, high, mean, median, energy)
