"""Commands: what the agent wants done. All but :class:`Notify` go to the exchange, one batch per event."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeAlias

import attrs
import pendulum

from gridhook.arrays import Bools, Floats, Objects, bools, floats, objects
from gridhook.events import Notice
from gridhook.orders import Energies, Requirement
from gridhook.tables import Table

__all__ = [
    "AskMarketStats",
    "Batch",
    "ClaimAreas",
    "Command",
    "ExchangeCommand",
    "Notify",
    "OrderLine",
    "OrderLines",
    "PlaceOrders",
    "SendForecasts",
    "SendMeasurements",
    "SetGridFees",
    "WithdrawOrders",
]


@attrs.frozen
class ClaimAreas:
    """Take control of these assets and markets, and of no others.

    ``names``
        those of which the exchange has to be asked for the id first.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class SendForecasts:
    """Forecasts: float64 (assets, slots) in kWh; NaN where there is none."""

    assets: tuple[str, ...]
    slots: tuple[pendulum.DateTime, ...]
    energy_kwh: Energies = attrs.field(converter=floats)


@attrs.frozen(eq=False)
class SendMeasurements:
    """Measurements: float64 (assets, slots) in kWh; NaN where there is none."""

    assets: tuple[str, ...]
    slots: tuple[pendulum.DateTime, ...]
    energy_kwh: Energies = attrs.field(converter=floats)


class OrderLine(NamedTuple):
    """One row of :class:`OrderLines`."""

    asset: str
    side: str
    slot: pendulum.DateTime
    rate: float
    energy_kwh: float
    replace: bool


@attrs.frozen(eq=False)
class OrderLines(Table[OrderLine]):
    """Orders to place, one row each.

    ``slot``
        the running slot for spot orders, an ended one for settlement orders.
    ``rate``
        cents/kWh, finite and >= 0.
    ``replace``
        whether the asset's open orders of this side and slot are deleted first.
    """

    row_type: ClassVar[Any] = OrderLine

    asset: Objects = attrs.field(converter=objects)
    side: Objects = attrs.field(converter=objects)
    slot: Objects = attrs.field(converter=objects)
    rate: Floats = attrs.field(converter=floats)
    energy_kwh: Floats = attrs.field(converter=floats)
    replace: Bools = attrs.field(converter=bools)


@attrs.frozen(eq=False)
class PlaceOrders:
    """Orders with, per row that has any, alternative requirements and the type of the offered energy."""

    lines: OrderLines
    requirements: Mapping[int, tuple[Requirement, ...]] = MappingProxyType({})
    energy_types: Mapping[int, str] = MappingProxyType({})


@attrs.frozen(eq=False)
class WithdrawOrders:
    """Delete all open orders of these assets, sides and slots; three columns of equal length."""

    asset: Objects = attrs.field(converter=objects)
    side: Objects = attrs.field(converter=objects)
    slot: Objects = attrs.field(converter=objects)


@attrs.frozen
class AskMarketStats:
    """Ask for the figures of these markets' last finished slot; they come with the answer to the batch."""

    markets: tuple[str, ...]


@attrs.frozen(eq=False)
class SetGridFees:
    """Fees of markets from the next slot on, cents/kWh; NaN leaves a market's fee as it is."""

    markets: tuple[str, ...]
    rates: Floats = attrs.field(converter=floats)


@attrs.frozen
class Notify:
    """Tell observers, log and report about ``notice``; nothing goes to the exchange."""

    notice: Notice


ExchangeCommand: TypeAlias = (
    ClaimAreas | SendForecasts | SendMeasurements | PlaceOrders | WithdrawOrders | AskMarketStats | SetGridFees
)


@attrs.frozen
class Batch:
    """The commands of one event, to be executed in this order and answered together.

    ``transaction`` counts the batches of a session from 1; the answer repeats it.
    """

    transaction: int
    commands: tuple[ExchangeCommand, ...]


Command: TypeAlias = Batch | Notify
