"""Lots: what can be bid or offered now, one row per asset and side."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import attrs
import pendulum

from gridhook.arrays import Floats, Objects, floats, objects
from gridhook.tables import Table

__all__ = ["BID", "DUST_KWH", "OFFER", "SIDES", "Lot", "Lots"]

BID = "bid"
OFFER = "offer"
SIDES = (BID, OFFER)

DUST_KWH = 2e-5
"""Energies up to this are nothing: the exchange's own tolerance (PROTOCOL.md 0.4)."""


class Lot(NamedTuple):
    """One row of :class:`Lots`, in plain Python values."""

    asset: str
    name: str
    path: str
    kind: str
    side: str
    slot: pendulum.DateTime
    energy_kwh: float
    grid_fee: float
    used_storage_kwh: float
    free_storage_kwh: float
    energy_active_kwh: float
    open_rate: float


@attrs.frozen(eq=False)
class Lots(Table[Lot]):
    """Energy that can be bid or offered now. A storage is two rows, one per side.

    ``asset``, ``name``, ``path``, ``kind``
        texts: the asset's id, name, path from the root and kind (``load``, ``pv``, ``storage``, ``smart-meter``).
    ``side``
        ``"bid"`` (buys) or ``"offer"`` (sells).
    ``slot``
        start of the slot in which the energy flows (UTC): the running slot, or an ended one for deviations.
    ``energy_kwh``
        all that may stand in orders at once, in kWh; what is in open orders is included, since an answer replaces them.
    ``grid_fee``
        sum of the grid fees between the asset and the market maker, cents/kWh (PROTOCOL.md 5).
    ``used_storage_kwh``, ``free_storage_kwh``
        charge and room of a storage; NaN for the others.
    ``energy_active_kwh``
        energy in this lot's open orders, as the exchange reports it; NaN where it does not.
    ``open_rate``
        rate of this lot's open order, cents/kWh; NaN when none stands, several do, or it is unknown.
    """

    row_type: ClassVar[Any] = Lot

    asset: Objects = attrs.field(converter=objects)
    name: Objects = attrs.field(converter=objects)
    path: Objects = attrs.field(converter=objects)
    kind: Objects = attrs.field(converter=objects)
    side: Objects = attrs.field(converter=objects)
    slot: Objects = attrs.field(converter=objects)
    energy_kwh: Floats = attrs.field(converter=floats)
    grid_fee: Floats = attrs.field(converter=floats)
    used_storage_kwh: Floats = attrs.field(converter=floats)
    free_storage_kwh: Floats = attrs.field(converter=floats)
    energy_active_kwh: Floats = attrs.field(converter=floats)
    open_rate: Floats = attrs.field(converter=floats)
