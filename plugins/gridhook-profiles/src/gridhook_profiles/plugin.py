"""The plugin: forecasts from a file, from what was a day or a week ago, and constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import pendulum
from attrs import validators

from gridhook import Assets, Energies, hookimpl
from gridhook.assets import LOAD, PV
from gridhook.errors import join_path
from gridhook.events import Event, SlotOpened
from gridhook.series import SeriesSettings
from gridhook_profiles.bounds import Bounds
from gridhook_profiles.persistence import Period, persist

__all__ = ["Profiles"]

_kwh = validators.optional(validators.ge(0.0))


@attrs.define
class Profiles(SeriesSettings):
    """Forecasts loads and PVs, each slot from the first that knows it: the file, persistence, the constants.

    ``file``, ``time``, ``unit``, ``timezone``, ``columns``, ``growing``
        the file of forecasts; see :class:`gridhook.series.SeriesSettings`.
    ``scale``
        factor for what comes from files. A little below 1 is cautious: a kWh too many is settled at a loss, one too few
        at worst at the price of having no market.
    ``persistence``
        ``day``: as yesterday in the same slot, or on the last of seven days whose value is known; ``week``: as in the
        same slot of last week, or of the week before. None: not at all. The same slot has the same local time, so that
        a day of 23 or 25 hours is right.
    ``history``
        a file of measurements for ``persistence``, most likely a growing one, with the same keys as that of forecasts;
        without one, it looks at the past in the file of forecasts.
    ``load_kwh``, ``pv_kwh``
        constants, kWh per slot (1.2 and 0.86 in the template of PROTOCOL.md 9.5); none unless given.
    ``max_kw``
        the most power of an asset by its path, name or kind: what is more is clipped, with a warning per asset.
    """

    scale: float = attrs.field(default=1.0, validator=validators.ge(0.0))
    persistence: Period | None = None
    history: SeriesSettings = attrs.field(factory=SeriesSettings)
    load_kwh: float | None = attrs.field(default=None, validator=_kwh)
    pv_kwh: float | None = attrs.field(default=None, validator=_kwh)
    max_kw: dict[str, float] = attrs.field(
        factory=dict, validator=validators.deep_mapping(validators.instance_of(str), validators.ge(0.0))
    )
    _bounds: Bounds = attrs.field(init=False, repr=False)
    _slot_length: pendulum.Duration = attrs.field(init=False, factory=lambda: pendulum.duration(minutes=15))

    @_bounds.default
    def _make_bounds(self) -> Bounds:
        return Bounds(self.max_kw)

    def named_assets(self) -> Mapping[str, str]:
        """Return the assets that settings name; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {
            **super().named_assets(),
            **{f"history.{place}": asset for place, asset in self.history.named_assets().items()},
            **{join_path("max_kw", asset): asset for asset in self.max_kw if asset not in (LOAD, PV)},
        }

    @hookimpl
    def event_received(self, event: Event) -> None:
        """Note how long a slot is."""
        if isinstance(event, SlotOpened):
            self._slot_length = event.slot_length

    @hookimpl
    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return kWh per asset and slot; see :class:`gridhook.hookspecs.ForecastingSpec`."""
        energies = np.full((len(assets), len(slots)), np.nan)
        if self.series is not None:
            energies = self.series.energies(assets, slots, self._slot_length) * self.scale
        persisted = self._persisted(assets, slots)
        if persisted is not None:
            energies = np.where(np.isnan(energies), persisted * self.scale, energies)
        constants = {LOAD: self.load_kwh, PV: self.pv_kwh}
        known = np.array([constants.get(kind) for kind in assets.kind.tolist()], dtype=np.float64)
        energies = np.where(np.isnan(energies), known[:, np.newaxis], energies)
        return self._bounds.clip(energies, assets, self._slot_length)

    def _persisted(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies | None:
        source = self if self.history.series is None else self.history
        if self.persistence is None or source.series is None:
            return None
        return persist(source.series, self.persistence, source.timezone, assets, slots, self._slot_length)
