"""The commands of one area in a batch, one class per kind (PROTOCOL.md 4.2 to 4.4)."""

from gridhook.wire.commands.kinds import (
    AskAssetInfo,
    AskMarketStats,
    DeleteOrders,
    EnergyKind,
    ListOrders,
    OrderCommand,
    SendEnergy,
    SetGridFee,
    WireCommand,
    command_name,
)
from gridhook.wire.commands.reading import read_command, read_energies
from gridhook.wire.commands.writing import write_command, write_order_command

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
    "read_command",
    "read_energies",
    "write_command",
    "write_order_command",
]
