"""The community file: one TOML file describes markets, assets, profiles and tariff."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Literal

import attrs
from attrs import validators

from gridhook.series import EnergyUnit

__all__ = [
    "MOST_SLOTS",
    "CommunityFile",
    "ForecastSection",
    "LoadEntry",
    "MarketEntry",
    "ProfileEntry",
    "ProfilesSection",
    "PvEntry",
    "RulesSection",
    "SmartMeterEntry",
    "StorageEntry",
    "TariffSection",
]

MOST_SLOTS = 1_000_000
"""Twenty-eight years of quarters of an hour: more neither fit into memory, nor are they meant."""

_not_negative = validators.ge(0.0)
_positive = validators.gt(0.0)
_share = [validators.ge(0.0), validators.le(1.0)]
_efficiency = [validators.gt(0.0), validators.le(1.0)]
_count = validators.ge(0)

FeeMode = Literal["constant", "percent"]
Priority = Literal["compatible", "price-time"]
ClearingMode = Literal["pay-as-bid", "pay-as-clear"]
MarketMode = Literal["two-sided", "one-sided"]
RateUnit = Literal["cents/kWh", "EUR/kWh", "USD/kWh"]


def _is_name(_: object, __: object, name: str) -> None:
    if not name.strip() or "/" in name:
        msg = f"has to be a name without '/', not {name!r}"
        raise ValueError(msg)


@attrs.frozen
class ProfilesSection:
    """``[profiles]``: what profiles have in common, unless they say something else.

    ``file``
        a CSV file with a header, relative to the community file.
    ``time``
        the column of timestamps; without offset they are local times of ``timezone``.
    ``unit``
        of energy columns: ``kWh`` or ``Wh`` in the interval that starts then, ``kW`` or ``W`` during it.
    """

    file: Path | None = None
    time: str = "time"
    unit: EnergyUnit = "kWh"


@attrs.frozen
class ProfileEntry:
    """A column of a CSV file.

    ``scale``
        factor for all values.
    """

    column: str
    file: Path | None = None
    time: str | None = None
    unit: EnergyUnit | None = None
    scale: float = attrs.field(default=1.0, validator=_not_negative)


@attrs.frozen
class RateEntry:
    """A tariff from a column of a CSV file."""

    column: str
    file: Path | None = None
    time: str | None = None
    unit: RateUnit = "cents/kWh"


@attrs.frozen
class TariffSection:
    """``[tariff]``: the market maker, which buys and sells any amount.

    ``market``
        the market in which it trades; default: the root.
    ``feed_in_rate``, ``retail_rate``
        what it pays and asks, cents/kWh; a profile in the place of one changes it over time.
    """

    name: str = attrs.field(default="Market Maker", validator=_is_name)
    market: str | None = None
    feed_in_rate: float | RateEntry = 8.0
    retail_rate: float | RateEntry = 30.0


@attrs.frozen
class RulesSection:
    """``[rules]``: how the markets work.

    ``min_age_ticks``
        ticks before an order is forwarded to the neighbouring market.
    ``settlement_slots``
        number of slots for which an ended slot can be settled; 0: not at all.
    ``fees``
        whether the markets' fees are ``constant``, cents/kWh, or ``percent``, percentage points of the seller's rate.
    ``priority``
        who is served first: with ``compatible`` dear offers and late orders, as in the original exchange, with
        ``price-time`` cheap offers and early orders.
    ``clearing``
        ``pay-as-bid``: each buyer pays its bid; ``pay-as-clear``: what trades together trades at one rate.
    ``market``
        ``two-sided``, or ``one-sided``: nobody bids in spot markets, who needs energy takes offers.
    """

    min_age_ticks: int = attrs.field(default=2, validator=[_count, validators.le(360)])
    settlement_slots: int = attrs.field(default=4, validator=_count)
    fees: FeeMode = "constant"
    priority: Priority = "compatible"
    clearing: ClearingMode = "pay-as-bid"
    market: MarketMode = "two-sided"


@attrs.frozen
class ForecastSection:
    """``[forecast]``: the built-in forecast of assets that have no forecast profile.

    ``error``
        standard deviation of the forecast around the profile, as a share of it.
    """

    error: float = attrs.field(default=0.1, validator=[_not_negative, validators.le(2.0)])


@attrs.frozen
class MarketEntry:
    """``[[markets]]``: a market; the one without a parent is the root.

    ``fee``
        grid fee, cents/kWh; in percent mode percentage points, 0..100.
    """

    name: str = attrs.field(validator=_is_name)
    parent: str | None = None
    fee: float = attrs.field(default=0.0, validator=_not_negative)


@attrs.frozen
class LoadEntry:
    """``[[loads]]``: a load in a market."""

    name: str = attrs.field(validator=_is_name)
    market: str
    profile: ProfileEntry
    forecast: ProfileEntry | None = None


@attrs.frozen
class PvEntry:
    """``[[pvs]]``: a photovoltaic system in a market; its profile is what it produces."""

    name: str = attrs.field(validator=_is_name)
    market: str
    profile: ProfileEntry
    forecast: ProfileEntry | None = None


@attrs.frozen
class SmartMeterEntry:
    """``[[smart_meters]]``: what a home draws from the grid (above zero) or feeds into it (below), as one asset."""

    name: str = attrs.field(validator=_is_name)
    market: str
    profile: ProfileEntry
    forecast: ProfileEntry | None = None


@attrs.frozen
class StorageEntry:
    """``[[storages]]``: a battery in a market.

    ``initial_charge``, ``min_charge``
        shares of the capacity, 0..1.
    ``power_kw``
        on the grid's side, both ways.
    """

    name: str = attrs.field(validator=_is_name)
    market: str
    capacity_kwh: float = attrs.field(validator=_positive)
    power_kw: float = attrs.field(validator=_positive)
    initial_charge: float = attrs.field(default=0.5, validator=_share)
    min_charge: float = attrs.field(default=0.1, validator=_share)
    charge_efficiency: float = attrs.field(default=0.95, validator=_efficiency)
    discharge_efficiency: float = attrs.field(default=0.95, validator=_efficiency)

    def __attrs_post_init__(self) -> None:
        if self.initial_charge < self.min_charge:
            msg = f"'initial_charge' must be >= 'min_charge': {self.initial_charge} < {self.min_charge}"
            raise ValueError(msg)


@attrs.frozen
class CommunityFile:
    """The whole file.

    ``start``
        the first slot: a date (its midnight) or a date and time, local time of ``timezone``.
    ``slots``
        number of slots of a run, up to ``MOST_SLOTS``.
    ``slot_minutes``, ``tick_seconds``
        lengths; a slot has at least 10 ticks.
    ``seed``
        drives all that is drawn: the built-in forecast's errors, and the order of simultaneous orders.
    """

    name: str
    start: datetime.date
    markets: list[MarketEntry]
    loads: list[LoadEntry] = attrs.field(factory=list)
    pvs: list[PvEntry] = attrs.field(factory=list)
    storages: list[StorageEntry] = attrs.field(factory=list)
    smart_meters: list[SmartMeterEntry] = attrs.field(factory=list)
    timezone: str = "UTC"
    slots: int = attrs.field(default=96, validator=[validators.ge(1), validators.le(MOST_SLOTS)])
    slot_minutes: int = attrs.field(default=15, validator=validators.in_((5, 10, 15, 20, 30, 60)))
    tick_seconds: int = attrs.field(default=15, validator=validators.ge(1))
    seed: int = attrs.field(default=0, validator=_count)
    profiles: ProfilesSection = attrs.field(factory=ProfilesSection)
    forecast: ForecastSection = attrs.field(factory=ForecastSection)
    rules: RulesSection = attrs.field(factory=RulesSection)
    tariff: TariffSection = attrs.field(factory=TariffSection)
