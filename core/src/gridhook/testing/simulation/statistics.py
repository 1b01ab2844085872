"""Statistics of one slot's trades: what markets tell of their last slot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridhook.grid import MARKET, MarketStats, Tree
from gridhook.market import Throughput
from gridhook.testing.simulation.matching import Deal

__all__ = ["market_stats", "throughput"]


def market_stats(tree: Tree, places: Sequence[int], deals: Sequence[Deal]) -> MarketStats:
    """Return the statistics per area; a trade counts in every market on its way, at the rate that the buyer pays.

    :param places: positions in the tree of the assets and the market maker.
    """
    on_way = [_between(tree, places[deal.buyer], places[deal.seller]) for deal in deals]
    columns = np.full((5, len(tree)), np.nan)
    for area, kind in enumerate(tree.kinds):
        its = [deal for deal, markets in zip(deals, on_way, strict=True) if area in markets]
        if kind == MARKET and its:
            rates = np.array([deal.buyer_rate for deal in its])
            energy = sum(deal.kwh for deal in its)
            columns[:, area] = rates.min(), rates.max(), rates.mean(), np.median(rates), energy
    return MarketStats(*columns)


def throughput(tree: Tree, places: Sequence[int], deals: Sequence[Deal], market: int) -> Throughput:
    """Return what came into a market, and what left it."""
    inside = set(tree.below(market))
    imported = exported = 0.0
    for deal in deals:
        buys, sells = places[deal.buyer] in inside, places[deal.seller] in inside
        imported += deal.kwh if buys and not sells else 0.0
        exported += deal.kwh if sells and not buys else 0.0
    return Throughput(imported, exported)


def _between(tree: Tree, one: int, other: int) -> set[int]:
    """Return the markets on the way between two areas, their lowest common ancestor included."""
    first, second = _above(tree, one), _above(tree, other)
    common = [area for area in first if area in second]
    return ({*first, *second} - {*common}) | {*common[:1]}


def _above(tree: Tree, area: int) -> list[int]:
    above = []
    parent = int(tree.parents[area])
    while parent >= 0:
        above.append(parent)
        parent = int(tree.parents[parent])
    return above
