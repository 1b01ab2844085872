"""Between trades and the entries that tell of their sides."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pendulum

from gridhook.arrays import Floats
from gridhook.grid import Grid
from gridhook.trades import SPOT, Trade, Trades
from gridhook.wire.trades.entries import ANONYMOUS, TradeEntry

__all__ = ["join_entries", "split_trades"]


def split_trades(
    trades: Trades,
    grid: Grid,
    at: pendulum.DateTime,
    fees: Floats,
    *,
    percent: bool = False,
) -> list[TradeEntry]:
    """Return the entries of trades: one per side that is one of ``grid.assets``.

    The ids of orders are empty, as trades do not hold them. An asset of somebody else stays anonymous, also as the
    origin of its order; the original tells that name.

    :param at: when the trades were made.
    :param fees: per area of the grid's tree, the fee of the slot's market: cents/kWh, or a ratio if ``percent``.
    """
    own = frozenset(grid.assets.id)
    return [
        _entry(trade, asset, grid, at, fees, percent=percent)
        for trade in trades
        for asset in (trade.buyer, trade.seller)
        if asset in own
    ]


def join_entries(entries: Iterable[TradeEntry], slot_length: pendulum.Duration) -> Trades:
    """Return the trades that entries tell of; the entries of both sides of one trade give one row.

    They belong together if they have the same trade id or, as with the original, the same ids of orders. A seller
    keeps the price without the local fee. What a side that is not told of pays or keeps is NaN. Where slot and market
    are not told, a trade counts as one in the spot market of the slot in which it was made.
    """
    rows: list[tuple[TradeEntry | None, TradeEntry | None]] = []
    alone: dict[tuple[bool, str, str], int] = {}
    for entry in entries:
        buys = entry.buyer != ANONYMOUS
        keys = [(entry.trade_id, "")]
        if entry.bid_id and entry.offer_id:
            keys.append((entry.bid_id, entry.offer_id))
        row = next((alone[not buys, *key] for key in keys if (not buys, *key) in alone), None)
        if row is None:
            alone |= {(buys, *key): len(rows) for key in keys}
            rows.append((entry, None) if buys else (None, entry))
        else:
            other = rows[row]
            rows[row] = (entry, other[1]) if buys else (other[0], entry)
            alone = {key: place for key, place in alone.items() if place != row}
    trades = [_trade(bought, sold, slot_length) for bought, sold in rows]
    columns: list[Any] = [[trade[column] for trade in trades] for column in range(len(Trade._fields))]
    return Trades(*columns)


def _entry(trade: Trade, asset: str, grid: Grid, at: pendulum.DateTime, fees: Floats, *, percent: bool) -> TradeEntry:
    tree = grid.tree
    buys = asset == trade.buyer
    home = int(tree.parents[tree.find(asset)])
    fee = float(fees[home]) * (trade.seller_rate if percent else 1.0)
    rate = trade.buyer_rate if buys else trade.seller_rate + fee
    name = tree.names[tree.find(asset)]
    own = frozenset(grid.assets.id)
    buyer_origin, seller_origin = (
        tree.names[tree.find(side)] if side in own else ANONYMOUS for side in (trade.buyer, trade.seller)
    )
    return TradeEntry(
        asset=asset,
        trade_id=trade.id,
        at=at,
        price_cents=rate * trade.energy_kwh,
        energy_kwh=trade.energy_kwh,
        fee_cents=fee * trade.energy_kwh,
        local_market_fee=float(grid.last_market_fee[home]),
        seller=ANONYMOUS if buys else name,
        buyer=name if buys else ANONYMOUS,
        seller_origin=seller_origin,
        buyer_origin=buyer_origin,
        slot=trade.slot,
        market=trade.market,
        with_partner=trade.with_partner,
    )


def _trade(bought: TradeEntry | None, sold: TradeEntry | None, slot_length: pendulum.Duration) -> Trade:
    entry = bought or sold
    assert entry is not None
    return Trade(
        id=entry.trade_id,
        market=entry.market or SPOT,
        slot=entry.slot or _slot_of(entry.at, slot_length),
        buyer=bought.asset if bought else "",
        seller=sold.asset if sold else "",
        energy_kwh=entry.energy_kwh,
        buyer_rate=_rate(bought.price_cents, bought) if bought else math.nan,
        seller_rate=_rate(sold.price_cents - sold.fee_cents, sold) if sold else math.nan,
        with_partner=bool(entry.with_partner),
    )


def _rate(price_cents: float, entry: TradeEntry) -> float:
    return price_cents / entry.energy_kwh if entry.energy_kwh else math.nan


def _slot_of(moment: pendulum.DateTime, slot_length: pendulum.Duration) -> pendulum.DateTime:
    length = slot_length.total_seconds()
    return pendulum.from_timestamp(moment.timestamp() // length * length)
