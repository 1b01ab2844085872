"""Results: what happened in a simulation, as rows of the files that ``--report`` writes."""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Floats, Ints, sums
from gridhook.assets import ASSET_KINDS
from gridhook.results import AssetRow, ResultsWriter, TradeRow
from gridhook.trades import SETTLEMENT, SPOT
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.registry import Registry
from gridhook_exchange.service.exchange import Exchange
from gridhook_exchange.service.figures import summary
from gridhook_exchange.service.ids import Ids

__all__ = ["asset_rows", "trade_rows", "write_results"]


def write_results(exchange: Exchange, writer: ResultsWriter) -> None:
    """Write what has happened so far; nothing if the exchange keeps no orders.

    :raises GridhookError: it cannot be written.
    """
    if exchange.orders is None:
        return
    simulation, registry = exchange.simulation, exchange.registry
    writer.write(
        trade_rows(simulation, registry, exchange.ids),
        exchange.orders.rows,
        asset_rows(simulation, registry),
        summary(simulation, exchange.orders),
    )


def trade_rows(simulation: Simulation, registry: Registry, ids: Ids) -> list[TradeRow]:
    """Return all trades, in the order in which they happened."""
    community, entries = simulation.community, simulation.ledger.entries()
    paths = _paths(registry)
    columns = (
        entries.bid,
        entries.offer,
        entries.is_spot,
        entries.slot,
        entries.buyer,
        entries.seller,
        entries.energy_kwh,
        entries.buyer_rate,
        entries.seller_rate,
        entries.with_partner,
    )
    return [
        TradeRow(
            ids.trade(bid, offer),
            SPOT if is_spot else SETTLEMENT,
            community.slot_start(slot).isoformat(),
            paths[buyer],
            paths[seller],
            *rest,
        )
        for bid, offer, is_spot, slot, buyer, seller, *rest in zip(*map(np.ndarray.tolist, columns), strict=True)
    ]


def asset_rows(simulation: Simulation, registry: Registry) -> list[AssetRow]:
    """Return what each asset traded for each slot that has begun, by slot and path; without the market maker."""
    community, entries = simulation.community, simulation.ledger.entries()
    assets, slots = len(community.kinds), simulation.slot + 1
    bought = _per_slot(entries.buyer, entries.slot, entries.energy_kwh, assets, slots)
    sold = _per_slot(entries.seller, entries.slot, entries.energy_kwh, assets, slots)
    paid = _per_slot(entries.buyer, entries.slot, entries.energy_kwh * entries.buyer_rate, assets, slots)
    received = _per_slot(entries.seller, entries.slot, entries.energy_kwh * entries.seller_rate, assets, slots)
    settled = _settled(entries, assets, slots)
    paths = _paths(registry)
    rows = [
        AssetRow(
            community.slot_start(slot).isoformat(),
            paths[asset],
            kind,
            *(float(table[asset, slot]) for table in (bought, sold, paid, received, settled)),
        )
        for slot in range(slots)
        for asset, kind in enumerate(community.kinds)
        if kind in ASSET_KINDS
    ]
    return sorted(rows)


def _settled(entries: Entries, assets: int, slots: int) -> Floats:
    energy = np.where(entries.is_spot, 0.0, entries.energy_kwh)
    bought = _per_slot(entries.buyer, entries.slot, energy, assets, slots)
    return bought + _per_slot(entries.seller, entries.slot, energy, assets, slots)


def _per_slot(asset: Ints, slot: Ints, amount: Floats, assets: int, slots: int) -> Floats:
    return sums(asset * slots + slot, amount, assets * slots).reshape(assets, slots)


def _paths(registry: Registry) -> list[str]:
    """Return the path of each asset by its number."""
    return [registry.tree.paths[area] for area in registry.asset_area.tolist()]
