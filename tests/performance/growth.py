"""Time a slot of 60 ticks on the embedded exchange as communities grow: ``python growth.py [HOMES ...]``.

Each home has a load, every second a photovoltaic system and every fourth a battery; ten times in a slot they all post
orders at rates drawn between the tariffs, so that there is something to trade in each market all the time. Costs are
compared with n log n of the homes, from one size to the next: up to 1, they do not grow faster.
"""

import math
import resource
import sys

import numpy as np
import pendulum
from timing import report, seconds

from gridhook_exchange.market.battery import Batteries
from gridhook_exchange.market.community import Community, Rules
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.slotmarket import Lines
from gridhook_exchange.market.tree import MarketTree

SLOTS = 3


def community(homes):
    """Return a grid with a community of homes around noon, all in memory."""
    rng = np.random.default_rng(homes)
    panels, stores = np.arange(0, homes, 2), np.arange(0, homes, 4)
    names = [
        f"{kind} {home}"
        for kind, some in (("Load", range(homes)), ("PV", panels), ("Battery", stores))
        for home in some
    ]
    energy = np.zeros((len(names) + 1, SLOTS))
    energy[:homes] = rng.uniform(0.05, 0.5, (homes, SLOTS))
    energy[homes : homes + len(panels)] = rng.uniform(0.0, 1.0, (len(panels), SLOTS))
    capacity = rng.uniform(4.0, 12.0, len(stores))
    same = np.ones(len(stores))
    return Community(
        name="growth",
        tree=MarketTree(
            np.array([-1, 0, *[1] * homes]), np.array([*range(2, homes + 2), *(panels + 2), *(stores + 2), 0])
        ),
        market_names=("Grid", "Community", *(f"Home {home}" for home in range(homes))),
        market_ids=tuple(map(str, range(homes + 2))),
        fee=np.array([1.5, 0.5, *[0.0] * homes]),
        asset_names=(*names, "Market Maker"),
        asset_ids=tuple(f"asset {number}" for number in range(len(names) + 1)),
        kinds=(*["load"] * homes, *["pv"] * len(panels), *["storage"] * len(stores), "market-maker"),
        measured_kwh=energy,
        forecast_kwh=energy * rng.uniform(0.8, 1.2, energy.shape),
        batteries=Batteries(
            homes + len(panels) + np.arange(len(stores)), capacity, 0.1 * capacity, 0.5 * capacity, same, same
        ),
        initial_charge_kwh=0.5 * capacity,
        feed_in_rate=np.full(SLOTS, 8.0),
        retail_rate=np.full(SLOTS, 28.0),
        start=pendulum.datetime(2026, 6, 15, 10),
        slot_length=pendulum.duration(minutes=15),
        seed=1,
        rules=Rules(),
    )


def post(simulation, rng):
    """Post an order for all that each asset can trade."""
    market = simulation.spot
    key = np.flatnonzero((market.limit_kwh > 1e-4) & np.isfinite(market.limit_kwh))
    rates = rng.uniform(8.0, 28.0, len(key))
    simulation.post(market, Lines(key, rates, market.limit_kwh[key], np.ones(len(key), dtype=np.bool_)))


def run(simulation, rng):
    """Run all slots."""
    simulation.is_controlled[:] = True
    rules = simulation.community.rules
    for _ in range(SLOTS):
        simulation.open_slot()
        for tick in range(rules.ticks_per_slot):
            simulation.begin_tick()
            if tick % rules.dispatch_ticks == 0:
                post(simulation, rng)
            simulation.end_tick()
        simulation.close_slot()


def measure(homes, before):
    """Print what a slot costs, against what n log n makes of the cost of a smaller community; return homes and cost."""
    simulation = Simulation(community(homes))
    cost = seconds(lambda: run(simulation, np.random.default_rng(1))) / SLOTS
    fewer, less = before or (homes, cost)
    expected = less * (homes * math.log2(homes)) / (fewer * math.log2(fewer))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    trades = len(simulation.ledger) // SLOTS
    report(f"{homes} homes, {trades} trades in a slot, {peak:.0f} MiB", cost, expected, f"n log n from {fewer} homes")
    return homes, cost


smaller = None
for size in [int(text) for text in sys.argv[1:]] or [10, 100, 1_000, 10_000]:
    smaller = measure(size, smaller)
