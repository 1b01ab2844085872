"""Witnesses: who keeps what happens in a session, such as its results or a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeAlias

import pendulum

from gridhook.assets import Assets
from gridhook.commands import Batch
from gridhook.deciding import Decide, DecideElsewhere
from gridhook.events import Event
from gridhook.figures import Figures
from gridhook.orders import Energies

__all__ = ["EnergyHook", "Witness", "Witnessed"]

EnergyHook: TypeAlias = Literal["forecast_energy", "measure_energy"]


class Witness(Protocol):
    """Is told all that happens, in its order."""

    def saw(self, event: Event) -> None:
        """Take note of an event or a notice."""

    def answered(
        self, hook: EnergyHook, assets: Assets, slots: Sequence[pendulum.DateTime], energies: Energies
    ) -> None:
        """Take note of what plugins forecast or measured: float64 (assets, slots) in kWh."""

    def sent(self, batch: Batch) -> None:
        """Take note of a batch."""

    def finish(self, figures: Figures) -> None:
        """Take note of the end."""


class Witnessed(DecideElsewhere):
    """Lets witnesses know which energies were asked for and answered."""

    def __init__(self, decide: Decide, witnesses: Iterable[Witness]) -> None:
        super().__init__(decide)
        self._witnesses = tuple(witnesses)

    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return what plugins forecast."""
        return self._told("forecast_energy", assets, slots, super().forecast_energy(assets, slots))

    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return what plugins measured."""
        return self._told("measure_energy", assets, slots, super().measure_energy(assets, slots))

    def _told(
        self, hook: EnergyHook, assets: Assets, slots: Sequence[pendulum.DateTime], energies: Energies
    ) -> Energies:
        for witness in self._witnesses:
            witness.answered(hook, assets, slots, energies)
        return energies
