"""Assets: what an aggregator owns, with the state that the exchange reports for the running slot."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import attrs

from gridhook.arrays import Floats, Objects, floats, objects
from gridhook.tables import Table

__all__ = ["ASSET_KINDS", "LOAD", "PV", "SMART_METER", "STORAGE", "Asset", "Assets"]

LOAD = "load"
PV = "pv"
STORAGE = "storage"
SMART_METER = "smart-meter"

ASSET_KINDS = (LOAD, PV, STORAGE, SMART_METER)
"""The kinds of assets that can be traded for."""


class Asset(NamedTuple):
    """One row of :class:`Assets`, in plain Python values."""

    id: str
    name: str
    path: str
    kind: str
    energy_requirement_kwh: float
    available_energy_kwh: float
    energy_to_buy_kwh: float
    energy_to_sell_kwh: float
    energy_active_in_bids_kwh: float
    energy_active_in_offers_kwh: float
    free_storage_kwh: float
    used_storage_kwh: float
    energy_traded_kwh: float
    total_cost_cents: float


@attrs.frozen(eq=False)
class Assets(Table[Asset]):
    """The assets that this aggregator owns, one row each; what an exchange does not report is NaN, never missing.

    Energies are kWh of the running spot slot (PROTOCOL.md 3.8):

    ``id``, ``name``, ``path``, ``kind``
        texts; ``path`` is the names from the root, joined by ``/``; ``kind`` is one of :data:`ASSET_KINDS`.
    ``energy_requirement_kwh``
        what a load (or smart meter) still has to buy; not reduced by its open bids.
    ``available_energy_kwh``
        what a PV (or smart meter) still can sell; not reduced by its open offers.
    ``energy_to_buy_kwh``, ``energy_to_sell_kwh``
        what a storage can still buy and sell, open orders and trades already taken off.
    ``energy_active_in_bids_kwh``, ``energy_active_in_offers_kwh``
        energy in open orders.
    ``free_storage_kwh``, ``used_storage_kwh``
        a storage's room and charge.
    ``energy_traded_kwh``, ``total_cost_cents``
        sums over this slot's trades, bought and sold added together.
    """

    row_type: ClassVar[Any] = Asset

    id: Objects = attrs.field(converter=objects)
    name: Objects = attrs.field(converter=objects)
    path: Objects = attrs.field(converter=objects)
    kind: Objects = attrs.field(converter=objects)
    energy_requirement_kwh: Floats = attrs.field(converter=floats)
    available_energy_kwh: Floats = attrs.field(converter=floats)
    energy_to_buy_kwh: Floats = attrs.field(converter=floats)
    energy_to_sell_kwh: Floats = attrs.field(converter=floats)
    energy_active_in_bids_kwh: Floats = attrs.field(converter=floats)
    energy_active_in_offers_kwh: Floats = attrs.field(converter=floats)
    free_storage_kwh: Floats = attrs.field(converter=floats)
    used_storage_kwh: Floats = attrs.field(converter=floats)
    energy_traded_kwh: Floats = attrs.field(converter=floats)
    total_cost_cents: Floats = attrs.field(converter=floats)
