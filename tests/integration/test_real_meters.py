"""Real meters: a week of the five homes of CityLearn 2022, hourly, from a folder beside the checkout."""

import json
from pathlib import Path

import pytest

from gridhook_exchange.community import read_community

METERS = Path(__file__).parents[3] / "shared" / "data" / "citylearn-2022" / "homes.csv"

pytestmark = pytest.mark.skipif(
    not METERS.exists(), reason=f"the meter data are not here: {METERS.parent.name} is not beside the checkout"
)

HEAD = """
name = "CityLearn"
start = {start}
slots = 672
slot_minutes = {minutes}
tick_seconds = {ticks}

[profiles]
file = "{file}"

[tariff]
feed_in_rate = 8.0
retail_rate = {{ column = "retail_USD_per_kWh", file = "{rates}", unit = "USD/kWh" }}

[[markets]]
name = "Grid"
fee = 1.5

[[markets]]
name = "Community"
parent = "Grid"
fee = 0.5
"""

HOME = """
[[markets]]
name = "Home {number}"
parent = "Community"

[[loads]]
name = "Home {number} Load"
market = "Home {number}"
profile = {{ column = "home_{number}_load_kWh" }}

[[pvs]]
name = "Home {number} PV"
market = "Home {number}"
profile = {{ column = "home_{number}_pv_kWh" }}
"""

BATTERY = """
[[storages]]
name = "Home {number} Battery"
market = "Home {number}"
capacity_kwh = 6.4
power_kw = 5.0
charge_efficiency = 0.95
discharge_efficiency = 0.95
"""

CONFIG = """
[exchange]
url = "embedded:community.toml"

[settlement]
use = ["deviations"]

[plugins.deviations]
rates = "ramp"
"""


@pytest.fixture
def week(tmp_path, trade):
    def run(start, *, batteries=(), minutes=15, slots=672):
        rates = METERS.with_name("retail_rate.csv")
        text = HEAD.format(start=start, minutes=minutes, ticks=minutes, file=METERS, rates=rates)
        for number in range(1, 6):
            text += HOME.format(number=number)
            if number in batteries:
                text += BATTERY.format(number=number)
        (tmp_path / "community.toml").write_text(text, encoding="utf-8")
        return trade(CONFIG, slots=slots)

    return run


@pytest.mark.thorough
@pytest.mark.parametrize("start", ["2021-08-02", "2022-01-10"])
def test_a_week_of_real_homes_meets_the_demos_checks(week, start):
    figures = week(start, batteries=(1, 2))
    assert figures.slots == 672
    assert len(figures.members) == 5
    without_battery = [member for member in figures.members if "storage" not in member.kinds]
    assert len(without_battery) == 3
    assert all(member.saving_cents > -0.5 for member in without_battery)
    assert figures.settlement.trades > 0


def test_hourly_slots_trade_the_same_energy_as_quarter_hours(week):
    quarters, hours = week("2021-08-02", slots=96), week("2021-08-02", minutes=60, slots=24)
    assert hours.slots == 24
    bills = [sum(member.bill_without_market_cents for member in figures.members) for figures in (quarters, hours)]
    assert bills[0] == pytest.approx(bills[1])


@pytest.mark.thorough
def test_a_community_made_from_the_meters_trades_as_one_written_by_hand(week, gridhook, tmp_path):
    by_hand = week("2021-08-02", batteries=(1,), slots=96)
    options = ("--first-day", "2021-08-02", "--days", "7", "--battery", "Home 1", "6.4", "5")
    outcome = gridhook("community", "new", "made", "--meters", METERS, *options)
    assert "5 homes, 5 loads, 5 PVs, 1 battery; 7 days from 2021-08-02, 672 slots" in outcome.stdout
    outcome = gridhook("run", "--exchange", "embedded:made/community.toml", "--slots", "96", "--json")
    members = json.loads(outcome.stdout)["members"]
    assert [member["name"] for member in members] == [member.name for member in by_hand.members]
    kinds = [member["kinds"] for member in members]
    assert [len(one) for one in kinds] == [3, 2, 2, 2, 2]

    # The tariffs differ; what was metered does not.
    made = read_community(tmp_path / "made" / "community.toml").measured_kwh
    written = read_community(tmp_path / "community.toml").measured_kwh
    assert made.sum(axis=1).tolist() == pytest.approx(written.sum(axis=1).tolist())
