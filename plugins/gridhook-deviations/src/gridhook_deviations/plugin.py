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
from gridhook_deviations.rates import ramp_rates

__all__ = ["Deviations"]

_kwh = validators.optional(validators.ge(0.0))


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
    ``slots``
        for which of the slots that can be settled orders are sent: ``all``; ``newest``, the one that ended last, as the
        template does; ``oldest``, the one whose market closes next; ``none``: only measurements are sent. Orders that
        stand in the others are left there.
    ``send``
        when a slot's measurement is sent: ``after`` it, or ``during`` it where the source already knows it. On the
        original exchange the latter saves a slot, since a measurement takes effect when the next slot begins.
    ``measurements``
        a CSV file of measurements to send; see :class:`gridhook.series.SeriesSettings`.
    ``load_kwh``, ``pv_kwh``
        constants to send where the file has no value, kWh per slot (1.23 and 0.87 in the template of PROTOCOL.md 9.5).
        Where there are none either, nothing is sent, and what the exchange itself measures holds.
    """

    rates: Literal["fixed", "ramp"] = "fixed"
    bid_rate: float = attrs.field(default=5.0, validator=validators.ge(0.0))
    offer_rate: float = attrs.field(default=10.0, validator=validators.ge(0.0))
    window_slots: int = attrs.field(default=4, validator=validators.ge(1))
    slots: Literal["all", "newest", "oldest", "none"] = "all"
    send: Literal["during", "after"] = "after"
    measurements: SeriesSettings = attrs.field(factory=SeriesSettings)
    load_kwh: float | None = attrs.field(default=None, validator=_kwh)
    pv_kwh: float | None = attrs.field(default=None, validator=_kwh)
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
    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return kWh per asset and slot; see :class:`gridhook.hookspecs.SettlementSpec`."""
        constants = {"load": self.load_kwh, "pv": self.pv_kwh}
        known = np.array([constants.get(kind) for kind in assets.kind.tolist()], dtype=np.float64)
        energies = np.repeat(known[:, np.newaxis], len(slots), axis=1)
        # The last one is the running slot.
        asked = slots if self.send == "during" else slots[:-1]
        energies[:, len(asked) :] = np.nan
        if self.measurements.series is not None and asked:
            measured = self.measurements.series.energies(assets, asked, self._slot_length)
            energies[:, : len(asked)] = np.where(np.isnan(measured), energies[:, : len(asked)], measured)
        return energies

    @hookimpl
    def settle_deviations(self, deviations: Lots, market: Market) -> Rates:
        """Return the rates; see :class:`gridhook.hookspecs.SettlementSpec`."""
        if self.slots == "none":
            return np.full(len(deviations), np.nan)
        if self.rates == "fixed":
            rates = np.where(deviations.side == "bid", self.bid_rate, self.offer_rate)
        else:
            rates = ramp_rates(deviations, market, self.window_slots)
        if self.slots == "all":
            return rates
        wanted = market.grid.deviations.slots[-1 if self.slots == "newest" else 0]
        return np.where([slot == wanted for slot in deviations.slot.tolist()], rates, np.nan)
