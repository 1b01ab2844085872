"""Grid fees: what they make of rates on the way from market to market, and of a trade's rate (PROTOCOL.md 6.7, 6.8)."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook_exchange.market.tree import MarketTree

__all__ = ["MOST_PERCENT", "FeeMode", "Fees", "Way"]

MOST_PERCENT = 100.0
"""The highest fee in percent mode, percentage points."""

FeeMode: TypeAlias = Literal["constant", "percent"]


class Way(NamedTuple):
    """What fees make of rates on the way to another market: ``rate * factor + shift``, cents/kWh; one row per order."""

    factor: Floats
    shift: Floats

    def there(self, rate: Floats) -> Floats:
        """Return what posted rates are there."""
        return rate * self.factor + self.shift

    def back(self, rate: Floats, posted: Floats) -> Floats:
        """Return the posted rates that would be these there; ``posted`` where fees left nothing of any rate."""
        is_something = self.factor > 0
        return np.where(is_something, (rate - self.shift) / np.where(is_something, self.factor, 1.0), posted)

    def take(self, rows: Ints) -> Way:
        """Return the ways of some orders."""
        return Way(self.factor[rows], self.shift[rows])


@attrs.frozen(eq=False)
class Fees:
    """Grid fees of all markets in one slot.

    ``own``
        each market's fee as configured: cents/kWh, or percentage points.
    ``mode``
        which of both.
    ``part``
        each market's fee as it is added up: cents/kWh, or a ratio.
    ``from_root``
        sum of the parts from the root to each market, both included.
    """

    own: Floats
    mode: FeeMode
    part: Floats
    from_root: Floats

    @classmethod
    def of(cls, tree: MarketTree, own: Floats, mode: FeeMode = "constant") -> Fees:
        """Return the fees with their sums."""
        part = own / 100.0 if mode == "percent" else own
        ancestor = tree.ancestor
        return cls(own, mode, part, np.where(ancestor >= 0, part[ancestor], 0.0).sum(axis=0))

    def below(self, market: Ints, above: Ints) -> Floats:
        """Return the sum of the parts from ``market`` up to ``above``, which is not included."""
        return self.from_root[market] - self.from_root[above]

    def on_path(self, one: Ints, other: Ints, meeting: Ints) -> Floats:
        """Return the sum of the parts of all markets between two, both ends and their meeting included."""
        return self.below(one, meeting) + self.below(other, meeting) + self.part[meeting]

    def way(self, is_offer: Bools, home: Ints, market: Ints) -> Way:
        """Return what fees make of orders between their homes and a market above them (PROTOCOL.md 6.7).

        Offers pay on entering a market, at home too, and bids on leaving one.
        """
        below = self.below(home, market)
        change = np.where(is_offer, below + self.part[market], -below)
        if self.mode == "percent":
            return Way(1.0 + change, np.zeros(len(change)))
        return Way(np.ones(len(change)), change)

    def entered(self, offer_rate: Floats, path: Floats) -> Floats:
        """Return what offers cost after they entered markets whose parts add up to ``path``, cents/kWh."""
        return offer_rate * (1.0 + path) if self.mode == "percent" else offer_rate + path

    def unit(self, buyer_rate: Floats, path: Floats) -> Floats:
        """Return what one unit of fee costs in trades, cents/kWh: 1, or the seller's rate (PROTOCOL.md 6.8).

        :param path: per trade, the sum of the parts of all markets between buyer and seller.
        """
        return buyer_rate / (1.0 + path) if self.mode == "percent" else np.ones(len(buyer_rate))

    def kept(self, buyer_rate: Floats, path: Floats) -> Floats:
        """Return what sellers keep of the buyers' rates, cents/kWh."""
        return buyer_rate - self.unit(buyer_rate, path) * path

    def lowest_bid(self, offer_rate: float, buyer: Ints, seller: Ints, meeting: Ints) -> Floats:
        """Return the lowest bids of buyers that reach an offer, cents/kWh; markets are those of their homes.

        Percentages that leave nothing of any bid are only added to the offer's rate.
        """
        path = self.on_path(buyer, seller, meeting)
        if self.mode == "constant":
            return offer_rate + path
        left = 1.0 - self.below(buyer, meeting)
        there = 1.0 + self.below(seller, meeting) + self.part[meeting]
        is_left = left > 0
        return offer_rate * np.where(is_left, there / np.where(is_left, left, 1.0), 1.0 + path)

    def highest_offer(self, bid_rate: float, seller: Ints, buyer: Ints, meeting: Ints) -> Floats:
        """Return the highest offers of sellers that reach a bid, cents/kWh; markets are those of their homes."""
        if self.mode == "constant":
            return bid_rate - self.on_path(seller, buyer, meeting)
        there = 1.0 - self.below(buyer, meeting)
        return bid_rate * there / (1.0 + self.below(seller, meeting) + self.part[meeting])
