"""The transport: an aggregator, its areas, its batches and what it is told, over Redis."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gridhook.commands import SendForecasts, SendMeasurements
from gridhook.errors import ExchangeError
from gridhook.events import Refused
from gridhook.grid import Tree
from gridhook.live.decoding import decode
from gridhook.live.transport import AreaDone, EnergiesSent, Joined, Registered, RequestRefusedError
from gridhook_redis.channels import NOBODY, Channels
from gridhook_redis.lifecycle import identity
from gridhook_redis.listening import Listener
from gridhook_redis.registering import Registrar
from gridhook_redis.selecting import Selector
from gridhook_redis.server import Server

__all__ = ["RedisTransport"]

_log = logging.getLogger(__name__)


class RedisTransport:
    """A way to the exchange on a Redis server.

    :param configuration: id of the exchange's configuration; empty on most local ones.
    :param name: of the aggregator.
    :param silence_seconds, heartbeat_seconds: see :class:`~gridhook_redis.watch.Watch`.
    """

    def __init__(
        self, server: Server, configuration: str, name: str, *, silence_seconds: float, heartbeat_seconds: float
    ) -> None:
        self._server = server
        self._name = name
        self._channels = Channels(configuration, identity(configuration, name))
        self._is_over = threading.Event()
        self._has_met = False
        self._registrar = Registrar(server, self._is_over)
        self._selector = Selector(server, configuration, self._registrar)
        self._listener = Listener(
            server,
            self._channels,
            name,
            self._registrar,
            silence_seconds=silence_seconds,
            heartbeat_seconds=heartbeat_seconds,
            is_over=self._is_over,
        )

    def connect(self) -> Joined:
        """Listen, and make the aggregator."""
        if self._is_over.is_set():
            msg = "the session is over"
            raise ExchangeError(msg)
        if not self._has_met:
            self._has_met = True
            self._warn_of_another()
        created = self._listener.open()
        if created.is_new:
            self._registrar.forget()
        return Joined(
            self._channels.aggregator,
            self.read_areas(),
            is_lockstep=created.is_lockstep,
            is_new=created.is_new,
            has_lease=created.has_lease,
        )

    def receive(self) -> object:
        """Return the next event or answer to a batch."""
        return decode(self._listener.hear())

    def read_areas(self) -> Tree:
        """There is no registry; nobody asks for it."""
        return Tree((), (), (), (), ())

    def post(self, body: Mapping[str, Any]) -> None:
        """Publish a batch."""
        if not self._server.publish(self._channels.batches, {"type": "BATCHED", **body}):
            reason = NOBODY.format(self._channels.batches)
            self._listener.ring(gone=reason)
            raise RequestRefusedError(reason)

    def select(self, aggregator: str, areas: Sequence[str]) -> Iterator[AreaDone]:
        """Put areas under the aggregator."""
        return self._selector.select(aggregator, areas)

    def unselect(self, aggregator: str, areas: Sequence[str]) -> Iterator[AreaDone]:
        """Take areas from the aggregator; those that were registered here are no longer."""
        return self._selector.unselect(aggregator, areas)

    def register(self, names: Sequence[str]) -> Registered:
        """Ask areas by name for their ids."""
        registered = self._registrar.register(names)
        if self._registrar.silent:
            self._listener.ring()
        return registered

    def send_energies(self, command: SendForecasts | SendMeasurements) -> EnergiesSent:
        """Refuse to: an asset's own channel repeats what comes on it for ever (PROTOCOL.md 10, E11)."""
        what = "set_energy_forecast" if isinstance(command, SendForecasts) else "set_energy_measurement"
        refused = (Refused(what, area, "over Redis, it can only be sent in batches") for area in command.assets)
        return EnergiesSent(refused=tuple(refused))

    def drop(self) -> None:
        """Let the listener begin anew."""
        self._listener.ring(gone="this side closed it")

    def hang_up(self) -> None:
        """Let ``receive`` end."""
        self._is_over.set()
        self._listener.ring()
        self._server.close()

    def _warn_of_another(self) -> None:
        # Some users may not ask that; whatever else is wrong, it will be wrong again in a moment.
        with contextlib.suppress(ExchangeError):
            if self._server.listeners(self._channels.events):
                _log.warning("another agent is aggregator %r, too: both trade for its assets; rename one", self._name)
