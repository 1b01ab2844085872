"""Transports: what carries messages to an exchange and back, without knowing what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from gridhook.commands import SendForecasts, SendMeasurements
from gridhook.errors import ExchangeError
from gridhook.events import Refused
from gridhook.grid import Tree

__all__ = ["ConnectionBrokenError", "Joined", "RequestRefusedError", "Transport"]


class ConnectionBrokenError(ExchangeError):
    """The stream of messages ended."""


class RequestRefusedError(ExchangeError):
    """The exchange answered a request with no: surely nothing was done."""


@attrs.frozen(eq=False)
class Joined:
    """What a new connection starts with.

    ``aggregator``
        its uuid; a new one where the exchange has forgotten the old.
    ``tree``
        the registry.
    ``held``
        ids of the areas that this aggregator has.
    ``is_lockstep``
        whether the exchange waits for a batch after each market event, an empty one if there is nothing to do.
    """

    aggregator: str
    tree: Tree
    held: frozenset[str] = frozenset()
    is_lockstep: bool = False


class Transport(Protocol):
    """A way to an exchange.

    ``connect`` and ``receive`` are called by one thread at a time, the others by another. Nothing waits for ever but
    ``receive``. All raise :class:`~gridhook.errors.ExchangeError`, whose text says what went wrong and where; after
    one that is no :class:`RequestRefusedError`, nobody knows whether the exchange did what it was asked for.
    """

    def connect(self) -> Joined:
        """Do everything anew: log in, find or make the aggregator, listen, and then read the registry."""

    def receive(self) -> object:
        """Return the next message, a JSON value; wait for it as long as it takes.

        :raises ConnectionBrokenError: there will be no more.
        :raises WireError: the message is not JSON; there may be more.
        """

    def post(self, body: Mapping[str, Any]) -> None:
        """Send a batch; its answer comes as a message."""

    def select(self, aggregator: str, area: str) -> None:
        """Put an area under the aggregator."""

    def unselect(self, aggregator: str, area: str) -> None:
        """Take an area from the aggregator."""

    def send_energies(self, command: SendForecasts | SendMeasurements) -> tuple[int, list[Refused]]:
        """Send forecasts or measurements asset by asset; return how many were taken, and what was refused."""

    def hang_up(self) -> None:
        """Let ``receive`` and ``connect`` end soon; called from another thread."""
