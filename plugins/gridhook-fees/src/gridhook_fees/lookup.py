"""Finding what settings or files say about a market, and saying once where they say nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TypeVar

from gridhook.market import MarketRow

__all__ = ["Sayer", "find"]

_log = logging.getLogger(__name__)

T = TypeVar("T")


def find(by_market: Mapping[str, T], market: MarketRow) -> T | None:
    """Return what is there for a market under its path, else under its name; None for nothing."""
    return by_market.get(market.path, by_market.get(market.name))


class Sayer:
    """Warns of each thing once, however often it is so."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, about: str, message: str) -> None:
        """Log a message, if nothing was said about this yet."""
        if about not in self._said:
            self._said.add(about)
            _log.warning("%s", message)
