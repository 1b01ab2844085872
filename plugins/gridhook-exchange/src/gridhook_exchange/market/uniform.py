"""Pay-as-clear: all trades of a round at one rate (PROTOCOL.md 6.4). Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook_exchange.market.matching import TOLERANCE, Priority, Side, ranked

__all__ = ["CLEARING_TOLERANCE", "Clearing", "UniformMatches", "clearing_of", "pay_as_clear"]

CLEARING_TOLERANCE = 1e-8
"""Absolute tolerance of pay-as-clear for rates (cents/kWh) and energies (kWh); PROTOCOL.md 0.4."""


class Clearing(NamedTuple):
    """Where demand meets supply: the rate, cents/kWh, and the energy that trades at it, kWh."""

    rate: float
    energy_kwh: float


class UniformMatches(NamedTuple):
    """Pairs of rows (of the bids, of the offers), kWh, and the clearing rate in this market, cents/kWh."""

    bid: Ints
    offer: Ints
    energy_kwh: Floats
    rate: Floats


def clearing_of(bid_rate: Floats, bid_kwh: Floats, offer_rate: Floats, offer_kwh: Floats) -> Clearing | None:
    """Return where demand meets supply; None if no bid reaches an offer.

    The rate is the lowest bid at which all that is wanted at it or above is offered at it or below. Where there is
    none, it is the highest bid, and all that is offered up to it trades.
    """
    rates = np.unique(bid_rate)
    by_rate = np.argsort(bid_rate, kind="stable")[::-1]
    demanded = np.cumsum(bid_kwh[by_rate])[np.searchsorted(-bid_rate[by_rate], -rates, side="right") - 1]
    by_rate = np.argsort(offer_rate, kind="stable")
    offered_up_to = np.searchsorted(offer_rate[by_rate], rates + CLEARING_TOLERANCE, side="right")
    offered = np.concatenate(([0.0], np.cumsum(offer_kwh[by_rate])))[offered_up_to]
    if not len(rates) or offered[-1] <= 0:
        return None
    enough = np.flatnonzero(offered + CLEARING_TOLERANCE >= demanded)
    if len(enough):
        return Clearing(float(rates[enough[0]]), float(demanded[enough[0]]))
    return Clearing(float(rates[-1]), float(offered[-1]))


def pay_as_clear(bids: Side, offers: Side, priority: Priority = "compatible") -> UniformMatches:
    """Match by pay-as-clear, round after round until one yields no trade (PROTOCOL.md 6.2, 6.4).

    In each round the highest bids meet the cheapest offers, all at the clearing rate; of equal rates the priority
    decides. An asset never trades with itself; where only that would be left to do at the clearing rate, those that it
    hides trade bid by bid, each at the bid's rate.
    """
    ranked_bids = ranked(bids.rate, bids.serial, priority, dearest_first=True)
    ranked_offers = ranked(offers.rate, offers.serial, priority, dearest_first=False)
    some = _Rounds(bids.take(ranked_bids), offers.take(ranked_offers))
    while (found := some.clearing()) is not None:
        if not some.trade(found):
            some.trade_bid_by_bid()
            break
    bid, offer = np.array(some.bid, dtype=np.int64), np.array(some.offer, dtype=np.int64)
    return UniformMatches(ranked_bids[bid], ranked_offers[offer], np.array(some.energy_kwh), np.array(some.rate))


class _Rounds:
    """Ranked orders and what is left of them, round by round."""

    def __init__(self, bids: Side, offers: Side) -> None:
        self._bids, self._offers = bids, offers
        self._wanted: list[float] = bids.energy_kwh.tolist()
        self._left: list[float] = offers.energy_kwh.tolist()
        self._buyers: list[int] = bids.owner.tolist()
        self._sellers: list[int] = offers.owner.tolist()
        self.bid: list[int] = []
        self.offer: list[int] = []
        self.energy_kwh: list[float] = []
        self.rate: list[float] = []

    def clearing(self) -> Clearing | None:
        """Return where what is left meets; None if it does not."""
        wanted, left = np.array(self._wanted), np.array(self._left)
        bids, offers = _is_open(wanted), _is_open(left)
        return clearing_of(self._bids.rate[bids], wanted[bids], self._offers.rate[offers], left[offers])

    def trade(self, found: Clearing) -> bool:
        """Trade a clearing's energy at its rate; return whether anything traded."""
        served = int(np.searchsorted(-self._bids.rate, -found.rate, side="right"))
        before = len(self.bid)
        self._serve(range(served), found.rate)
        return len(self.bid) > before

    def trade_bid_by_bid(self) -> None:
        """Trade all that is left and fits, each bid at its rate."""
        for bid in np.flatnonzero(_is_open(np.array(self._wanted))).tolist():
            self._serve((bid,), float(self._bids.rate[bid]))

    def _serve(self, bids: Sequence[int], rate: float) -> None:
        """Let bids take from all offers up to a rate; those at it or above want no more than its clearing energy."""
        first = 0
        end = int(np.searchsorted(self._offers.rate, rate + CLEARING_TOLERANCE, side="right"))
        for bid in bids:
            at = first
            while at < end and self._wanted[bid] > TOLERANCE:
                if self._left[at] <= TOLERANCE:
                    first += at == first
                elif self._sellers[at] != self._buyers[bid]:
                    self._trade(bid, at, rate)
                at += 1

    def _trade(self, bid: int, offer: int, rate: float) -> None:
        energy = min(self._wanted[bid], self._left[offer])
        self._wanted[bid] -= energy
        self._left[offer] -= energy
        self.bid.append(bid)
        self.offer.append(offer)
        self.energy_kwh.append(energy)
        self.rate.append(rate)


def _is_open(energy_kwh: Floats) -> Bools:
    return energy_kwh > TOLERANCE
