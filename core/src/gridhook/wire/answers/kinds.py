"""The kinds of answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs
import pendulum

from gridhook.assets import Asset
from gridhook.wire.commands import EnergyKind
from gridhook.wire.orders import WireOrder
from gridhook.wire.stats import MarketReport

__all__ = [
    "SETTLEMENT_MARKET",
    "SPOT_MARKET",
    "Answer",
    "AssetInfoAnswer",
    "CommandFailed",
    "EnergyTaken",
    "FeeSet",
    "ListedOrder",
    "MarketStatsAnswer",
    "OrderTaken",
    "OrdersDeleted",
    "OrdersListed",
]

SPOT_MARKET = "Spot Market"
SETTLEMENT_MARKET = "Settlement Market"


@attrs.frozen
class OrderTaken:
    """A bid or an offer stands.

    ``area``
        id of the asset; so in all answers.
    ``order``
        as it stands now; the price of an offer includes the local grid fee.
    ``market_type``
        ``"Spot Market"``, ``"Settlement Market"`` or ``"Future Market"``.
    ``message``
        what was changed about it; empty for nothing.
    ``transaction``
        id of the batch, empty where it is not told; so in all answers.
    """

    area: str
    order: WireOrder
    market_type: str = SPOT_MARKET
    message: str = ""
    transaction: str = ""


@attrs.frozen
class OrdersDeleted:
    """These orders of ``side`` are deleted; none, if none were open."""

    area: str
    side: str
    order_ids: tuple[str, ...] = ()
    transaction: str = ""


@attrs.frozen
class ListedOrder:
    """One open order: cents for the whole (an offer's with the local grid fee), and kWh."""

    id: str
    price_cents: float
    energy_kwh: float


@attrs.frozen
class OrdersListed:
    """The asset's open orders of ``side``."""

    area: str
    side: str
    orders: tuple[ListedOrder, ...] = ()
    transaction: str = ""


@attrs.frozen
class AssetInfoAnswer:
    """The asset's state; after reading, name and path of ``asset`` are empty.

    ``deviations``
        kWh by slot as in :class:`~gridhook.grid.Deviations`, NaN for none; None where there is no settlement.
    """

    area: str
    asset: Asset
    deviations: Mapping[pendulum.DateTime, float] | None = None
    transaction: str = ""


@attrs.frozen
class FeeSet:
    """The fee that is configured now: ``constant`` in cents/kWh or ``percent`` in percentage points."""

    area: str
    constant: float | None = None
    percent: float | None = None
    transaction: str = ""


@attrs.frozen
class MarketStatsAnswer:
    """The figures of a market's last finished slot; None before there was one."""

    area: str
    name: str
    report: MarketReport | None = None
    transaction: str = ""


@attrs.frozen
class EnergyTaken:
    """Forecasts or measurements (kWh by slot) are taken."""

    area: str
    what: EnergyKind
    energy_kwh: Mapping[pendulum.DateTime, float]
    transaction: str = ""


@attrs.frozen
class CommandFailed:
    """A command was refused.

    ``command``
        its ``type``; empty if it had none.
    ``message``
        the reason, for people.
    ``market_type``
        of a refused order, as far as it is known; empty otherwise.
    """

    command: str
    message: str
    area: str = ""
    transaction: str = ""
    market_type: str = ""


Answer: TypeAlias = (
    OrderTaken
    | OrdersDeleted
    | OrdersListed
    | AssetInfoAnswer
    | FeeSet
    | MarketStatsAnswer
    | EnergyTaken
    | CommandFailed
)
