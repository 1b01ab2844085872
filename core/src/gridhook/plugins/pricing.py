"""Pricing by rows: each plugin on the route decides the lots that those before it left open."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from gridhook.arrays import Bools, Floats, Ints, floats
from gridhook.deciding import Priced
from gridhook.lots import Lots
from gridhook.market import Market
from gridhook.orders import HOLD, Orders
from gridhook.plugins.answers import check_offers, check_rates
from gridhook.plugins.calling import Benched, Caller
from gridhook.plugins.guard import Failure
from gridhook.plugins.routing import Router
from gridhook.reasons import Reason

__all__ = ["Pricing"]


class Pricing:
    """Asks the plugins of one domain's routes for rates: ``price_energy``, or ``settle_deviations``."""

    def __init__(
        self, caller: Caller, router: Router, hook: str, table_argument: str, highest_rate: float = math.inf
    ) -> None:
        self._caller = caller
        self._router = router
        self._hook = hook
        self._table_argument = table_argument
        self._highest_rate = highest_rate

    def price(self, lots: Lots, market: Market) -> Priced:
        """Return what the plugins want for each lot."""
        merged = _Merge(lots)
        for turn in self._router.turns(lots, self._caller.implements(self._hook), merged.is_open):
            asked = lots if len(turn.rows) == len(lots) else lots.take(turn.rows)
            answer = self._caller.call(
                turn.plugin,
                self._hook,
                {self._table_argument: asked, "market": market},
                partial(check_offers, lots=asked, highest=self._highest_rate),
                asked.path,
            )
            merged.add(turn.plugin, turn.rows, answer)
        return merged.result()

    def adjust(self, priced: Priced, lots: Lots, market: Market) -> Priced:
        """Return ``priced`` after all ``adjust_rates`` on the routes, in order."""
        if not len(priced.orders) or not any(map(self._caller.implements("adjust_rates"), self._caller.plugins)):
            return priced
        rows = lots.take(priced.orders.lot)
        rates = priced.orders.rate.copy()
        reason, plugin = priced.reason.copy(), priced.plugin.copy()
        alive = np.ones(len(rates), dtype=np.bool_)
        for turn in self._router.turns(rows, self._caller.implements("adjust_rates"), alive.view):
            arguments: Mapping[str, Any] = {"rates": floats(rates[turn.rows]), "lots": rows.take(turn.rows)}
            answer = self._caller.call(
                turn.plugin,
                "adjust_rates",
                {**arguments, "market": market},
                partial(check_rates, rows=len(turn.rows), highest=self._highest_rate),
                rows.path[turn.rows],
            )
            if answer is None:
                continue
            if isinstance(answer, Failure | Benched):
                dropped, why = np.ones(len(turn.rows), dtype=np.bool_), Reason.PLUGIN_FAILED
            else:
                rates[turn.rows] = np.where(np.isnan(answer), rates[turn.rows], answer)
                dropped, why = rates[turn.rows] == HOLD, Reason.HELD
            lots_dropped = priced.orders.lot[turn.rows[dropped]]
            reason[lots_dropped], plugin[lots_dropped] = why, turn.plugin
            # One order of a lot that is held holds the lot: half a ladder is not what anybody asked for.
            alive &= ~np.isin(priced.orders.lot, lots_dropped)
        kept = Orders(priced.orders.lot[alive], rates[alive], priced.orders.energy_kwh[alive])
        return Priced(kept, reason, plugin)


class _Merge:
    """Collects the answers of several plugins about the rows of one table."""

    def __init__(self, lots: Lots) -> None:
        self._lots = lots
        self._open = np.ones(len(lots), dtype=np.bool_)
        self._reason = np.full(len(lots), Reason.DECLINED, dtype=np.int64)
        self._plugin = np.full(len(lots), "", dtype=object)
        self._orders: list[tuple[Ints, Floats, Floats]] = []

    def is_open(self) -> Bools:
        """Return which rows are not decided."""
        return self._open

    def add(self, plugin: str, rows: Ints, answer: Orders | Floats | Failure | Benched | None) -> None:
        """Take one plugin's answer about ``rows``."""
        if answer is None:
            return
        if isinstance(answer, Failure | Benched):
            self._reason[rows], self._plugin[rows] = Reason.PLUGIN_FAILED, plugin
            return
        if isinstance(answer, Orders):
            lot, rate, energy = rows[answer.lot], answer.rate, answer.energy_kwh
        else:
            decided = ~np.isnan(answer)
            lot, rate = rows[decided], answer[decided]
            energy = self._lots.energy_kwh[lot]
        held = rate == HOLD
        self._open[lot] = False
        self._plugin[lot] = plugin
        self._reason[lot] = Reason.PRICED
        self._reason[lot[held]] = Reason.HELD
        self._orders.append((lot[~held], rate[~held], energy[~held]))

    def result(self) -> Priced:
        """Return all answers, orders sorted by lot; a lot's orders keep the order in which they were given."""
        if self._orders:
            lot, rate, energy = (np.concatenate(parts) for parts in zip(*self._orders, strict=True))
            by_lot = np.argsort(lot, kind="stable")
            orders = Orders(lot[by_lot], rate[by_lot], energy[by_lot])
        else:
            orders = Orders([], [], [])
        return Priced(orders, self._reason, self._plugin)
