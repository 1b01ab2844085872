"""Telling: the events of the market as each aggregator is told them (PROTOCOL.md 3.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

from gridhook.arrays import Bools, Ints
from gridhook.events import SlotOpened, Ticked
from gridhook.grid import Grid
from gridhook.wire.events import write_market_event, write_tick_event, write_trade_event
from gridhook.wire.trees import LastSlot, write_grid_tree
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.registry import Registry
from gridhook_exchange.service.ids import Ids
from gridhook_exchange.service.trading import trade_entries
from gridhook_exchange.view import View

__all__ = ["Teller"]


class Teller:
    """Writes events for aggregators, by what each of them sees.

    :param simulation: what happens.
    :param registry: its markets and assets as clients see them.
    :param ids: what orders and trades are called.
    """

    def __init__(self, simulation: Simulation, registry: Registry, ids: Ids, simulation_id: str) -> None:
        self._simulation = simulation
        self._registry = registry
        self._ids = ids
        self._simulation_id = simulation_id
        self._views: dict[str, View] = {}
        self._hidden: dict[frozenset[str], Bools] = {}

    def show(self, aggregator: str, assets: Ints, own: frozenset[str]) -> None:
        """Let an aggregator see these assets, by ascending numbers, and the statistics that concern its own areas."""
        if own not in self._hidden:
            self._hidden[own] = ~_concerned(self._simulation.community, own)
        view = self._view(aggregator)
        view.show(assets)
        view.hide(self._hidden[own])

    def forget(self, aggregator: str) -> None:
        """Forget what an aggregator sees."""
        self._views.pop(aggregator, None)

    def market_events(self, aggregator: str, tick: int) -> Iterator[dict[str, Any]]:
        """Yield what is told at a tick of the slot: at the first that it began, and to who has assets each time."""
        simulation = self._simulation
        community = simulation.community
        view = self._view(aggregator)
        grid = view.grid()
        tree = self._grid_tree(view, grid)
        opened = SlotOpened(
            slot=community.slot_start(simulation.slot),
            slot_length=community.slot_length,
            grid=grid,
            feed_in_rate=float(community.feed_in_rate[simulation.slot]),
            market_maker_rate=float(community.retail_rate[simulation.slot]),
            progress=tick / community.rules.ticks_per_slot,
        )
        if tick == 0:
            yield write_market_event(opened, tree, self._simulation_id)
        if len(view.assets):
            yield write_tick_event(Ticked(**attrs.asdict(opened, recurse=False)), tree, self._simulation_id)

    def trade_event(self, aggregator: str, parts: list[Entries]) -> dict[str, Any] | None:
        """Return what an aggregator is told about trades; None if none was its own."""
        view = self._view(aggregator)
        simulation = self._simulation
        own = np.zeros(len(simulation.community.kinds), dtype=np.bool_)
        own[view.assets] = True
        chosen = [part.take(own[part.buyer] | own[part.seller]) for part in parts]
        entries = [entry for part in chosen if len(part) for entry in trade_entries(simulation, self._ids, part, own)]
        if not entries:
            return None
        community, slot = simulation.community, simulation.slot
        return write_trade_event(
            entries,
            simulation_id=self._simulation_id,
            grid_tree=self._grid_tree(view, view.grid()),
            feed_in_rate=float(community.feed_in_rate[slot]),
            market_maker_rate=float(community.retail_rate[slot]),
        )

    def _view(self, aggregator: str) -> View:
        if aggregator not in self._views:
            self._views[aggregator] = View(self._simulation, self._registry)
        return self._views[aggregator]

    def _grid_tree(self, view: View, grid: Grid) -> dict[str, Any]:
        simulation = self._simulation
        energy_and_cost = simulation.last_traded
        last = None if energy_and_cost is None else LastSlot(*(column[view.assets] for column in energy_and_cost))
        settlement = simulation.community.rules.settlement_slots > 0
        return write_grid_tree(grid, last, settlement=settlement)


def _concerned(community: Community, own: frozenset[str]) -> Bools:
    """Return per market whether any of these areas is it or is inside it: others' homes are theirs alone to see."""
    markets = [number for area, number in community.market_numbers.items() if area in own]
    homes = community.tree.home[[number for area, number in community.asset_numbers.items() if area in own]]
    above = community.tree.ancestor[:, [*markets, *homes.tolist()]]
    seen = np.zeros(len(community.market_ids), dtype=np.bool_)
    seen[above[above >= 0]] = True
    return seen
