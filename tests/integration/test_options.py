"""No option without an effect: each setting of each section and plugin is toggled, and a figure changes."""

import importlib.metadata
import json

import pytest

from gridhook.config import SECTIONS
from gridhook.settings import fields_of
from gridhook_exchange.link import SHIPPED, EmbeddedExchange

DEMO = SHIPPED.as_posix()

# Eight slots around noon, with all plugins; files are the demo community's.
BASE = {
    "exchange": 'url = "embedded:demo"\nstart = 2026-06-15T11:00:00',
    "registration": 'use = ["claim"]',
    "pricing": 'use = ["ramp"]',
    "requirements": 'use = ["preferences"]',
    "forecasting": 'use = ["profiles"]',
    "settlement": 'use = ["deviations"]',
    "plugins.preferences": f'file = "{DEMO}/requirements.json"',
    "plugins.profiles": f'file = "{DEMO}/forecasts.csv"',
    "plugins.deviations": 'rates = "ramp"',
}

FIXED = {"pricing": 'use = ["fixed"]'}
OPERATED = 'kinds = ["load", "pv", "storage", "market"]'
FIXED_FEES = {"plugins.claim": OPERATED, "grid_fees": 'use = ["fixed-fees"]'}
TIME_OF_USE_FEES = {
    "plugins.claim": OPERATED,
    "grid_fees": 'use = ["time-of-use-fees"]',
    "plugins.time-of-use-fees": 'file = "ToU.csv"',
}
THRESHOLD_FEES = {
    "plugins.claim": OPERATED,
    "grid_fees": 'use = ["threshold-fees"]',
    "plugins.threshold-fees": 'file = "aziiz.json"',
}
LATER = {"exchange": 'url = "embedded:demo"\nstart = 2026-06-16T11:00:00'}
MEASURED = f'rates = "ramp"\n[plugins.deviations.measurements]\nfile = "{DEMO}/meters.csv"\n'

# Per option: what the base becomes first, and what the option's section becomes then.
TOGGLES = {
    "exchange.url": ({}, {"exchange": 'url = "embedded:demo-winter"'}),
    "exchange.requirements": ({}, {"exchange": f'{BASE["exchange"]}\nrequirements = "unsupported"'}),
    "exchange.start": ({}, {"exchange": 'url = "embedded:demo"\nstart = 2026-06-16T11:00:00'}),
    "exchange.seed": ({}, {"exchange": f"{BASE['exchange']}\nseed = 99"}),
    "registration.use": ({}, {"registration": "use = []"}),
    "pricing.use": ({}, {"pricing": 'use = ["fixed"]'}),
    "pricing.routes": ({}, {"pricing": 'use = ["ramp"]\nroutes = { load = ["fixed"] }'}),
    "requirements.use": ({}, {"requirements": "use = []"}),
    "requirements.routes": ({}, {"requirements": 'use = ["preferences"]\nroutes = { load = [] }'}),
    "forecasting.use": ({}, {"forecasting": "use = []"}),
    "forecasting.routes": ({}, {"forecasting": 'use = ["profiles"]\nroutes = { pv = [] }'}),
    "forecasting.horizon": ({}, {"forecasting": 'use = ["profiles"]\nhorizon = 3'}),
    "settlement.use": ({}, {"settlement": "use = []"}),
    "settlement.routes": ({}, {"settlement": 'use = ["deviations"]\nroutes = { pv = [] }'}),
    "plugins.claim.names": ({}, {"plugins.claim": 'names = ["Home 01 Load"]'}),
    "plugins.claim.kinds": ({}, {"plugins.claim": 'kinds = ["load"]'}),
    "plugins.claim.globs": ({}, {"plugins.claim": 'globs = ["Home 1*"]'}),
    "plugins.claim.exclude": ({}, {"plugins.claim": 'exclude = ["Home 1*"]'}),
    "plugins.fixed.rate": (FIXED, {"plugins.fixed": "rate = 5.0"}),
    "plugins.fixed.rates": (FIXED, {"plugins.fixed": "rates = { load = 30.0 }"}),
    "plugins.ramp.steps": ({}, {"plugins.ramp": "steps = 4"}),
    "plugins.ramp.final_at": ({}, {"plugins.ramp": "final_at = 0.4"}),
    "plugins.ramp.fee_target": ({}, {"plugins.ramp": 'fee_target = "Home 01"'}),
    "plugins.ramp.fees": ({}, {"plugins.ramp": 'fees = "percent"'}),
    "plugins.preferences.file": ({}, {"plugins.preferences": 'file = "none.json"'}),
    "plugins.preferences.assets": (
        {},
        {"plugins.preferences": f'{BASE["plugins.preferences"]}\nassets = {{ "Home 04 Load" = [{{ rate = 9.0 }}] }}'},
    ),
    "plugins.preferences.energy_types": (
        {},
        {"plugins.preferences": f'{BASE["plugins.preferences"]}\nenergy_types = {{ pv = "Sun" }}'},
    ),
    "plugins.preferences.on_ignored": (
        {"exchange": f'{BASE["exchange"]}\nrequirements = "unsupported"'},
        {"plugins.preferences": f'{BASE["plugins.preferences"]}\non_ignored = "trade"'},
    ),
    "plugins.profiles.file": ({}, {"plugins.profiles": f'file = "{DEMO}/meters.csv"'}),
    "plugins.profiles.time": ({}, {"plugins.profiles": 'file = "local.csv"\ntime = "later"'}),
    "plugins.profiles.unit": ({}, {"plugins.profiles": f'{BASE["plugins.profiles"]}\nunit = "kW"'}),
    "plugins.profiles.timezone": (
        {"plugins.profiles": 'file = "local.csv"'},
        {"plugins.profiles": 'file = "local.csv"\ntimezone = "Europe/Berlin"'},
    ),
    "plugins.profiles.columns": (
        {},
        {"plugins.profiles": f'{BASE["plugins.profiles"]}\ncolumns = {{ "Home 01 Load" = "Home 02 Load" }}'},
    ),
    "plugins.profiles.scale": ({}, {"plugins.profiles": f"{BASE['plugins.profiles']}\nscale = 0.8"}),
    "plugins.profiles.growing": (
        {"plugins.profiles": 'file = "half.csv"'},
        {"plugins.profiles": 'file = "half.csv"\ngrowing = true'},
    ),
    "plugins.profiles.persistence": (
        {"plugins.profiles": f'[plugins.profiles.history]\nfile = "{DEMO}/meters.csv"'} | LATER,
        {"plugins.profiles": f'persistence = "day"\n[plugins.profiles.history]\nfile = "{DEMO}/meters.csv"'},
    ),
    "plugins.profiles.history": (
        {"plugins.profiles": 'persistence = "day"'} | LATER,
        {"plugins.profiles": f'persistence = "day"\n[plugins.profiles.history]\nfile = "{DEMO}/meters.csv"'},
    ),
    "plugins.profiles.max_kw": ({}, {"plugins.profiles": f"{BASE['plugins.profiles']}\nmax_kw = {{ pv = 0.5 }}"}),
    "plugins.profiles.load_kwh": (
        {"plugins.profiles": "pv_kwh = 0.86"},
        {"plugins.profiles": "pv_kwh = 0.86\nload_kwh = 1.2"},
    ),
    "plugins.profiles.pv_kwh": (
        {"plugins.profiles": "load_kwh = 1.2"},
        {"plugins.profiles": "load_kwh = 1.2\npv_kwh = 0.86"},
    ),
    "plugins.deviations.rates": ({}, {"plugins.deviations": 'rates = "fixed"'}),
    "plugins.deviations.bid_rate": (
        {"plugins.deviations": 'rates = "fixed"'},
        {"plugins.deviations": 'rates = "fixed"\nbid_rate = 12.0'},
    ),
    "plugins.deviations.offer_rate": (
        {"plugins.deviations": 'rates = "fixed"'},
        {"plugins.deviations": 'rates = "fixed"\noffer_rate = 4.0'},
    ),
    "plugins.deviations.window_slots": ({}, {"plugins.deviations": 'rates = "ramp"\nwindow_slots = 2'}),
    "plugins.deviations.slots": ({}, {"plugins.deviations": 'rates = "ramp"\nslots = "newest"'}),
    "plugins.deviations.send": (
        {"plugins.deviations": "load_kwh = 0.3"},
        {"plugins.deviations": 'load_kwh = 0.3\nsend = "during"'},
    ),
    "plugins.fixed-fees.fee": (FIXED_FEES, {"plugins.fixed-fees": "fee = 2.0"}),
    "plugins.fixed-fees.markets": (FIXED_FEES, {"plugins.fixed-fees": "markets = { Community = 2.0 }"}),
    "plugins.time-of-use-fees.file": (TIME_OF_USE_FEES, {"plugins.time-of-use-fees": 'file = "cheap.csv"'}),
    "plugins.time-of-use-fees.timezone": (
        TIME_OF_USE_FEES,
        {"plugins.time-of-use-fees": 'file = "ToU.csv"\ntimezone = "Asia/Tokyo"'},
    ),
    "plugins.threshold-fees.file": (THRESHOLD_FEES, {"plugins.threshold-fees": 'file = "cheap.json"'}),
    "plugins.threshold-fees.moving_average": (
        THRESHOLD_FEES,
        {"plugins.threshold-fees": 'file = "aziiz.json"\nmoving_average = false'},
    ),
    "plugins.threshold-fees.look_back": (
        THRESHOLD_FEES,
        {"plugins.threshold-fees": 'file = "aziiz.json"\nlook_back = 1'},
    ),
    "plugins.threshold-fees.above": (
        THRESHOLD_FEES,
        {"plugins.threshold-fees": 'file = "aziiz.json"\nabove = 1.0'},
    ),
    "plugins.deviations.measurements": ({}, {"plugins.deviations": f'{MEASURED}unit = "Wh"'}),
    "plugins.deviations.load_kwh": ({}, {"plugins.deviations": 'rates = "ramp"\nload_kwh = 0.3'}),
    "plugins.deviations.pv_kwh": ({}, {"plugins.deviations": 'rates = "ramp"\npv_kwh = 0.3'}),
}

HALF = ["2026-06-15T08:00Z,0.1", "2026-06-15T09:00Z,0.2", "2026-06-15T10:00Z,0.9"]

ELSEWHERE = {
    "exchange.aggregator": "test_an_observer_is_told_the_aggregators_name",
    "grid_fees.use": "test_a_grid_operator_sets_the_fees_of_the_next_slot",
    "plugins.ramp.feed_in_rate": "tests/contract/test_template_strategies.py",
    "plugins.ramp.market_maker_rate": "tests/contract/test_template_strategies.py",
    "guard.timeout_seconds": "test_the_guards_timeout_cuts_off_a_slow_plugin",
    "guard.failures": "test_the_guards_failures_bench_a_plugin",
    "guard.highest_rate": "test_the_guards_highest_rate_stops_a_rate_in_another_unit",
    "guard.on_load_failure": "tests/integration/test_bad_plugins.py",
}

OWN = """
import time
import numpy as np
from gridhook import hookimpl

class Tolls:
    @hookimpl
    def set_grid_fees(self, markets, slot):
        return np.where(markets.name == "Community", 3.0, np.nan)

class Slow:
    @hookimpl
    def price_energy(self, lots):
        time.sleep(0.2)
        return np.full(len(lots), 12.0)

class Listens:
    @hookimpl
    def session_started(self, session):
        print("I am", session.aggregator, "on", session.exchange)
"""


def write(folder, sections):
    """Write a configuration, and the files that some options need."""
    text = "".join(f"[{name}]\n{body}\n\n" for name, body in sections.items())
    (folder / "gridhook.toml").write_text(text, encoding="utf-8")
    (folder / "none.json").write_text("{}", encoding="utf-8")
    rows = [f"2026-06-15T{hour:02d}:00,2026-06-15T{hour + 1:02d}:00,0.{hour:02d}" for hour in range(23)]
    (folder / "local.csv").write_text("\n".join(["time,later,Home 02 Load", *rows]) + "\n", encoding="utf-8")
    for name, most in (("ToU.csv", 4), ("cheap.csv", 1)):
        fees = [f"{hour:02d}:00:00;{hour % most},5" for hour in range(24)]
        (folder / name).write_text("\n".join(["Time;Community", *fees]), encoding="utf-8")
    for name, most in (("aziiz.json", 20), ("cheap.json", 1)):
        steps = [{"Import / Export threshold": step / 10, "Grid fee": step % most / 10} for step in range(20)]
        (folder / name).write_text(json.dumps(dict.fromkeys(("Community", "Home 01"), steps)), encoding="utf-8")
    # Its last line is not ended, so that who waits for more does not have it.
    (folder / "half.csv").write_text("\n".join(["time,Home 02 Load", *HALF]), encoding="utf-8")
    return folder / "gridhook.toml"


@pytest.fixture(scope="module")
def known():
    """What came of configurations so far."""
    return {}


@pytest.fixture
def figures(tmp_path, trade, known):
    def run(*changes):
        sections = dict(BASE)
        for change in changes:
            sections |= change
        text = json.dumps(sections)
        if text not in known:
            known[text] = json.dumps(trade(write(tmp_path, sections), slots=8).to_json())
        return known[text]

    return run


@pytest.mark.parametrize("option", TOGGLES)
def test_every_option_changes_the_figures(figures, option):
    before, after = TOGGLES[option]
    assert figures(before) != figures(before, after)


def test_no_option_is_left_out():
    options = {f"{section}.{field.name}" for section, cls in SECTIONS.items() for field in fields_of(cls)}
    options |= {f"exchange.{field.name}" for field in fields_of(EmbeddedExchange)}
    for entry_point in importlib.metadata.entry_points(group="gridhook"):
        if entry_point.dist is not None and entry_point.dist.name.startswith("gridhook"):
            options |= {f"plugins.{entry_point.name}.{field.name}" for field in fields_of(entry_point.load())}
    assert options == {*TOGGLES, *ELSEWHERE}


@pytest.fixture
def own_plugins(tmp_path):
    """A distribution of small plugins beside the configuration; returns the environment that finds it."""
    site = tmp_path / "site"
    info = site / "own-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "own.py").write_text(OWN, encoding="utf-8")
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: own\nVersion: 1.0\nRequires-Dist: gridhook<0.2\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[gridhook]\ntolls = own:Tolls\nslow = own:Slow\nlistens = own:Listens\n", encoding="utf-8"
    )
    return {"PYTHONPATH": str(site)}


def test_an_observer_is_told_the_aggregators_name(gridhook, tmp_path, own_plugins):
    exchange = {"exchange": 'url = "embedded:demo"\naggregator = "ada"', "plugins.listens": ""}
    write(tmp_path, BASE | exchange)
    outcome = gridhook("run", "gridhook.toml", "--slots", "1", **own_plugins)
    assert "I am ada on embedded:demo" in outcome.stderr


def test_a_grid_operator_sets_the_fees_of_the_next_slot(gridhook, tmp_path, own_plugins):
    kinds = 'kinds = ["load", "pv", "storage", "market"]'
    bills = []
    for use in ("[]", '["tolls"]'):
        write(tmp_path, BASE | {"plugins.claim": kinds, "grid_fees": f"use = {use}"})
        members = json.loads(gridhook("run", "gridhook.toml", "--json", "--slots", "4", **own_plugins).stdout)[
            "members"
        ]
        bills.append(sum(member["bill_without_market_cents"] for member in members))
    assert bills[1] > bills[0]


@pytest.mark.parametrize(("seconds", "failures"), [("0.05", True), ("5.0", False)])
def test_the_guards_timeout_cuts_off_a_slow_plugin(gridhook, tmp_path, own_plugins, seconds, failures):
    write(tmp_path, BASE | {"pricing": 'use = ["slow"]', "guard": f"timeout_seconds = {seconds}"})
    outcome = json.loads(gridhook("run", "gridhook.toml", "--json", "--slots", "1", **own_plugins).stdout)
    (slow,) = [plugin for plugin in outcome["plugins"] if plugin["name"] == "slow"]
    assert (slow["failures"] > 0) == failures


@pytest.mark.parametrize("failures", [1, 4])
def test_the_guards_failures_bench_a_plugin(gridhook, tmp_path, own_plugins, failures):
    guard = f"timeout_seconds = 0.05\nfailures = {failures}"
    write(tmp_path, BASE | {"pricing": 'use = ["slow"]', "guard": guard})
    outcome = json.loads(gridhook("run", "gridhook.toml", "--json", "--slots", "1", **own_plugins).stdout)
    (slow,) = [plugin for plugin in outcome["plugins"] if plugin["name"] == "slow"]
    assert slow["calls"] == slow["failures"] == failures


@pytest.mark.parametrize(("highest", "fails"), [("25.0", True), ("1000.0", False)])
def test_the_guards_highest_rate_stops_a_rate_in_another_unit(gridhook, tmp_path, highest, fails):
    rates = {"pricing": 'use = ["fixed"]', "plugins.fixed": "rate = 26.0", "guard": f"highest_rate = {highest}"}
    write(tmp_path, BASE | rates)
    outcome = json.loads(gridhook("run", "gridhook.toml", "--json", "--slots", "1").stdout)
    assert (outcome["orders"] == 0) == fails
    assert (outcome["reasons"]["plugin_failed"] > 0) == fails
