"""Preference matching: requirements bind. Partners come first, then energy types, then the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from gridhook.orders import Requirement
from gridhook_exchange.market.matching import TOLERANCE

__all__ = ["Match", "Preferred", "match_preferences"]


@attrs.define(eq=False)
class Preferred:
    """One order in one market, with what its trades have to meet.

    ``row``
        its row in the book.
    ``asset``
        its asset's id.
    ``shift``
        what grid fees add to its posted rate on the way here, cents/kWh (negative for bids).
    ``reach``
        how far its copies have come: two orders have met if their reaches come to at least 0.
    ``alternatives``, ``left_kwh``
        the sets of conditions, one of which a trade has to meet, and the energy left for each; one empty set if free.
    """

    row: int
    asset: str
    rate: float
    shift: float
    energy_kwh: float
    serial: int
    reach: int
    alternatives: Sequence[Requirement]
    left_kwh: list[float]
    energy_type: str = ""

    def rate_under(self, alternative: int) -> float:
        """Return the posted rate under one set of conditions, cents/kWh."""
        rate = self.alternatives[alternative].rate
        return self.rate if rate is None else rate


@attrs.frozen
class Match:
    """A trade of two orders: rows in the book, kWh, the bid's posted rate, and whether it met a named partner."""

    bid: int
    offer: int
    energy_kwh: float
    rate: float
    with_partner: bool


def match_preferences(bids: Sequence[Preferred], offers: Sequence[Preferred]) -> list[Match]:
    """Match orders so that each trade meets one alternative of both sides.

    Within each stage the order is that of pay-as-bid: the dearest offers first, each with the highest bids.
    """
    matches: list[Match] = []
    for is_stage in (_names_partners, _names_energy_types, _is_any):
        for offer, asked in _ranked(offers):
            for bid, wanted in _ranked(bids):
                if is_stage(bid.alternatives[wanted], offer.alternatives[asked]) and _fits(bid, wanted, offer, asked):
                    matches += _trade(bid, wanted, offer, asked)
    return matches


def _ranked(orders: Sequence[Preferred]) -> list[tuple[Preferred, int]]:
    """Return orders with each of their alternatives, the dearest first, of equal ones the latest posted first."""
    pairs = [(order, alternative) for order in orders for alternative in range(len(order.alternatives))]
    return sorted(pairs, key=lambda pair: (-(pair[0].rate_under(pair[1]) + pair[0].shift), -pair[0].serial))


def _fits(bid: Preferred, wanted: int, offer: Preferred, asked: int) -> bool:
    bid_conditions, offer_conditions = bid.alternatives[wanted], offer.alternatives[asked]
    bid_rate = bid.rate_under(wanted) + bid.shift
    offer_rate = offer.rate_under(asked) + offer.shift
    return (
        bid.asset != offer.asset
        and bid.reach + offer.reach >= 0
        and bid_rate >= 0
        and offer_rate - bid_rate <= TOLERANCE
        and (not bid_conditions.partners or offer.asset in bid_conditions.partners)
        and (not offer_conditions.partners or bid.asset in offer_conditions.partners)
        and (not bid_conditions.energy_types or offer.energy_type in bid_conditions.energy_types)
    )


def _trade(bid: Preferred, wanted: int, offer: Preferred, asked: int) -> list[Match]:
    energy = min(bid.energy_kwh, offer.energy_kwh, bid.left_kwh[wanted], offer.left_kwh[asked])
    if energy <= TOLERANCE:
        return []
    for order, alternative in ((bid, wanted), (offer, asked)):
        order.energy_kwh -= energy
        order.left_kwh[alternative] -= energy
    with_partner = _names_partners(bid.alternatives[wanted], offer.alternatives[asked])
    return [Match(bid.row, offer.row, energy, bid.rate_under(wanted), with_partner)]


_Stage = Callable[[Requirement, Requirement], bool]


def _names_partners(bid: Requirement, offer: Requirement) -> bool:
    return bool(bid.partners or offer.partners)


def _names_energy_types(bid: Requirement, offer: Requirement) -> bool:
    return bool(bid.energy_types) and not _names_partners(bid, offer)


def _is_any(bid: Requirement, offer: Requirement) -> bool:
    return not (bid.energy_types or _names_partners(bid, offer))
