"""Finding what settings or files say about a market, and saying once where they say nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TypeVar

from gridhook.market import MarketRow

__all__ = ["Sayer", "find"]

_log = logging.getLogger(__name__)

T = TypeVar("T")


def find(by_market: Mapping[str, T], market: MarketRow) -> T | None:
    """Return what is there for a market under its path, else under its name; None for nothing."""
    return by_market.get(market.path, by_market.get(market.name))


class Sayer:
    """Warns of markets whose fees stay as they are: of each once for each reason, however often it is so."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()

    def say(self, reason: str, markets: Iterable[MarketRow], message: str) -> None:
        """Log a message, with the markets put in, if there are some of which it was not said yet.

        :param message: ``%s`` is where the markets stand.
        """
        paths = [market.path for market in markets if (reason, market.path) not in self._said]
        if paths:
            self._said.update((reason, path) for path in paths)
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            _log.warning("%s; these fees stay as they are", message % f"{paths[0]}{more}")
