"""Writing the grid tree of an event (PROTOCOL.md 3.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from gridhook.arrays import Floats, floats
from gridhook.grid import MARKET, Grid, MarketStats
from gridhook.wire.assetinfo import write_asset_info
from gridhook.wire.stats import TRADE_FIGURES
from gridhook.wire.times import format_slot

__all__ = ["FEES", "LastSlot", "write_grid_tree"]

FEES = {"last_market_fee": "last_market_fee", "current_market_fee": "current_market_fee"}
"""By key of JSON the column of :class:`~gridhook.grid.Grid`."""


@attrs.frozen(eq=False)
class LastSlot:
    """What the own assets traded in the last finished slot, rows as in ``Grid.assets``: kWh and cents."""

    energy_kwh: Floats = attrs.field(converter=floats)
    cost_cents: Floats = attrs.field(converter=floats)


def write_grid_tree(grid: Grid, last_slot: LastSlot | None = None, *, settlement: bool = False) -> dict[str, Any]:
    """Return a grid as JSON, nested by id from the root; empty for a grid without areas.

    Markets have fees (null for NaN), and bills and trade figures once a slot has finished
    (``grid.last_market_stats``). Bills are empty. The assets in ``grid.assets`` have their state, all other areas
    only their name.

    :param last_slot: a :class:`~gridhook.grid.Grid` does not hold it; None: nothing was traded.
    :param settlement: whether deviations are told even if no settlement market is open.
    """
    tree = grid.tree
    nodes: list[dict[str, object]] = [{} for _ in range(len(tree))]
    # Filled first, so that the keys stand in the original's order.
    for area, node in zip(
        tree.positions(grid.assets.id).tolist(), _asset_nodes(grid, last_slot, settlement), strict=True
    ):
        nodes[area] = node
    areas = [area for area, kind in enumerate(tree.kinds) if kind == MARKET]
    for area, node in zip(areas, _market_nodes(grid, areas), strict=True):
        nodes[area] = node
    children: list[dict[str, object]] = [{} for _ in nodes]
    roots: dict[str, object] = {}
    for area, (node, parent) in enumerate(zip(nodes, tree.parents.tolist(), strict=True)):
        node["area_name"] = tree.names[area]
        if tree.kinds[area] == MARKET:
            node["children"] = children[area]
        (roots if parent < 0 else children[parent])[tree.ids[area]] = node
    return roots


def _market_nodes(grid: Grid, areas: list[int]) -> list[dict[str, object]]:
    fees = {key: _nulls(getattr(grid, name)[areas]) for key, name in FEES.items()}
    rows = [dict(zip(fees, row, strict=True)) for row in zip(*fees.values(), strict=True)]
    if grid.last_market_stats is None:
        return rows
    statistics = _statistics(grid.last_market_stats, areas)
    return [
        {
            "last_market_bill": {"accumulated_trades": {}, "external_trades": {}},
            "last_market_stats": figures,
            **row,
        }
        for figures, row in zip(statistics, rows, strict=True)
    ]


def _statistics(statistics: MarketStats, areas: list[int]) -> list[dict[str, object]]:
    columns = [_nulls(getattr(statistics, name)[areas]) for name in TRADE_FIGURES.values()]
    return [dict(zip(TRADE_FIGURES, row, strict=True)) for row in zip(*columns, strict=True)]


def _asset_nodes(grid: Grid, last_slot: LastSlot | None, settlement: bool) -> list[dict[str, object]]:  # noqa: FBT001
    assets, deviations = grid.assets, grid.deviations
    slots = [format_slot(slot) for slot in deviations.slots]
    told: list[Mapping[str, float | None] | None] = [None] * len(assets)
    if slots:
        rows = zip(*(_nulls(column) for column in deviations.energy_kwh.T), strict=True)
        told = [dict(zip(slots, row, strict=True)) for row in rows]
    elif settlement:
        told = [{} for _ in told]
    nothing = np.zeros(len(assets))
    energy = nothing if last_slot is None else last_slot.energy_kwh
    cost = nothing if last_slot is None else last_slot.cost_cents
    return [
        {
            "asset_info": write_asset_info(asset, told[row]),
            "last_slot_asset_info": {"energy_traded": traded, "total_cost": paid},
            "asset_bill": None,
        }
        for row, (asset, traded, paid) in enumerate(zip(assets, _nulls(energy), _nulls(cost), strict=True))
    ]


def _nulls(column: Floats) -> list[float | None]:
    """Return a column for JSON: null for NaN."""
    values: list[float | None] = column.tolist()
    for row in np.flatnonzero(np.isnan(column)).tolist():
        values[row] = None
    return values
