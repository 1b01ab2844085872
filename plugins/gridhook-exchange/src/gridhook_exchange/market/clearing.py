"""Clearing: which orders of the whole tree have met by now, and what they trade.

Orders that stay open are forwarded, as copies, to the neighbouring markets: each step takes the minimum age
(PROTOCOL.md 6.6). No copies are made here. An order's copies have come as far as ``age // minimum age`` steps, so a
bid and an offer stand in the same market as soon as their two reaches together cover the way between their homes.
They are matched in the lowest market that contains both, lower markets first, at the rates that they would have there.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook.orders import Requirement
from gridhook_exchange.market.book import OFFER, Book
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.matching import TOLERANCE, Side, pay_as_bid
from gridhook_exchange.market.preferences import Preferred, match_preferences
from gridhook_exchange.market.tree import Fees

__all__ = ["Cleared", "clear"]

_EVERYWHERE = 1_000_000
_NOWHERE = -2 * _EVERYWHERE
"""Reach of orders that are posted in this tick: not even what is everywhere meets them."""


@attrs.frozen(eq=False)
class Cleared:
    """Trades, in the order in which they happened.

    ``buyer``, ``seller``
        asset numbers.
    ``energy_kwh``
        traded energy.
    ``rate``
        the bid's posted rate: what the buyer pays, cents/kWh.
    ``market``
        the lowest market that contains both.
    ``with_partner``
        whether the trade met a requirement that names partners.
    """

    buyer: Ints
    seller: Ints
    energy_kwh: Floats
    rate: Floats
    market: Ints
    with_partner: Bools

    def __len__(self) -> int:
        return len(self.buyer)


def clear(book: Book, community: Community, fees: Fees, tick: int) -> Cleared:
    """Match all orders that have met by ``tick``, pay-as-bid, and take the traded energy off the book."""
    tree, min_age = community.tree, community.rules.min_age_ticks
    trades = _Trades(book)
    is_offer = book.key % 2 == OFFER
    best = _best_rates(book, is_offer)
    if not _can_cross(book, is_offer, best):
        return trades.result()
    home = tree.home[book.key // 2]
    age = tick - 1 - book.posted
    reach = np.where(age < 0, _NOWHERE, age // min_age if min_age else _EVERYWHERE)
    for depth in range(tree.height, -1, -1):
        market = tree.ancestor[depth][home]
        below = fees.below(home, market)
        shift = np.where(is_offer, below + fees.own[market], -below)
        usable = (market >= 0) & (book.energy_kwh > 0) & (is_offer | (best + shift >= 0))
        for number, rows in _crossing(usable, is_offer, best + shift, market, len(tree.parent)):
            slack = reach - (tree.depth[home] - depth)
            if book.terms and any(row in book.terms for row in rows.tolist()):
                _match_with_terms(book, rows, shift, slack, community, trades, number)
            else:
                _match_plainly(book, rows, shift, slack, trades, number)
    return trades.result()


class _Trades:
    """Collects trades, and takes their energy off the book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._parts: list[tuple[Ints, Ints, Floats, Floats, Ints, Bools]] = []

    def add(self, bid: Ints, offer: Ints, energy: Floats, rate: Floats, market: int, partner: Bools) -> None:
        if len(bid):
            key = self._book.key
            self._parts.append((key[bid] // 2, key[offer] // 2, energy, rate, np.full(len(bid), market), partner))
            self._book.take(np.concatenate((bid, offer)), np.concatenate((energy, energy)))

    def result(self) -> Cleared:
        if not self._parts:
            nothing = np.empty(0, dtype=np.int64)
            return Cleared(nothing, nothing, np.empty(0), np.empty(0), nothing, np.empty(0, dtype=np.bool_))
        return Cleared(*(np.concatenate(column) for column in zip(*self._parts, strict=True)))


def _can_cross(book: Book, is_offer: Bools, best: Floats) -> bool:
    """Return whether any bid reaches any offer before fees, which only take them apart."""
    is_open = book.energy_kwh > 0
    highest = best[is_open & ~is_offer].max(initial=-np.inf)
    lowest = best[is_open & is_offer].min(initial=np.inf)
    return bool(lowest - highest <= TOLERANCE)


def _crossing(usable: Bools, is_offer: Bools, best: Floats, market: Ints, markets: int) -> Iterator[tuple[int, Ints]]:
    """Yield each market in which the highest bid reaches the lowest offer, with the rows of its orders."""
    offers, bids = np.flatnonzero(usable & is_offer), np.flatnonzero(usable & ~is_offer)
    highest = np.full(markets, -np.inf)
    np.maximum.at(highest, market[bids], best[bids])
    lowest = np.full(markets, np.inf)
    np.minimum.at(lowest, market[offers], best[offers])
    crossing = np.flatnonzero(lowest - highest <= TOLERANCE)
    if not len(crossing):
        return
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(market[rows], kind="stable")]
    starts = np.searchsorted(market[rows], crossing, side="left")
    ends = np.searchsorted(market[rows], crossing, side="right")
    for number, start, end in zip(crossing.tolist(), starts.tolist(), ends.tolist(), strict=True):
        yield number, rows[start:end]


def _match_plainly(book: Book, rows: Ints, shift: Floats, slack: Ints, trades: _Trades, market: int) -> None:
    is_offer = book.key[rows] % 2 == OFFER
    bids, offers = rows[~is_offer], rows[is_offer]
    for some_bids, some_offers in _meetings(bids, offers, slack):
        matches = pay_as_bid(_side(book, some_bids, shift), _side(book, some_offers, shift))
        bid, offer = some_bids[matches.bid], some_offers[matches.offer]
        trades.add(bid, offer, matches.energy_kwh, book.rate[bid], market, np.zeros(len(bid), dtype=np.bool_))


def _meetings(bids: Ints, offers: Ints, slack: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield groups of bids and offers that have met: first those that both are here, then those still on the way here.

    One that is still ``n`` steps away meets those that have come at least ``n`` steps beyond this market.
    """
    yield bids[slack[bids] >= 0], offers[slack[offers] >= 0]
    lags = np.unique(-slack[np.concatenate((bids, offers))])
    for lag in lags[(lags > 0) & (lags < _EVERYWHERE // 2)].tolist():
        yield bids[slack[bids] == -lag], offers[slack[offers] >= lag]
        yield bids[slack[bids] >= lag], offers[slack[offers] == -lag]


def _side(book: Book, rows: Ints, shift: Floats) -> Side:
    return Side(book.rate[rows] + shift[rows], book.energy_kwh[rows], book.key[rows] // 2, book.serial[rows])


def _match_with_terms(
    book: Book, rows: Ints, shift: Floats, slack: Ints, community: Community, trades: _Trades, market: int
) -> None:
    orders = [_preferred(book, row, shift, slack, community) for row in rows.tolist()]
    bids = [order for order in orders if book.key[order.row] % 2 != OFFER]
    offers = [order for order in orders if book.key[order.row] % 2 == OFFER]
    matches = match_preferences(bids, offers)
    trades.add(
        np.array([match.bid for match in matches], dtype=np.int64),
        np.array([match.offer for match in matches], dtype=np.int64),
        np.array([match.energy_kwh for match in matches]),
        np.array([match.rate for match in matches]),
        market,
        np.array([match.with_partner for match in matches], dtype=np.bool_),
    )


_FREE = (Requirement(),)


def _preferred(book: Book, row: int, shift: Floats, slack: Ints, community: Community) -> Preferred:
    terms = book.terms.get(row)
    asset = int(book.key[row]) // 2
    return Preferred(
        row=row,
        asset=community.asset_ids[asset],
        rate=float(book.rate[row]),
        shift=float(shift[row]),
        energy_kwh=float(book.energy_kwh[row]),
        serial=int(book.serial[row]),
        reach=int(slack[row]),
        alternatives=_FREE if terms is None else terms.alternatives,
        left_kwh=[np.inf] if terms is None else terms.left_kwh,
        energy_type=book.energy_types.get(row) or community.energy_type(asset),
    )


def _best_rates(book: Book, is_offer: Bools) -> Floats:
    """Return the highest rate at which each bid may trade, the lowest for offers: requirements can name their own."""
    if not book.terms:
        return book.rate
    rate = book.rate.copy()
    for row, terms in book.terms.items():
        own = [one.rate for one in terms.alternatives if one.rate is not None]
        if own:
            rate[row] = min(rate[row], *own) if is_offer[row] else max(rate[row], *own)
    return rate
