"""A community as the market model needs it: numbers and arrays, nothing to read any more."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, TypeAlias

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Bools, Floats
from gridhook.assets import LOAD, PV, SMART_METER, STORAGE
from gridhook.grid import MARKET_MAKER
from gridhook_exchange.market.battery import Batteries
from gridhook_exchange.market.fees import FeeMode
from gridhook_exchange.market.matching import Priority
from gridhook_exchange.market.tree import MarketTree

__all__ = ["ClearingMode", "Community", "MarketMode", "Rules"]

ClearingMode: TypeAlias = Literal["pay-as-bid", "pay-as-clear"]
MarketMode: TypeAlias = Literal["two-sided", "one-sided"]

_ENERGY_TYPES = {PV: "PV", MARKET_MAKER: "Grid"}


@attrs.frozen
class Rules:
    """The market's rules (PROTOCOL.md 0.4).

    ``ticks_per_slot``
        ticks in a slot.
    ``dispatch_ticks``
        aggregators are told every so many ticks.
    ``min_age_ticks``
        ticks before an order is forwarded to the neighbouring market.
    ``settlement_slots``
        number of slots for which an ended slot's settlement market stays open; 0: none.
    ``fees``
        whether grid fees are cents/kWh or percentage points (PROTOCOL.md 6.7).
    ``priority``
        who is served first.
    ``clearing``
        whether buyers pay their bids, or all trades of a round one rate (PROTOCOL.md 6.3, 6.4).
    ``market``
        whether spot markets take bids; settlement markets always do.
    """

    ticks_per_slot: int = 60
    dispatch_ticks: int = 6
    min_age_ticks: int = 2
    settlement_slots: int = 4
    fees: FeeMode = "constant"
    priority: Priority = "compatible"
    clearing: ClearingMode = "pay-as-bid"
    market: MarketMode = "two-sided"


@attrs.frozen(eq=False)
class Community:
    """Everything about a community that does not change during a run.

    Assets are numbered: loads, PVs, storages and smart meters, and last the market maker. Arrays by asset have one row
    each; those by slot one column per slot of the run.

    ``market_names``, ``market_ids``, ``fee``
        per market; fees in cents/kWh or percentage points, by the rules.
    ``asset_names``, ``asset_ids``, ``kinds``
        per asset; the market maker's kind is ``market-maker``.
    ``measured_kwh``, ``forecast_kwh``
        float64 (assets, slots): what loads consume, PVs produce and smart meters consume (positive) or produce
        (negative), and the built-in forecast of it; 0 for others.
    ``initial_charge_kwh``
        per battery.
    ``feed_in_rate``, ``retail_rate``
        per slot: what the market maker pays and asks, cents/kWh.
    ``start``, ``slot_length``
        start of the first slot (UTC), and the length of each.
    ``seed``
        drives all that is drawn.
    """

    name: str
    tree: MarketTree
    market_names: tuple[str, ...]
    market_ids: tuple[str, ...]
    fee: Floats
    asset_names: tuple[str, ...]
    asset_ids: tuple[str, ...]
    kinds: tuple[str, ...]
    measured_kwh: Floats
    forecast_kwh: Floats
    batteries: Batteries
    initial_charge_kwh: Floats
    feed_in_rate: Floats
    retail_rate: Floats
    start: pendulum.DateTime
    slot_length: pendulum.Duration
    seed: int
    rules: Rules

    @property
    def slots(self) -> int:
        """Number of slots of the run."""
        return len(self.retail_rate)

    @property
    def market_maker(self) -> int:
        """Number of the market maker."""
        return len(self.kinds) - 1

    @cached_property
    def is_load(self) -> Bools:
        """Per asset, whether it is a load."""
        return self._is_kind(LOAD)

    @cached_property
    def is_pv(self) -> Bools:
        """Per asset, whether it is a PV."""
        return self._is_kind(PV)

    @cached_property
    def is_storage(self) -> Bools:
        """Per asset, whether it is a battery."""
        return self._is_kind(STORAGE)

    @cached_property
    def is_smart_meter(self) -> Bools:
        """Per asset, whether it is a smart meter."""
        return self._is_kind(SMART_METER)

    @cached_property
    def is_metered(self) -> Bools:
        """Per asset, whether it has forecasts, measurements and deviations: loads and PVs (PROTOCOL.md 4.2, 7)."""
        return self.is_load | self.is_pv

    @cached_property
    def asset_numbers(self) -> dict[str, int]:
        """Number of each asset by its id."""
        return {area: asset for asset, area in enumerate(self.asset_ids)}

    @cached_property
    def market_numbers(self) -> dict[str, int]:
        """Number of each market by its id."""
        return {area: market for market, area in enumerate(self.market_ids)}

    @cached_property
    def energy_types(self) -> tuple[str, ...]:
        """Per asset, the kind of energy that it offers where its order says nothing else."""
        return tuple(_ENERGY_TYPES.get(kind, "") for kind in self.kinds)

    def _is_kind(self, kind: str) -> Bools:
        return np.array([one == kind for one in self.kinds])

    @property
    def hours(self) -> float:
        """Length of a slot in hours."""
        return float(self.slot_length.total_hours())

    def slot_start(self, slot: int) -> pendulum.DateTime:
        """Return the start of a slot by its number."""
        return self._slot_starts[slot]

    def slot_number(self, start: pendulum.DateTime) -> int | None:
        """Return the number of the slot that starts then, inside the run or not; None if none does."""
        # To the microsecond: timestamps of this century are no more exact.
        since = round(start.timestamp() - self.start.timestamp(), 6)
        number, rest = divmod(since, self.slot_length.total_seconds())
        return None if rest else int(number)

    @cached_property
    def _slot_starts(self) -> tuple[pendulum.DateTime, ...]:
        first, seconds = self.start.timestamp(), self.slot_length.total_seconds()
        return tuple(pendulum.from_timestamp(first + seconds * slot) for slot in range(self.slots + 1))
