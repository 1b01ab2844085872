"""Reading the grid tree of an event (PROTOCOL.md 3.8)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import TypeAlias

import attrs
import numpy as np

from gridhook.arrays import Floats, Ints
from gridhook.assets import Assets
from gridhook.grid import MARKET, OTHER, Deviations, Grid, MarketStats, Tree
from gridhook.wire.assetinfo import COLUMNS, DEVIATIONS, kind_of
from gridhook.wire.errors import fail
from gridhook.wire.stats import TRADE_FIGURES
from gridhook.wire.times import read_time
from gridhook.wire.trees.writing import FEES
from gridhook.wire.values import describe, read_object, read_optional_number

__all__ = ["read_grid_tree"]

_Objects: TypeAlias = Sequence[Mapping[str, object]]
_NUMBERS = {float, int, NoneType}


@attrs.frozen
class _Areas:
    """What the message tells about each area, parents first; ``kinds`` are empty where it does not tell.

    ``markets`` and ``owned`` are positions of the areas with a market's and an asset's fields, ``infos`` are the
    latter's states.
    """

    ids: list[str] = attrs.field(factory=list)
    names: list[str] = attrs.field(factory=list)
    parents: list[int] = attrs.field(factory=list)
    kinds: list[str] = attrs.field(factory=list)
    nodes: list[Mapping[str, object]] = attrs.field(factory=list)
    markets: list[int] = attrs.field(factory=list)
    owned: list[int] = attrs.field(factory=list)
    infos: list[Mapping[str, object]] = attrs.field(factory=list)


def read_grid_tree(value: object, known: Tree | None = None, *, is_listed: bool = True) -> Grid:
    """Return the grid that a ``grid_tree`` tells of; what it does not tell is NaN.

    An area with ``children`` is a market, one with an ``asset_info`` an own asset, whose fields tell its kind.

    :param known: the areas as known so far, from the registry or the last event. It tells the kinds of areas of which
        the message gives only the name, and who can have them. If the message tells of the same areas, in whichever
        order, the grid's tree *is* this object. In the first slot the message is empty: then its areas, without fees
        and assets, are the grid.
    :param is_listed: False: there is no registry that says who can have which area, so that all count as registered.
    :raises WireError: something is wrong.
    """
    top = read_object(value, "grid_tree")
    if len(top) > 1:
        fail("grid_tree", "has to have one root")
    areas = _Areas() if top or known is None else _all_of(known)
    _walk(top, areas)
    tree, position = _tree(areas, known, is_listed)
    at = position[np.array(areas.markets, dtype=np.int64)]
    markets = [areas.nodes[area] for area in areas.markets]
    ids = [areas.ids[area] for area in areas.markets]
    return Grid(
        tree=tree,
        **{name: _scatter(_column(markets, key, ids), at, len(tree)) for key, name in FEES.items()},
        assets=_assets(areas, tree, position),
        last_market_stats=_statistics(markets, ids, at, len(tree)),
        deviations=_deviations(areas),
    )


def _all_of(known: Tree) -> _Areas:
    nothing: list[Mapping[str, object]] = [{} for _ in known.ids]
    return _Areas(list(known.ids), list(known.names), known.parents.tolist(), list(known.kinds), nothing)


def _walk(top: Mapping[str, object], areas: _Areas) -> None:
    waiting = [(area, node, -1) for area, node in top.items()]
    while waiting:
        area, one, parent = waiting.pop()
        # A call for each of many thousand nodes takes its time: it is only made where something is wrong.
        node = one if type(one) is dict else read_object(one, area)
        here = len(areas.ids)
        name = node.get("area_name")
        if type(name) is not str:
            fail(f"{area}.area_name", f"has to be a text, not {describe(name)}")
        kind = ""
        inside = None
        if "children" in node:
            inside = node["children"]
            kind = MARKET
            areas.markets.append(here)
        elif (info := node.get("asset_info")) is not None:
            state = read_object(info, f"{area}.asset_info")
            kind = kind_of(state)
            if kind:
                areas.owned.append(here)
                areas.infos.append(state)
        areas.ids.append(area)
        areas.names.append(name)
        areas.parents.append(parent)
        areas.kinds.append(kind)
        areas.nodes.append(node)
        if inside:
            children = list(read_object(inside, f"{area}.children").items())
            waiting += [(child, below, here) for child, below in reversed(children)]
    if len(set(areas.ids)) < len(areas.ids):
        fail("grid_tree", "has two areas with the same id")


def _tree(areas: _Areas, known: Tree | None, is_listed: bool) -> tuple[Tree, Ints]:  # noqa: FBT001
    """Return the tree, and the position in it of each area of the message."""
    own = np.full(len(areas.ids), not is_listed)
    own[areas.owned] = True
    if known is None:
        kinds = [kind or OTHER for kind in areas.kinds]
        registered = own | np.array([kind == MARKET for kind in kinds], dtype=np.bool_)
        return Tree(areas.ids, areas.names, kinds, areas.parents, registered), np.arange(len(kinds))
    if tuple(areas.ids) == known.ids:
        before = list(range(len(known.ids)))
    else:
        places = {area: place for place, area in enumerate(known.ids)}
        before = [places.get(area, -1) for area in areas.ids]
    kinds = [
        kind or (known.kinds[place] if place >= 0 else OTHER) for kind, place in zip(areas.kinds, before, strict=True)
    ]
    can_have = known.registered.tolist()
    registered = own | np.array(
        [can_have[place] if place >= 0 else kind == MARKET for kind, place in zip(kinds, before, strict=True)],
        dtype=np.bool_,
    )
    tree = Tree(areas.ids, areas.names, kinds, areas.parents, registered)
    position = np.array(before, dtype=np.int64)
    if _same(tree, known, position):
        return known, position
    return tree, np.arange(len(tree))


def _same(tree: Tree, known: Tree, position: Ints) -> bool:
    if len(tree) != len(known) or np.any(position < 0):
        return False
    parents = np.where(tree.parents < 0, -1, position[tree.parents])
    return bool(
        np.array_equal(known.parents[position], parents)
        and np.array_equal(known.registered[position], tree.registered)
        and tree.kinds == tuple(known.kinds[place] for place in position.tolist())
        and tree.names == tuple(known.names[place] for place in position.tolist())
    )


def _assets(areas: _Areas, tree: Tree, position: Ints) -> Assets:
    places = position[np.array(areas.owned, dtype=np.int64)].tolist()
    ids = [areas.ids[area] for area in areas.owned]
    return Assets(
        id=ids,
        name=[tree.names[place] for place in places],
        path=[tree.paths[place] for place in places],
        kind=[tree.kinds[place] for place in places],
        **{column: _column(areas.infos, key, ids) for key, column in COLUMNS.items()},
    )


def _statistics(markets: _Objects, ids: list[str], at: Ints, count: int) -> MarketStats | None:
    told = [
        read_object(market.get("last_market_stats") or {}, f"{area}.last_market_stats")
        for market, area in zip(markets, ids, strict=True)
    ]
    if not any(told):
        return None
    return MarketStats(**{name: _scatter(_column(told, key, ids), at, count) for key, name in TRADE_FIGURES.items()})


def _deviations(areas: _Areas) -> Deviations:
    if not any(DEVIATIONS in info for info in areas.infos):
        return Deviations((), np.empty((len(areas.infos), 0)))
    ids = [areas.ids[area] for area in areas.owned]
    told = [
        read_object(info.get(DEVIATIONS) or {}, f"{area}.{DEVIATIONS}")
        for info, area in zip(areas.infos, ids, strict=True)
    ]
    by_text = {text: read_time(text, DEVIATIONS) for text in set().union(*told)}
    slots = tuple(sorted(set(by_text.values())))
    energy = np.full((len(told), len(slots)), np.nan)
    for text, slot in by_text.items():
        column = _column(told, text, ids)
        is_told = ~np.isnan(column)
        energy[is_told, slots.index(slot)] = column[is_told]
    return Deviations(slots, energy)


def _scatter(column: Floats, at: Ints, count: int) -> Floats:
    areas = np.full(count, np.nan)
    areas[at] = column
    return areas


def _column(objects: _Objects, key: str, ids: list[str]) -> Floats:
    """Return a column of numbers; NaN for null and for what is missing. ``ids`` say whose they are."""
    # Mostly a key is there or missing, and null is rare: arrays of floats alone are made much faster.
    values = [one.get(key, math.nan) for one in objects]
    if set(map(type, values)) <= _NUMBERS:
        try:
            column = np.array(values, dtype=np.float64)
        except OverflowError:
            pass
        else:
            if not np.isinf(column).any():
                return column
    # Only now is it worth the time to find out which of them is wrong.
    told = zip(objects, ids, strict=True)
    return np.array([read_optional_number(one.get(key), f"{area}.{key}") for one, area in told])
