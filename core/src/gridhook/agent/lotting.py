"""From assets to lots: which rows there are, and how much energy each has now."""

from __future__ import annotations

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Bools, Floats, Ints, Objects
from gridhook.assets import LOAD, PV, SMART_METER, STORAGE, Assets
from gridhook.grid import Grid
from gridhook.lots import BID, DUST_KWH, OFFER, Lots
from gridhook.tables import concatenate

__all__ = ["KeyedLots", "deviation_lots", "spot_lots"]


@attrs.frozen(eq=False)
class KeyedLots:
    """Lots, and per lot where its standing orders are kept.

    ``key``
        2 x (row of the asset) + (0 for bids, 1 for offers).
    ``slot``
        position of the lot's slot among the open ones, ``Standing.slots``.
    """

    lots: Lots
    key: Ints
    slot: Ints

    def __len__(self) -> int:
        return len(self.lots)

    def take(self, index: Ints | Bools) -> KeyedLots:
        """Return the selected rows."""
        return KeyedLots(self.lots.take(index), self.key[index], self.slot[index])

    def and_(self, other: KeyedLots) -> KeyedLots:
        """Return the rows of both."""
        return KeyedLots(
            concatenate(self.lots, other.lots),
            np.concatenate((self.key, other.key)),
            np.concatenate((self.slot, other.slot)),
        )


def spot_lots(grid: Grid, slot: pendulum.DateTime, fees: Floats, open_rates: Floats) -> KeyedLots:
    """Return the lots of the running slot: loads bid, PVs offer, storages and smart meters do both.

    :param fees: per asset, the grid fee to the market maker, cents/kWh.
    :param open_rates: float64 (slots, keys), the running slot last: rates of the open orders; NaN where none or
        several stand.
    """
    assets = grid.assets
    stored = assets.kind == STORAGE
    both = stored | (assets.kind == SMART_METER)
    bids, offers = both | (assets.kind == LOAD), both | (assets.kind == PV)
    key = np.column_stack((bids, offers)).ravel().nonzero()[0]
    buy = np.where(
        stored,
        _sum(assets.energy_to_buy_kwh, assets.energy_active_in_bids_kwh),
        assets.energy_requirement_kwh,
    )
    sell = np.where(
        stored,
        _sum(assets.energy_to_sell_kwh, assets.energy_active_in_offers_kwh),
        assets.available_energy_kwh,
    )
    active = np.column_stack((assets.energy_active_in_bids_kwh, assets.energy_active_in_offers_kwh))
    energy = np.nan_to_num(np.column_stack((buy, sell)).ravel()[key])
    lots = _lots(assets, key, _same(slot, len(key)), energy, fees, active.ravel()[key], open_rates[-1, key])
    return KeyedLots(lots, key, np.full(len(key), len(open_rates) - 1))


def deviation_lots(grid: Grid, fees: Floats, open_rates: Floats) -> KeyedLots:
    """Return the lots of ended slots: a positive deviation is bid for, a negative one is offered (PROTOCOL.md 7).

    :param fees: as for :func:`spot_lots`.
    :param open_rates: as for :func:`spot_lots`; its first rows are the slots of ``grid.deviations``.
    """
    assets, deviations = grid.assets, grid.deviations
    energy = np.nan_to_num(deviations.energy_kwh).reshape(len(assets), len(deviations.slots))
    position, row = np.nonzero(np.abs(energy.T) > DUST_KWH)
    signed = energy[row, position]
    key = 2 * row + (signed < 0)
    slot = np.empty(len(key), dtype=object)
    slot[:] = [deviations.slots[one] for one in position.tolist()]
    unknown = np.full(len(key), np.nan)
    lots = _lots(assets, key, slot, np.abs(signed), fees, unknown, open_rates[position, key])
    return KeyedLots(lots, key, position)


def _lots(
    assets: Assets, key: Ints, slot: Objects, energy: Floats, fees: Floats, active: Floats, open_rate: Floats
) -> Lots:
    row = key // 2
    return Lots(
        asset=assets.id[row],
        name=assets.name[row],
        path=assets.path[row],
        kind=assets.kind[row],
        side=np.array([BID, OFFER], dtype=object)[key % 2],
        slot=slot,
        energy_kwh=energy,
        grid_fee=fees[row],
        used_storage_kwh=assets.used_storage_kwh[row],
        free_storage_kwh=assets.free_storage_kwh[row],
        energy_active_kwh=active,
        open_rate=open_rate,
    )


def _sum(free: Floats, active: Floats) -> Floats:
    return np.where(np.isnan(free), 0.0, free) + np.where(np.isnan(active), 0.0, active)


def _same(slot: pendulum.DateTime, count: int) -> Objects:
    column = np.empty(count, dtype=object)
    column.fill(slot)
    return column
