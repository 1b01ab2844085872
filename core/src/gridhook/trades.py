"""Trades as an aggregator sees them."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import attrs
import pendulum

from gridhook.arrays import Bools, Floats, Objects, bools, floats, objects
from gridhook.tables import Table

__all__ = ["SETTLEMENT", "SPOT", "Trade", "Trades"]

SPOT = "spot"
SETTLEMENT = "settlement"


class Trade(NamedTuple):
    """One row of :class:`Trades`, in plain Python values."""

    id: str
    market: str
    slot: pendulum.DateTime
    buyer: str
    seller: str
    energy_kwh: float
    buyer_rate: float
    seller_rate: float
    with_partner: bool


@attrs.frozen(eq=False)
class Trades(Table[Trade]):
    """Trades in which at least one own asset took part, one row each.

    ``market``
        ``"spot"`` or ``"settlement"``.
    ``slot``
        start of the slot in which the energy flows.
    ``buyer``, ``seller``
        ids of the assets; empty where the exchange does not tell the counterpart.
    ``buyer_rate``, ``seller_rate``
        cents/kWh that the buyer pays and the seller keeps; their difference is the grid fees.
    ``with_partner``
        whether the trade met a requirement that names partners.
    """

    row_type: ClassVar[Any] = Trade

    id: Objects = attrs.field(converter=objects)
    market: Objects = attrs.field(converter=objects)
    slot: Objects = attrs.field(converter=objects)
    buyer: Objects = attrs.field(converter=objects)
    seller: Objects = attrs.field(converter=objects)
    energy_kwh: Floats = attrs.field(converter=floats)
    buyer_rate: Floats = attrs.field(converter=floats)
    seller_rate: Floats = attrs.field(converter=floats)
    with_partner: Bools = attrs.field(converter=bools)
