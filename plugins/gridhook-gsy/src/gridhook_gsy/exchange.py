"""The entry points: ``gsy+http://HOST`` and ``gsy+https://HOST``."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import ClassVar

import attrs
from attrs import validators

from gridhook.checks import Tell
from gridhook.errors import ConfigError, Problem
from gridhook.grid import Tree
from gridhook.links import Examined, LinkRequest
from gridhook.live.link import LiveLink
from gridhook.live.settings import LiveSettings
from gridhook_gsy.address import is_loopback
from gridhook_gsy.credentials import Credentials, find_credentials
from gridhook_gsy.examining import Examination
from gridhook_gsy.finding import Found, Given, find_address
from gridhook_gsy.rest import Rest
from gridhook_gsy.summary import Summary, read_summary
from gridhook_gsy.transport import GsyTransport

__all__ = ["GsyOverHttp", "GsyOverHttps", "GsySettings"]

_log = logging.getLogger(__name__)


@attrs.define(kw_only=True)
class GsySettings(LiveSettings):
    """Keys of ``[exchange]``, besides those of all live links.

    ``simulation``
        uuid of the simulation, collaboration or canary network; ``API_CLIENT_SIMULATION_ID`` goes before it.
    ``simulation_file``
        the config file that the simulation's registry page offers, ``api-client-summary-….json``, instead.
    ``websocket``
        origin and path of the WebSocket interface; default: ``/external-ws`` on the same host.
    ``credentials_file``
        TOML with ``username`` and ``password``, where the environment does not have them.
    ``ca_file``
        certificates (PEM) of who vouches for the exchange; default: those that everybody trusts.
    ``timeout_seconds``
        for each request, and to connect.
    ``ping_seconds``
        a connection over which a ping does not come back for so long is broken.
    """

    scheme: ClassVar[str]

    simulation: str | None = None
    simulation_file: Path | None = None
    websocket: str | None = None
    credentials_file: Path | None = None
    ca_file: Path | None = None
    timeout_seconds: float = attrs.field(default=10.0, validator=validators.gt(0))
    ping_seconds: float = attrs.field(default=10.0, validator=validators.gt(0))

    @classmethod
    def base_config(cls, _: str) -> Path | None:
        """No configuration belongs to an exchange of others."""
        return None

    def known_areas(self, request: LinkRequest) -> Tree | None:
        """Check the address; which areas there are is only known once connected.

        :raises ConfigError: it is wrong, or no simulation is given.
        """
        self._right_address(request, self._summary())
        return None

    def open(self, request: LinkRequest) -> LiveLink:
        """Log in, and listen.

        :raises ConfigError: the address is wrong, or there are no credentials.
        :raises ExchangeError: the exchange cannot be reached, or refuses us.
        """
        summary = self._summary()
        found = self._right_address(request, summary)
        for name, ours in found.overruled.items():
            _log.warning("%s goes before the configuration's %s", name, ours)
        address = found.address
        credentials = find_credentials(self.credentials_file, os.environ)
        if self.scheme == "http" and not is_loopback(address.rest):
            _log.warning("%s is not encrypted: others on the way can read the password; use gsy+https:", address.rest)
        ca_file = None if self.ca_file is None else str(self.ca_file)
        rest = Rest(address, credentials, self.timeout_seconds, ca_file)
        transport = GsyTransport(
            address,
            rest,
            request.aggregator,
            timeout_seconds=self.timeout_seconds,
            ping_seconds=self.ping_seconds,
            ca_file=ca_file,
        )
        length = None if summary is None else summary.slot_length
        settings: LiveSettings = self
        if self.slot_minutes is None and length is not None:
            settings = attrs.evolve(self, slot_minutes=length.total_minutes())
        # With the original's default settings, orders with requirements end the simulation (PROTOCOL.md 4.4).
        return LiveLink(transport, settings, "unsupported")

    def examine(self, request: LinkRequest, tell: Tell) -> Examined:
        """Look at the exchange, without changing anything there.

        :raises ConfigError: the address is wrong.
        """
        found = self._address(request, self._summary())
        if any(problem.path != "exchange.simulation" for problem in found.problems):
            raise ConfigError(found.problems)
        credentials: Credentials | ConfigError
        try:
            credentials = find_credentials(self.credentials_file, os.environ)
        except ConfigError as error:
            credentials = error
        ca_file = None if self.ca_file is None else str(self.ca_file)
        name, seconds = request.aggregator, self.timeout_seconds
        return Examination(found, credentials, name, seconds, self.ping_seconds, ca_file, tell).run()

    def _summary(self) -> Summary | None:
        return None if self.simulation_file is None else read_summary(self.simulation_file)

    def _right_address(self, request: LinkRequest, summary: Summary | None) -> Found:
        found = self._address(request, summary)
        if found.problems:
            raise ConfigError(found.problems)
        return found

    def _address(self, request: LinkRequest, summary: Summary | None) -> Found:
        given = Given(
            self.scheme,
            request.url,
            is_commanded=request.is_commanded,
            simulation=self.simulation,
            websocket=self.websocket,
            summary=summary,
        )
        found = find_address(given, os.environ)
        if self.ca_file is not None and not self.ca_file.is_file():
            missing = Problem("exchange.ca_file", f"there is no file {self.ca_file}")
            return attrs.evolve(found, problems=(missing, *found.problems))
        return found


@attrs.define(kw_only=True)
class GsyOverHttps(GsySettings):
    """``gsy+https://HOST``: a Grid Singularity Exchange, encrypted."""

    scheme: ClassVar[str] = "https"


@attrs.define(kw_only=True)
class GsyOverHttp(GsySettings):
    """``gsy+http://HOST``: a Grid Singularity Exchange, not encrypted, such as one on this machine."""

    scheme: ClassVar[str] = "http"
