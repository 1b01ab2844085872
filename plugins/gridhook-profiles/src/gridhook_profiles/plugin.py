"""The plugin: forecasts from a CSV file, and constants where it has none."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import pendulum
from attrs import validators

from gridhook import Assets, Energies, hookimpl
from gridhook.events import Event, SlotOpened
from gridhook.series import SeriesSettings

__all__ = ["Profiles"]

_kwh = validators.optional(validators.ge(0.0))


@attrs.define
class Profiles(SeriesSettings):
    """Forecasts loads and PVs: from the file where it has a column and covers the slot, else the constants, if given.

    ``file``, ``time``, ``unit``, ``timezone``, ``columns``
        the CSV file; see :class:`gridhook.series.SeriesSettings`.
    ``scale``
        factor for the file's values. A little below 1 is cautious: a kWh too many is settled at a loss, one too few at
        worst at the price of having no market.
    ``load_kwh``, ``pv_kwh``
        constants, kWh per slot (1.2 and 0.86 in the template of PROTOCOL.md 9.5).
    """

    scale: float = attrs.field(default=1.0, validator=validators.ge(0.0))
    load_kwh: float | None = attrs.field(default=None, validator=_kwh)
    pv_kwh: float | None = attrs.field(default=None, validator=_kwh)
    _slot_length: pendulum.Duration = attrs.field(init=False, factory=lambda: pendulum.duration(minutes=15))

    @hookimpl
    def event_received(self, event: Event) -> None:
        """Note how long a slot is."""
        if isinstance(event, SlotOpened):
            self._slot_length = event.slot_length

    @hookimpl
    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return kWh per asset and slot; see :class:`gridhook.hookspecs.ForecastingSpec`."""
        constants = {"load": self.load_kwh, "pv": self.pv_kwh}
        known = np.array([constants.get(kind) for kind in assets.kind.tolist()], dtype=np.float64)
        energies = np.repeat(known[:, np.newaxis], len(slots), axis=1)
        if self.series is None:
            return energies
        profiles = self.series.energies(assets, slots, self._slot_length) * self.scale
        return np.where(np.isnan(profiles), energies, profiles)
