"""One-sided markets: nobody bids; who needs energy takes the cheapest offers that have come to its home market.

An offer costs more in each market that it enters, and the buyer pays what it costs in its own (PROTOCOL.md 6.8).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook_exchange.market.book import OFFER, Book
from gridhook_exchange.market.cleared import Cleared, Trades, reaches
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.matching import TOLERANCE
from gridhook_exchange.market.queues import Queue

__all__ = ["take_offers"]


def take_offers(book: Book, community: Community, fees: Fees, tick: int) -> Cleared:
    """Serve all takers, the orders on the bids' side, and take the traded energy off the book.

    They come in the order in which they were posted, and each takes the cheapest offers up to its own rate. Of equal
    offers the priority decides. An offer's requirements bind.
    """
    trades = Trades(book, tick)
    is_offer = book.key % 2 == OFFER
    reach = reaches(book, tick, community.rules.min_age_ticks)
    takers = np.flatnonzero(~is_offer & (book.energy_kwh > 0) & (reach >= 0))
    offers = np.flatnonzero(is_offer & (book.energy_kwh > 0) & (reach >= 0))
    if len(takers) and len(offers):
        takers = takers[np.argsort(book.serial[takers], kind="stable")]
        shelves = _Shelves(book, community, fees, _Asked.of(book, offers, community), reach)
        for taker in takers[shelves.is_worth_a_look(takers)].tolist():
            shelves.serve(taker)
        shelves.hand_over(trades)
    return trades.result()


@attrs.frozen(eq=False)
class _Asked:
    """Offers with each of their alternatives, one row each.

    ``row``
        the offer's row in the book.
    ``rate``, ``left_kwh``
        cents/kWh and kWh under these conditions.
    ``partners``
        asset numbers; None for anyone.
    ``terms``
        where the energy that is left under these conditions is kept, and its place there; None for free offers.
    """

    row: Ints
    rate: Floats
    left_kwh: list[float]
    partners: list[frozenset[int] | None]
    terms: list[tuple[list[float], int] | None]

    @classmethod
    def of(cls, book: Book, offers: Ints, community: Community) -> _Asked:
        row: list[int] = []
        rate: list[float] = []
        left: list[float] = []
        partners: list[frozenset[int] | None] = []
        kept: list[tuple[list[float], int] | None] = []
        for number, own in zip(offers.tolist(), book.rate[offers].tolist(), strict=True):
            terms = book.terms.get(number)
            if terms is None:
                row.append(number)
                rate.append(own)
                left.append(np.inf)
                partners.append(None)
                kept.append(None)
                continue
            for place, one in enumerate(terms.alternatives):
                row.append(number)
                rate.append(own if one.rate is None else one.rate)
                left.append(terms.left_kwh[place])
                named = (community.asset_numbers.get(name, -1) for name in one.partners)
                partners.append(frozenset(named) if one.partners else None)
                kept.append((terms.left_kwh, place))
        return cls(np.array(row, dtype=np.int64), np.array(rate), left, partners, kept)


class _Shelves:
    """What is offered in each market, cheapest first, and what takers take of it."""

    def __init__(self, book: Book, community: Community, fees: Fees, asked: _Asked, reach: Ints) -> None:
        self._book, self._fees, self._asked = book, fees, asked
        self._tree = tree = community.tree
        self._home = tree.home[book.key // 2]
        self._latest_first = community.rules.priority == "compatible"
        self._energy: list[float] = book.energy_kwh.tolist()
        self._owner: list[int] = (book.key // 2).tolist()
        self._is_used_up = bytearray(len(asked.row))
        serial = book.serial[asked.row]
        self._tie = -serial if self._latest_first else serial
        seller = self._home[asked.row]
        self._up = [self._up_to(seller, depth) for depth in range(tree.height + 1)]
        self._slack = [reach[asked.row] - (tree.depth[seller] - depth) for depth in range(tree.height + 1)]
        self._queues: dict[int, list[tuple[int, Queue]]] = {}
        self._trades: list[tuple[int, int, float, float, int, bool]] = []

    def _up_to(self, seller: Ints, depth: int) -> Floats:
        """Return the sum of the fees that each offer has paid in the market at a depth above it, NaN if none is."""
        market = self._tree.ancestor[depth][seller]
        return np.where(market >= 0, self._fees.below(seller, market) + self._fees.part[market], np.nan)

    def is_worth_a_look(self, takers: Ints) -> Bools:
        """Return which takers find any offer that they can pay for in a market above them, fees down to them aside."""
        found = np.zeros(len(takers), dtype=np.bool_)
        most = self._book.rate[takers] + TOLERANCE
        for depth in range(self._tree.height + 1):
            there = self._fees.entered(self._asked.rate, self._up[depth])
            is_here = (self._slack[depth] >= 0) & ~np.isnan(there)
            lowest = np.full(len(self._tree.parent), np.inf)
            at = self._tree.ancestor[depth][self._home[self._asked.row[is_here]]]
            np.minimum.at(lowest, at, there[is_here])
            above = self._tree.ancestor[depth][self._home[takers]]
            found |= (above >= 0) & (lowest[above] <= most)
        return found

    def serve(self, taker: int) -> None:
        """Let one taker take the cheapest offers that have come to its home market."""
        home, buyer, most = int(self._home[taker]), self._owner[taker], float(self._book.rate[taker]) + TOLERANCE
        for rate, _, item, depth in self._standing_in(home):
            if rate > most or self._energy[taker] <= TOLERANCE:
                break
            row, partners = int(self._asked.row[item]), self._asked.partners[item]
            fits = self._owner[row] != buyer and (partners is None or buyer in partners)
            if fits and self._meet_at(home, int(self._home[row]), depth):
                self._take(taker, item, rate, depth)

    def hand_over(self, trades: Trades) -> None:
        """Write down what was taken."""
        if not self._trades:
            return
        taker, offer, energy, rate, market, partner = zip(*self._trades, strict=True)
        trades.add(
            np.array(taker), np.array(offer), np.array(energy), np.array(rate), np.array(market), np.array(partner)
        )

    def _meet_at(self, home: int, seller: int, depth: int) -> bool:
        """Return whether a market at a depth is the lowest that contains both homes."""
        ancestor = self._tree.ancestor
        if depth == len(ancestor) - 1:
            return True
        below = ancestor[depth + 1]
        return bool(below[home] != below[seller] or below[home] < 0)

    def _take(self, taker: int, item: int, rate: float, depth: int) -> None:
        asked = self._asked
        row = int(asked.row[item])
        energy = min(self._energy[taker], self._energy[row], asked.left_kwh[item])
        if energy <= TOLERANCE:
            self._is_used_up[item] = 1
            return
        self._energy[taker] -= energy
        self._energy[row] -= energy
        asked.left_kwh[item] -= energy
        terms = asked.terms[item]
        if terms is not None:
            terms[0][terms[1]] -= energy
        self._is_used_up[item] = min(self._energy[row], asked.left_kwh[item]) <= TOLERANCE
        market = int(self._tree.ancestor[depth, self._home[taker]])
        self._trades.append((taker, row, energy, rate, market, asked.partners[item] is not None))

    def _standing_in(self, home: int) -> Iterator[tuple[float, int, int, int]]:
        """Yield the offers that stand in a market, cheapest first: rate there, tie, offer and depth of the meeting."""
        above = self._tree.ancestor[: int(self._tree.depth[home]) + 1, home]
        down = self._fees.below(np.full(len(above), home), above).tolist()
        return heapq.merge(
            *(
                self._come_down(queue, depth, down[depth])
                for depth, market in enumerate(above.tolist())
                for slack, queue in self._at(market, depth)
                if slack >= len(above) - 1 - depth
            )
        )

    def _come_down(self, queue: Queue, depth: int, down: float) -> Iterator[tuple[float, int, int, int]]:
        rates, up = self._asked.rate, self._up[depth]
        for item in queue.walk():
            one = slice(item, item + 1)
            yield float(self._fees.entered(rates[one], up[one] + down)[0]), int(self._tie[item]), item, depth

    def _at(self, market: int, depth: int) -> list[tuple[int, Queue]]:
        """Return the offers of a market by how far beyond it they have come.

        Percentages change with the way what is cheapest, so each way has a queue of its own.
        """
        if market not in self._queues:
            seller, slack, up = self._home[self._asked.row], self._slack[depth], self._up[depth]
            items = np.flatnonzero((self._tree.ancestor[depth][seller] == market) & (slack >= 0))
            there = self._fees.entered(self._asked.rate[items], up[items])
            way = up[items] if self._fees.mode == "percent" else np.zeros(len(items))
            items = items[np.lexsort((self._tie[items], there, way, slack[items]))]
            way = up[items] if self._fees.mode == "percent" else np.zeros(len(items))
            cuts = np.flatnonzero((np.diff(slack[items]) != 0) | (np.diff(way) != 0)) + 1
            parts = [part for part in np.split(items, cuts) if len(part)]
            self._queues[market] = [(int(slack[part[0]]), Queue(part.tolist(), self._is_used_up)) for part in parts]
        return self._queues[market]
