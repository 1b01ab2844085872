"""Messages: what the exchange says, and on which channel."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Message"]

_MARKET_EVENTS = frozenset({"market", "tick", "trade", "finish"})


@attrs.frozen
class Message:
    """Something to say on a channel, which is the uuid of an aggregator or of an area."""

    channel: str
    content: dict[str, Any]

    @property
    def is_market_event(self) -> bool:
        """Whether it tells what happens on the market; all else answers somebody."""
        return self.content.get("event") in _MARKET_EVENTS
