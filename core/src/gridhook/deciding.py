"""What the agent asks of plugins, and the merged answers that it gets. The agent knows nothing else of plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs
import pendulum

from gridhook.arrays import Ints, Objects
from gridhook.assets import Assets
from gridhook.claims import Claim
from gridhook.events import PluginFailed
from gridhook.grid import Grid
from gridhook.lots import Lots
from gridhook.market import Market, Markets
from gridhook.orders import Energies, Orders, Rates, Requirements

__all__ = ["Decide", "DecideElsewhere", "Priced", "Required"]


@attrs.frozen(eq=False)
class Priced:
    """What pricing came to.

    ``orders``
        the orders that shall stand, rates finite, sorted by lot; a lot's own keep the order in which they were given.
    ``reason``
        per lot: PRICED, HELD, DECLINED or PLUGIN_FAILED.
    ``plugin``
        per lot: the plugin that decided or failed; empty where none did.
    """

    orders: Orders
    reason: Ints
    plugin: Objects


@attrs.frozen(eq=False)
class Required:
    """What requirements plugins came to: what all of them ask for, and the plugin that failed by row that it holds."""

    requirements: Requirements
    failed: Mapping[int, str]


class Decide(Protocol):
    """One method per hook, each with the merged answer of all plugins; NaN where none answered."""

    def begin_slot(self) -> None:
        """Let plugins that were benched in the last slot try again."""

    def take_failures(self) -> tuple[PluginFailed, ...]:
        """Return what failed since the last time, and forget it."""

    def claim_assets(self, grid: Grid) -> tuple[tuple[str, Claim], ...]:
        """Return the claims of all registration plugins, each with the plugin's name."""

    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return float64 (assets, slots) in kWh."""

    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return float64 (assets, slots) in kWh."""

    def price_energy(self, lots: Lots, market: Market) -> Priced:
        """Return the orders that shall stand, with all adjustments made."""

    def settle_deviations(self, deviations: Lots, market: Market) -> Priced:
        """Return the settlement orders that shall stand."""

    def require(self, lots: Lots, rates: Rates, market: Market) -> Required:
        """Return what trades of these orders have to meet; where a plugin failed, nothing is allowed."""

    @property
    def sets_grid_fees(self) -> bool:
        """Whether any plugin may have an answer to :meth:`set_grid_fees`."""
        ...

    def set_grid_fees(self, markets: Markets, slot: pendulum.DateTime) -> Rates:
        """Return float64 (markets,) in cents/kWh."""


class DecideElsewhere:
    """Asks another one; a base for those that answer, or take note of, some of it themselves."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide

    def begin_slot(self) -> None:
        """See :class:`Decide`."""
        self._decide.begin_slot()

    def take_failures(self) -> tuple[PluginFailed, ...]:
        """See :class:`Decide`."""
        return self._decide.take_failures()

    def claim_assets(self, grid: Grid) -> tuple[tuple[str, Claim], ...]:
        """See :class:`Decide`."""
        return self._decide.claim_assets(grid)

    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """See :class:`Decide`."""
        return self._decide.forecast_energy(assets, slots)

    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """See :class:`Decide`."""
        return self._decide.measure_energy(assets, slots)

    def price_energy(self, lots: Lots, market: Market) -> Priced:
        """See :class:`Decide`."""
        return self._decide.price_energy(lots, market)

    def settle_deviations(self, deviations: Lots, market: Market) -> Priced:
        """See :class:`Decide`."""
        return self._decide.settle_deviations(deviations, market)

    def require(self, lots: Lots, rates: Rates, market: Market) -> Required:
        """See :class:`Decide`."""
        return self._decide.require(lots, rates, market)

    @property
    def sets_grid_fees(self) -> bool:
        """See :class:`Decide`."""
        return self._decide.sets_grid_fees

    def set_grid_fees(self, markets: Markets, slot: pendulum.DateTime) -> Rates:
        """See :class:`Decide`."""
        return self._decide.set_grid_fees(markets, slot)
