"""The kinds of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs
import pendulum

from gridhook.orders import Requirement

__all__ = [
    "AskAssetInfo",
    "AskMarketStats",
    "DeleteOrders",
    "EnergyKind",
    "ListOrders",
    "OrderCommand",
    "SendEnergy",
    "SetGridFee",
    "WireCommand",
    "command_name",
]

EnergyKind: TypeAlias = Literal["forecast", "measurement"]


@attrs.frozen
class OrderCommand:
    """Post a bid or an offer: ``bid``, ``offer``.

    ``energy_kwh``, ``price_cents``
        kWh and cents for the whole order, both >= 0.
    ``replace``
        whether the asset's open orders of this side and slot are deleted first.
    ``slot``
        None for the running slot.
    ``requirements``
        alternatives, of which a trade has to meet one; empty: anything goes.
    ``energy_type``
        kind of the offered energy; empty: not told.
    """

    side: str
    energy_kwh: float
    price_cents: float
    replace: bool = True
    slot: pendulum.DateTime | None = None
    requirements: tuple[Requirement, ...] = ()
    energy_type: str = ""


@attrs.frozen
class DeleteOrders:
    """Delete one open order of an asset, or all of this side and slot: ``delete_bid``, ``delete_offer``.

    A GSy exchange does not see the id where its SDK puts it, and deletes all (PROTOCOL.md 4.4).
    """

    side: str
    order_id: str | None = None
    slot: pendulum.DateTime | None = None


@attrs.frozen
class ListOrders:
    """List the asset's open orders of this side and slot: ``list_bids``, ``list_offers``."""

    side: str
    slot: pendulum.DateTime | None = None


@attrs.frozen
class AskAssetInfo:
    """Ask for the asset's state: ``device_info``."""


@attrs.frozen
class SetGridFee:
    """Set a market's grid fee from its next slot on: ``grid_fees``.

    ``constant`` in cents/kWh, ``percent`` in percentage points; the one that the exchange does not use is None.
    """

    constant: float | None = None
    percent: float | None = None


@attrs.frozen
class AskMarketStats:
    """Ask for a market's figures of the last finished slot: ``dso_market_stats``."""


@attrs.frozen
class SendEnergy:
    """Forecasts or measurements, kWh >= 0 per slot: ``set_energy_forecast``, ``set_energy_measurement``."""

    what: EnergyKind
    energy_kwh: Mapping[pendulum.DateTime, float]


WireCommand: TypeAlias = (
    OrderCommand | DeleteOrders | ListOrders | AskAssetInfo | SetGridFee | AskMarketStats | SendEnergy
)


def command_name(command: WireCommand) -> str:
    """Return the ``type`` of a command on the wire, such as ``"delete_bid"``."""
    match command:
        case OrderCommand(side=side):
            name = side
        case DeleteOrders(side=side):
            name = f"delete_{side}"
        case ListOrders(side=side):
            name = f"list_{side}s"
        case AskAssetInfo():
            name = "device_info"
        case SetGridFee():
            name = "grid_fees"
        case AskMarketStats():
            name = "dso_market_stats"
        case SendEnergy(what=what):
            name = f"set_energy_{what}"
    return name
