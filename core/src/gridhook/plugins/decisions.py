"""Decisions: one typed method per hook, for the agent. Nothing else calls plugins."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np
import pendulum

from gridhook.arrays import floats
from gridhook.assets import Assets
from gridhook.claims import Claim
from gridhook.config import Config
from gridhook.deciding import Priced, Required
from gridhook.errors import Problem
from gridhook.events import Event, PluginFailed
from gridhook.figures import Figures, PluginFigures, SessionInfo
from gridhook.grid import Grid, Tree
from gridhook.lots import Lots
from gridhook.market import Market, Markets
from gridhook.orders import Energies, Rates, Requirements
from gridhook.plugins.answers import check_claim, check_energies, check_fees, check_requirements
from gridhook.plugins.calling import Benched, Caller
from gridhook.plugins.guard import Failure
from gridhook.plugins.pricing import Pricing
from gridhook.plugins.routing import Router
from gridhook.plugins.tracing import Trace

__all__ = ["Decisions"]


class Decisions:
    """What the plugins of a configuration say, merged by the rules of the specifications."""

    def __init__(self, config: Config, caller: Caller) -> None:
        self._config = config
        self._caller = caller
        self._observers = list(caller.plugins)
        self._routers = {
            domain: Router(domain, config.section(domain).use, config.routes(domain))
            for domain in ("pricing", "requirements", "forecasting", "settlement")
        }
        highest = config.guard.highest_rate
        self._pricing = Pricing(caller, self._routers["pricing"], "price_energy", "lots", highest)
        self._settling = Pricing(caller, self._routers["settlement"], "settle_deviations", "deviations", highest)

    def unmatched_routes(self, tree: Tree) -> list[Problem]:
        """Return a problem for each key of a route that no asset of the grid matches."""
        return [problem for router in self._routers.values() for problem in router.unmatched(tree)]

    def route_of(self, domain: str, path: str, name: str, kind: str) -> tuple[str, ...]:
        """Return the plugins that serve an asset in one of the domains with routes, in order."""
        return self._routers[domain].route_of(path, name, kind)

    def begin_slot(self) -> None:
        """Let plugins that were benched in the last slot try again."""
        self._caller.begin_slot()

    def take_failures(self) -> tuple[PluginFailed, ...]:
        """Return what failed since the last time, and forget it."""
        return self._caller.take_failures()

    def figures(self) -> tuple[PluginFigures, ...]:
        """Return calls and failures per plugin and domain."""
        return self._caller.figures()

    def trace(self) -> Trace:
        """Take note of what plugins cost from now on."""
        return self._caller.trace()

    def claim_assets(self, grid: Grid) -> tuple[tuple[str, Claim], ...]:
        """Return the claims of all registration plugins, each with the plugin's name."""
        claims = []
        for name in self._users("registration", "claim_assets"):
            answer = self._caller.call(name, "claim_assets", {"grid": grid}, check_claim)
            if isinstance(answer, Claim):
                claims.append((name, answer))
        return tuple(claims)

    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return float64 (assets, slots) in kWh; NaN where no plugin answered."""
        return self._energies("forecasting", "forecast_energy", assets, slots)

    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        """Return float64 (assets, slots) in kWh; NaN where no plugin answered."""
        return self._energies("settlement", "measure_energy", assets, slots)

    def price_energy(self, lots: Lots, market: Market) -> Priced:
        """Return the orders that shall stand, with all adjustments made."""
        return self._pricing.adjust(self._pricing.price(lots, market), lots, market)

    def settle_deviations(self, deviations: Lots, market: Market) -> Priced:
        """Return the settlement orders that shall stand."""
        return self._settling.price(deviations, market)

    def require(self, lots: Lots, rates: Rates, market: Market) -> Required:
        """Return what trades of these orders have to meet; where a plugin failed, nothing is allowed."""
        combined = Requirements()
        failed: dict[int, str] = {}
        sides = lots.side.tolist()
        for turn in self._routed("requirements", "require", lots):
            rows = turn.rows.tolist()
            asked = lots if len(rows) == len(lots) else lots.take(turn.rows)
            answer = self._caller.call(
                turn.plugin,
                "require",
                {"lots": asked, "rates": floats(rates[turn.rows]), "market": market},
                partial(_combine, combined, rows=rows, sides=sides),
                asked.path,
            )
            if isinstance(answer, Failure | Benched):
                failed.update(dict.fromkeys(rows, turn.plugin))
            elif answer is not None:
                combined = answer
        return Required(attrs.evolve(combined, held=combined.held | failed.keys()), failed)

    @property
    def sets_grid_fees(self) -> bool:
        """Whether any plugin is asked for grid fees."""
        return bool(self._users("grid_fees", "set_grid_fees"))

    def set_grid_fees(self, markets: Markets, slot: pendulum.DateTime) -> Rates:
        """Return float64 (markets,) in cents/kWh; NaN where no plugin answered."""
        fees = np.full(len(markets), np.nan)
        for name in self._users("grid_fees", "set_grid_fees"):
            answer = self._caller.call(
                name,
                "set_grid_fees",
                {"markets": markets, "slot": slot},
                partial(check_fees, rows=len(markets)),
                markets.path,
            )
            if isinstance(answer, np.ndarray):
                fees = np.where(np.isnan(fees), answer, fees)
        return fees

    def start_session(self, session: SessionInfo) -> None:
        """Tell observers that the session starts."""
        self._observe("session_started", {"session": session})

    def tell(self, event: Event) -> None:
        """Tell observers about an event."""
        self._observe("event_received", {"event": event})

    def finish_session(self, summary: Figures) -> None:
        """Tell observers that the session is over, those on the bench, too."""
        self._caller.begin_slot()
        self._observe("session_finished", {"summary": summary})

    def tell_no_others(self, names: Collection[str]) -> None:
        """Let no other plugins be observers."""
        self._observers = [name for name in self._observers if name in names]

    def _observe(self, hook: str, arguments: dict[str, Any]) -> None:
        for name in filter(self._caller.implements(hook), self._observers):
            self._caller.call(name, hook, arguments, lambda value: value)

    def _users(self, domain: str, hook: str) -> list[str]:
        return [name for name in self._config.section(domain).use if self._caller.implements(hook)(name)]

    def _routed(self, domain: str, hook: str, table: Lots | Assets) -> Any:  # noqa: ANN401
        return self._routers[domain].turns(table, self._caller.implements(hook))

    def _energies(self, domain: str, hook: str, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        energies = np.full((len(assets), len(slots)), np.nan)
        implements = self._caller.implements(hook)
        for turn in self._routers[domain].turns(assets, implements, lambda: np.isnan(energies).any(axis=1)):
            answer = self._caller.call(
                turn.plugin,
                hook,
                {"assets": assets.take(turn.rows), "slots": tuple(slots)},
                partial(check_energies, rows=len(turn.rows), slots=len(slots)),
                assets.path[turn.rows],
            )
            if isinstance(answer, np.ndarray):
                known = energies[turn.rows]
                energies[turn.rows] = np.where(np.isnan(known), answer, known)
        return energies


def _combine(combined: Requirements, answer: object, rows: list[int], sides: list[str]) -> Requirements:
    """Return what all plugins so far ask; what cannot be combined is this answer's fault."""
    return combined.both(_renumber(check_requirements(answer, len(rows)), rows), sides)


def _renumber(requirements: Requirements, rows: list[int]) -> Requirements:
    """Return requirements about a part of a table as requirements about the whole."""
    return Requirements(
        {rows[row]: alternatives for row, alternatives in requirements.alternatives.items()},
        frozenset(rows[row] for row in requirements.held),
        {rows[row]: energy_type for row, energy_type in requirements.energy_types.items()},
        frozenset(rows[row] for row in requirements.waivable),
    )
