"""Writing commands."""

from __future__ import annotations

from typing import Any

from gridhook.orders import Requirement
from gridhook.wire.commands.kinds import (
    AskAssetInfo,
    AskMarketStats,
    DeleteOrders,
    ListOrders,
    OrderCommand,
    SendEnergy,
    SetGridFee,
    WireCommand,
    command_name,
)
from gridhook.wire.commands.requirements import write_requirements
from gridhook.wire.times import format_slot

__all__ = ["write_command", "write_order_command"]


def write_command(command: WireCommand) -> dict[str, Any]:
    """Return a command as JSON, as the SDK's methods write it (PROTOCOL.md 4.3)."""
    value: dict[str, object] = {"type": command_name(command)}
    match command:
        case OrderCommand():
            return write_order_command(
                command.side,
                command.energy_kwh,
                command.price_cents,
                command.replace,
                None if command.slot is None else format_slot(command.slot),
                command.requirements,
                command.energy_type,
            )
        case DeleteOrders(side=side):
            value[f"{side}_id"] = command.order_id
            value["time_slot"] = None if command.slot is None else format_slot(command.slot)
        case ListOrders():
            value["time_slot"] = None if command.slot is None else format_slot(command.slot)
        case SetGridFee():
            fees = {"fee_const": command.constant, "fee_percent": command.percent}
            value["data"] = {key: fee for key, fee in fees.items() if fee is not None}
        case AskMarketStats():
            value["data"] = {}
        case SendEnergy(what=what):
            value[f"energy_{what}"] = {format_slot(slot): energy for slot, energy in command.energy_kwh.items()}
        case AskAssetInfo():
            pass
    return value


def write_order_command(
    side: str,
    energy_kwh: float,
    price_cents: float,
    replace: bool,  # noqa: FBT001
    time_slot: str | None = None,
    requirements: tuple[Requirement, ...] = (),
    energy_type: str = "",
) -> dict[str, Any]:
    """Return an order as JSON, given what an :class:`OrderCommand` holds; ``time_slot`` as it goes out."""
    value: dict[str, object] = {
        "type": side,
        "energy": energy_kwh,
        "price": price_cents,
        "replace_existing": replace,
        "time_slot": time_slot,
    }
    if requirements:
        value["requirements"] = write_requirements(requirements, energy_kwh, side)
    if energy_type:
        value["attributes"] = {"energy_type": energy_type}
    return value
