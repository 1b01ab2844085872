"""Small communities, whole or drawn at random, for all tests of the exchange; nothing is read from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs
import numpy as np
import pendulum
import pytest
from hypothesis import strategies as st

from gridhook.commands import (
    Batch,
    ClaimAreas,
    ExchangeCommand,
    OrderLines,
    PlaceOrders,
    SendForecasts,
    SendMeasurements,
    SetGridFees,
    WithdrawOrders,
)
from gridhook.orders import Requirement
from gridhook_exchange.desk import Desk
from gridhook_exchange.market.battery import Batteries
from gridhook_exchange.market.community import Community, Rules
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.tree import MarketTree
from gridhook_exchange.registry import build_registry

START = pendulum.datetime(2026, 6, 15, 10, 0)
BATTERY = {
    "capacity_kwh": 10.0,
    "min_charge_kwh": 1.0,
    "power_kw": 4.0,
    "charge_efficiency": 1.0,
    "discharge_efficiency": 1.0,
    "initial_charge_kwh": 5.0,
}
"""A battery of which nothing is said."""

ONE_MARKET: Mapping[str, tuple[str | None, float]] = {"Grid": (None, 0.0)}

Curves = Mapping[str, tuple[str, Sequence[float]]]


def _make_community(  # noqa: PLR0913 - the one builder that every test varies a little
    markets: Mapping[str, tuple[str | None, float]] = ONE_MARKET,
    *,
    loads: Curves | None = None,
    pvs: Curves | None = None,
    batteries: Mapping[str, tuple[str, Mapping[str, float]]] | None = None,
    meters: Curves | None = None,
    forecast: Mapping[str, Sequence[float]] | None = None,
    slots: int = 1,
    feed_in: float | Sequence[float] = 8.0,
    retail: float | Sequence[float] = 30.0,
    maker: str | None = None,
    ticks: int = 10,
    min_age: int = 2,
    settlement: int = 4,
    seed: int = 0,
    minutes: int = 15,
    **rules: str,
) -> Community:
    loads, pvs, batteries, meters = loads or {}, pvs or {}, batteries or {}, meters or {}
    numbers = {name: number for number, name in enumerate(markets)}
    placed = (*loads.values(), *pvs.values(), *batteries.values(), *meters.values())
    homes = [*(home for home, _ in placed), maker or next(iter(markets))]
    names = (*loads, *pvs, *batteries, *meters, "Market Maker")
    measured = np.zeros((len(names), slots))
    for name, (_, curve) in {**loads, **pvs, **meters}.items():
        measured[names.index(name)] = curve
    expected = measured.copy()
    for name, curve in (forecast or {}).items():
        expected[names.index(name)] = curve
    features = {
        key: np.array([{**BATTERY, **said}[key] for _, said in batteries.values()], dtype=np.float64) for key in BATTERY
    }
    initial = features.pop("initial_charge_kwh")
    return Community(
        name="test",
        tree=MarketTree(
            np.array([-1 if parent is None else numbers[parent] for parent, _ in markets.values()], dtype=np.int64),
            np.array([numbers[home] for home in homes], dtype=np.int64),
        ),
        market_names=tuple(markets),
        market_ids=tuple(f"market {name}" for name in markets),
        fee=np.array([fee for _, fee in markets.values()]),
        asset_names=names,
        asset_ids=tuple(f"asset {name}" for name in names),
        kinds=(
            *("load" for _ in loads),
            *("pv" for _ in pvs),
            *("storage" for _ in batteries),
            *("smart-meter" for _ in meters),
            "market-maker",
        ),
        measured_kwh=measured,
        forecast_kwh=expected,
        batteries=Batteries(len(loads) + len(pvs) + np.arange(len(batteries)), **features),
        initial_charge_kwh=initial,
        feed_in_rate=np.broadcast_to(np.asarray(feed_in, dtype=np.float64), slots).copy(),
        retail_rate=np.broadcast_to(np.asarray(retail, dtype=np.float64), slots).copy(),
        start=START,
        slot_length=pendulum.duration(minutes=minutes),
        seed=seed,
        rules=Rules(ticks, max(ticks // 10, 1), min_age, settlement, **rules),
    )


@st.composite
def _ruled_communities(draw: st.DrawFn) -> Community:
    """Communities under any rules that go together."""
    priority = draw(st.sampled_from(["compatible", "price-time"]))
    modes = [("two-sided", "pay-as-bid"), ("two-sided", "pay-as-clear"), ("one-sided", "pay-as-bid")]
    market, clearing = draw(st.sampled_from(modes))
    community = draw(_communities())
    rules = attrs.evolve(community.rules, priority=priority, market=market, clearing=clearing)
    return attrs.evolve(community, rules=rules)


@st.composite
def _communities(draw: st.DrawFn, *, max_height: int = 3) -> Community:
    """Communities of up to seven markets on up to four levels, with anything in them, and either mode of fees."""
    mode = draw(st.sampled_from(["constant", "percent"]))
    fees = {"constant": [0.0, 0.0, 0.5, 2.0, 7.0], "percent": [0.0, 0.0, 2.0, 5.0, 12.0]}[mode]
    parents = [-1]
    depths = [0]
    for _ in range(draw(st.integers(0, 6))):
        parent = draw(st.sampled_from([one for one, depth in enumerate(depths) if depth < max_height]))
        parents.append(parent)
        depths.append(depths[parent] + 1)
    names = [f"M{number}" for number in range(len(parents))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    slots = draw(st.integers(2, 6))
    home = lambda: names[int(rng.integers(len(names)))]
    curve = lambda: np.where(rng.random(slots) < 0.2, 0.0, rng.uniform(0.0, 1.5, slots)).round(4)
    kinds: dict[str, int] = {
        kind: draw(st.sampled_from(range(most, -1, -1))) for kind, most in zip("LPBS", (4, 3, 2, 2), strict=True)
    }
    curves = {f"{kind}{number}": (home(), curve()) for kind in "LP" for number in range(kinds[kind])}
    meters = {f"S{number}": (home(), curve() - curve()) for number in range(kinds["S"])}
    feed_in = rng.choice([0.0, 8.0, 10.0], slots)
    return _make_community(
        {
            name: (None if parent < 0 else names[parent], float(rng.choice(fees)))
            for name, parent in zip(names, parents, strict=True)
        },
        loads={name: at for name, at in curves.items() if name[0] == "L"},
        pvs={name: at for name, at in curves.items() if name[0] == "P"},
        batteries={f"B{number}": (home(), _draw_battery(rng)) for number in range(kinds["B"])},
        meters=meters,
        forecast={name: (at[1] * rng.uniform(0.5, 1.5, slots)).round(4) for name, at in {**curves, **meters}.items()},
        slots=slots,
        feed_in=feed_in,
        retail=feed_in + rng.choice([0.0, 10.0, 20.0], slots),
        maker=home(),
        ticks=draw(st.integers(10, 20)),
        min_age=draw(st.sampled_from([2, 2, 0, 1, 3])),
        settlement=draw(st.sampled_from([4, 1, 0, 2])),
        seed=draw(st.integers(0, 3)),
        fees=mode,
    )


def _draw_battery(rng: np.random.Generator) -> dict[str, float]:
    capacity = float(rng.uniform(0.5, 6.0))
    least = float(rng.choice([0.0, 0.1, 0.5])) * capacity
    return {
        "capacity_kwh": capacity,
        "min_charge_kwh": least,
        "power_kw": float(rng.choice([0.5, 2.0, 10.0])),
        "charge_efficiency": float(rng.choice([0.7, 0.95, 1.0])),
        "discharge_efficiency": float(rng.choice([0.7, 0.95, 1.0])),
        "initial_charge_kwh": least + (capacity - least) * float(rng.choice([0.0, 0.3, 1.0])),
    }


@attrs.define
class Run:
    """A simulation with a client's desk: what a link does, without its events."""

    community: Community
    simulation: Simulation = attrs.field(init=False)
    desk: Desk = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.simulation = Simulation(self.community)
        self.desk = Desk(self.simulation, build_registry(self.community))

    def claim(self, *ids: str) -> None:
        self.desk.execute(Batch(1, (ClaimAreas(ids),)))

    def go(self, slots: int | None = None, at_tick: Callable[[int, int], None] | None = None) -> Run:
        """Run all slots or the next few; ``at_tick`` is called with slot and tick when commands are executed."""
        for _ in range(self.community.slots - self.simulation.closed_slots if slots is None else slots):
            self.open()
            self.ticks(self.community.rules.ticks_per_slot, at_tick)
            self.simulation.close_slot()
        return self

    def open(self) -> Run:
        self.simulation.open_slot()
        return self

    def ticks(self, count: int, at_tick: Callable[[int, int], None] | None = None) -> Run:
        """Run ticks of the open slot."""
        for _ in range(count):
            self.desk.view.trades(self.simulation.begin_tick())
            if at_tick is not None:
                at_tick(
                    self.simulation.slot,
                    self.simulation.tick - self.simulation.slot * self.community.rules.ticks_per_slot,
                )
            self.simulation.end_tick()
        return self


def _run_wildly(community: Community, seed: int) -> Run:
    """Run a community with a client that owns some of it, and gives sensible and senseless commands."""
    rng = np.random.default_rng(seed)
    run = Run(community)
    assets = [one for one in community.asset_ids if rng.random() < 0.6]
    run.claim(*assets, *community.market_ids, "nobody")

    def act(slot: int, tick: int) -> None:
        if tick % community.rules.dispatch_ticks == 0:
            run.desk.view.grid()
            run.desk.execute(Batch(2, tuple(_draw_commands(run, slot, rng))))

    return run.go(at_tick=act)


def _draw_commands(run: Run, slot: int, rng: np.random.Generator) -> list[ExchangeCommand]:
    community = run.community
    assets = lambda count: [str(rng.choice([*community.asset_ids, "nobody"])) for _ in range(count)]
    moment = lambda: _draw_moment(run, slot, rng)
    energies = lambda shape: rng.choice([np.nan, -1.0, np.inf, 0.0, 0.2, 0.7, 1.3], shape)
    commands: list[ExchangeCommand] = []
    if rng.random() < 0.3:
        commands.append(SendForecasts(tuple(assets(2)), (moment(), moment()), energies((2, 2))))
    if rng.random() < 0.3:
        # Of the running slot only: what is measured again later also changes how much could have been settled.
        commands.append(SendMeasurements(tuple(assets(2)), (community.slot_start(slot),), energies((2, 1))))
    if rng.random() < 0.2:
        markets = tuple(rng.choice([*community.market_ids, "nowhere"], 2).tolist())
        commands.append(SetGridFees(markets, rng.choice([np.nan, -1.0, np.inf, 0.0, 1.0, 3.0], 2)))
    if rng.random() < 0.1:
        commands.append(WithdrawOrders(assets(2), rng.choice(["bid", "offer"], 2).astype(object), [moment(), moment()]))
    commands.append(_draw_orders(run, slot, rng))
    return commands


def _draw_moment(run: Run, slot: int, rng: np.random.Generator) -> pendulum.DateTime:
    """Return the start of the running slot, or of one near it, or no slot's."""
    number = slot + int(rng.choice([0, 0, 0, 0, -1, -1, -2, -3, 1, 2]))
    start = run.community.start + run.community.slot_length * number
    return start.add(seconds=7) if rng.random() < 0.05 else start


def _draw_orders(run: Run, slot: int, rng: np.random.Generator) -> PlaceOrders:
    community, simulation = run.community, run.simulation
    rows, requirements = [], {}
    for row in range(int(rng.integers(0, 7))):
        markets = [simulation.spot, simulation.spot, *simulation.settlements.values()]
        market = markets[int(rng.integers(len(markets)))]
        able = np.flatnonzero(np.repeat(simulation.is_controlled, 2) & (market.limit_kwh > 0))
        key = int(rng.choice(able)) if len(able) else 0
        side, moment = ("offer" if key % 2 else "bid"), community.slot_start(market.slot)
        rate = float(rng.uniform(0.0, 20.0) if key % 2 else rng.uniform(15.0, 45.0))
        energy = float(market.limit_kwh[key] * rng.choice([0.3, 0.5, 1.0]))
        identity = community.asset_ids[key // 2]
        if rng.random() < 0.1:
            identity = "nobody"
        if rng.random() < 0.1:
            moment = _draw_moment(run, slot, rng)
        if rng.random() < 0.1:
            rate = float(rng.choice([np.nan, np.inf, -1.0, 0.0, 100.0]))
        if rng.random() < 0.1:
            energy = float(rng.choice([np.nan, -1.0, 0.0, 1e-5, 0.1, 0.4, 50.0, np.inf]))
        rows.append((identity, side, moment, rate, energy, rng.random() < 0.5))
        if rng.random() < 0.2:
            requirements[row] = tuple(_draw_requirement(community, rng) for _ in range(int(rng.integers(0, 3))))
    columns = list(map(list, zip(*rows, strict=True))) or [[]] * 6
    energy_types = {row: "PV" for row in range(len(rows)) if rng.random() < 0.1}
    return PlaceOrders(OrderLines(*columns), requirements, energy_types)


def _draw_requirement(community: Community, rng: np.random.Generator) -> Requirement:
    partners = rng.choice(community.asset_ids, int(rng.integers(0, 3)))
    return Requirement(
        tuple(partners.tolist()),
        tuple(rng.choice(["PV", "Grid", "Wind"], int(rng.integers(0, 2))).tolist()),
        None if rng.random() < 0.5 else float(rng.choice([0.05, 0.3, 2.0])),
        None if rng.random() < 0.5 else float(rng.uniform(10.0, 40.0)),
    )


def _path(community: Community, start: int, target: int) -> list[int]:
    """Return the markets from one asset's home to the other's, as one would walk it with a finger on the tree."""
    parent = community.tree.parent.tolist()
    up, down = ([int(community.tree.home[asset])] for asset in (start, target))
    for way in (up, down):
        while parent[way[-1]] >= 0:
            way.append(parent[way[-1]])
    meeting = next(market for market in up if market in down)
    return [*up[: up.index(meeting)], *reversed(down[: down.index(meeting) + 1])]


@pytest.fixture(scope="session")
def make_community() -> Callable[..., Community]:
    return _make_community


@pytest.fixture(scope="session")
def communities() -> st.SearchStrategy[Community]:
    return _communities()


@pytest.fixture(scope="session")
def ruled_communities() -> st.SearchStrategy[Community]:
    return _ruled_communities()


@pytest.fixture(scope="session")
def make_run() -> type[Run]:
    """Return a class that runs a community; it can be told what to do tick by tick."""
    return Run


@pytest.fixture(scope="session")
def run_wildly() -> Callable[[Community, int], Run]:
    return _run_wildly


@pytest.fixture(scope="session")
def path_between() -> Callable[[Community, int, int], list[int]]:
    return _path
