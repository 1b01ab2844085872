"""Preference matching: requirements bind. Partners come first, then energy types, then the rest.

Each offer looks only at bids that can be for it: those of the partners that it names, those that name its asset or the
kind of its energy, and in the end those that name nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook_exchange.market.matching import TOLERANCE, Priority
from gridhook_exchange.market.queues import Queue
from gridhook_exchange.market.wishes import Preferring, Wishes

__all__ = ["PreferredMatches", "match_preferences"]


class PreferredMatches(NamedTuple):
    """Pairs of rows (of the bids, of the offers) and what they trade, in the order in which they met.

    ``rate``
        what the bid pays where it was posted, under the conditions that were met, cents/kWh.
    ``with_partner``
        whether these name partners.
    """

    bid: Ints
    offer: Ints
    energy_kwh: Floats
    rate: Floats
    with_partner: Bools


def match_preferences(
    bids: Preferring,
    offers: Preferring,
    numbers: Mapping[str, int],
    priority: Priority = "compatible",
    *,
    serves_free: bool = True,
) -> PreferredMatches:
    """Match orders so that each trade meets one alternative of both sides.

    Within each stage the order is that of pay-as-bid: offer by offer, each with the highest bids that reach it.

    :param numbers: number of each asset by its id.
    :param serves_free: whether orders without any conditions are also matched with each other.
    """
    wanted = Wishes(bids, numbers, priority, is_offer=False)
    asked = Wishes(offers, numbers, priority, is_offer=True)
    _keep_what_can_meet(wanted, asked)
    matching = _Matching(wanted, asked, offers.energy_types)
    matching.serve_partners()
    matching.serve_energy_types()
    matching.serve_rest(serves_free=serves_free)
    wanted.write_terms()
    asked.write_terms()
    return matching.result()


def _keep_what_can_meet(wanted: Wishes, asked: Wishes) -> None:
    """Forget what reaches nothing on the other side, by its way or by its rate."""
    for keep, by in ((wanted, asked), (asked, wanted)):
        keep.keep(keep.reach >= -by.reach.max(initial=-_FAR))
    wanted.keep(asked.rates.min(initial=np.inf) - wanted.rates <= TOLERANCE)
    asked.keep(asked.rates - wanted.rates.max(initial=-np.inf) <= TOLERANCE)
    wanted.read_terms()
    asked.read_terms()


_FAR = np.iinfo(np.int64).max

_SHORT = 8
"""Lists of bids up to this length are looked through each time."""


class _Shelf:
    """Bids that offers can look at, given by ascending places."""

    __slots__ = ("_come", "_is_used_up", "_places", "_queues")

    def __init__(self, places: list[int], come: list[int], is_used_up: bytearray) -> None:
        self._places, self._come, self._is_used_up = places, come, is_used_up
        self._queues: dict[int, Queue] = {}
        for place in places if len(places) > _SHORT else ():
            self._queues.setdefault(come[place], Queue([], is_used_up)).append(place)

    def met(self, needed: int) -> list[Iterable[int]]:
        """Return what has come far enough, as ascending sequences."""
        if self._queues:
            return [queue.walk() for come, queue in self._queues.items() if come >= needed]
        come, is_used_up = self._come, self._is_used_up
        return [[place for place in self._places if come[place] >= needed and not is_used_up[place]]]


class _Index:
    """Places of bids by what they name, or by whose they are."""

    def __init__(self, named: Iterable[tuple[int, int | str]]) -> None:
        self._places: dict[int | str, list[int]] = {}
        for place, one in named:
            self._places.setdefault(one, []).append(place)
        self._shelves: dict[int | str, _Shelf] = {}

    def names(self) -> list[int | str]:
        """Return all that is named."""
        return list(self._places)

    def shelf(self, name: int | str, come: list[int], is_used_up: bytearray) -> _Shelf:
        """Return the bids of one name."""
        shelf = self._shelves.get(name)
        if shelf is None:
            shelf = self._shelves[name] = _Shelf(self._places.get(name, []), come, is_used_up)
        return shelf


def _met(shelves: Sequence[_Shelf], needed: int) -> Iterable[int]:
    """Return all bids on some shelves that have come far enough, the highest first."""
    if len(shelves) == 1:
        some = shelves[0].met(needed)
    else:
        some = [places for shelf in shelves for places in shelf.met(needed)]
    return some[0] if len(some) == 1 else heapq.merge(*some)


class _Matching:
    """Bids and offers, and what they have traded so far."""

    def __init__(self, wanted: Wishes, asked: Wishes, energy_types: Sequence[str]) -> None:
        self._wanted, self._asked, self._energy_types = wanted, asked, energy_types
        self._reach: list[int] = asked.reach.tolist()
        # However far a bid has come beyond what any offer is short of, it meets the same offers.
        enough = max(0, -min(self._reach, default=0))
        self._come: list[int] = np.minimum(wanted.reach, enough).tolist()
        self._bid: list[int] = []
        self._offer: list[int] = []
        self._energy: list[float] = []

    def serve_partners(self) -> None:
        """Match where either side names partners."""
        wanted, asked = self._wanted, self._asked
        if not (wanted.partners or asked.partners):
            return
        naming = _Index((place, one) for place, named in wanted.partners.items() for one in named)
        welcome = [one for named in asked.partners.values() for one in named]
        theirs = np.flatnonzero(np.isin(wanted.owners, welcome)).tolist()
        owned = _Index((place, wanted.owner[place]) for place in theirs)
        is_served = np.isin(asked.owners, naming.names())
        is_served[list(asked.partners)] = True
        served = np.flatnonzero(is_served).tolist()
        self._serve((offer, self._partners_of(offer, naming, owned)) for offer in served)

    def _partners_of(self, offer: int, naming: _Index, owned: _Index) -> list[_Shelf]:
        """Return the bids of the partners that an offer names, or those that name its asset."""
        partners = self._asked.partners.get(offer)
        if partners is None:
            return [self._shelf(naming, self._asked.owner[offer])]
        return [self._shelf(owned, one) for one in partners]

    def serve_energy_types(self) -> None:
        """Match where nobody names partners, and bids name energy types."""
        wanted, asked = self._wanted, self._asked
        named = wanted.energy_types.items()
        naming = _Index((place, one) for place, types in named if place not in wanted.partners for one in types)
        shelves = {name: [self._shelf(naming, name)] for name in naming.names()}
        if shelves:
            kinds = [self._energy_types[row] for row in asked.order]
            self._serve(
                (offer, shelves[kind])
                for offer, kind in enumerate(kinds)
                if kind in shelves and offer not in asked.partners
            )

    def serve_rest(self, *, serves_free: bool) -> None:
        """Match where nobody names anything; orders without any conditions only with others if they are not served."""
        wanted, asked = self._wanted, self._asked
        names_nothing = np.ones(len(wanted), dtype=np.bool_)
        names_nothing[[*wanted.partners, *wanted.energy_types]] = False
        shelf = [self._shelf_of(names_nothing)]
        for_free = shelf if serves_free else [self._shelf_of(names_nothing & wanted.has_terms)]
        self._serve(
            (offer, shelf if is_bound else for_free)
            for offer, is_bound in enumerate(asked.has_terms.tolist())
            if offer not in asked.partners
        )

    def result(self) -> PreferredMatches:
        """Return the trades."""
        wanted, asked = self._wanted, self._asked
        bid, offer = np.array(self._bid, dtype=np.int64), np.array(self._offer, dtype=np.int64)
        partner = [
            one in wanted.partners or other in asked.partners for one, other in zip(self._bid, self._offer, strict=True)
        ]
        rate = np.array([wanted.posted[place] for place in self._bid])
        energy = np.array(self._energy)
        return PreferredMatches(wanted.rows[bid], asked.rows[offer], energy, rate, np.array(partner, dtype=np.bool_))

    def _shelf(self, index: _Index, name: int | str) -> _Shelf:
        return index.shelf(name, self._come, self._wanted.is_used_up)

    def _shelf_of(self, chosen: Bools) -> _Shelf:
        return _Shelf(np.flatnonzero(chosen).tolist(), self._come, self._wanted.is_used_up)

    def _serve(self, served: Iterable[tuple[int, Sequence[_Shelf]]]) -> None:
        """Let offers trade with the bids on their shelves that they have met, the highest first."""
        wanted, asked = self._wanted, self._asked
        rates, orders, energies, lefts = wanted.rate, wanted.order, wanted.energy_kwh, wanted.left_kwh
        for offer, shelves in served:
            left = min(asked.energy_kwh[asked.order[offer]], asked.left_kwh[offer])
            if left <= TOLERANCE:
                continue
            lowest = asked.rate[offer]
            for bid in _met(shelves, -self._reach[offer]):
                if lowest - rates[bid] > TOLERANCE:
                    break
                energy = min(energies[orders[bid]], lefts[bid], left)
                if energy <= TOLERANCE:
                    wanted.is_used_up[bid] = 1
                elif self._suit(bid, offer):
                    self._trade(bid, offer, energy)
                    left -= energy
                    if left <= TOLERANCE:
                        break

    def _trade(self, bid: int, offer: int, energy: float) -> None:
        for side, place in ((self._wanted, bid), (self._asked, offer)):
            side.energy_kwh[side.order[place]] -= energy
            side.left_kwh[place] -= energy
        self._bid.append(bid)
        self._offer.append(offer)
        self._energy.append(energy)

    def _suit(self, bid: int, offer: int) -> bool:
        wanted, asked = self._wanted, self._asked
        buyer, seller = wanted.owner[bid], asked.owner[offer]
        if buyer == seller:
            return False
        # An offer that names partners looks at nobody else's bids.
        if bid in wanted.partners and seller not in wanted.partners[bid]:
            return False
        types = wanted.energy_types.get(bid)
        return types is None or self._energy_types[asked.order[offer]] in types
