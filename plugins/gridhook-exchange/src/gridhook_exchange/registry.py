"""The registry: a community's markets and assets as the tree that clients see."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Ints
from gridhook.grid import MARKET, MARKET_MAKER, Tree
from gridhook_exchange.market.community import Community

__all__ = ["Registry", "build_registry"]


@attrs.frozen(eq=False)
class Registry:
    """The tree, and where in it markets and assets are.

    ``market_area``, ``asset_area``
        position in the tree by market and by asset number.
    """

    tree: Tree
    market_area: Ints
    asset_area: Ints


def build_registry(community: Community) -> Registry:
    """Return the registry: each market is followed by its assets and then by the markets inside it."""
    markets = community.tree.parent.tolist()
    inside: dict[int, list[int]] = {}
    for market, parent in enumerate(markets):
        inside.setdefault(parent, []).append(market)
    at_home: dict[int, list[int]] = {}
    for asset, home in enumerate(community.tree.home.tolist()):
        at_home.setdefault(home, []).append(asset)
    rows: list[tuple[str, str, str, int]] = []
    market_area = np.zeros(len(markets), dtype=np.int64)
    asset_area = np.zeros(len(community.kinds), dtype=np.int64)
    waiting = [(0, -1)]
    while waiting:
        market, parent = waiting.pop()
        here = len(rows)
        market_area[market] = here
        rows.append((community.market_ids[market], community.market_names[market], MARKET, parent))
        for asset in at_home.get(market, []):
            asset_area[asset] = len(rows)
            rows.append((community.asset_ids[asset], community.asset_names[asset], community.kinds[asset], here))
        waiting += [(child, here) for child in reversed(inside.get(market, []))]
    ids, names, kinds, parents = zip(*rows, strict=True)
    registered = np.array([kind != MARKET_MAKER for kind in kinds])
    return Registry(Tree(ids, names, kinds, np.array(parents), registered), market_area, asset_area)
