"""A slot's beginning: claims, forecasts, grid fees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np
import pendulum

from gridhook.agent.state import State
from gridhook.arrays import Floats, Ints, Objects
from gridhook.assets import LOAD, PV, Assets
from gridhook.claims import Claim, ids_and_names, resolve_claim
from gridhook.commands import (
    AskMarketStats,
    ClaimAreas,
    Command,
    ExchangeCommand,
    Notify,
    SendForecasts,
    SetGridFees,
)
from gridhook.deciding import Decide
from gridhook.errors import Problem, join_path
from gridhook.events import AreasClaimed, ClaimedArea, SlotOpened, Ticked
from gridhook.grid import MARKET, Grid, Tree
from gridhook.market import Markets, Throughput

__all__ = ["asset_fees", "claim", "fees", "forecasts", "metered", "no_assets", "slots_between"]

_METERED = (LOAD, PV)

_UNLISTED = (
    "this exchange does not list its areas: name at least one asset here; kinds, globs and all others are looked for "
    "in the grid tree, which it tells only to who has an asset"
)

_MOST_MISSED_SLOTS = 96
"""Measurements of slots longer ago than this are not asked for after a gap; no settlement market is open so long."""


def claim(state: State, tree: Tree, decide: Decide) -> tuple[State, list[ExchangeCommand], list[Command]]:
    """Ask which areas are wanted, and take them if they changed."""
    grid = Grid(tree, np.full(len(tree), np.nan), np.full(len(tree), np.nan), no_assets())
    claims = decide.claim_assets(grid)
    if not (state.lists_areas or len(tree)):
        return attrs.evolve(state, tree=tree, areas=()), *_ask(claims)
    areas: set[int] = set()
    problems: list[Problem] = []
    for plugin, wanted in claims:
        found, wrong = resolve_claim(wanted, tree, is_listed=state.lists_areas)
        areas |= found
        problems += [attrs.evolve(problem, path=join_path("plugins", plugin, problem.path)) for problem in wrong]
    claimed = tuple(sorted(areas))
    known = tuple(ClaimedArea(tree.names[area], tree.kinds[area], tree.paths[area], tree.ids[area]) for area in claimed)
    notice = Notify(AreasClaimed(tuple(area.path for area in known), tuple(problems), areas=known))
    following = attrs.evolve(state, tree=tree, areas=claimed)
    return following, [ClaimAreas(tuple(tree.ids[area] for area in claimed))], [notice]


def forecasts(state: State, event: SlotOpened, decide: Decide) -> list[ExchangeCommand]:
    """Return the forecasts for the coming slots, as far as plugins answered."""
    assets = metered(event.grid.assets)
    slots = [event.slot + event.slot_length * ahead for ahead in range(1, state.settings.horizon + 1)]
    if not len(assets):
        return []
    energies = decide.forecast_energy(assets, slots)
    if np.isnan(energies).all():
        return []
    return [SendForecasts(tuple(assets.id), tuple(slots), energies)]


def fees(state: State, event: SlotOpened, decide: Decide) -> list[ExchangeCommand]:
    """Return the question for operated markets' figures, which is answered later, and their fees for the next slot."""
    tree, grid = event.grid.tree, event.grid
    operated = np.array([area for area in state.areas if tree.kinds[area] == MARKET], dtype=np.int64)
    if not len(operated) or not decide.sets_grid_fees:
        return []
    traded = (
        np.full(len(operated), np.nan)
        if grid.last_market_stats is None
        else grid.last_market_stats.total_traded_energy_kwh[operated]
    )
    markets = Markets(
        _texts(tree.ids, operated),
        _texts(tree.names, operated),
        _texts(tree.paths, operated),
        grid.current_market_fee[operated],
        grid.last_market_fee[operated],
        traded,
        *_throughput(state, tree, operated),
    )
    rates = decide.set_grid_fees(markets, event.slot + event.slot_length)
    asked = AskMarketStats(tuple(markets.id))
    return [asked] if np.isnan(rates).all() else [asked, SetGridFees(asked.markets, rates)]


def asset_fees(grid: Grid) -> Floats:
    """Return, per own asset, the grid fee to the market maker, cents/kWh."""
    if not len(grid.assets):
        # Perhaps no area is known yet.
        return np.empty(0)
    return grid.path_fees(grid.tree.positions(grid.assets.id), grid.tree.market_maker)


def slots_between(last: pendulum.DateTime | None, event: SlotOpened | Ticked) -> tuple[pendulum.DateTime, ...]:
    """Return the slots after ``last`` and before the event's: none, if the exchange left none out."""
    if last is None or event.slot <= last:
        return ()
    count = min(round((event.slot - last) / event.slot_length) - 1, _MOST_MISSED_SLOTS)
    return tuple(event.slot - event.slot_length * back for back in range(count, 0, -1))


def no_assets() -> Assets:
    """Return a table of no assets."""
    return Assets(*([()] * len(attrs.fields(Assets))))


def _ask(claims: Sequence[tuple[str, Claim]]) -> tuple[list[ExchangeCommand], list[Command]]:
    """Return what asks for areas by name, on an exchange that lists none."""
    asked = [ids_and_names(wanted) for _, wanted in claims]
    ids = tuple(dict.fromkeys(area for its, _ in asked for area in its))
    names = tuple(dict.fromkeys(name for _, its in asked for name in its))
    problems = [
        Problem(join_path("plugins", plugin, "names"), _UNLISTED)
        for plugin, wanted in claims
        if not (ids or names) and wanted != Claim()
    ]
    notice = AreasClaimed((*ids, *names), tuple(problems), is_impossible=bool(problems))
    return [ClaimAreas(ids, names)], [Notify(notice)]


def _throughput(state: State, tree: Tree, markets: Ints) -> Iterable[Floats]:
    """Return the columns of :class:`Throughput`; NaN for markets of which nothing was told."""
    unknown = Throughput(np.nan, np.nan)
    return np.array([state.throughput.get(tree.ids[market], unknown) for market in markets.tolist()]).T


def metered(assets: Assets) -> Assets:
    """Return the loads and PVs: what is forecast and measured."""
    return assets.take(np.isin(assets.kind, _METERED))


def _texts(texts: Sequence[str], positions: Ints) -> Objects:
    return np.array(texts, dtype=object)[positions]
