"""The plugin: what was measured, and at what rate the rest is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import attrs
import numpy as np
import pendulum
from attrs import validators

from gridhook import Assets, Energies, Lots, Market, Rates, hookimpl
from gridhook.events import Event, SlotOpened
from gridhook.series import SeriesSettings

__all__ = ["Deviations"]


@attrs.define
class Deviations:
    """Bids for energy that was used and not bought, and offers what was bought and not used.

    ``rates``
        ``fixed``: always ``bid_rate`` and ``offer_rate``; ``ramp``: over the ``window_slots`` in which a slot can be
        settled, bids go from the feed-in rate less the grid fee up to the market-maker rate plus the grid fee, and
        offers the other way, so that settling never costs more than not settling.
    ``bid_rate``, ``offer_rate``
        cents/kWh (PROTOCOL.md 9.5, "settle deviations").
    ``window_slots``
        number of slots for which the exchange keeps a settlement market open.
    ``measurements``
        a CSV file of measurements to send; see :class:`gridhook.series.SeriesSettings`. Without one, or where it has
        no value, what the exchange itself measures holds.
    """

    rates: Literal["fixed", "ramp"] = "fixed"
    bid_rate: float = attrs.field(default=5.0, validator=validators.ge(0.0))
    offer_rate: float = attrs.field(default=10.0, validator=validators.ge(0.0))
    window_slots: int = attrs.field(default=4, validator=validators.ge(1))
    measurements: SeriesSettings = attrs.field(factory=SeriesSettings)
    _slot_length: pendulum.Duration = attrs.field(init=False, factory=lambda: pendulum.duration(minutes=15))

    def named_assets(self) -> Mapping[str, str]:
        """Return the assets that ``measurements`` names; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {f"measurements.{place}": asset for place, asset in self.measurements.named_assets().items()}

    @hookimpl
    def event_received(self, event: Event) -> None:
        """Note how long a slot is."""
        if isinstance(event, SlotOpened):
            self._slot_length = event.slot_length

    @hookimpl
    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies | None:
        """Return kWh per asset and slot; see :class:`gridhook.hookspecs.SettlementSpec`."""
        series = self.measurements.series
        return None if series is None else series.energies(assets, slots, self._slot_length)

    @hookimpl
    def settle_deviations(self, deviations: Lots, market: Market) -> Rates:
        """Return the rates; see :class:`gridhook.hookspecs.SettlementSpec`."""
        is_bid = deviations.side == "bid"
        if self.rates == "fixed":
            return np.where(is_bid, self.bid_rate, self.offer_rate)
        slots = deviations.slot.tolist()
        ages = {slot: (market.slot - slot) / market.slot_length for slot in dict.fromkeys(slots)}
        share = np.clip(np.array([ages[slot] for slot in slots]) / self.window_slots, 0.0, 1.0)
        low = market.feed_in_rate - deviations.grid_fee
        high = market.market_maker_rate + deviations.grid_fee
        rates = np.where(is_bid, low + (high - low) * share, high - (high - low) * share)
        return np.maximum(rates, 0.0)
