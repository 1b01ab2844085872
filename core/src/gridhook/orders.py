"""Answers of strategies: rates, orders, and the requirements that go with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeAlias

import attrs

from gridhook.arrays import Floats, Ints, floats, ints
from gridhook.lots import BID
from gridhook.tables import Table

__all__ = ["HOLD", "Energies", "Order", "Orders", "Rates", "Requirement", "Requirements"]

HOLD = math.inf
"""A rate that says: decided, no order shall stand for this lot; an open one is withdrawn."""

Rates: TypeAlias = Floats
"""float64 (rows,): cents/kWh; ``HOLD`` for no order, NaN for "not my decision"."""

Energies: TypeAlias = Floats
"""float64 (assets, slots): kWh >= 0; NaN for "not my decision"."""


class Order(NamedTuple):
    """One row of :class:`Orders`."""

    lot: int
    rate: float
    energy_kwh: float


@attrs.frozen(eq=False)
class Orders(Table[Order]):
    """Several orders per lot, where a rate per lot does not say enough.

    ``lot``
        row number in the ``Lots`` that were asked about; may repeat. A lot that is not named is not decided.
    ``rate``
        cents/kWh; ``HOLD`` (then the only row of its lot): no order shall stand.
    ``energy_kwh``
        kWh > 0; together never more than the lot's energy.
    """

    row_type: ClassVar[Any] = Order

    lot: Ints = attrs.field(converter=ints)
    rate: Floats = attrs.field(converter=floats)
    energy_kwh: Floats = attrs.field(converter=floats)


@attrs.frozen
class Requirement:
    """One set of conditions that a trade of an order has to meet, all of them (PROTOCOL.md 6.5).

    ``partners``
        ids of the assets to trade with, not names (``market.grid.tree`` translates; the plugin ``preferences`` does so
        for its file); empty: anyone.
    ``energy_types``
        kinds of energy to take, such as ``"PV"``; empty: any.
    ``energy_kwh``
        at most this much under these conditions; None: the order's energy.
    ``rate``
        cents/kWh to bid (or ask) under these conditions; None: the order's rate.
    """

    partners: tuple[str, ...] = ()
    energy_types: tuple[str, ...] = ()
    energy_kwh: float | None = None
    rate: float | None = None

    def both(self, other: Requirement, side: str) -> Requirement | None:
        """Return the conditions of both, for an order on ``side``; None when no trade can meet both."""
        partners = _common(self.partners, other.partners)
        energy_types = _common(self.energy_types, other.energy_types)
        if partners is None or energy_types is None:
            return None
        stricter: Callable[[float, float], float] = min if side == BID else max
        return Requirement(
            partners,
            energy_types,
            _either(self.energy_kwh, other.energy_kwh, min),
            _either(self.rate, other.rate, stricter),
        )


def _common(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...] | None:
    if not ours or not theirs:
        return ours or theirs
    return tuple(name for name in ours if name in theirs) or None


def _either(ours: float | None, theirs: float | None, choose: Callable[[float, float], float]) -> float | None:
    if ours is None or theirs is None:
        return theirs if ours is None else ours
    return choose(ours, theirs)


@attrs.frozen
class Requirements:
    """What a requirements plugin says about a table of lots; keys are row numbers, absent rows are free to trade.

    ``alternatives``
        per row the sets of conditions, of which a trade has to meet one.
    ``held``
        rows for which no order may stand.
    ``energy_types``
        per row of an offer the kind of its energy, for those who ask for one.
    ``waivable``
        rows that trade as if they had no conditions on an exchange that does not keep to requirements; other rows
        with conditions are held there.
    """

    alternatives: Mapping[int, tuple[Requirement, ...]] = MappingProxyType({})
    held: frozenset[int] = frozenset()
    energy_types: Mapping[int, str] = MappingProxyType({})
    waivable: frozenset[int] = frozenset()

    def both(self, other: Requirements, sides: list[str]) -> Requirements:
        """Return what satisfies both; a row on which they leave nothing possible is held."""
        alternatives = dict(self.alternatives)
        held = set(self.held | other.held)
        for row, theirs in other.alternatives.items():
            ours = alternatives.get(row)
            if ours is None:
                alternatives[row] = theirs
                continue
            pairs = (one.both(two, sides[row]) for one, two in product(ours, theirs))
            alternatives[row] = tuple(pair for pair in pairs if pair is not None)
            if not alternatives[row]:
                held.add(row)
        waivable = (
            row
            for row in self.waivable | other.waivable
            if all(row in one.waivable for one in (self, other) if row in one.alternatives)
        )
        energy_types = {**other.energy_types, **self.energy_types}
        return Requirements(alternatives, frozenset(held), energy_types, frozenset(waivable))
