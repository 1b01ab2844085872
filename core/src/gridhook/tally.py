"""The tally: what happened in a session, counted from its events and batches."""

from __future__ import annotations

from collections import Counter

import numpy as np

from gridhook.commands import Batch
from gridhook.events import Answered, Event, Reasoned, SlotOpened, Ticked, Traded
from gridhook.figures import (
    Accounts,
    CommunityFigures,
    Figures,
    ForecastFigures,
    PluginFigures,
    PreferenceFigures,
    SettlementFigures,
)
from gridhook.forecasterrors import ForecastErrors
from gridhook.reasons import Reason
from gridhook.trades import SPOT

__all__ = ["Tally"]


class Tally:
    """Counts events, notices and batches, and sums them up as :class:`~gridhook.figures.Figures`."""

    def __init__(self) -> None:
        self.slots = 0
        self._orders = 0
        self._settlement_orders = 0
        self._preference_orders = 0
        self._trades: Counter[str] = Counter()
        self._energy: Counter[str] = Counter()
        self._with_partner = 0
        self._forecasts = 0
        self._errors = ForecastErrors()
        self._reasons = np.zeros(len(Reason), dtype=np.int64)

    def add(self, event: Event) -> None:
        """Count one event or notice."""
        match event:
            case SlotOpened():
                self.slots += 1
                self._errors.saw(event)
            case Ticked():
                self._errors.saw(event)
            case Traded(trades=trades):
                spot = trades.market == SPOT
                for market, chosen in (("spot", spot), ("settlement", ~spot)):
                    self._trades[market] += int(chosen.sum())
                    self._energy[market] += float(trades.energy_kwh[chosen].sum())  # type: ignore[assignment]
                self._with_partner += int(trades.with_partner.sum())
            case Reasoned():
                self._orders += event.spot_orders
                self._settlement_orders += event.settlement_orders
                self._preference_orders += event.orders_with_requirements
                self._reasons += np.bincount(event.reasons.reason, minlength=len(Reason))
            case Answered():
                self._forecasts += event.sent_forecasts
            case _:
                pass

    def sent(self, batch: Batch) -> None:
        """Take note of a batch."""
        self._errors.sent(batch)

    def figures(self, accounts: Accounts | None, plugins: tuple[PluginFigures, ...]) -> Figures:
        """Return the figures of the session so far."""
        return Figures(
            slots=self.slots,
            orders=self._orders,
            trades=self._trades["spot"],
            traded_kwh=float(self._energy["spot"]),
            members=None if accounts is None else accounts.members,
            community=CommunityFigures() if accounts is None else accounts.community,
            forecasts=self._forecast_figures(accounts),
            settlement=SettlementFigures(
                self._settlement_orders, self._trades["settlement"], float(self._energy["settlement"])
            ),
            preferences=PreferenceFigures(self._preference_orders, self._with_partner),
            reasons={
                reason.label: int(self._reasons[reason])
                for reason in Reason
                if reason != Reason.NOT_SENT or self._reasons[reason]
            },
            plugins=plugins,
        )

    def _forecast_figures(self, accounts: Accounts | None) -> ForecastFigures:
        errors, last = self._errors.errors(), self._errors.last_before_the_gate()
        wape = last.wape if accounts is None else accounts.wape
        return ForecastFigures(self._forecasts, wape, last.persistence_wape, errors)
