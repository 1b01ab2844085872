"""The tree of markets: where each asset is at home, and what lies on the way from one market to another."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Ints

__all__ = ["MarketTree"]


@attrs.frozen(eq=False)
class MarketTree:
    """Markets by number, parents before their children, and the home market of each asset.

    ``parent``
        number of each market's parent; -1 for the root, which is market 0.
    ``home``
        number of each asset's market.
    ``depth``
        markets above each market.
    ``ancestor``
        int64 (depths, markets): the market at each depth on the way from the root to a market; -1 below it.
    """

    parent: Ints
    home: Ints
    depth: Ints = attrs.field(init=False)
    ancestor: Ints = attrs.field(init=False)

    @depth.default
    def _depths(self) -> Ints:
        depth = np.zeros(len(self.parent), dtype=np.int64)
        for market, parent in enumerate(self.parent.tolist()):
            if parent >= 0:
                depth[market] = depth[parent] + 1
        return depth

    @ancestor.default
    def _ancestors(self) -> Ints:
        ancestor = np.full((int(self.depth.max()) + 1, len(self.parent)), -1, dtype=np.int64)
        for market, parent in enumerate(self.parent.tolist()):
            if parent >= 0:
                ancestor[:, market] = ancestor[:, parent]
            ancestor[self.depth[market], market] = market
        return ancestor

    @property
    def height(self) -> int:
        """The greatest depth of a market."""
        return len(self.ancestor) - 1

    def meeting(self, one: Ints, other: Ints) -> Ints:
        """Return the lowest market that contains both of each pair of markets."""
        same = (self.ancestor[:, one] == self.ancestor[:, other]) & (self.ancestor[:, one] >= 0)
        deepest = same.sum(axis=0) - 1
        meeting: Ints = self.ancestor[deepest, one]
        return meeting
