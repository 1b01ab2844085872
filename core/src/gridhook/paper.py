"""Paper: orders that were never sent, and the grid as an exchange would report it if they stood. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
import pendulum

from gridhook.commands import ExchangeCommand, PlaceOrders, WithdrawOrders
from gridhook.grid import Grid
from gridhook.lots import BID, OFFER

__all__ = ["Paper"]

_COLUMNS = (
    (BID, "energy_active_in_bids_kwh", "energy_to_buy_kwh"),
    (OFFER, "energy_active_in_offers_kwh", "energy_to_sell_kwh"),
)


class Paper:
    """The energy of would-be orders by asset, side and slot; none of them ever trades."""

    def __init__(self) -> None:
        self._energy: dict[tuple[str, str, pendulum.DateTime], float] = {}

    def take(self, commands: Iterable[ExchangeCommand]) -> None:
        """Take note of orders to place and to delete."""
        for command in commands:
            match command:
                case WithdrawOrders():
                    self._energy |= dict.fromkeys(zip(command.asset, command.side, command.slot, strict=True), 0.0)
                case PlaceOrders(lines=lines):
                    for line in lines:
                        place = (line.asset, line.side, line.slot)
                        stands = 0.0 if line.replace else self._energy.get(place, 0.0)
                        self._energy[place] = stands + line.energy_kwh
                case _:
                    pass

    def seen_in(self, grid: Grid, slot: pendulum.DateTime) -> Grid:
        """Return the grid of an event as it would be if the orders stood; those of closed slots are forgotten.

        What an asset can still trade and what is in its orders add up to the same (PROTOCOL.md 3.8).
        """
        open_slots = {slot, *grid.deviations.slots}
        self._energy = {place: energy for place, energy in self._energy.items() if place[2] in open_slots}
        if not self._energy:
            return grid
        assets = grid.assets
        columns = {}
        for side, active_name, free_name in _COLUMNS:
            active, free = getattr(assets, active_name), getattr(assets, free_name)
            paper = np.array([self._energy.get((area, side, slot), np.nan) for area in assets.id.tolist()])
            counts = ~np.isnan(paper) & ~np.isnan(active)
            columns[active_name] = np.where(counts, paper, active)
            columns[free_name] = np.where(counts, free + active - paper, free)
        return attrs.evolve(grid, assets=attrs.evolve(assets, **columns))
