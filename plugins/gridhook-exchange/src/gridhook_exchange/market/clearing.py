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
from gridhook_exchange.market.book import OFFER, Book
from gridhook_exchange.market.cleared import Cleared, Trades, reaches
from gridhook_exchange.market.community import Community, Rules
from gridhook_exchange.market.fees import Fees, Way
from gridhook_exchange.market.matching import TOLERANCE, Side, pay_as_bid
from gridhook_exchange.market.preferences import match_preferences
from gridhook_exchange.market.uniform import pay_as_clear
from gridhook_exchange.market.wishes import Preferring

__all__ = ["Cleared", "clear"]


def clear(book: Book, community: Community, fees: Fees, tick: int) -> Cleared:
    """Match all orders that have met by ``tick``, by the community's rules, and take the traded energy off the book."""
    tree, rules = community.tree, community.rules
    trades = Trades(book, tick)
    is_offer = book.key % 2 == OFFER
    best = _best_rates(book, is_offer)
    if not _can_cross(book, is_offer, best):
        return trades.result()
    home = tree.home[book.key // 2]
    reach = reaches(book, tick, rules.min_age_ticks)
    # Orders that are posted in this tick are nowhere yet.
    is_posted = reach >= 0
    for depth in range(tree.height, -1, -1):
        market = tree.ancestor[depth][home]
        way = fees.way(is_offer, home, market)
        there = way.there(best)
        usable = is_posted & (market >= 0) & (book.energy_kwh > 0) & (is_offer | (there >= 0))
        rows = _crossing(usable, is_offer, there, market, len(tree.parent))
        if not len(rows):
            continue
        slack = reach - (tree.depth[home] - depth)
        is_easy = _is_easy(book, rows, market, slack) & (rules.clearing == "pay-as-bid")
        _match_at_once(book, rows[is_easy], market, way, rules, trades)
        rest = rows[~is_easy]
        for some in np.split(rest, np.flatnonzero(np.diff(market[rest])) + 1) if len(rest) else ():
            here = _Here(book, int(market[some[0]]), some, way.take(some), slack[some])
            if book.terms and any(row in book.terms for row in some.tolist()):
                _match_with_terms(here, community, trades)
            else:
                _match_plainly(here, rules, trades)
    return trades.result()


@attrs.frozen(eq=False)
class _Here:
    """Orders as they stand in a market: rows of the book, their ways here, and how far beyond it they have come."""

    book: Book
    market: int
    rows: Ints
    way: Way
    slack: Ints

    def sides(self) -> tuple[Ints, Ints]:
        """Return the places of bids and of offers."""
        is_offer = self.book.key[self.rows] % 2 == OFFER
        return (~is_offer).nonzero()[0], is_offer.nonzero()[0]

    def side(self, some: Ints) -> Side:
        """Return some of the orders, given by their places here."""
        book, rows = self.book, self.rows[some]
        rate = self.way.take(some).there(book.rate[rows])
        return Side(rate, book.energy_kwh[rows], book.key[rows] // 2, book.serial[rows])

    def preferring(self, some: Ints, community: Community) -> Preferring:
        """Return some of the orders, given by their places here, with what they demand."""
        book, rows = self.book, self.rows[some]
        numbered = list(enumerate(rows.tolist()))
        owner = book.key[rows] // 2
        kinds = [community.energy_types[asset] for asset in owner.tolist()]
        for place, row in numbered if book.energy_types else ():
            kinds[place] = book.energy_types.get(row) or kinds[place]
        return Preferring(
            book.rate[rows],
            self.way.take(some),
            book.energy_kwh[rows],
            owner,
            book.serial[rows],
            self.slack[some],
            {place: book.terms[row] for place, row in numbered if row in book.terms},
            kinds,
        )

    def take(self, some: Ints) -> _Here:
        """Return some of the orders, given by their places here."""
        return _Here(self.book, self.market, self.rows[some], self.way.take(some), self.slack[some])


def _can_cross(book: Book, is_offer: Bools, best: Floats) -> bool:
    """Return whether any bid reaches any offer before fees, which only take them apart."""
    is_open = book.energy_kwh > 0
    bids, offers = best[is_open & ~is_offer], best[is_open & is_offer]
    return len(bids) > 0 and len(offers) > 0 and bool(offers.min() - bids.max() <= TOLERANCE)


def _crossing(usable: Bools, is_offer: Bools, best: Floats, market: Ints, markets: int) -> Ints:
    """Return the rows of the markets in which the highest bid reaches the lowest offer, market by market."""
    offers, bids = (usable & is_offer).nonzero()[0], (usable & ~is_offer).nonzero()[0]
    if not (len(offers) and len(bids) and best[offers].min() - best[bids].max() <= TOLERANCE):
        return offers[:0]
    highest = np.full(markets, -np.inf)
    np.maximum.at(highest, market[bids], best[bids])
    lowest = np.full(markets, np.inf)
    np.minimum.at(lowest, market[offers], best[offers])
    rows: Ints = usable.nonzero()[0]
    rows = rows[(lowest - highest <= TOLERANCE)[market[rows]]]
    return rows[np.argsort(market[rows], kind="stable")]


def _is_easy(book: Book, rows: Ints, market: Ints, slack: Ints) -> Bools:
    """Return which rows are in markets whose orders are all there and demand nothing."""
    is_bound = np.zeros(len(book), dtype=np.bool_)
    is_bound[list(book.terms)] = True
    is_hard = np.zeros(int(market.max(initial=0)) + 1, dtype=np.bool_)
    is_hard[market[rows[is_bound[rows] | (slack[rows] < 0)]]] = True
    return ~is_hard[market[rows]]


def _match_at_once(book: Book, rows: Ints, market: Ints, way: Way, rules: Rules, trades: Trades) -> None:
    """Match many markets in which all orders have met."""
    if not len(rows):
        return
    here = _Here(book, -1, rows, way.take(rows), np.zeros(len(rows), dtype=np.int64))
    bids, offers = here.sides()
    at = market[rows]
    pairs = pay_as_bid(here.side(bids), here.side(offers), rules.priority, (at[bids], at[offers]))
    bid, offer = rows[bids[pairs.bid]], rows[offers[pairs.offer]]
    trades.add(bid, offer, pairs.energy_kwh, book.rate[bid], market[bid], np.zeros(len(bid), dtype=np.bool_))


def _match_plainly(here: _Here, rules: Rules, trades: Trades) -> None:
    for bids, offers in _meetings(*here.sides(), here.slack):
        wanted, asked = here.side(bids), here.side(offers)
        if rules.clearing == "pay-as-clear":
            matches = pay_as_clear(wanted, asked, rules.priority)
            bid, offer, energy = bids[matches.bid], offers[matches.offer], matches.energy_kwh
            posted = here.book.rate[here.rows[bid]]
            # The buyer pays what comes to the clearing rate here; rounding does not take it above its bid.
            rate = np.minimum(here.way.take(bid).back(matches.rate, posted), posted)
        else:
            pairs = pay_as_bid(wanted, asked, rules.priority)
            bid, offer, energy = bids[pairs.bid], offers[pairs.offer], pairs.energy_kwh
            rate = here.book.rate[here.rows[bid]]
        trades.add(here.rows[bid], here.rows[offer], energy, rate, here.market, np.zeros(len(bid), dtype=np.bool_))


def _meetings(bids: Ints, offers: Ints, slack: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield groups of bids and offers that have met: first those that both are here, then those still on the way here.

    One that is still ``n`` steps away meets those that have come at least ``n`` steps beyond this market.
    """
    yield bids[slack[bids] >= 0], offers[slack[offers] >= 0]
    lags = np.unique(-slack[np.concatenate((bids, offers))])
    for lag in lags[lags > 0].tolist():
        yield bids[slack[bids] == -lag], offers[slack[offers] >= lag]
        yield bids[slack[bids] >= lag], offers[slack[offers] == -lag]


def _match_with_terms(here: _Here, community: Community, trades: Trades) -> None:
    """Match by preferences; in pay-as-clear those that have none are cleared afterwards."""
    rules, (bids, offers) = community.rules, here.sides()
    is_uniform = rules.clearing == "pay-as-clear"
    wanted, asked = here.preferring(bids, community), here.preferring(offers, community)
    matches = match_preferences(wanted, asked, community.asset_numbers, rules.priority, serves_free=not is_uniform)
    bid, offer = here.rows[bids[matches.bid]], here.rows[offers[matches.offer]]
    trades.add(bid, offer, matches.energy_kwh, matches.rate, here.market, matches.with_partner)
    if is_uniform:
        free = np.array([row not in here.book.terms for row in here.rows.tolist()])
        _match_plainly(here.take(np.flatnonzero(free)), rules, trades)


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
