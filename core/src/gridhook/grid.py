"""The grid: the tree of markets and assets, its paths, and the grid fees between any two areas."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, TypeAlias

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Bools, Floats, Ints, bools, floats, ints
from gridhook.assets import Assets
from gridhook.errors import AmbiguousAreaError, UnknownAreaError, nearest

__all__ = ["MARKET", "MARKET_MAKER", "OTHER", "Deviations", "FeeType", "Grid", "MarketStats", "Tree"]

MARKET = "market"
MARKET_MAKER = "market-maker"
OTHER = "other"

FeeType: TypeAlias = Literal["current_market_fee", "last_market_fee"]

_MARKET_MAKER_NAMES = ("Market Maker", "Grid Market")


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


@attrs.frozen(eq=False)
class Tree:
    """The areas of a grid, parents before their children: inner areas are markets, leaves are assets.

    ``ids``, ``names``, ``kinds``
        texts; a kind is ``market``, ``market-maker``, an asset kind (``load``, ``pv``, ``storage``,
        ``smart-meter``) or ``other`` where the exchange does not tell.
    ``parents``
        position of each area's parent; -1 for the root.
    ``registered``
        whether an aggregator can have the area.
    """

    ids: tuple[str, ...] = attrs.field(converter=_texts)
    names: tuple[str, ...] = attrs.field(converter=_texts)
    kinds: tuple[str, ...] = attrs.field(converter=_texts)
    parents: Ints = attrs.field(converter=ints)
    registered: Bools = attrs.field(converter=bools)

    def __attrs_post_init__(self) -> None:
        if len({len(self.ids), len(self.names), len(self.kinds), len(self.parents), len(self.registered)}) > 1:
            msg = "a tree's columns have one entry per area"
            raise ValueError(msg)
        if np.any(self.parents >= np.arange(len(self.ids))):
            msg = "a tree lists parents before their children"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The names from the root to each area, joined by ``/``."""
        paths: list[str] = []
        for name, parent in zip(self.names, self.parents.tolist(), strict=True):
            paths.append(name if parent < 0 else f"{paths[parent]}/{name}")
        return tuple(paths)

    @cached_property
    def levels(self) -> tuple[Ints, ...]:
        """The positions of the areas at each depth, the root's first."""
        depths = np.zeros(len(self), dtype=np.int64)
        for area, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                depths[area] = depths[parent] + 1
        return tuple(np.flatnonzero(depths == depth) for depth in range(int(depths.max(initial=-1)) + 1))

    @cached_property
    def market_maker(self) -> int:
        """Position of the market maker: by kind, else by the names that GSy grids use, else the root."""
        if MARKET_MAKER in self.kinds:
            return self.kinds.index(MARKET_MAKER)
        found = (self._by_name[name][0] for name in _MARKET_MAKER_NAMES if name in self._by_name)
        return next(found, 0)

    def find(self, area: str) -> int:
        """Return the position of the area with this id, path or name.

        :raises UnknownAreaError: nothing matches; the nearest names are named.
        :raises AmbiguousAreaError: several areas have this name; their paths are listed.
        """
        if area in self._by_id:
            return self._by_id[area]
        if area in self._by_path:
            return self._by_path[area]
        same_name = self._by_name.get(area, [])
        if len(same_name) > 1:
            raise AmbiguousAreaError(area, [self.paths[position] for position in same_name])
        if not same_name:
            raise UnknownAreaError(area, nearest(area, [*self.names, *self.paths]))
        return same_name[0]

    def positions(self, ids: Iterable[str]) -> Ints:
        """Return the positions of areas by their ids."""
        return np.array([self._by_id[area] for area in ids], dtype=np.int64)

    def path_of(self, area: str) -> str:
        """Return the path of an area by its id; the id itself where there is no such area."""
        position = self._by_id.get(area)
        return area if position is None else self.paths[position]

    def below(self, area: int) -> list[int]:
        """Return the positions of ``area`` and of all areas inside it."""
        inside = {area}
        for position, parent in enumerate(self.parents.tolist()):
            if parent in inside:
                inside.add(position)
        return sorted(inside)

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {area: position for position, area in enumerate(self.ids)}

    @cached_property
    def _by_path(self) -> dict[str, int]:
        return {path: position for position, path in enumerate(self.paths)}

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        positions: dict[str, list[int]] = {}
        for position, name in enumerate(self.names):
            positions.setdefault(name, []).append(position)
        return positions


@attrs.frozen(eq=False)
class MarketStats:
    """Trades of the last finished slot, one entry per area; NaN for assets and for markets without trades.

    Rates in cents/kWh (the average is over trades, not weighted by energy), energy in kWh.
    """

    min_trade_rate: Floats = attrs.field(converter=floats)
    max_trade_rate: Floats = attrs.field(converter=floats)
    avg_trade_rate: Floats = attrs.field(converter=floats)
    median_trade_rate: Floats = attrs.field(converter=floats)
    total_traded_energy_kwh: Floats = attrs.field(converter=floats)


@attrs.frozen(eq=False)
class Deviations:
    """Energy of ended slots that no trade covers yet (PROTOCOL.md 7).

    ``slots``
        starts of the slots whose settlement markets are open, oldest first.
    ``energy_kwh``
        float64 (assets, slots), rows as in ``Grid.assets``: positive must still be bought, negative may still be
        sold; NaN: not measured, no deviation, or settled.
    """

    slots: tuple[pendulum.DateTime, ...] = ()
    energy_kwh: Floats = attrs.field(converter=floats, factory=lambda: np.empty((0, 0)))


@attrs.frozen(eq=False)
class Grid:
    """What the exchange tells about the grid with one event; read-only.

    ``tree``
        the areas.
    ``current_market_fee``, ``last_market_fee``
        per area, cents/kWh: the fee configured now, and that of the last finished slot; NaN where there is none.
    ``last_market_stats``
        trades of the last finished slot; None before there was one.
    ``assets``
        the aggregator's own assets and their state.
    ``deviations``
        energy of ended slots that can still be settled.
    """

    tree: Tree
    current_market_fee: Floats = attrs.field(converter=floats)
    last_market_fee: Floats = attrs.field(converter=floats)
    assets: Assets
    last_market_stats: MarketStats | None = None
    deviations: Deviations = attrs.field(factory=Deviations)

    def grid_fee(self, start: str, target: str | None = None, fee_type: FeeType = "current_market_fee") -> float:
        """Return the grid fee between two areas, given by id, path or name, in cents/kWh (PROTOCOL.md 5).

        The fees of all markets on the tree path count, both ends and the lowest common ancestor included; assets
        have none. Without a target: a market's own fee (NaN if it has none), for an asset that of its market.

        :raises UnknownAreaError, AmbiguousAreaError: see :meth:`Tree.find`.
        """
        first = self.tree.find(start)
        if target is None:
            home = first if self.tree.kinds[first] == MARKET else int(self.tree.parents[first])
            return float(self._fees(fee_type)[home]) if home >= 0 else np.nan
        return float(self.path_fees(np.array([first]), self.tree.find(target), fee_type)[0])

    def only(self, ids: frozenset[str]) -> Grid:
        """Return a grid that tells of no own assets but these."""
        kept: Bools = np.array([area in ids for area in self.assets.id.tolist()], dtype=np.bool_)
        if kept.all():
            return self
        deviations = self.deviations
        if deviations.slots:
            deviations = Deviations(deviations.slots, deviations.energy_kwh[kept])
        return attrs.evolve(self, assets=self.assets.take(kept), deviations=deviations)

    def path_fees(self, starts: Ints, target: int, fee_type: FeeType = "current_market_fee") -> Floats:
        """Return the grid fee from each of ``starts`` (positions in the tree) to ``target``, cents/kWh."""
        fees = np.nan_to_num(self._fees(fee_type))
        parents = self.tree.parents
        from_root = fees.copy()
        for areas in self.tree.levels[1:]:
            from_root[areas] += from_root[parents[areas]]
        above_target = np.zeros(len(self.tree), dtype=np.bool_)
        area = target
        while area >= 0:
            above_target[area] = True
            area = int(parents[area])
        meeting = starts.copy()
        while np.any(climbing := ~above_target[meeting]):
            meeting = np.where(climbing, parents[meeting], meeting)
        path: Floats = from_root[starts] + from_root[target] - 2.0 * from_root[meeting] + fees[meeting]
        return path

    def _fees(self, fee_type: FeeType) -> Floats:
        if fee_type == "current_market_fee":
            return self.current_market_fee
        if fee_type == "last_market_fee":
            return self.last_market_fee
        msg = f"fee_type is 'current_market_fee' or 'last_market_fee', not {fee_type!r}"
        raise ValueError(msg)
