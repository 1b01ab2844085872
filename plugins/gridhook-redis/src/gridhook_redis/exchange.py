"""The entry points: ``redis://HOST`` and ``rediss://HOST``."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import ClassVar, Literal

import attrs
from attrs import validators

from gridhook.checks import Tell
from gridhook.errors import ConfigError, Problem
from gridhook.grid import Tree
from gridhook.links import Examined, LinkRequest
from gridhook.live.link import LiveLink
from gridhook.live.settings import LiveSettings
from gridhook_redis.address import Address, read_address
from gridhook_redis.credentials import find_credentials
from gridhook_redis.examining import Examination
from gridhook_redis.server import Server
from gridhook_redis.transport import RedisTransport

__all__ = ["CONFIGURATION", "OverRedis", "OverTlsRedis"]

CONFIGURATION = "CONFIGURATION_ID"
"""The variable that the exchange itself reads."""

_log = logging.getLogger(__name__)


def _is_batch(_: object, __: object, energies: str) -> None:
    if energies != "batch":
        msg = (
            "has to be 'batch': over Redis an asset's own channel answers a forecast to itself, again and again "
            "(PROTOCOL.md 10, E11)"
        )
        raise ValueError(msg)


@attrs.define(kw_only=True)
class OverRedis(LiveSettings):
    """``redis://HOST``: a Grid Singularity Exchange on a Redis server, not encrypted, such as one on this machine.

    Keys of ``[exchange]``, besides those of all live links:

    ``configuration``
        id of the exchange's configuration; ``CONFIGURATION_ID`` goes before it; default: none, as the exchange does.
    ``credentials_file``
        TOML with ``password`` of the Redis server, and perhaps ``username``; ``REDISCLI_AUTH`` goes before it.
    ``ca_file``
        certificates (PEM) of who vouches for the server; default: those that everybody trusts.
    ``timeout_seconds``
        for each answer of the exchange or the server, and to connect.
    ``silence_seconds``
        without an event for so long, the exchange is asked whether it still knows this aggregator.
    ``heartbeat_seconds``
        an exchange whose heartbeat was heard, and is not for so long, is gone.
    """

    scheme: ClassVar[str] = "redis"

    energies: Literal["batch", "asset"] = attrs.field(default="batch", validator=_is_batch)
    configuration: str | None = None
    credentials_file: Path | None = None
    ca_file: Path | None = None
    timeout_seconds: float = attrs.field(default=10.0, validator=validators.gt(0))
    silence_seconds: float = attrs.field(default=5.0, validator=validators.gt(0))
    heartbeat_seconds: float = attrs.field(default=16.0, validator=validators.gt(0))

    @classmethod
    def base_config(cls, _: str) -> Path | None:
        """No configuration belongs to an exchange of others."""
        return None

    def known_areas(self, request: LinkRequest) -> Tree | None:
        """Check the address; which areas there are is only known once one is held.

        :raises ConfigError: it is wrong.
        """
        self._address(request)
        return None

    def open(self, request: LinkRequest) -> LiveLink:
        """Subscribe, and make the aggregator.

        :raises ConfigError: the address is wrong, or the credentials cannot be read.
        :raises ExchangeError: the server cannot be reached, or there is no exchange on it, or it refuses us.
        """
        transport = RedisTransport(
            self._server(request),
            self._configuration()[0],
            request.aggregator,
            silence_seconds=self.silence_seconds,
            heartbeat_seconds=self.heartbeat_seconds,
        )
        # With the original's default settings, orders with requirements end the simulation (PROTOCOL.md 4.4).
        return LiveLink(transport, self, "unsupported", transport.register)

    def examine(self, request: LinkRequest, tell: Tell) -> Examined:
        """Look at the server and the exchange, without changing anything there.

        :raises ConfigError: the address is wrong, or the credentials cannot be read.
        """
        return Examination(self._server(request), *self._configuration(), request.aggregator, tell).run()

    def _server(self, request: LinkRequest) -> Server:
        address = self._address(request)
        credentials = find_credentials(self.credentials_file, os.environ)
        if credentials.password is not None and self.scheme == "redis" and not address.is_loopback:
            _log.warning("%s is not encrypted: others on the way can read the password; use rediss:", address)
        ca_file = str(self.ca_file) if self.ca_file is not None and self.scheme == "rediss" else None
        return Server(address, credentials, self.timeout_seconds, ca_file)

    def _configuration(self) -> tuple[str, str]:
        """Return the id of the exchange's configuration, and where it comes from: the environment goes before."""
        told = os.environ.get(CONFIGURATION)
        if told:
            return told, CONFIGURATION
        return (self.configuration, "exchange.configuration") if self.configuration else ("", "default")

    def _address(self, request: LinkRequest) -> Address:
        if self.ca_file is not None and not self.ca_file.is_file():
            raise ConfigError(Problem("exchange.ca_file", f"there is no file {self.ca_file}"))
        return read_address(self.scheme, request.url)


@attrs.define(kw_only=True)
class OverTlsRedis(OverRedis):
    """``rediss://HOST``: a Grid Singularity Exchange on a Redis server, encrypted."""

    scheme: ClassVar[str] = "rediss"
