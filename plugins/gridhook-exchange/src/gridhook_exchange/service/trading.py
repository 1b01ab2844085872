"""Trading: the sides of trades as their owners are told them (PROTOCOL.md 3.7)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridhook.arrays import Bools
from gridhook.trades import SETTLEMENT, SPOT
from gridhook.wire.trades import ANONYMOUS, TradeEntry
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.statistics import passages
from gridhook_exchange.service.ids import Ids
from gridhook_exchange.service.showing import tick_moment

__all__ = ["trade_entries"]


def trade_entries(simulation: Simulation, ids: Ids, part: Entries, own: Bools) -> Iterator[TradeEntry]:
    """Yield an entry for each own side of trades that were made in one market.

    :param own: per asset, whether it is one of those who are told.
    """
    community = simulation.community
    tree, names = community.tree, community.asset_names
    slot = int(part.slot[0])
    fees = simulation.slot_fees[int(part.traded_in[0])] if part.is_spot[0] else simulation.settlements[slot].fees
    passed = passages(part, tree, fees)
    last_fee = simulation.slot_fees[-2].own if simulation.slot else np.zeros(len(community.market_ids))
    columns = (passed.trade, passed.market, passed.rate, passed.fee)
    there = {(trade, market): both for trade, market, *both in zip(*map(np.ndarray.tolist, columns), strict=True)}
    for row in range(len(part)):
        bid, offer, left_of_bid, left_of_offer = (
            int(column[row]) for column in (part.bid, part.offer, part.residual_bid, part.residual_offer)
        )
        energy = float(part.energy_kwh[row])
        for asset, is_buyer in ((int(part.buyer[row]), True), (int(part.seller[row]), False)):
            if not own[asset]:
                continue
            home = int(tree.home[asset])
            rate, fee = there[row, home]
            name, other = names[asset], ANONYMOUS
            yield TradeEntry(
                asset=community.asset_ids[asset],
                trade_id=ids.trade(bid, offer),
                at=tick_moment(simulation, int(part.tick[row])),
                price_cents=rate * energy,
                energy_kwh=energy,
                fee_cents=fee * energy,
                local_market_fee=float(last_fee[home]),
                seller=other if is_buyer else name,
                buyer=name if is_buyer else other,
                seller_origin=other if is_buyer else name,
                buyer_origin=name if is_buyer else other,
                bid_id=ids.order(bid) if is_buyer else "",
                offer_id="" if is_buyer else ids.order(offer),
                residual_bid_id=_residual(ids, left_of_bid) if is_buyer else "",
                residual_offer_id="" if is_buyer else _residual(ids, left_of_offer),
                slot=community.slot_start(slot),
                market=SPOT if part.is_spot[row] else SETTLEMENT,
                with_partner=bool(part.with_partner[row]),
            )


def _residual(ids: Ids, number: int) -> str:
    return "" if number < 0 else ids.order(number)
