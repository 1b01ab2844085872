"""The plugin: forecasts from a CSV file, and constants where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
import pendulum
from attrs import validators

from gridhook import Assets, Energies, hookimpl
from gridhook.events import Event, SlotOpened
from gridhook.series import AssetSeries, EnergyUnit, SeriesError

__all__ = ["Profiles"]

_kwh = validators.optional(validators.ge(0))


@attrs.define
class Profiles:
    """Forecasts loads and PVs: from the file where it has a column and covers the slot, else the constants, if given.

    ``file``
        a CSV file, relative to the configuration file.
    ``time``
        its column of times.
    ``unit``
        of its other columns: ``kWh`` or ``Wh`` in the interval that starts then, ``kW`` or ``W`` during it.
    ``scale``
        factor for the file's values. A little below 1 is cautious: a kWh too many is settled at a loss, one too few at
        worst at the price of having no market.
    ``timezone``
        the zone of times without an offset.
    ``columns``
        the column of an asset, by its name or path; others have a column of their own name, or none.
    ``load_kwh``, ``pv_kwh``
        constants, kWh per slot (1.2 and 0.86 in the template of PROTOCOL.md 9.5).
    """

    file: Path | None = None
    time: str = "time"
    unit: EnergyUnit = "kWh"
    scale: float = attrs.field(default=1.0, validator=validators.ge(0))
    timezone: str = "UTC"
    columns: dict[str, str] = attrs.field(factory=dict)
    load_kwh: float | None = attrs.field(default=None, validator=_kwh)
    pv_kwh: float | None = attrs.field(default=None, validator=_kwh)
    _series: AssetSeries | None = attrs.field(init=False)
    _slot_length: pendulum.Duration = attrs.field(init=False, factory=lambda: pendulum.duration(minutes=15))

    @_series.default
    def _read(self) -> AssetSeries | None:
        if self.file is None:
            return None
        try:
            return AssetSeries(self.file, self.time, self.unit, self.timezone, self.columns)
        except SeriesError as error:
            raise ValueError(str(error)) from error

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
        if self._series is None:
            return energies
        profiles = self._series.energies(assets, slots, self._slot_length) * self.scale
        return np.where(np.isnan(profiles), energies, profiles)
