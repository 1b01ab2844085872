"""The transport: commands go by REST, events and answers come over a WebSocket."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from gridhook.commands import SendForecasts, SendMeasurements
from gridhook.errors import ExchangeError
from gridhook.events import Refused
from gridhook.live.decoding import decode
from gridhook.live.transport import ConnectionBrokenError, Joined, RequestRefusedError
from gridhook.wire.commands import EnergyKind, SendEnergy, write_command
from gridhook.wire.errors import WireError
from gridhook.wire.registry import read_holders, read_registry
from gridhook_gsy.address import Address
from gridhook_gsy.rest import Rest
from gridhook_gsy.stream import Stream

__all__ = ["GsyTransport"]


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

    def post(self, body: Mapping[str, Any]) -> None:
        """Send a batch."""
        url = self._address.aggregator("batch-commands")
        if not self._rest.post(url, body):
            # To the original's client that is a failure (PROTOCOL.md 1.1); but the exchange may have taken it.
            msg = f"POST {url}: the acknowledgement is empty"
            raise ExchangeError(msg)

    def select(self, aggregator: str, area: str) -> None:
        """Put an area under the aggregator."""
        self._rest.post(
            self._address.aggregator("select-aggregator"), {"aggregator_uuid": aggregator, "device_uuid": area}
        )

    def unselect(self, aggregator: str, area: str) -> None:
        """Take an area from the aggregator."""
        self._rest.post(
            self._address.aggregator("unselect-aggregator"), {"aggregator_uuid": aggregator, "device_uuid": area}
        )

    def send_energies(self, command: SendForecasts | SendMeasurements) -> tuple[int, list[Refused]]:
        """Send energies asset by asset. What is acknowledged is taken: the answer goes to the asset's own channel."""
        what: EnergyKind = "forecast" if isinstance(command, SendForecasts) else "measurement"
        taken = 0
        refused: list[Refused] = []
        for area, energies in zip(command.assets, command.energy_kwh, strict=True):
            told = {
                slot: float(energy) for slot, energy in zip(command.slots, energies, strict=True) if np.isfinite(energy)
            }
            if not told:
                continue
            written = write_command(SendEnergy(what, told))
            try:
                self._rest.post(
                    self._address.asset(area, f"set-energy-{what}"),
                    {key: its for key, its in written.items() if key != "type"},
                )
            except RequestRefusedError as error:
                refused.append(Refused(f"set_energy_{what}", area, str(error)))
            except ExchangeError as error:
                # The others would be waited for as long, each of them.
                refused.append(Refused(f"set_energy_{what}", area, f"{error}; those after it are not sent"))
                break
            else:
                taken += len(told)
        return taken, refused

    def hang_up(self) -> None:
        """Close the WebSocket."""
        with self._lock:
            self._is_over = True
            stream = self._stream
        if stream is not None:
            stream.close()

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


def _name(aggregator: object) -> object:
    return aggregator.get("name") if isinstance(aggregator, dict) else None
