"""Batteries in plain strategies: over a day, none is ever emptier or fuller than it can be, or trades with itself."""

import hypothesis
import pytest
from hypothesis import strategies as st

from gridhook.commands import PlaceOrders
from gridhook.deployment import prepare
from gridhook.events import Reasoned, SlotOpened, Ticked, Traded

HOURS = 24
TOLERANCE_KWH = 2e-5
COMMUNITY = """
name = "Batteries"
timezone = "UTC"
start = 2026-06-15
slots = 24
slot_minutes = 60
tick_seconds = 180
seed = {seed}

[profiles]
file = "meters.csv"

[tariff]
feed_in_rate = 8.0
retail_rate = 30.0

[[markets]]
name = "Grid"
fee = {fee}
"""
HOME = """
[[markets]]
name = "House {n}"
parent = "Grid"
fee = 0.5

[[loads]]
name = "Load {n}"
market = "House {n}"
profile = {{ column = "Load {n}" }}

[[pvs]]
name = "PV {n}"
market = "House {n}"
profile = {{ column = "PV {n}" }}

[[storages]]
name = "Battery {n}"
market = "House {n}"
capacity_kwh = {capacity}
power_kw = {power}
initial_charge = {initial}
min_charge = 0.1
charge_efficiency = 0.9
discharge_efficiency = 0.95
"""
STRATEGIES = {
    "ramp": 'use = ["ramp"]',
    "coarse ramp": 'use = ["ramp"]\n[plugins.ramp]\nsteps = 3',
    "ramp to the house": 'use = ["ramp"]\n[plugins.ramp]\nfee_target = "House 1"',
    "fixed": 'use = ["fixed"]',
    "fixed by side": 'use = ["fixed"]\n[plugins.fixed]\nrates = { storage = { bid = 9.0, offer = 25.0 }, load = 26.0 }',
}
CONFIG = """
[exchange]
url = "embedded:community.toml"
[pricing]
{pricing}
"""

homes = st.fixed_dictionaries(
    {
        "capacity": st.floats(0.5, 20.0),
        "power": st.floats(0.2, 8.0),
        "initial": st.floats(0.1, 1.0),
        "load": st.lists(st.floats(0.0, 3.0), min_size=HOURS, max_size=HOURS),
        "pv": st.lists(st.floats(0.0, 4.0), min_size=HOURS, max_size=HOURS),
    }
)


class Watch:
    """Looks at each event and batch of a session, as results do."""

    def __init__(self, capacities):
        self.capacities = capacities
        self.free = {}
        self.events = self.orders = self.trades = 0

    def saw(self, event):
        if isinstance(event, SlotOpened | Ticked):
            self.events += 1
            for asset in event.grid.assets:
                if asset.kind == "storage":
                    self.check(asset)
        elif isinstance(event, Traded):
            self.trades += len(event.trades)
            assert all(trade.buyer != trade.seller for trade in event.trades)
        else:
            assert not isinstance(event, Reasoned) or event.reasons.reason.max() < 7, "something was refused"

    def check(self, asset):
        capacity = self.capacities[asset.name]
        assert 0.1 * capacity - TOLERANCE_KWH <= asset.used_storage_kwh <= capacity + TOLERANCE_KWH
        self.free[asset.id, "bid"] = asset.energy_to_buy_kwh + asset.energy_active_in_bids_kwh
        self.free[asset.id, "offer"] = asset.energy_to_sell_kwh + asset.energy_active_in_offers_kwh

    def answered(self, hook, assets, slots, energies):
        pass

    def sent(self, batch):
        rates = {}
        for command in batch.commands:
            for line in command.lines if isinstance(command, PlaceOrders) else ():
                self.orders += 1
                # What stands is replaced, and counted.
                assert line.energy_kwh <= self.free.get((line.asset, line.side), line.energy_kwh) + 1e-9
                assert line.replace
                rates[line.asset, line.side] = line.rate
        for (asset, side), rate in rates.items():
            if side == "bid":
                assert rate <= rates.get((asset, "offer"), rate)

    def finish(self, figures):
        pass


def write(folder, first, second, fee, seed, strategy):
    text = COMMUNITY.format(fee=fee, seed=seed)
    text += "".join(HOME.format(n=n, **home) for n, home in enumerate((first, second), 1))
    (folder / "community.toml").write_text(text, encoding="utf-8")
    columns = [first["load"], first["pv"], second["load"], second["pv"]]
    rows = [
        ",".join([f"2026-06-15T{hour:02d}:00:00Z", *(f"{column[hour]:.6f}" for column in columns)])
        for hour in range(HOURS)
    ]
    (folder / "meters.csv").write_text("\n".join(["time,Load 1,PV 1,Load 2,PV 2", *rows]) + "\n", encoding="utf-8")
    (folder / "trade.toml").write_text(CONFIG.format(pricing=STRATEGIES[strategy]), encoding="utf-8")
    return folder / "trade.toml"


@pytest.mark.parametrize(
    "strategy", [pytest.param(its, marks=[pytest.mark.thorough] if its != "ramp" else []) for its in STRATEGIES]
)
@hypothesis.settings(max_examples=8, deadline=None, phases=[hypothesis.Phase.generate])
@hypothesis.given(first=homes, second=homes, fee=st.sampled_from([0.0, 1.5]), seed=st.integers(0, 99))
@pytest.mark.thorough
def test_over_a_day_charge_stays_within_limits_and_nobody_crosses_itself(
    tmp_path_factory, strategy, first, second, fee, seed
):
    config = write(tmp_path_factory.mktemp("day"), first, second, fee, seed, strategy)
    watch = Watch({"Battery 1": first["capacity"], "Battery 2": second["capacity"]})
    figures = prepare(config).open(results=watch).run()
    assert figures.slots == HOURS
    assert watch.events >= 10 * HOURS
    assert watch.orders
