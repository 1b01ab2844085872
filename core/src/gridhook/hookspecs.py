"""The hook specifications: what a plugin can implement, one class per domain.

A plugin implements a hook by a function (in a module) or a method (in a class) of the hook's name, marked with
``@hookimpl``. It may take fewer arguments than the specification, never others. Tables are read-only. An
implementation that raises, hangs or answers something else than what is asked loses its own answer and nothing more:
the failure becomes a :class:`~gridhook.events.PluginFailed` event, and the next plugin on the route is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import pendulum

    from gridhook.assets import Assets
    from gridhook.claims import Claim
    from gridhook.events import Event
    from gridhook.figures import Figures, SessionInfo
    from gridhook.grid import Grid
    from gridhook.lots import Lots
    from gridhook.market import Market, Markets
    from gridhook.orders import Energies, Orders, Rates, Requirements

__all__ = [
    "PROJECT",
    "RETIRED",
    "SPECIFICATIONS",
    "VERSION",
    "ForecastingSpec",
    "GridOperatorSpec",
    "HookChangedWarning",
    "ObservationSpec",
    "PricingSpec",
    "RegistrationSpec",
    "RequirementsSpec",
    "SettlementSpec",
    "hookimpl",
]

PROJECT = "gridhook"

VERSION = "0.1"
"""The version of the specifications: that of the first core that had them as they are now."""

RETIRED: Mapping[str, str] = MappingProxyType({})
"""Hooks that were removed, each with what to implement instead; for one release a plugin that has them is warned of."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks an implementation of a hook."""


class HookChangedWarning(FutureWarning):
    """A plugin implements a hook, or takes an argument, that is or will be removed."""


class RegistrationSpec:
    """Which assets?"""

    @hookspec
    def claim_assets(self, grid: Grid) -> Claim | None:
        """Say which assets (and markets) this aggregator wants.

        Called when the exchange is reached, and again whenever its areas change. The claims of all plugins are united.

        :param grid: all areas that the exchange shows; ``grid.tree`` has their names, paths and kinds. ``grid.assets``
            is still empty: nothing is owned yet.
        :returns: a :class:`~gridhook.claims.Claim` of names, kinds, globs or ids; None claims nothing. A name has to
            lead to exactly one area.

        If it fails, the other plugins' claims stand.

        .. code-block:: python

            from gridhook import Claim, hookimpl

            @hookimpl
            def claim_assets(grid):
                return Claim(kinds=["load", "pv"], exclude=["Home 03 *"])
        """
        raise NotImplementedError


class ForecastingSpec:
    """How much will they need or have?"""

    @hookspec
    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies | None:
        """Forecast the energy of loads and PVs in slots that have not begun.

        Called once per slot, for the slots whose forecasts can still take effect.

        :param assets: loads and PVs of this plugin's route.
        :param slots: starts of the slots, UTC, ascending.
        :returns: float64 (assets, slots), kWh in the slot, >= 0; NaN (or None for all) is no answer, and the next
            plugin on the route is asked for what is missing. Where nobody answers, nothing is sent, and the
            exchange's own forecast holds.

        .. code-block:: python

            import numpy as np
            from gridhook import hookimpl

            @hookimpl
            def forecast_energy(assets, slots):
                kwh = np.where(assets.kind == "load", 0.3, np.nan)
                return np.repeat(kwh[:, np.newaxis], len(slots), axis=1)
        """
        raise NotImplementedError


class PricingSpec:
    """What is a kWh worth, now?"""

    @hookspec
    def price_energy(self, lots: Lots, market: Market) -> Rates | Orders | None:
        """Say at what rate each lot shall stand in the market.

        Called when a slot opens and at each tick, for the lots of this plugin's route that have energy and that no
        plugin before it has decided. The answer is the desired state: only what differs from what stands is sent.

        :param lots: what can be bid or offered; a storage is two rows, one per side.
        :param market: slot, progress, rates and grid.
        :returns: float64 (lots,) in cents/kWh. A finite rate: an order at that rate, for the whole lot, stands.
            ``HOLD``: decided, no order stands. NaN (None for all): not my decision, the next plugin on the route is
            asked; where nobody decides, what stands is left standing. :class:`~gridhook.orders.Orders` says more:
            several orders per lot.

        .. code-block:: python

            from gridhook import hookimpl, per_lot

            @hookimpl
            @per_lot
            def price_energy(lot, market):
                return (market.feed_in_rate + market.market_maker_rate) / 2
        """
        raise NotImplementedError

    @hookspec
    def adjust_rates(self, rates: Rates, lots: Lots, market: Market) -> Rates | None:
        """Change rates that pricing plugins decided: caps and the like.

        Called after pricing, once per plugin on the route, in the route's order; each sees what those before it made.

        :param rates: float64 (lots,), cents/kWh, finite.
        :param lots: one row per order; a lot with several orders appears several times.
        :param market: as in ``price_energy``.
        :returns: float64 (lots,): the new rate; ``HOLD``: no order stands; NaN (None for all): leave it as it is.

        If it fails, these orders are not sent and what stands is left standing: a cap that does not work lets
        nothing through.

        .. code-block:: python

            import numpy as np
            from gridhook import hookimpl

            @hookimpl
            def adjust_rates(rates, lots, market):
                most = np.nan_to_num(market.market_maker_rate, nan=25.0)  # NaN would leave a rate as it is
                return np.where(lots.side == "bid", np.minimum(rates, most), rates)
        """
        raise NotImplementedError


class RequirementsSpec:
    """With whom, what kind, how much, at what limit?"""

    @hookspec
    def require(self, lots: Lots, rates: Rates, market: Market) -> Requirements | None:
        """Say what trades of these orders have to meet.

        Called after pricing, for all plugins on the route; a trade has to meet what every one of them asks.

        :param lots: one row per order.
        :param rates: float64 (lots,), cents/kWh, finite.
        :param market: as in ``price_energy``.
        :returns: :class:`~gridhook.orders.Requirements`; rows that it does not name (None: all) are free to trade.

        Fails closed: if it fails, no order stands for these lots.

        .. code-block:: python

            from gridhook import Requirement, Requirements, hookimpl

            @hookimpl
            def require(lots, rates, market):
                green = (Requirement(energy_types=("PV",)),)
                return Requirements({row: green for row, lot in enumerate(lots) if lot.side == "bid"})
        """
        raise NotImplementedError


class SettlementSpec:
    """What was measured; what of the energy that was not as forecast?"""

    @hookspec
    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies | None:
        """Say what loads and PVs really consumed or produced.

        Called once per slot. Where nobody answers, nothing is sent, and what the exchange itself measures holds. Each
        value is sent once, and again only if it changed, so that it does no harm to repeat it.

        :param assets: loads and PVs of this plugin's route.
        :param slots: starts of the slots, UTC, ascending: those that ended and whose measurements can still take
            effect, and as the last one the running slot. What is known of that before it ends saves a slot; the others
            may have been asked for before.
        :returns: float64 (assets, slots), kWh in the slot, >= 0; NaN (None for all) is no answer.

        .. code-block:: python

            import numpy as np
            from gridhook import hookimpl

            @hookimpl
            def measure_energy(assets, slots):
                return np.full((len(assets), len(slots)), np.nan)
        """
        raise NotImplementedError

    @hookspec
    def settle_deviations(self, deviations: Lots, market: Market) -> Rates | Orders | None:
        """Say at what rate energy that was not as traded shall be settled.

        Called when a slot opens, with the deviations of ended slots whose settlement markets are open.

        :param deviations: one row per asset and slot: side ``bid`` where it consumed more than it bought (or produced
            less than it sold), ``offer`` in the opposite case; ``slot`` is the ended slot, ``energy_kwh`` what is
            still unsettled.
        :param market: the running slot.
        :returns: as ``price_energy``.

        .. code-block:: python

            from gridhook import hookimpl, per_lot

            @hookimpl
            @per_lot
            def settle_deviations(deviation, market):
                return 5.0 if deviation.side == "bid" else 10.0
        """
        raise NotImplementedError


class GridOperatorSpec:
    """For who operates markets."""

    @hookspec
    def set_grid_fees(self, markets: Markets, slot: pendulum.DateTime) -> Rates | None:
        """Say what the operated markets' grid fees are from the next slot on.

        Called when a slot opens, if markets are claimed (kind ``market``).

        :param markets: the operated markets, with what they imported and exported, as far as the exchange told.
        :param slot: start of the slot in which the fees take effect, UTC.
        :returns: float64 (markets,), cents/kWh >= 0; NaN (None for all) leaves a fee as it is.

        .. code-block:: python

            import numpy as np
            from gridhook import hookimpl

            @hookimpl
            def set_grid_fees(markets, slot):
                return np.full(len(markets), 4.0 if 17 <= slot.hour < 20 else 1.0)
        """
        raise NotImplementedError


class ObservationSpec:
    """Notices: results are ignored, and they may not raise; one that does is reported and the session goes on."""

    @hookspec
    def session_started(self, session: SessionInfo) -> None:
        """Prepare: called once, before the first event.

        :param session: the aggregator's name and the exchange's address.

        .. code-block:: python

            from gridhook import hookimpl

            @hookimpl
            def session_started(session):
                print("trading on", session.exchange)
        """

    @hookspec
    def event_received(self, event: Event) -> None:
        """Look at an event of the exchange before it is acted on, or at a notice of the agent when it is made.

        :param event: one of the classes in :mod:`gridhook.events`.

        .. code-block:: python

            from gridhook import hookimpl
            from gridhook.events import Traded

            @hookimpl
            def event_received(event):
                if isinstance(event, Traded):
                    print(event.trades.energy_kwh.sum(), "kWh")
        """

    @hookspec
    def session_finished(self, summary: Figures) -> None:
        """Clean up: always called once after ``session_started``, also when the session failed.

        :param summary: the figures of the session.

        .. code-block:: python

            from gridhook import hookimpl

            @hookimpl
            def session_finished(summary):
                print(summary.trades, "trades")
        """


SPECIFICATIONS: dict[str, type] = {
    "registration": RegistrationSpec,
    "forecasting": ForecastingSpec,
    "pricing": PricingSpec,
    "requirements": RequirementsSpec,
    "settlement": SettlementSpec,
    "grid_fees": GridOperatorSpec,
    "observation": ObservationSpec,
}
"""The specification of each domain, by the name of its section in the configuration."""
