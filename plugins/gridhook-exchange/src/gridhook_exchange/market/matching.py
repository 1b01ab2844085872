"""Matching: which bids meet which offers. Pure functions on arrays."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from gridhook.arrays import Floats, Ints

__all__ = ["TOLERANCE", "Matches", "Priority", "Side", "pay_as_bid", "ranked"]

Priority: TypeAlias = Literal["compatible", "price-time"]
"""Who is served first: of bids always the highest; of offers the dearest, and of equal rates the latest posted, as in
the original exchange, or the cheapest and the earliest."""

TOLERANCE = 2e-5
"""Absolute tolerance for rates (cents/kWh) and energies (kWh); PROTOCOL.md 0.4."""


class Side(NamedTuple):
    """The orders of one side of one market.

    ``rate``
        cents/kWh in this market, grid fees on the way here included.
    ``energy_kwh``
        open energy; may be infinite.
    ``owner``
        a number per asset; an asset never trades with itself.
    ``serial``
        the order of posting, which decides between equal rates.
    """

    rate: Floats
    energy_kwh: Floats
    owner: Ints
    serial: Ints

    def take(self, rows: Ints) -> Side:
        """Return some of the orders."""
        return Side(self.rate[rows], self.energy_kwh[rows], self.owner[rows], self.serial[rows])


class Matches(NamedTuple):
    """Pairs of rows (of the bids, of the offers) and the energy that they trade, in the order in which they met."""

    bid: Ints
    offer: Ints
    energy_kwh: Floats


def pay_as_bid(
    bids: Side, offers: Side, priority: Priority = "compatible", markets: tuple[Ints, Ints] | None = None
) -> Matches:
    """Match by pay-as-bid: offer by offer, each with the highest bids that reach it (PROTOCOL.md 6.3).

    A pair fits if the offer's rate is at most the bid's rate + 2e-5; energies up to 2e-5 kWh do not trade.

    :param markets: the market of each bid and of each offer, if there are several; they are matched one by one.
    """
    ranked_bids = ranked(bids.rate, bids.serial, priority, dearest_first=True)
    ranked_offers = ranked(offers.rate, offers.serial, priority, dearest_first=priority == "compatible")
    starts, ends = np.zeros(len(ranked_offers), dtype=np.int64), np.full(len(ranked_offers), len(ranked_bids))
    if markets is not None:
        ranked_bids = ranked_bids[np.argsort(markets[0][ranked_bids], kind="stable")]
        ranked_offers = ranked_offers[np.argsort(markets[1][ranked_offers], kind="stable")]
        at, here = markets[0][ranked_bids], markets[1][ranked_offers]
        starts, ends = np.searchsorted(at, here, side="left"), np.searchsorted(at, here, side="right")
    found = _walk(bids.take(ranked_bids), offers.take(ranked_offers), starts, ends)
    return Matches(ranked_bids[found.bid], ranked_offers[found.offer], found.energy_kwh)


def _walk(bids: Side, offers: Side, starts: Ints, ends: Ints) -> Matches:
    """Match ranked orders, offer by offer, each with the bids from a start to an end."""
    rate, left, owner = (column.tolist() for column in bids[:3])
    bid, taken, traded_kwh = [], [], []
    first = 0
    columns = (*offers[:3], starts, ends)
    for offer, (asked, energy_kwh, seller, start, end) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        wanted = energy_kwh
        first = max(first, start)
        at = first
        while at < end and asked - rate[at] <= TOLERANCE and wanted > TOLERANCE:
            if left[at] <= TOLERANCE:
                first += at == first
            elif owner[at] != seller:
                energy = min(wanted, left[at])
                bid.append(at)
                taken.append(offer)
                traded_kwh.append(energy)
                wanted -= energy
                left[at] -= energy
            at += 1
    return Matches(np.array(bid, np.int64), np.array(taken, np.int64), np.array(traded_kwh, np.float64))


def ranked(rate: Floats, serial: Ints, priority: Priority, *, dearest_first: bool) -> Ints:
    """Return the rows of orders in the order of their rates; of equal rates the priority decides."""
    by_rate = -rate if dearest_first else rate
    return np.lexsort((-serial if priority == "compatible" else serial, by_rate))
