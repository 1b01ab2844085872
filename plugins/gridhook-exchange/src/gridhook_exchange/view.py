"""A view: what an aggregator sees of a simulation, and what its assets traded."""

from __future__ import annotations

import numpy as np
import pendulum

from gridhook.arrays import Bools, Floats, Ints, Objects
from gridhook.assets import Asset, Assets
from gridhook.grid import Deviations, Grid, MarketStats
from gridhook.tables import concatenate
from gridhook.trades import SETTLEMENT, SPOT, Trades
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.statistics import SlotStatistics
from gridhook_exchange.registry import Registry

__all__ = ["View"]


class View:
    """What somebody who has some assets sees: all markets, and these assets.

    :param simulation: the simulation.
    :param registry: its markets and assets as clients see them.
    """

    def __init__(self, simulation: Simulation, registry: Registry) -> None:
        self._simulation = simulation
        self._registry = registry
        self._traded = 0
        self._hidden: Bools = np.zeros(len(registry.market_area), dtype=np.bool_)
        self._shown: tuple[SlotStatistics | None, MarketStats | None] = (None, None)
        self.show(np.empty(0, dtype=np.int64))

    @property
    def assets(self) -> Ints:
        """Numbers of the assets that are seen, ascending."""
        return self._owned

    def show(self, assets: Ints) -> None:
        """See these assets, given by ascending numbers, and no others."""
        self._owned = assets
        self._identity = self._identify(assets)

    def hide(self, markets: Bools) -> None:
        """Show no statistics of these markets (bool, per market)."""
        self._hidden = markets
        self._shown = (None, None)

    def grid(self) -> Grid:
        """Return what the aggregator sees now."""
        simulation, registry = self._simulation, self._registry
        open_slots = tuple(map(simulation.community.slot_start, simulation.settlements))
        return Grid(
            registry.tree,
            self._by_area(simulation.next_fee),
            self._by_area(simulation.slot_fees[-2].own if simulation.slot else np.zeros(len(registry.market_area))),
            self._assets(self._owned, self._identity),
            self._statistics(),
            Deviations(open_slots, simulation.unsettled_kwh()[self._owned]),
        )

    def states(self, assets: Ints) -> list[tuple[Asset, dict[pendulum.DateTime, float] | None]]:
        """Return the state of each asset by its number, and what it has to settle, kWh by slot (NaN: nothing).

        The latter is None for storages and smart meters, and where there is no settlement.
        """
        simulation = self._simulation
        community = simulation.community
        slots = [community.slot_start(slot) for slot in simulation.settlements]
        unsettled = simulation.unsettled_kwh()[assets].tolist()
        can_settle = (community.rules.settlement_slots > 0) & community.is_metered[assets]
        return [
            (asset, dict(zip(slots, row, strict=True)) if settles else None)
            for asset, row, settles in zip(
                self._assets(assets, self._identify(assets)), unsettled, can_settle.tolist(), strict=True
            )
        ]

    def trades(self, parts: list[Entries]) -> Trades | None:
        """Return the trades of own assets; None if there are none."""
        if not parts:
            return None
        own = np.zeros(len(self._simulation.community.kinds), dtype=np.bool_)
        own[self._owned] = True
        chosen = [part.take(own[part.buyer] | own[part.seller]) for part in parts]
        tables = [self._trades(part) for part in chosen if len(part)]
        return concatenate(*tables) if tables else None

    def _by_area(self, by_market: Floats) -> Floats:
        areas = np.full(len(self._registry.tree), np.nan)
        areas[self._registry.market_area] = by_market
        return areas

    def _statistics(self) -> MarketStats | None:
        last = self._simulation.last_statistics
        # They are the same for a whole slot.
        if last is not None and last is not self._shown[0]:
            columns = (last.min_rate, last.max_rate, last.mean_rate, last.median_rate, last.energy_kwh)
            seen = (np.where(self._hidden, np.nan, column) for column in columns)
            self._shown = (last, MarketStats(*map(self._by_area, seen)))
        return self._shown[1]

    def _assets(self, own: Ints, identity: tuple[Objects, ...]) -> Assets:
        simulation = self._simulation
        community, spot = simulation.community, simulation.spot
        open_kwh = spot.open_kwh()
        limit_buy, limit_sell = spot.limit_kwh[2 * own], spot.limit_kwh[2 * own + 1]
        open_buy, open_sell = open_kwh[2 * own], open_kwh[2 * own + 1]
        stored, is_net = community.is_storage[own], community.is_smart_meter[own]
        used, free = self._charge()
        ids, names, paths, kinds = identity
        return Assets(
            id=ids,
            name=names,
            path=paths,
            kind=kinds,
            energy_requirement_kwh=np.where(community.is_load[own] | is_net, limit_buy, np.nan),
            available_energy_kwh=np.where(community.is_pv[own] | is_net, limit_sell, np.nan),
            energy_to_buy_kwh=np.where(stored, limit_buy - open_buy, np.nan),
            energy_to_sell_kwh=np.where(stored, limit_sell - open_sell, np.nan),
            energy_active_in_bids_kwh=np.where(community.is_pv[own], np.nan, open_buy),
            energy_active_in_offers_kwh=np.where(community.is_load[own], np.nan, open_sell),
            free_storage_kwh=free[own],
            used_storage_kwh=used[own],
            energy_traded_kwh=spot.bought_kwh[own] + spot.sold_kwh[own],
            total_cost_cents=spot.cost_cents[own],
        )

    def _identify(self, assets: Ints) -> tuple[Objects, ...]:
        """Return the columns of assets that never change: id, name, path, kind."""
        tree, area = self._registry.tree, self._registry.asset_area[assets]
        return tuple(np.array(texts, dtype=object)[area] for texts in (tree.ids, tree.names, tree.paths, tree.kinds))

    def _charge(self) -> tuple[Floats, Floats]:
        simulation = self._simulation
        batteries, spot = simulation.community.batteries, simulation.spot
        used = np.full(len(simulation.community.kinds), np.nan)
        free = used.copy()
        charge = simulation.charge_kwh[:, simulation.slot]
        used[batteries.asset] = charge
        bought, sold = spot.bought_kwh[batteries.asset], spot.sold_kwh[batteries.asset]
        free[batteries.asset] = batteries.capacity_kwh - (charge - sold + bought)
        return used, free

    def _trades(self, part: Entries) -> Trades:
        community = self._simulation.community
        first, self._traded = self._traded, self._traded + len(part)
        ids = np.array(community.asset_ids, dtype=object)
        number = np.arange(first, self._traded)
        return Trades(
            np.array([f"trade-{one}" for one in number], dtype=object),
            np.where(part.is_spot, SPOT, SETTLEMENT).astype(object),
            np.array([community.slot_start(slot) for slot in part.slot.tolist()], dtype=object),
            ids[part.buyer],
            ids[part.seller],
            part.energy_kwh,
            part.buyer_rate,
            part.seller_rate,
            part.with_partner,
        )
