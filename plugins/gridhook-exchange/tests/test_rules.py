"""No rule without an effect: each option of a community file's [rules] is changed, and trades of the demo change."""

from __future__ import annotations

import datetime
import hashlib
import shutil
import zoneinfo

import attrs
import numpy as np
import pytest

from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.community.file import RulesSection
from gridhook_exchange.link import SHIPPED
from gridhook_exchange.market.accounts import close_accounts
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.slotmarket import Lines

MORNING = datetime.datetime(2026, 6, 15, 9, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))

TOGGLES = {
    "min_age_ticks": "min_age_ticks = 1",
    "settlement_slots": "settlement_slots = 1",
    "fees": 'fees = "percent"',
    "priority": 'priority = "price-time"',
    "clearing": 'clearing = "pay-as-clear"',
    "market": 'market = "one-sided"',
}


@pytest.fixture(scope="module")
def trade(tmp_path_factory):
    """Return a function that trades three slots of the demo's forenoon under some rules: a digest, and the run.

    With ``bids`` each load bids a rate of its own, since the built-in strategy bids the same for all.
    """
    folder = shutil.copytree(SHIPPED, tmp_path_factory.mktemp("demo") / "demo")
    text = (folder / "demo.toml").read_text(encoding="utf-8")

    def run(rules: str, *, bids: bool = False) -> tuple[str, Simulation]:
        file = folder / "changed.toml"
        file.write_text(f"{text}\n[rules]\n{rules}\n", encoding="utf-8")
        simulation = Simulation(read_community(file, Overrides(start=MORNING, slots=3)))
        loads = simulation.community.is_load.nonzero()[0]
        simulation.is_controlled[loads] = bids
        for _ in range(3):
            simulation.open_slot()
            if bids:
                energy, rate = simulation.spot.limit_kwh[2 * loads], 31.0 - 0.5 * loads
                lines = Lines(2 * loads, rate, energy, np.ones(len(loads), dtype=np.bool_))
                simulation.spot.post(lines, simulation.tick)
            for _ in range(simulation.community.rules.ticks_per_slot):
                simulation.begin_tick()
                simulation.end_tick()
            simulation.close_slot()
        entries = simulation.ledger.entries()
        # Not the last digits, in which rules that come to the same can differ.
        columns = [getattr(entries, field.name).astype(np.float64).round(9) for field in attrs.fields(type(entries))]
        return hashlib.sha256(np.array(columns).tobytes()).hexdigest(), simulation

    return run


@pytest.mark.parametrize("option", TOGGLES)
def test_every_rule_changes_the_trades(trade, option):
    assert trade("", bids=True)[0] != trade(TOGGLES[option], bids=True)[0]


def test_no_rule_is_left_out():
    assert {field.name for field in attrs.fields(RulesSection)} == set(TOGGLES)


@pytest.mark.parametrize(
    "rules",
    [
        "",
        'fees = "percent"',
        'clearing = "pay-as-clear"',
        'clearing = "pay-as-clear"\nfees = "percent"\npriority = "price-time"',
        'market = "one-sided"',
        'market = "one-sided"\nfees = "percent"\npriority = "price-time"',
    ],
)
def test_a_community_trades_and_saves_under_any_rules(trade, rules):
    simulation = trade(rules)[1]
    assert len(simulation.ledger) > 10
    saved = [member.saving_cents for member in close_accounts(simulation).members]
    assert sum(saved) > 10.0
