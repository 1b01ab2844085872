"""Situations: all that a plugin can be asked about at one moment, consistent in itself, as an agent would ask."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import pendulum

from gridhook.agent.lotting import deviation_lots, spot_lots
from gridhook.agent.slots import asset_fees, metered
from gridhook.arrays import Bools, Floats, Objects, floats
from gridhook.assets import LOAD, PV, SMART_METER, STORAGE, Assets
from gridhook.events import SlotOpened, Ticked
from gridhook.grid import MARKET, MARKET_MAKER, Deviations, Grid, MarketStats, Tree
from gridhook.lots import Lots
from gridhook.market import Market, Markets
from gridhook.orders import Rates
from gridhook.testing.builders import SLOT

__all__ = ["EVERY_KIND", "SLOT_LENGTH", "Situation", "make_situation"]

EVERY_KIND = (LOAD, PV, STORAGE, SMART_METER)
SLOT_LENGTH = pendulum.duration(minutes=15)

_NAMES = {LOAD: "Load", PV: "PV", STORAGE: "Battery", SMART_METER: "Meter"}
_HOME_FEE = 1.0


@attrs.frozen(eq=False)
class Situation:
    """What an agent knows at one moment.

    ``lots``, ``rates``
        the running slot's lots, and a rate for each, cents/kWh.
    ``deviations``
        the lots of ended slots.
    ``metered``
        the loads and PVs.
    ``coming``, ``ended``
        slots to forecast, and slots to measure: the running one is the last.
    ``markets``
        all markets, as their operator sees them.
    """

    market: Market
    lots: Lots
    rates: Rates
    deviations: Lots
    metered: Assets
    coming: tuple[pendulum.DateTime, ...]
    ended: tuple[pendulum.DateTime, ...]
    markets: Markets

    @property
    def event(self) -> SlotOpened | Ticked:
        """The event with which an exchange tells of this moment."""
        market = self.market
        kind = Ticked if market.progress else SlotOpened
        return kind(
            market.slot,
            market.slot_length,
            market.grid,
            market.feed_in_rate,
            market.market_maker_rate,
            market.progress,
        )


def make_situation(
    kinds: Sequence[str] = EVERY_KIND,
    homes: int = 1,
    *,
    slot: pendulum.DateTime = SLOT,
    progress: float = 0.0,
    rates: tuple[float, float] = (8.0, 30.0),
    kwh: float = 1.0,
    slots: int = 4,
    is_sparse: bool = False,
) -> Situation:
    """Return a situation in a community of equal homes.

    :param kinds: of the assets in each home; one of each.
    :param rates: feed-in and market-maker rate, cents/kWh.
    :param kwh: of each lot, and of each deviation.
    :param slots: number of slots that can be settled, and of those to forecast.
    :param is_sparse: leave out all that an exchange may leave out: those columns are NaN.
    """
    tree = _tree(kinds, homes)
    ended = tuple(slot - SLOT_LENGTH * back for back in range(slots, 0, -1))
    grid = _grid(tree, _assets(tree, kwh, is_sparse=is_sparse), ended, kwh, is_sparse=is_sparse)
    fees, keys = asset_fees(grid), 2 * len(grid.assets)
    nothing_open = np.full((slots + 1, keys), np.nan)
    lots = spot_lots(grid, slot, fees, nothing_open).lots
    return Situation(
        Market(slot, progress, SLOT_LENGTH, *rates, grid),
        lots,
        floats(np.linspace(10.0, 20.0, len(lots))),
        deviation_lots(grid, fees, nothing_open).lots,
        metered(grid.assets),
        tuple(slot + SLOT_LENGTH * ahead for ahead in range(1, slots + 1)),
        (*ended, slot),
        _markets(grid, kwh, is_sparse=is_sparse),
    )


def _tree(kinds: Sequence[str], homes: int) -> Tree:
    names, parents, areas = ["Grid", "Market Maker"], [-1, 0], [MARKET, MARKET_MAKER]
    for home in range(1, homes + 1):
        market = len(names)
        names += [f"Home {home}", *(f"{_NAMES[kind]} {home}" for kind in kinds)]
        parents += [0, *[market] * len(kinds)]
        areas += [MARKET, *kinds]
    registered = np.ones(len(names), dtype=np.bool_)
    registered[1] = False
    return Tree([f"id:{name}" for name in names], names, areas, np.array(parents), registered)


def _grid(tree: Tree, assets: Assets, ended: tuple[pendulum.DateTime, ...], kwh: float, *, is_sparse: bool) -> Grid:
    is_market = np.array(tree.kinds, dtype=object) == MARKET
    fees = np.where(is_market, np.where(tree.parents < 0, 0.0, _HOME_FEE), np.nan)
    stats = MarketStats(*(np.where(is_market, value, np.nan) for value in (9.0, 29.0, 20.0, 21.0, kwh)))
    # Loads used more than they bought, and PVs made more than they sold.
    sign = np.select([assets.kind == LOAD, assets.kind == PV], [1.0, -1.0], np.nan)
    deviations = np.repeat(kwh * sign[:, np.newaxis], len(ended), axis=1)
    return Grid(
        tree,
        fees,
        np.full(len(tree), np.nan) if is_sparse else fees,
        assets,
        None if is_sparse else stats,
        Deviations(ended, deviations),
    )


def _assets(tree: Tree, kwh: float, *, is_sparse: bool) -> Assets:
    kinds = np.array(tree.kinds, dtype=object)
    own = np.flatnonzero(np.isin(kinds, EVERY_KIND))
    kind = kinds[own]
    both, stored = kind == SMART_METER, kind == STORAGE

    def where(rows: Bools, value: float) -> Floats:
        return np.where(rows, value, np.nan)

    unknown = np.full(len(own), np.nan)
    buys, sells = (kind == LOAD) | stored, (kind == PV) | stored
    return Assets(
        id=_texts(tree.ids)[own],
        name=_texts(tree.names)[own],
        path=_texts(tree.paths)[own],
        kind=kind,
        energy_requirement_kwh=where((kind == LOAD) | both, kwh),
        available_energy_kwh=where((kind == PV) | both, kwh),
        energy_to_buy_kwh=where(stored, kwh),
        energy_to_sell_kwh=where(stored, kwh),
        energy_active_in_bids_kwh=unknown if is_sparse else where(buys, 0.0),
        energy_active_in_offers_kwh=unknown if is_sparse else where(sells, 0.0),
        free_storage_kwh=unknown if is_sparse else where(stored, kwh),
        used_storage_kwh=unknown if is_sparse else where(stored, kwh),
        energy_traded_kwh=unknown if is_sparse else where(~both, 0.0),
        total_cost_cents=unknown if is_sparse else where(~both, 0.0),
    )


def _markets(grid: Grid, kwh: float, *, is_sparse: bool) -> Markets:
    tree = grid.tree
    operated = np.flatnonzero(np.array(tree.kinds, dtype=object) == MARKET)
    known = np.full(len(operated), np.nan if is_sparse else kwh)
    return Markets(
        _texts(tree.ids)[operated],
        _texts(tree.names)[operated],
        _texts(tree.paths)[operated],
        grid.current_market_fee[operated],
        grid.last_market_fee[operated],
        known,
        known,
        known / 2,
    )


def _texts(texts: Sequence[str]) -> Objects:
    return np.array(texts, dtype=object)
