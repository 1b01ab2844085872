"""Plugins that were written against gridhook 0.1 keep working, as they are.

Their sources never change: whoever published one like them relies on what they rely on. What has to change with a later
version of the specifications is said in docs/explanation/stability.md.
"""

import csv
import hashlib
import importlib
import json
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

from gridhook.deployment import prepare
from gridhook.plugins.loading import HOOKS, implemented_hooks
from gridhook.resultfiles import ResultsFolder
from gridhook.results import SessionResults

FROZEN = Path(__file__).with_name("frozen_0_1")
SLOTS = 3
FEED_IN, RETAIL = 8.0, 28.0

CLASSES = {
    "ladder": "Ladder",
    "cap": "Cap",
    "green": "Green",
    "one_friend": "OneFriend",
    "same_as_now": "SameAsNow",
    "diary": "Diary",
}
"""Entry points that are classes; the others are modules."""

DIGESTS = tomllib.loads((FROZEN / "digests.toml").read_text(encoding="utf-8"))

HOOKS_OF_0_1 = {
    "claim_assets",
    "forecast_energy",
    "price_energy",
    "adjust_rates",
    "require",
    "measure_energy",
    "settle_deviations",
    "set_grid_fees",
    "session_started",
    "event_received",
    "session_finished",
}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Install the frozen plugins as somebody's distribution."""
    site = tmp_path / "site"
    site.mkdir()
    names = sorted(DIGESTS)
    for name in names:
        (site / f"frozen_{name}.py").write_text((FROZEN / f"{name}.py").read_text(encoding="utf-8"), encoding="utf-8")
    info = site / "frozen-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: frozen\nVersion: 1.0\nRequires-Dist: gridhook>=0.1\n")
    targets = (f"frozen_{name}" + (f":{CLASSES[name]}" if name in CLASSES else "") for name in names)
    points = [f"{name.replace('_', '-')} = {target}" for name, target in zip(names, targets, strict=True)]
    (info / "entry_points.txt").write_text("\n".join(["[gridhook]", *points]) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield site
    for module in [name for name in sys.modules if name.startswith("frozen_")]:
        del sys.modules[module]


@pytest.fixture
def trade(site, tmp_path):
    """Trade a configuration; returns the figures, and the rows of all orders. Nothing may fail or be warned of."""

    def run(config, slots=SLOTS):
        (tmp_path / "gridhook.toml").write_text(config, encoding="utf-8")
        results = SessionResults(ResultsFolder(tmp_path / "results"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figures = prepare(tmp_path / "gridhook.toml", slots=slots).open(results=results).run().to_json()
        assert [plugin for plugin in figures["plugins"] if plugin["failures"]] == []
        with (tmp_path / "results" / "orders.csv").open(encoding="utf-8", newline="") as stream:
            orders = list(csv.DictReader(stream))
        for order in orders:
            order["market"] = "spot" if order["slot"] == order["sent_in"] else "settlement"
        return figures, orders

    return run


def name_of(order):
    return order["asset"].rpartition("/")[2]


def test_their_sources_are_as_they_were():
    found = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in FROZEN.glob("*.py")}
    assert found == DIGESTS


def test_they_implement_each_hook_that_there_was(site):
    implemented = set()
    for name in DIGESTS:
        module = importlib.import_module(f"frozen_{name}")
        implemented |= {*implemented_hooks(getattr(module, CLASSES[name]) if name in CLASSES else module)}
    assert implemented == HOOKS_OF_0_1
    assert set(HOOKS) >= HOOKS_OF_0_1, "a hook is only removed after a release in which it warns"


def test_a_claim(trade):
    _, orders = trade('[registration]\nuse = ["claims-by-name"]\n')
    assert {name_of(order) for order in orders} == {
        f"Home {home} {kind}"
        for home, kind in (("01", "Load"), ("03", "Load"), ("04", "Load"), ("05", "Load"), ("06", "Load"))
    }


def test_the_shortest_strategy(trade):
    figures, orders = trade('[pricing]\nuse = ["half-way"]\n')
    assert {float(order["rate"]) for order in orders if order["market"] == "spot"} == {(FEED_IN + RETAIL) / 2}
    assert figures["trades"] > 0


def test_ladders_with_settings(trade):
    config = (
        '[plugins.ladder]\nmode = "sell"\nrungs = [{ share = 0.25, above = 3 }, { share = 0.5 }]\n'
        'notes = "notes.txt"\nsince = 2026-06-15\nfees = { "Home 01 Load" = 2.5 }\n[pricing]\nuse = ["ladder"]\n'
    )
    figures, orders = trade(config, slots=30)
    assert {order["side"] for order in orders if order["market"] == "spot"} == {"offer"}
    first = [order for order in orders if name_of(order) == "Home 01 PV" and order["market"] == "spot"][:2]
    energies = [float(order["energy_kWh"]) for order in first]
    assert energies[1] == pytest.approx(2 * energies[0], rel=1e-6)
    assert float(first[0]["rate"]) - float(first[1]["rate"]) == pytest.approx(3.0)
    assert figures["reasons"]["held"] > 0


def test_a_cap_on_somebody_elses_rates(trade):
    _, orders = trade('[pricing]\nuse = ["ramp", "cap"]\n[plugins.cap]\nhighest = 15.0\n')
    bids = [float(order["rate"]) for order in orders if order["side"] == "bid" and order["market"] == "spot"]
    assert max(bids) == 15.0


def test_requirements_for_a_table(trade):
    figures, orders = trade('[requirements]\nuse = ["green"]\n')
    wishes = {
        order["requirements"] for order in orders if name_of(order) == "Home 01 Load" and order["market"] == "spot"
    }
    assert wishes
    assert all('"PV"' in wish for wish in wishes)
    assert "Home 03 Load" not in {name_of(order) for order in orders if order["market"] == "spot"}
    assert figures["preferences"]["orders"] > 0


def test_requirements_for_one_lot_and_a_name_that_is_looked_up(trade, tmp_path):
    figures, _ = trade('[requirements]\nuse = ["one-friend"]\n[plugins.one-friend]\npartner = "Home 01 PV"\n', slots=34)
    assert figures["preferences"]["orders"] > 0
    assert figures["preferences"]["trades_with_partner"] > 0


def test_forecasts_and_measurements(trade):
    config = '[forecasting]\nuse = ["same-as-now"]\n[settlement]\nuse = ["same-as-now"]\n[plugins.same-as-now]\n'
    figures, _ = trade(config)
    assert figures["forecasts"]["sent"] > 0
    calls = {plugin["domain"]: plugin["calls"] for plugin in figures["plugins"] if plugin["name"] == "same-as-now"}
    assert calls["forecasting"] == calls["settlement"] == SLOTS


def test_settled_deviations(trade):
    figures, orders = trade('[settlement]\nuse = ["settles"]\n', slots=10)
    assert {(order["side"], float(order["rate"])) for order in orders if order["market"] == "settlement"} == {
        ("bid", 28.0),
        ("offer", 9.0),
    }
    assert figures["settlement"]["orders"] > 0


def test_grid_fees(trade, tmp_path):
    claimed = '[plugins.claim]\nkinds = ["load", "pv", "storage", "market"]\n[grid_fees]\nuse = '
    bills = []
    for use in ("[]", '["peak-fees"]'):
        figures, _ = trade(claimed + use)
        bills.append(sum(member["bill_without_market_cents"] for member in figures["members"]))
        (tmp_path / "results").rename(tmp_path / f"results of {len(bills)}")
    assert bills[1] > bills[0]


def test_an_observer(trade, tmp_path):
    figures, _ = trade('[plugins.diary]\nfile = "diary.json"\n')
    seen = json.loads((tmp_path / "diary.json").read_text(encoding="utf-8"))
    assert seen["gridhook on embedded:demo"] == 1
    assert (seen["slots"], seen["SlotOpened"], seen["trades"]) == (SLOTS, SLOTS, figures["trades"])
    assert seen["traded_kwh"] == pytest.approx(figures["traded_kWh"])
    assert seen["Ticked"] > 0 < seen["Reasoned"]
