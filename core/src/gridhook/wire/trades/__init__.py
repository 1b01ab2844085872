"""The entries of a trade event, and the trades that they tell of (PROTOCOL.md 3.7)."""

from gridhook.wire.trades.entries import (
    ANONYMOUS,
    TradeEntry,
    read_trade_entries,
    read_trade_entry,
    write_trade_entry,
)
from gridhook.wire.trades.sides import join_entries, split_trades

__all__ = [
    "ANONYMOUS",
    "TradeEntry",
    "join_entries",
    "read_trade_entries",
    "read_trade_entry",
    "split_trades",
    "write_trade_entry",
]
