"""The market as a strategy sees it at one moment, and the markets as their operator sees them."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Floats, Objects, floats, objects
from gridhook.grid import FeeType, Grid
from gridhook.tables import Table

__all__ = ["Market", "MarketRow", "Markets", "Throughput"]


@attrs.frozen(eq=False)
class Market:
    """What all lots have in common now.

    ``slot``
        start of the running slot, UTC.
    ``progress``
        share of the slot that has passed, 0 <= progress < 1.
    ``slot_length``
        length of a slot.
    ``feed_in_rate``, ``market_maker_rate``
        what the grid pays and asks, cents/kWh; NaN while unknown.
    ``grid``
        all areas, the last market statistics and the own assets' state; read-only.
    """

    slot: pendulum.DateTime
    progress: float
    slot_length: pendulum.Duration
    feed_in_rate: float
    market_maker_rate: float
    grid: Grid

    def grid_fee(self, start: str, target: str | None = None, fee_type: FeeType = "current_market_fee") -> float:
        """Return the grid fee between two areas in cents/kWh; see :meth:`Grid.grid_fee`."""
        return self.grid.grid_fee(start, target, fee_type)


class Throughput(NamedTuple):
    """What came into a market in a slot, and what left it, kWh."""

    imported_kwh: float
    exported_kwh: float


class MarketRow(NamedTuple):
    """One row of :class:`Markets`, in plain Python values."""

    id: str
    name: str
    path: str
    current_market_fee: float
    last_market_fee: float
    total_traded_energy_kwh: float
    imported_kwh: float
    exported_kwh: float


def _unknown(markets: Markets) -> Floats:
    return np.full(len(markets.id), np.nan)


@attrs.frozen(eq=False)
class Markets(Table[MarketRow]):
    """The markets that this aggregator operates, one row each.

    ``current_market_fee``, ``last_market_fee``
        cents/kWh: configured now, and used in the last finished slot; NaN where there is none.
    ``total_traded_energy_kwh``
        traded in the last finished slot; NaN before there was one.
    ``imported_kwh``, ``exported_kwh``
        what came into the market and what left it in the slot before the last finished one: the exchange tells a
        slot's only with the answer to the next slot's batch. NaN where it did not tell.
    """

    row_type: ClassVar[Any] = MarketRow

    id: Objects = attrs.field(converter=objects)
    name: Objects = attrs.field(converter=objects)
    path: Objects = attrs.field(converter=objects)
    current_market_fee: Floats = attrs.field(converter=floats)
    last_market_fee: Floats = attrs.field(converter=floats)
    total_traded_energy_kwh: Floats = attrs.field(converter=floats)
    imported_kwh: Floats = attrs.field(converter=floats, default=attrs.Factory(_unknown, takes_self=True))
    exported_kwh: Floats = attrs.field(converter=floats, default=attrs.Factory(_unknown, takes_self=True))
