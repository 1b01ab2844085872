"""Figures: what ``summary.json`` says about a served run, as far as an exchange can know it."""

from __future__ import annotations

from typing import Any

from gridhook.figures import Figures, ForecastFigures, PreferenceFigures, SettlementFigures
from gridhook_exchange.market.accounts import close_accounts
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.service.orderlog import OrderLog

__all__ = ["summary"]


def summary(simulation: Simulation, orders: OrderLog) -> dict[str, Any]:
    """Return the figures of all clients together, as JSON.

    Trades are all of the run. Why clients did not trade, and with which plugins, they alone know: both are null.
    """
    accounts, entries = close_accounts(simulation), simulation.ledger.entries()
    is_spot = entries.is_spot
    figures = Figures(
        slots=simulation.slot + 1,
        orders=orders.spot_orders,
        trades=int(is_spot.sum()),
        traded_kwh=float(entries.energy_kwh[is_spot].sum()),
        members=accounts.members,
        community=accounts.community,
        forecasts=ForecastFigures(orders.forecasts, accounts.wape),
        settlement=SettlementFigures(
            orders.settlement_orders, int((~is_spot).sum()), float(entries.energy_kwh[~is_spot].sum())
        ),
        preferences=PreferenceFigures(orders.orders_with_requirements, int(entries.with_partner.sum())),
        reasons={},
        plugins=(),
    )
    return {**figures.to_json(), "reasons": None, "plugins": None}
