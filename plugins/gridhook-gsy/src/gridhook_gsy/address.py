"""Addresses: where the REST and WebSocket interfaces of one simulation are (PROTOCOL.md 1.1, 2.1). Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import attrs

__all__ = ["Address", "is_loopback"]


@attrs.frozen
class Address:
    """One simulation of an exchange.

    ``rest``
        origin of the REST interface, such as ``https://host``.
    ``websocket``
        origin and path of the WebSocket interface, such as ``wss://host/external-ws``.
    ``simulation``
        uuid of the simulation, collaboration or canary network.
    """

    rest: str
    websocket: str
    simulation: str

    @property
    def login(self) -> str:
        """Where a token is given for a name and a password."""
        return f"{self.rest}/api-token-auth/"

    @property
    def registry(self) -> str:
        """Where all areas are listed."""
        return f"{self.rest}/external-connection/configurations/{self._id}/registry"

    def aggregator(self, what: str) -> str:
        """Return where something is done about an aggregator, such as ``list-aggregators``."""
        return f"{self.rest}/external-connection/aggregator-api/{self._id}/{what}/"

    def asset(self, area: str, what: str) -> str:
        """Return where something is done about an asset, such as ``set-energy-forecast``."""
        return f"{self.rest}/external-connection/api/{self._id}/{quote(area, safe='')}/{what}/"

    def stream(self, aggregator: str) -> str:
        """Return where an aggregator listens."""
        return f"{self.websocket}/{self._id}/aggregator/{quote(aggregator, safe='')}/"

    @property
    def _id(self) -> str:
        return quote(self.simulation, safe="")


def is_loopback(url: str) -> bool:
    """Return whether an address is one of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
