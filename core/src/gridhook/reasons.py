"""Reasons: what became of each lot at each tick, and why. The answer to "why did it not trade?"."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

import attrs
import pendulum

from gridhook.arrays import Floats, Ints, Objects, floats, ints, objects
from gridhook.tables import Table

__all__ = ["Reason", "ReasonRow", "Reasons"]


class Reason(IntEnum):
    """The closed set of final reasons; exactly one per lot and tick. ``NOT_SENT`` is for dry runs alone."""

    PRICED = 0
    NO_ENERGY = 1
    DECLINED = 2
    HELD = 3
    UNCHANGED = 4
    PLUGIN_FAILED = 5
    BELOW_ZERO = 6
    REFUSED = 7
    UNKNOWN = 8
    LATE = 9
    REQUIREMENTS_UNSUPPORTED = 10
    NOT_SENT = 11

    @property
    def label(self) -> str:
        """The name in reports: ``no_energy``."""
        return self.name.lower()


_TEXTS = {
    Reason.PRICED: "an order was sent at {number:.4g} cents/kWh",
    Reason.NO_ENERGY: "there was nothing to trade ({number:.4g} kWh)",
    Reason.DECLINED: "no plugin decided; what stood was left standing",
    Reason.HELD: "held: no order shall stand",
    Reason.UNCHANGED: "the order that stands is the wanted one ({number:.4g} cents/kWh)",
    Reason.PLUGIN_FAILED: "the plugin failed",
    Reason.BELOW_ZERO: "the rate is below zero ({number:.4g} cents/kWh)",
    Reason.REFUSED: "the exchange refused the order ({number:.4g} cents/kWh)",
    Reason.UNKNOWN: "the exchange did not answer; the next tick goes by the state that it reports",
    Reason.LATE: "it was too late in the slot to act on",
    Reason.REQUIREMENTS_UNSUPPORTED: "held: this exchange does not take requirements",
    Reason.NOT_SENT: "dry run: an order at {number:.4g} cents/kWh was not sent",
}


_SOLD_OUT = "the exchange refuses every other offer of this asset in this slot, since one was sold completely"
"""Where no rate is told with ``REFUSED``."""


class ReasonRow(NamedTuple):
    """One row of :class:`Reasons`."""

    asset: str
    side: str
    slot: pendulum.DateTime
    reason: int
    plugin: str
    number: float

    @property
    def text(self) -> str:
        """The reason in words."""
        is_sold_out = self.reason == Reason.REFUSED and math.isnan(self.number)
        words = _SOLD_OUT if is_sold_out else _TEXTS[Reason(self.reason)].format(number=self.number)
        return f"{self.plugin}: {words}" if self.plugin else words


@attrs.frozen(eq=False)
class Reasons(Table[ReasonRow]):
    """The final reasons of one tick, one row per lot; text is only made when a row is read.

    ``reason``
        values of :class:`Reason`.
    ``plugin``
        name of the plugin that decided (or failed); empty where none did.
    ``number``
        the rate (cents/kWh) or energy (kWh) that the reason is about; NaN where there is none. ``REFUSED`` without
        one: the exchange takes no offer of the asset in this slot any more.
    """

    row_type: ClassVar[Any] = ReasonRow

    asset: Objects = attrs.field(converter=objects)
    side: Objects = attrs.field(converter=objects)
    slot: Objects = attrs.field(converter=objects)
    reason: Ints = attrs.field(converter=ints)
    plugin: Objects = attrs.field(converter=objects)
    number: Floats = attrs.field(converter=floats)
