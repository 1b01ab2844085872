"""Energies that may not have reached the exchange: forecasts and measurements of batches without an answer.

Unlike orders they can be sent again: an exchange takes them as they are, however often it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import TypeAlias

import attrs
import numpy as np
import pendulum

from gridhook.commands import ExchangeCommand, SendForecasts, SendMeasurements

__all__ = ["Energies", "of_assets", "still_counting"]

Energies: TypeAlias = tuple[SendForecasts | SendMeasurements, ...]

_MOST_DAYS = 1
"""A measurement is worth nothing when all settlement markets that it could count in have closed."""


def of_assets(commands: Iterable[ExchangeCommand], assets: AbstractSet[str] | None = None) -> Energies:
    """Return the forecasts and measurements among ``commands``.

    :param assets: only theirs; None: those of all.
    """
    energies = (command for command in commands if isinstance(command, SendForecasts | SendMeasurements))
    if assets is None:
        return tuple(energies)
    return tuple(command for energy in energies if (command := _narrowed(energy, assets)).assets)


def still_counting(energies: Energies, slot: pendulum.DateTime) -> Energies:
    """Return what of ``energies`` an exchange can still use.

    That is forecasts of slots that have not begun (PROTOCOL.md 10, E12), and measurements of others of the last day.

    :param slot: the running slot.
    """
    oldest = slot.subtract(days=_MOST_DAYS)
    counting = (
        _since(energy, lambda one: one > slot)
        if isinstance(energy, SendForecasts)
        else _since(energy, lambda one: oldest <= one <= slot)
        for energy in energies
    )
    return tuple(energy for energy in counting if energy.slots)


def _narrowed(energy: SendForecasts | SendMeasurements, assets: AbstractSet[str]) -> SendForecasts | SendMeasurements:
    kept = np.array([asset in assets for asset in energy.assets], dtype=np.bool_)
    names = tuple(asset for asset in energy.assets if asset in assets)
    return attrs.evolve(energy, assets=names, energy_kwh=energy.energy_kwh[kept])


def _since(
    energy: SendForecasts | SendMeasurements, counts: Callable[[pendulum.DateTime], bool]
) -> SendForecasts | SendMeasurements:
    kept = np.array([counts(slot) for slot in energy.slots], dtype=np.bool_)
    slots = tuple(slot for slot in energy.slots if counts(slot))
    return attrs.evolve(energy, slots=slots, energy_kwh=energy.energy_kwh[:, kept])
