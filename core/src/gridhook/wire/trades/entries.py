"""The entries of a trade event, one per own side of a trade."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import pendulum

from gridhook.trades import SETTLEMENT, SPOT
from gridhook.wire.errors import fail, inside
from gridhook.wire.times import format_instant, format_slot, read_instant, read_time
from gridhook.wire.values import describe, read_flag, read_list, read_number, read_object, read_optional_text, required

__all__ = ["ANONYMOUS", "TradeEntry", "read_trade_entries", "read_trade_entry", "write_trade_entry"]

ANONYMOUS = "anonymous"

_NONE = "None"
_MARKET_TYPES = {SPOT: "Spot Market", SETTLEMENT: "Settlement Market"}
_MARKETS = {name: market for market, name in _MARKET_TYPES.items()}


@attrs.frozen
class TradeEntry:
    """One side of a trade, as the aggregator of the asset on that side is told.

    ``asset``
        id of the own asset.
    ``at``
        when it was made.
    ``price_cents``, ``energy_kwh``
        cents for the whole trade as seen in the asset's own market, so that a seller's still includes its local fee.
    ``fee_cents``
        the grid fee of that one market for this trade, cents.
    ``local_market_fee``
        fee of the last finished slot of that market, cents/kWh; NaN for none.
    ``seller``, ``buyer``
        names: the own asset's, and ``"anonymous"`` for the other side.
    ``seller_origin``, ``buyer_origin``
        names of the assets that the orders come from.
    ``bid_id``, ``offer_id``, ``residual_bid_id``, ``residual_offer_id``
        ids of the orders that met, and of what is left of them; empty for none.
    ``slot``, ``market``, ``with_partner``
        start of the slot in which the energy flows, ``"spot"`` or ``"settlement"``, and whether the trade met a
        requirement that names partners: gridhook's own keys. None where the exchange does not tell.
    """

    asset: str
    trade_id: str
    at: pendulum.DateTime
    price_cents: float
    energy_kwh: float
    fee_cents: float
    local_market_fee: float
    seller: str
    buyer: str
    seller_origin: str
    buyer_origin: str
    bid_id: str = ""
    offer_id: str = ""
    residual_bid_id: str = ""
    residual_offer_id: str = ""
    slot: pendulum.DateTime | None = None
    market: str | None = None
    with_partner: bool | None = None


def write_trade_entry(entry: TradeEntry) -> dict[str, Any]:
    """Return an entry as JSON; the own keys only where they are set."""
    own: dict[str, object] = {}
    if entry.slot is not None:
        own["time_slot"] = format_slot(entry.slot)
    if entry.market is not None:
        own["market_type"] = _MARKET_TYPES[entry.market]
    if entry.with_partner is not None:
        own["with_partner"] = entry.with_partner
    return {
        "event": "trade",
        "asset_id": entry.asset,
        "trade_id": entry.trade_id,
        "time": format_instant(entry.at),
        "trade_price": entry.price_cents,
        "traded_energy": entry.energy_kwh,
        "total_fee": entry.fee_cents,
        "local_market_fee": _NONE if math.isnan(entry.local_market_fee) else entry.local_market_fee,
        "seller": entry.seller,
        "buyer": entry.buyer,
        "seller_origin": entry.seller_origin,
        "buyer_origin": entry.buyer_origin,
        "bid_id": entry.bid_id or _NONE,
        "offer_id": entry.offer_id or _NONE,
        "residual_bid_id": entry.residual_bid_id or _NONE,
        "residual_offer_id": entry.residual_offer_id or _NONE,
        **own,
    }


def read_trade_entries(value: object) -> tuple[TradeEntry, ...]:
    """Return the entries of a ``trade_list``.

    :raises WireError: something is missing or wrong.
    """
    entries = []
    for number, one in enumerate(read_list(value, "trade_list")):
        with inside(f"trade_list[{number}]"):
            entries.append(read_trade_entry(one))
    return tuple(entries)


def read_trade_entry(value: object) -> TradeEntry:
    """Return one entry of a ``trade_list``.

    :raises WireError: something is missing or wrong.
    """
    entry = read_object(value, "")
    slot, with_partner = entry.get("time_slot"), entry.get("with_partner")
    market = read_optional_text(entry.get("market_type"), "market_type")
    if market and market not in _MARKETS:
        fail("market_type", f"has to be one of {', '.join(_MARKETS)}, not {describe(market)}")
    return TradeEntry(
        asset=_text(entry, "asset_id"),
        trade_id=_text(entry, "trade_id"),
        at=read_instant(required(entry, "time")),
        price_cents=read_number(required(entry, "trade_price"), "trade_price"),
        energy_kwh=read_number(required(entry, "traded_energy"), "traded_energy"),
        fee_cents=_number(entry, "total_fee", 0.0),
        local_market_fee=_number(entry, "local_market_fee", math.nan),
        seller=_text(entry, "seller"),
        buyer=_text(entry, "buyer"),
        seller_origin=_text(entry, "seller_origin"),
        buyer_origin=_text(entry, "buyer_origin"),
        bid_id=_text(entry, "bid_id"),
        offer_id=_text(entry, "offer_id"),
        residual_bid_id=_text(entry, "residual_bid_id"),
        residual_offer_id=_text(entry, "residual_offer_id"),
        slot=None if slot is None else read_time(slot, "time_slot"),
        market=_MARKETS[market] if market else None,
        with_partner=None if with_partner is None else read_flag(with_partner, "with_partner"),
    )


def _text(entry: Mapping[str, object], key: str) -> str:
    text = read_optional_text(entry.get(key), key)
    return "" if text == _NONE else text


def _number(entry: Mapping[str, object], key: str, none: float) -> float:
    value = entry.get(key)
    return none if value is None or value == _NONE else read_number(value, key)
