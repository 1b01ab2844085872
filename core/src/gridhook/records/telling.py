"""Telling: the story of an asset in lines for people. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

import pendulum

from gridhook.records.story import Dealt, Decision, Entry, Moment, Needed, SlotStory, Told
from gridhook.records.words import order_words
from gridhook.trades import SPOT

__all__ = ["overview", "tell_slot"]

_NOTHING_KWH = 5e-5
"""Less is shown as nothing."""


def tell_slot(story: SlotStory) -> Iterator[str]:
    """Return what happened to the energy of one slot; what was the same for several ticks is one line."""
    if not story.entries:
        return
    for words, entries in groupby(_in_words(story), lambda one: one[1]):
        moments = [moment for moment, _ in entries]
        yield f"{_when(moments[0], moments[-1])}  {words}"
    yield f"{'in the end':17}  {_end(story)}"


def overview(story: SlotStory) -> str:
    """Return one line about a slot: what was needed, what was traded, and the last word."""
    last = {entry.row.side: entry for entry in story.entries if isinstance(entry, Decision)}
    words = "; ".join(f"{side} {_reason(entry)}" for side, entry in last.items())
    return f"{story.slot:%Y-%m-%d %H:%M}  {_end(story)}{f' ({words})' if words else ''}"


def _in_words(story: SlotStory) -> Iterator[tuple[Moment, str]]:
    for entry in story.entries:
        yield entry.moment, _words(entry, story.slot)


def _words(entry: Entry, slot: pendulum.DateTime) -> str:
    is_settlement = entry.moment[0] > slot
    match entry:
        case Needed():
            return f"{'deviation' if is_settlement else 'needs'}: {_needs(entry)}"
        case Told():
            return f"{entry.what}: {entry.energy_kwh:.4g} kWh"
        case Dealt():
            return _deal(entry)
        case Decision():
            return f"{'settlement ' if is_settlement else ''}{entry.row.side}: {_decision(entry)}"


def _needs(entry: Needed) -> str:
    parts = []
    if entry.to_buy_kwh > _NOTHING_KWH:
        parts.append(f"{entry.to_buy_kwh:.4g} kWh to buy")
    if entry.to_sell_kwh > _NOTHING_KWH:
        parts.append(f"{entry.to_sell_kwh:.4g} kWh to sell")
    if not parts and math.isnan(entry.to_buy_kwh) and math.isnan(entry.to_sell_kwh):
        return "the exchange does not tell"
    return ", ".join(parts) or "nothing"


def _decision(entry: Decision) -> str:
    if not entry.orders:
        return _reason(entry)
    orders = (f"{order_words(one.line.energy_kwh, one.line.rate, one.terms)}, {one.answer}" for one in entry.orders)
    return f"{entry.row.plugin}: {'; '.join(orders)}"


def _reason(entry: Decision) -> str:
    return f"{entry.row.text} ({entry.failure})" if entry.failure else entry.row.text


def _deal(entry: Dealt) -> str:
    trade = entry.trade
    done = "bought" if entry.is_buyer else "sold"
    rate = trade.buyer_rate if entry.is_buyer else trade.seller_rate
    partner = f"{'from' if entry.is_buyer else 'to'} {entry.partner}" if entry.partner else "with somebody"
    chosen = ", a chosen partner," if trade.with_partner else ""
    at = "" if math.isnan(rate) else f" at {rate:.6g} cents/kWh"
    where = "" if trade.market == SPOT else " in the settlement market"
    return f"{done} {trade.energy_kwh:.4g} kWh {partner}{chosen}{at}{where}"


def _end(story: SlotStory) -> str:
    """Return what was needed and traded in the spot market, and what was settled."""
    needed = next((entry for entry in story.entries if isinstance(entry, Needed)), None)
    parts = []
    for is_buyer, done in ((True, "bought"), (False, "sold")):
        spot = story.traded_kwh(is_buyer=is_buyer, is_spot=True)
        settled = story.traded_kwh(is_buyer=is_buyer, is_spot=False)
        wanted = 0.0 if needed is None else needed.to_buy_kwh if is_buyer else needed.to_sell_kwh
        if spot or wanted > _NOTHING_KWH:
            parts.append(f"{spot:.4g} of {wanted:.4g} kWh {done}" if wanted > 0 else f"{spot:.4g} kWh {done}")
        if settled:
            parts.append(f"{settled:.4g} kWh {done} to settle")
    return ", ".join(parts) or "nothing was needed, and nothing traded"


def _when(first: Moment, last: Moment) -> str:
    (slot, start), (other, end) = first, last
    if first == last:
        return f"{slot:%H:%M} {start:10.0%}"
    if slot == other:
        return f"{slot:%H:%M} {f'{start * 100:.0f}-{end:.0%}':>10}"
    return f"{slot:%H:%M} {f'to {other:%H:%M}':>10}"
