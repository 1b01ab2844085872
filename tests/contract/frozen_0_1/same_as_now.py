"""Forecasts what assets need or have now, and tells afterwards what it was."""

import numpy as np

from gridhook import hookimpl


class SameAsNow:
    def __init__(self):
        self.measured = {}

    @hookimpl
    def forecast_energy(self, assets, slots):
        now = np.where(assets.kind == "load", assets.energy_requirement_kwh, assets.available_energy_kwh)
        for asset, energy in zip(assets.id.tolist(), now.tolist()):
            self.measured[asset] = energy
        return np.repeat(now[:, np.newaxis], len(slots), axis=1)

    @hookimpl
    def measure_energy(self, assets, slots):
        energies = np.full((len(assets), len(slots)), np.nan)
        energies[:, -1] = [self.measured.get(row.id, np.nan) for row in assets]
        return energies
