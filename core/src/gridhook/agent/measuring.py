"""Measurements: of which slots they are asked for, and which were told already."""

from __future__ import annotations

import attrs
import numpy as np
import pendulum

from gridhook.agent.slots import metered, slots_between
from gridhook.agent.state import State, Told
from gridhook.arrays import Floats
from gridhook.commands import ExchangeCommand, SendMeasurements
from gridhook.deciding import Decide
from gridhook.events import SlotOpened

__all__ = ["measurements", "slots_to_measure"]


def slots_to_measure(state: State, event: SlotOpened) -> tuple[pendulum.DateTime, ...]:
    """Return the slots whose measurements can take effect, ascending; the running one is the last (PROTOCOL.md 8).

    Those are the slots that ended since measurements were last asked for, and those that can be settled for another
    slot, since a meter may be slow. What was before this session is left as it is: told again, a measurement would have
    settled again what was settled already (PROTOCOL.md 7).

    :param state: before the event.
    """
    if state.joined is None or state.unmeasured is None:
        return (event.slot,)
    ended = (state.unmeasured, *slots_between(state.unmeasured, event))
    window = state.window.seen(event.slot, event.grid.deviations.slots).length(event.slot_length)
    open_ones = (event.slot - event.slot_length * back for back in range(1, window))
    return (*sorted({*ended, *(slot for slot in open_ones if slot >= state.joined)}), event.slot)


def measurements(
    state: State, slots: tuple[pendulum.DateTime, ...], event: SlotOpened, decide: Decide
) -> tuple[State, list[ExchangeCommand]]:
    """Return the measurements that plugins have and that were not told yet, or have changed since."""
    assets = metered(event.grid.assets)
    if not len(assets):
        return state, []
    ids = tuple(assets.id)
    energies = decide.measure_energy(assets, slots)
    told = _told_of(state.told, ids, slots)
    is_new = ~np.isnan(energies) & (energies != told)
    state = attrs.evolve(state, told=Told(ids, slots, np.where(is_new, energies, told)))
    columns = is_new.any(axis=0)
    if not columns.any():
        return state, []
    sent = tuple(slot for slot, is_told in zip(slots, columns.tolist(), strict=True) if is_told)
    return state, [SendMeasurements(ids, sent, np.where(is_new, energies, np.nan)[:, columns])]


def _told_of(told: Told, assets: tuple[str, ...], slots: tuple[pendulum.DateTime, ...]) -> Floats:
    """Return float64 (assets, slots): what was told of them, kWh; NaN where nothing was."""
    known = np.full((len(assets), len(slots)), np.nan)
    if assets == told.assets:
        rows = before = list(range(len(assets)))
    else:
        place = {asset: row for row, asset in enumerate(told.assets)}
        rows = [row for row, asset in enumerate(assets) if asset in place]
        before = [place[assets[row]] for row in rows]
    for column, slot in enumerate(slots):
        if slot in told.slots:
            known[rows, column] = told.energy_kwh[before, told.slots.index(slot)]
    return known
