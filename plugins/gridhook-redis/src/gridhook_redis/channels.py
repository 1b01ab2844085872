"""Channels: what the local Redis API calls what it talks about (PROTOCOL.md 3.1, 3.2). Pure."""

from __future__ import annotations

import re
import unicodedata

import attrs

__all__ = [
    "HEARTBEAT",
    "LIFECYCLE",
    "LIFECYCLE_ANSWERS",
    "NOBODY",
    "Channels",
    "own_events",
    "prefixes_of",
    "registration",
]

LIFECYCLE = "aggregator-commands"
"""Where aggregators are made, and areas selected and left."""

LIFECYCLE_ANSWERS = "aggregator-response"
"""Where everybody hears the answers to that."""

HEARTBEAT = "gsy-e-heartbeat/"
"""Where an exchange says every five seconds that it is there; the id of its job, after the slash, is empty."""

NOBODY = (
    "nobody listens on {!r}: there is no exchange on this server, or it is not open to aggregators "
    "(--enable-external-connection)"
)
"""What it means that nobody hears what is published."""


@attrs.frozen
class Channels:
    """The channels of one aggregator.

    ``configuration``
        id of the exchange's configuration; empty on most local ones.
    ``aggregator``
        its uuid.
    """

    configuration: str
    aggregator: str

    @property
    def batches(self) -> str:
        """Where batches go."""
        return f"external-aggregator/{self.configuration}/batch_commands"

    @property
    def answers(self) -> str:
        """Where they are answered."""
        return f"external-aggregator/{self.configuration}/{self.aggregator}/response/batch_commands"

    @property
    def events(self) -> str:
        """Where the aggregator is told of the market."""
        return f"external-aggregator/{self.configuration}/{self.aggregator}/events/all"


def registration(prefix: str, *, ends: bool = False) -> tuple[str, str]:
    """Return where an area is registered or, if that ``ends``, no longer, and where that is answered."""
    what = "unregister_participant" if ends else "register_participant"
    return f"{prefix}/{what}", f"{prefix}/response/{what}"


def own_events(prefix: str) -> tuple[str, ...]:
    """Return where an asset that is registered, and has no aggregator, is told of the market."""
    return f"{prefix}/events/market", f"{prefix}/events/tick"


def prefixes_of(name: str) -> tuple[str, ...]:
    """Return what the channels of an area may begin with, by its name or path, the likeliest first.

    It is an asset's name as it stands, and a market's as a slug.
    """
    last = name.rpartition("/")[2]
    return tuple(prefix for prefix in dict.fromkeys((name, last, _slug(last))) if prefix)


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
