"""Sources: from where the parts of an address and the credentials were taken, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from gridhook_gsy.address import DOMAIN, SIMULATION, WEBSOCKET_DOMAIN, Address
from gridhook_gsy.credentials import PASSWORD, USERNAME
from gridhook_gsy.summary import Summary

__all__ = ["Sources", "find_sources"]


@attrs.frozen
class Sources:
    """Where each part comes from.

    ``overruled``
        the configuration's simulation, where the environment names another one.
    """

    rest: str
    websocket: str
    simulation: str
    credentials: str
    overruled: str = ""


def find_sources(
    address: Address,
    url: str,
    environ: Mapping[str, str],
    *,
    simulation: str | None,
    websocket: str | None,
    summary: Summary | None,
    credentials_file: Path | None,
) -> Sources:
    """Return where ``find_address`` and ``find_credentials`` take what they return from."""
    file = "simulation_file" if summary else "default"
    rest = "exchange.url" if url.strip("/") else DOMAIN if environ.get(DOMAIN) else file
    configured = simulation or (summary.simulation if summary else "")
    told = environ.get(SIMULATION)
    return Sources(
        rest=rest,
        websocket=_websocket(address, environ, websocket, summary),
        simulation=SIMULATION if told else "exchange.simulation" if simulation else file,
        credentials=" and ".join(
            dict.fromkeys(
                name if environ.get(name) else str(credentials_file or "typed in") for name in (USERNAME, PASSWORD)
            )
        ),
        overruled=configured if told and configured and configured != told else "",
    )


def _websocket(address: Address, environ: Mapping[str, str], websocket: str | None, summary: Summary | None) -> str:
    if websocket:
        return "exchange.websocket"
    for given, name in (
        (environ.get(WEBSOCKET_DOMAIN), WEBSOCKET_DOMAIN),
        (summary.websocket if summary else None, "simulation_file"),
    ):
        if given:
            # It only counts where it belongs to the same host.
            return name if given.rstrip("/") in address.websocket else "same host"
    return "same host"
