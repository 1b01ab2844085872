"""The transport: commands go by REST, events and answers come over a WebSocket."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import attrs
import pendulum

from gridhook.commands import SendForecasts, SendMeasurements
from gridhook.errors import ExchangeError
from gridhook.events import Refused
from gridhook.grid import Tree
from gridhook.live.decoding import decode
from gridhook.live.transport import AreaDone, ConnectionBrokenError, EnergiesSent, Joined, RequestRefusedError
from gridhook.wire.commands import EnergyKind, SendEnergy, write_command
from gridhook.wire.errors import WireError
from gridhook.wire.registry import read_holders, read_registry
from gridhook_gsy.address import Address
from gridhook_gsy.rest import Rest
from gridhook_gsy.stream import Stream

__all__ = ["GsyTransport"]

_REQUESTS_AT_ONCE = 8


@attrs.frozen
class _Options:
    timeout_seconds: float
    ping_seconds: float
    ca_file: str | None


class GsyTransport:
    """A way to one simulation.

    :param name: of the aggregator.
    """

    def __init__(
        self,
        address: Address,
        rest: Rest,
        name: str,
        *,
        timeout_seconds: float,
        ping_seconds: float,
        ca_file: str | None = None,
    ) -> None:
        self._address = address
        self._rest = rest
        self._name = name
        self._options = _Options(timeout_seconds, ping_seconds, ca_file)
        self._lock = threading.Lock()
        self._stream: Stream | None = None
        self._is_over = False
        # Threads begin with the first request that needs one.
        self._workers = ThreadPoolExecutor(_REQUESTS_AT_ONCE, "gridhook-request")

    def connect(self) -> Joined:
        """Log in, find or create the aggregator, open its WebSocket, and then read the registry."""
        token = self._rest.tokens.renew()
        aggregator = self._find_aggregator()
        options = self._options
        url = self._address.stream(aggregator)
        stream = Stream(url, token, options.timeout_seconds, options.ping_seconds, options.ca_file)
        try:
            self._hold(stream)
            value = self._rest.get(self._address.registry)
            tree, holders = read_registry(value), read_holders(value)
        except WireError as error:
            stream.close()
            msg = f"{self._address.registry}: {error}"
            raise ExchangeError(msg) from error
        except ExchangeError:
            stream.close()
            raise
        held = frozenset(area for area, name in holders.items() if name == self._name)
        return Joined(aggregator, tree, held, stream.is_lockstep)

    def receive(self) -> object:
        """Return the next message; binary and text frames are the same."""
        stream = self._stream
        if stream is None:
            msg = "there is no connection"
            raise ConnectionBrokenError(msg)
        return decode(stream.receive())

    def read_areas(self) -> Tree:
        """Return the registry as it is now."""
        try:
            return read_registry(self._rest.get(self._address.registry))
        except WireError as error:
            msg = f"{self._address.registry}: {error}"
            raise ExchangeError(msg) from error

    def post(self, body: Mapping[str, Any]) -> None:
        """Send a batch."""
        url = self._address.aggregator("batch-commands")
        if not self._rest.post(url, body):
            # To the original's client that is a failure (PROTOCOL.md 1.1); but the exchange may have taken it.
            msg = f"POST {url}: the acknowledgement is empty"
            raise ExchangeError(msg)

    def select(self, aggregator: str, areas: Sequence[str]) -> Iterator[AreaDone]:
        """Put areas under the aggregator."""
        return self._for_each(areas, lambda area: self._assign("select", aggregator, area))

    def unselect(self, aggregator: str, areas: Sequence[str]) -> Iterator[AreaDone]:
        """Take areas from the aggregator."""
        return self._for_each(areas, lambda area: self._assign("unselect", aggregator, area))

    def send_energies(self, command: SendForecasts | SendMeasurements) -> EnergiesSent:
        """Send energies asset by asset. What is acknowledged is taken: the answer goes to the asset's own channel."""
        what: EnergyKind = "forecast" if isinstance(command, SendForecasts) else "measurement"
        rows = zip(command.assets, command.energy_kwh.tolist(), strict=True)
        told = {area: _told(command.slots, energies) for area, energies in rows}
        areas = [area for area, energies in told.items() if energies]
        waiting = dict.fromkeys(areas)
        taken = 0
        refused: list[Refused] = []
        for area, error in self._for_each(areas, lambda area: self._tell(what, area, told[area])):
            if error is not None and not isinstance(error, RequestRefusedError):
                return EnergiesSent(taken, tuple(refused), tuple(waiting), str(error))
            del waiting[area]
            if error is None:
                taken += len(told[area])
            else:
                refused.append(Refused(f"set_energy_{what}", area, str(error)))
        return EnergiesSent(taken, tuple(refused))

    def drop(self) -> None:
        """Close the WebSocket; another one may be opened."""
        with self._lock:
            stream = self._stream
        if stream is not None:
            stream.close()

    def hang_up(self) -> None:
        """Close the WebSocket for good."""
        with self._lock:
            self._is_over = True
        self._workers.shutdown(wait=False, cancel_futures=True)
        self.drop()

    def _for_each(self, areas: Sequence[str], do: Callable[[str], None]) -> Iterator[AreaDone]:
        """Do something for all areas, several at a time: a request is mostly waiting."""
        futures = {area: self._workers.submit(do, area) for area in areas}
        try:
            for area, future in futures.items():
                try:
                    future.result()
                except ExchangeError as error:
                    yield area, error
                    if not isinstance(error, RequestRefusedError):
                        # The others would be waited for as long, each of them.
                        return
                else:
                    yield area, None
        finally:
            for future in futures.values():
                future.cancel()
            # What is under way would otherwise overtake what is asked for next.
            wait(futures.values())

    def _assign(self, how: str, aggregator: str, area: str) -> None:
        url = self._address.aggregator(f"{how}-aggregator")
        self._rest.post(url, {"aggregator_uuid": aggregator, "device_uuid": area})

    def _tell(self, what: EnergyKind, area: str, energies: Mapping[pendulum.DateTime, float]) -> None:
        written = write_command(SendEnergy(what, energies))
        body = {key: its for key, its in written.items() if key != "type"}
        self._rest.post(self._address.asset(area, f"set-energy-{what}"), body)

    def _hold(self, stream: Stream) -> None:
        with self._lock:
            if self._is_over:
                msg = "the session is over"
                raise ExchangeError(msg)
            self._stream = stream

    def _find_aggregator(self) -> str:
        url = self._address.aggregator("list-aggregators")
        listed = self._rest.get(url)
        if not isinstance(listed, list):
            msg = f"GET {url}: the answer is no list of aggregators"
            raise ExchangeError(msg)
        # As the original does: the last of several with the name.
        made: object = next((one for one in reversed(listed) if _name(one) == self._name), None)
        if made is None:
            url = self._address.aggregator("create-aggregator")
            made = self._rest.post(url, {"name": self._name})
        uuid = made.get("uuid") if isinstance(made, dict) else None
        if not isinstance(uuid, str) or not uuid:
            msg = f"{url}: the answer has no 'uuid' of the aggregator {self._name!r}"
            raise RequestRefusedError(msg)
        return uuid


def _told(slots: Sequence[pendulum.DateTime], energies: Sequence[float]) -> dict[pendulum.DateTime, float]:
    return {slot: energy for slot, energy in zip(slots, energies, strict=True) if math.isfinite(energy)}


def _name(aggregator: object) -> object:
    return aggregator.get("name") if isinstance(aggregator, dict) else None
