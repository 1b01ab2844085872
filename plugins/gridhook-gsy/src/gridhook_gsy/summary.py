"""The config file of a simulation, ``api-client-summary-….json``, as its registry page offers it (PROTOCOL.md 9.3)."""

from __future__ import annotations

from pathlib import Path

import attrs
import pendulum

from gridhook.errors import ConfigError, Problem
from gridhook.live.decoding import decode
from gridhook.wire.errors import WireError
from gridhook.wire.values import read_object, read_text, required

__all__ = ["Summary", "read_summary"]


@attrs.frozen
class Summary:
    """What is used of the file: where the exchange is, which simulation, and how long its slots are."""

    domain: str
    websocket: str
    simulation: str
    slot_length: pendulum.Duration | None = None


def read_summary(path: Path) -> Summary:
    """Return what a simulation's config file says.

    :raises ConfigError: it cannot be read, or is none.
    """
    try:
        value = read_object(decode(path.read_bytes()), "")
        domain, websocket, simulation = (
            read_text(required(value, key), key) for key in ("domain_name", "web_socket_domain_name", "uuid")
        )
        settings = value.get("global_settings")
        length = settings.get("slot_length") if isinstance(settings, dict) else None
    except OSError as error:
        raise ConfigError(Problem("exchange.simulation_file", f"{path} cannot be read: {error.strerror}")) from error
    except WireError as error:
        problem = f"{path} is no simulation config file: {error}; download it again from the registry page"
        raise ConfigError(Problem("exchange.simulation_file", problem)) from error
    return Summary(domain, websocket, simulation, _read_length(length))


def _read_length(text: object) -> pendulum.Duration | None:
    """Return a length such as ``0:15:00``; None for what is none, since slots tell it too."""
    try:
        hours, minutes, seconds = (int(part) for part in str(text).split(":"))
    except ValueError:
        return None
    length = pendulum.duration(hours=hours, minutes=minutes, seconds=seconds)
    return length if length.total_seconds() > 0 else None
