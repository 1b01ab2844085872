"""The answers to the commands of one area, one class per kind (PROTOCOL.md 4.4)."""

from gridhook.wire.answers.kinds import (
    SETTLEMENT_MARKET,
    SPOT_MARKET,
    Answer,
    AssetInfoAnswer,
    CommandFailed,
    EnergyTaken,
    FeeSet,
    ListedOrder,
    MarketStatsAnswer,
    OrdersDeleted,
    OrdersListed,
    OrderTaken,
)
from gridhook.wire.answers.reading import failure_message, read_answer
from gridhook.wire.answers.writing import write_answer

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
    "failure_message",
    "read_answer",
    "write_answer",
]
