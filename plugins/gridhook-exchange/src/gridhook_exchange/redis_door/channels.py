"""Channels: what the local Redis API calls what it talks about (PROTOCOL.md 3.1, 3.2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import attrs

from gridhook.grid import MARKET, Tree

__all__ = [
    "AREA_COMMANDS",
    "BATCHES",
    "CONTROLS",
    "HEARTBEAT",
    "LIFECYCLE",
    "LIFECYCLE_ANSWERS",
    "PATTERNS",
    "REGISTRATIONS",
    "Prefixes",
    "Publication",
    "answers_to_batches",
    "events_of",
]

LIFECYCLE = ("aggregator-commands", "aggregator")
"""Where aggregators are made and deleted; the original's SDK deletes them on the second one (10, B5)."""

LIFECYCLE_ANSWERS = "aggregator-response"

# The id of the configuration, between the two slashes, is empty in local mode.
BATCHES = "external-aggregator//batch_commands"

HEARTBEAT = "gsy-e-heartbeat/"

CONTROLS: Mapping[str, str] = {
    f"/{command}": command
    for command in ("pause", "resume", "stop", "area-map", "reset", "live-event", "bulk-live-event")
}
"""Simulation control: command by channel. The id of the simulation, before the slash, is empty."""

REGISTRATIONS: Mapping[str, str] = {"register_participant": "register", "unregister_participant": "unregister"}
"""What registrations are called in their answers, by the last part of their channel."""

AREA_COMMANDS = (
    *REGISTRATIONS,
    "device_info",
    "bid",
    "delete_bid",
    "list_bids",
    "offer",
    "delete_offer",
    "list_offers",
    "set_energy_forecast",
    "set_energy_measurement",
    "dso_market_stats",
    "grid_fees",
)
"""The last parts of the channels of assets and markets."""

PATTERNS = tuple(f"*/{command}" for command in AREA_COMMANDS)
"""What to subscribe to for all areas: one pattern per command, however many areas there are."""


@attrs.frozen
class Publication:
    """Something to publish on a channel."""

    channel: str
    content: dict[str, Any]


class Prefixes:
    """What the channels of each area begin with: an asset's name, and a market's as a slug."""

    def __init__(self, tree: Tree) -> None:
        rows = zip(tree.ids, tree.names, tree.kinds, strict=True)
        self._of = {area: (_slug(name) or area) if kind == MARKET else name for area, name, kind in rows}
        self._areas: dict[str, tuple[str, ...]] = {}
        for area, prefix in self._of.items():
            self._areas[prefix] = (*self._areas.get(prefix, ()), area)

    def of(self, area: str) -> str | None:
        """Return the prefix of an area, by its id; None if there is no such area."""
        return self._of.get(area)

    def areas(self, prefix: str) -> tuple[str, ...]:
        """Return the ids of the areas that have this prefix: several, if they have the same name."""
        return self._areas.get(prefix, ())


def events_of(aggregator: str) -> str:
    """Return the channel of an aggregator's events."""
    return f"external-aggregator//{aggregator}/events/all"


def answers_to_batches(aggregator: str) -> str:
    """Return the channel of the answers to an aggregator's batches."""
    return f"external-aggregator//{aggregator}/response/batch_commands"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
