"""Transports: what carries messages to an exchange and back, without knowing what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import attrs

from gridhook.commands import SendForecasts, SendMeasurements
from gridhook.errors import ExchangeError
from gridhook.events import Refused
from gridhook.grid import Tree

__all__ = [
    "AreaDone",
    "ConnectionBrokenError",
    "EnergiesSent",
    "Joined",
    "Register",
    "Registered",
    "RequestRefusedError",
    "RequestTooLargeError",
    "Transport",
]


class ConnectionBrokenError(ExchangeError):
    """The stream of messages ended."""


class RequestRefusedError(ExchangeError):
    """The exchange answered a request with no: surely nothing was done."""


class RequestTooLargeError(RequestRefusedError):
    """The exchange takes no request of this size; smaller ones it may take."""


AreaDone: TypeAlias = tuple[str, ExchangeError | None]
"""The id of an area for which something was done, and what went wrong, if something did."""


@attrs.frozen
class EnergiesSent:
    """What became of forecasts or measurements that were sent asset by asset.

    ``taken``
        how many (asset, slot) energies the exchange took.
    ``refused``
        what it did not take, and why.
    ``unknown``
        assets of which nobody knows whether theirs came through, those that were not tried any more included.
    ``reason``
        why nobody knows.
    """

    taken: int = 0
    refused: tuple[Refused, ...] = ()
    unknown: tuple[str, ...] = ()
    reason: str = ""


@attrs.frozen(eq=False)
class Joined:
    """What a new connection starts with.

    ``aggregator``
        its uuid; a new one where the exchange has forgotten the old.
    ``tree``
        the registry; empty where there is none.
    ``held``
        ids of the areas that this aggregator has.
    ``is_lockstep``
        whether the exchange waits for a batch after each market event, an empty one if there is nothing to do.
    ``is_new``
        whether the exchange is known to have begun anew: what it told before, ids among it, counts no more.
    ``has_lease``
        whether the exchange takes areas from an aggregator that sends no batch for some slots.
    """

    aggregator: str
    tree: Tree
    held: frozenset[str] = frozenset()
    is_lockstep: bool = False
    is_new: bool = False
    has_lease: bool = False


@attrs.frozen
class Registered:
    """What became of areas that were asked for by name.

    ``ids``
        by name.
    ``problems``
        why there is none, by name.
    """

    ids: Mapping[str, str]
    problems: Mapping[str, str]


Register: TypeAlias = Callable[[Sequence[str]], Registered]
"""Asks an exchange that lists no areas for some by their names; may raise what a :class:`Transport` raises."""


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

    def read_areas(self) -> Tree:
        """Return the registry as it is now; only asked of an exchange that lists its areas."""

    def post(self, body: Mapping[str, Any]) -> None:
        """Send a batch; its answer comes as a message."""

    def select(self, aggregator: str, areas: Sequence[str]) -> Iterator[AreaDone]:
        """Put areas under the aggregator; yield each when it is done.

        What goes wrong is yielded, not raised. After an error that is no :class:`RequestRefusedError` nothing more is
        tried, nor is it when the iterator is closed.
        """

    def unselect(self, aggregator: str, areas: Sequence[str]) -> Iterator[AreaDone]:
        """Take areas from the aggregator; otherwise as :meth:`select`."""

    def send_energies(self, command: SendForecasts | SendMeasurements) -> EnergiesSent:
        """Send forecasts or measurements asset by asset; raises nothing."""

    def drop(self) -> None:
        """Break the connection, so that ``receive`` raises soon; called from another thread."""

    def hang_up(self) -> None:
        """Let ``receive`` and ``connect`` end soon; called from another thread."""
