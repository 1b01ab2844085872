"""Appliances: the loads, PVs and batteries of a simulated community."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from gridhook.arrays import Floats, floats
from gridhook.assets import LOAD, PV, STORAGE

__all__ = ["Appliance", "battery", "load", "pv"]


@attrs.frozen
class Appliance:
    """An asset of a simulated community.

    ``kwh``
        what a load uses, or a PV makes, kWh per slot: one number for all slots, or one per slot.
    ``capacity_kwh``, ``power_kw``, ``charge_kwh``
        a battery's capacity, power in both directions, and charge at the beginning.
    """

    kind: str
    kwh: tuple[float, ...] = ()
    capacity_kwh: float = 0.0
    power_kw: float = 0.0
    charge_kwh: float = 0.0

    def profile(self, slots: int) -> Floats:
        """Return float64 (slots,), kWh.

        :raises ValueError: there are several values, but fewer than slots.
        """
        if len(self.kwh) == 1:
            return floats(np.full(slots, self.kwh[0]))
        if self.kind != STORAGE and len(self.kwh) < slots:
            msg = f"a {self.kind} has {len(self.kwh)} values for {slots} slots; give one for each, or one for all"
            raise ValueError(msg)
        return floats(self.kwh[:slots]) if self.kwh else floats(np.zeros(slots))


def load(kwh: float | Sequence[float]) -> Appliance:
    """Return a load that uses this much, kWh per slot: one number for all slots, or one per slot.

    :raises ValueError: a number is negative, or none.
    """
    return Appliance(LOAD, _energies(kwh))


def pv(kwh: float | Sequence[float]) -> Appliance:
    """Return a PV that makes this much, kWh per slot: one number for all slots, or one per slot.

    :raises ValueError: a number is negative, or none.
    """
    return Appliance(PV, _energies(kwh))


def battery(capacity_kwh: float, power_kw: float | None = None, charge_kwh: float | None = None) -> Appliance:
    """Return a battery without losses.

    :param power_kw: in both directions; None: so much that it is filled in two hours.
    :param charge_kwh: at the beginning; None: half its capacity.
    :raises ValueError: a number is negative, or the charge is more than the capacity.
    """
    power = capacity_kwh / 2 if power_kw is None else power_kw
    charge = capacity_kwh / 2 if charge_kwh is None else charge_kwh
    if not (capacity_kwh >= 0 and power >= 0 and 0 <= charge <= capacity_kwh):
        msg = f"a battery of {capacity_kwh:g} kWh with {power:g} kW and a charge of {charge:g} kWh does not exist"
        raise ValueError(msg)
    return Appliance(STORAGE, (), capacity_kwh, power, charge)


def _energies(kwh: float | Sequence[float]) -> tuple[float, ...]:
    values = tuple(float(value) for value in np.atleast_1d(np.asarray(kwh, dtype=np.float64)))
    if not values or not all(np.isfinite(value) and value >= 0 for value in values):
        msg = f"energies are numbers of kWh from 0 up, not {kwh!r}"
        raise ValueError(msg)
    return values
