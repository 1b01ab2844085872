"""Wishes: the orders of one side of one market with each of their alternatives, in the order of their merit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook_exchange.market.book import Terms
from gridhook_exchange.market.fees import Way
from gridhook_exchange.market.matching import TOLERANCE, Priority, ranked

__all__ = ["Preferring", "Wishes"]


@attrs.frozen(eq=False)
class Preferring:
    """The orders of one side of one market, as columns, with what their trades have to meet.

    ``rate``, ``way``
        cents/kWh as posted, and what grid fees make of it on the way here.
    ``energy_kwh``
        open energy.
    ``owner``, ``serial``
        asset numbers, and the order of posting.
    ``reach``
        how far copies have come: two orders have met if their reaches come to at least 0.
    ``terms``
        of those rows that have any; what is left under their conditions is counted down in them.
    ``energy_types``
        per row the kind of energy, "" for none; only offers' count.
    """

    rate: Floats
    way: Way
    energy_kwh: Floats
    owner: Ints
    serial: Ints
    reach: Ints
    terms: Mapping[int, Terms]
    energy_types: Sequence[str]


class Wishes:
    """Alternatives of orders, ranked; each is known by its place in the ranking.

    ``order``, ``owner``
        per place, the row and the asset of its order; ``owners`` as a column.
    ``posted``, ``rate``
        per place, the rate under these conditions, cents/kWh, as posted and here.
    ``left_kwh``
        per place, what is left under these conditions; ``energy_kwh`` per row, what is left of the order.
    ``partners``, ``energy_types``
        by place, where these are named.
    ``reach``, ``has_terms``
        per place, as columns.
    """

    def __init__(self, side: Preferring, numbers: Mapping[str, int], priority: Priority, *, is_offer: bool) -> None:
        self._side, self._numbers = side, numbers
        order, self._alternative, posted = self._unfolded()
        rate = side.way.take(order).there(posted)
        dearest_first = not is_offer or priority == "compatible"
        ranking = ranked(rate, side.serial[order], priority, dearest_first=dearest_first)
        if not is_offer:
            ranking = ranking[rate[ranking] >= 0]
        self._set(order[ranking], self._alternative[ranking], posted[ranking], rate[ranking])

    def __len__(self) -> int:
        return len(self.rows)

    def keep(self, chosen: Bools) -> None:
        """Forget all other places; the rest move up."""
        self._set(self.rows[chosen], self._alternative[chosen], self._posted[chosen], self.rates[chosen])

    def read_terms(self) -> None:
        """Read what is demanded, and what is left of it."""
        side, numbers = self._side, self._numbers
        self.owners = side.owner[self.rows]
        self.order: list[int] = self.rows.tolist()
        self.owner: list[int] = self.owners.tolist()
        self.posted: list[float] = self._posted.tolist()
        self.rate: list[float] = self.rates.tolist()
        self.energy_kwh: list[float] = side.energy_kwh.tolist()
        self.left_kwh = [np.inf] * len(self)
        self.partners: dict[int, frozenset[int]] = {}
        self.energy_types: dict[int, frozenset[str]] = {}
        self.is_used_up = bytearray(len(self))
        for place, terms, number in self._bound():
            one = terms.alternatives[number]
            self.left_kwh[place] = terms.left_kwh[number]
            if one.partners:
                # Who is not here is nobody's partner.
                self.partners[place] = frozenset([numbers.get(name, -1) for name in one.partners])
            if one.energy_types:
                self.energy_types[place] = frozenset(one.energy_types)

    def write_terms(self) -> None:
        """Count down what is left under each alternative."""
        for place, terms, number in self._bound():
            terms.left_kwh[number] = self.left_kwh[place]

    @property
    def has_terms(self) -> Bools:
        """Per place, whether its order has any conditions."""
        return self._is_bound[self.rows]

    @property
    def reach(self) -> Ints:
        """Per place, how far copies have come."""
        return self._side.reach[self.rows]

    def _unfolded(self) -> tuple[Ints, Ints, Floats]:
        """Return each alternative of each order: its row, its number, and its rate as posted."""
        side = self._side
        self._is_bound = np.zeros(len(side.rate), dtype=np.bool_)
        self._is_bound[list(side.terms)] = True
        is_open = side.energy_kwh > TOLERANCE
        free = (~self._is_bound & is_open).nonzero()[0]
        bound = (self._is_bound & is_open).nonzero()[0]
        sets = [side.terms[row].alternatives for row in bound.tolist()]
        counts = [len(alternatives) for alternatives in sets]
        rows = np.repeat(bound, counts)
        numbers = np.array([number for count in counts for number in range(count)], dtype=np.int64)
        # Those without a rate of their own are NaN for now.
        rates = np.array([one.rate for alternatives in sets for one in alternatives], dtype=np.float64)
        rates = np.where(np.isnan(rates), side.rate[rows], rates)
        return (
            np.concatenate((free, rows)),
            np.concatenate((np.zeros(len(free), dtype=np.int64), numbers)),
            np.concatenate((side.rate[free], rates)),
        )

    def _set(self, rows: Ints, alternative: Ints, posted: Floats, rates: Floats) -> None:
        self.rows, self._alternative, self._posted, self.rates = rows, alternative, posted, rates

    def _bound(self) -> Iterator[tuple[int, Terms, int]]:
        """Yield each place whose order has conditions, with them and the number of the alternative."""
        places, terms = np.flatnonzero(self.has_terms), self._side.terms
        rows, numbers = self.rows[places].tolist(), self._alternative[places].tolist()
        for place, row, number in zip(places.tolist(), rows, numbers, strict=True):
            yield place, terms[row], number
