"""Lines: what a record consists of, one JSON object each.

A session begins with its :class:`Header`. Then come, in the order in which it happened, the exchange's events, the
:class:`Energies` that plugins forecast or measured, the agent's notices, and its batches; at the end the
:class:`Summary`. A record has the sessions that were written to it one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs
import pendulum

from gridhook.arrays import Floats, floats
from gridhook.commands import Batch
from gridhook.events import ExchangeEvent, Notice
from gridhook.witness import EnergyHook

__all__ = ["VERSION", "Energies", "Header", "Heard", "Line", "Noticed", "Sent", "Summary"]

VERSION = 1


@attrs.frozen
class Header:
    """Which session it was.

    ``version``
        of the record's format.
    ``gridhook``
        version of the core.
    ``config``
        the configuration file, absolute; None: the one that ships with the exchange.
    ``exchange``
        the exchange's address.
    ``plugins``
        version of each loaded plugin by its name.
    """

    version: int
    gridhook: str
    aggregator: str
    exchange: str
    config: str | None
    plugins: Mapping[str, str]


@attrs.frozen(eq=False)
class Heard:
    """An event of the exchange, and when the agent was told of it, UTC."""

    at: pendulum.DateTime
    event: ExchangeEvent


@attrs.frozen(eq=False)
class Energies:
    """What plugins forecast or measured: float64 (assets, slots) in kWh; NaN where none answered."""

    hook: EnergyHook
    assets: tuple[str, ...]
    slots: tuple[pendulum.DateTime, ...]
    energy_kwh: Floats = attrs.field(converter=floats)


@attrs.frozen(eq=False)
class Noticed:
    """A notice of the agent: reasons, failures of plugins, and the like."""

    notice: Notice


@attrs.frozen(eq=False)
class Sent:
    """What the agent sent to the exchange."""

    batch: Batch


@attrs.frozen
class Summary:
    """The figures in the end, as ``gridhook run --json`` prints them."""

    figures: Mapping[str, Any]


Line: TypeAlias = Header | Heard | Energies | Noticed | Sent | Summary
