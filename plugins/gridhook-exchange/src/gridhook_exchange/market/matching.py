"""Matching: which bids meet which offers. Pure functions on arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridhook.arrays import Floats, Ints

__all__ = ["TOLERANCE", "Matches", "Side", "pay_as_bid"]

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
        the order of posting; of equal rates the latest posted is served first (PROTOCOL.md 6.3).
    """

    rate: Floats
    energy_kwh: Floats
    owner: Ints
    serial: Ints


class Matches(NamedTuple):
    """Pairs of rows (of the bids, of the offers) and the energy that they trade, in the order in which they met."""

    bid: Ints
    offer: Ints
    energy_kwh: Floats


def pay_as_bid(bids: Side, offers: Side) -> Matches:
    """Match by pay-as-bid: the dearest offers first, each with the highest bids that reach it (PROTOCOL.md 6.3).

    A pair fits if the offer's rate is at most the bid's rate + 2e-5; energies up to 2e-5 kWh do not trade.
    """
    ranked_bids, ranked_offers = _dearest_first(bids), _dearest_first(offers)
    rate, left, owner = (column[ranked_bids].tolist() for column in bids[:3])
    bid, taken, traded_kwh = [], [], []
    first, end = 0, len(rate)
    for offer, asked, energy_kwh, seller in zip(
        range(len(ranked_offers)), *(column[ranked_offers].tolist() for column in offers[:3]), strict=True
    ):
        wanted = energy_kwh
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
                if left[at] > TOLERANCE:
                    continue
            at += 1
    return Matches(
        ranked_bids[np.array(bid, dtype=np.int64)],
        ranked_offers[np.array(taken, dtype=np.int64)],
        np.array(traded_kwh, dtype=np.float64),
    )


def _dearest_first(side: Side) -> Ints:
    return np.lexsort((-side.serial, -side.rate))
