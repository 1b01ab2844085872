"""Batteries: what they can buy and sell in a slot, and what trades do to their charge."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Floats, Ints

__all__ = ["Batteries"]


@attrs.frozen(eq=False)
class Batteries:
    """Batteries as columns.

    ``asset``
        asset numbers.
    ``capacity_kwh``, ``min_charge_kwh``
        the charge stays between them.
    ``power_kw``
        limit on the grid's side, both ways.
    ``charge_efficiency``, ``discharge_efficiency``
        share of bought energy that is stored, and of discharged energy that can be sold; 0 < efficiency <= 1.
    """

    asset: Ints
    capacity_kwh: Floats
    min_charge_kwh: Floats
    power_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats

    def take(self, positions: Ints) -> Batteries:
        """Return some of the batteries."""
        return Batteries(*(getattr(self, field.name)[positions] for field in attrs.fields(Batteries)))

    def can_buy(self, charge_kwh: Floats, hours: float) -> Floats:
        """Return the most that each can buy in a slot of ``hours``, whatever it sells in it, kWh."""
        room = np.maximum(self.capacity_kwh - charge_kwh, 0.0) / self.charge_efficiency
        return np.minimum(self.power_kw * hours, room)

    def can_sell(self, charge_kwh: Floats, hours: float) -> Floats:
        """Return the most that each can sell in a slot of ``hours``, whatever it buys in it, kWh."""
        stored = np.maximum(charge_kwh - self.min_charge_kwh, 0.0) * self.discharge_efficiency
        return np.minimum(self.power_kw * hours, stored)

    def after(self, charge_kwh: Floats, bought_kwh: Floats, sold_kwh: Floats) -> Floats:
        """Return the charge after a slot's trades; rounding errors do not take it out of its limits."""
        charge = charge_kwh + bought_kwh * self.charge_efficiency - sold_kwh / self.discharge_efficiency
        return np.clip(charge, self.min_charge_kwh, self.capacity_kwh)
