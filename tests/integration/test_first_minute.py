"""A newcomer's first minute: `gridhook run`, and what comes out."""

import json

import pytest

KEYS = {
    "": {
        "slots",
        "orders",
        "trades",
        "traded_kWh",
        "members",
        "community",
        "forecasts",
        "settlement",
        "preferences",
        "reasons",
        "plugins",
    },
    "community": {"self_sufficiency", "self_consumption"},
    "forecasts": {"sent", "wape"},
    "settlement": {"orders", "trades", "settled_kWh"},
    "preferences": {"orders", "trades_with_partner"},
}
MEMBER = {
    "name",
    "kinds",
    "bought_kWh",
    "sold_kWh",
    "bill_cents",
    "bill_without_market_cents",
    "saving_cents",
}
PLUGIN = {"name", "domain", "version", "calls", "failures"}


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """The output of the same command, twice."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "gridhook", "run", "--json"]
    folder = tmp_path_factory.mktemp("run")
    return [subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True) for _ in range(2)]


def test_a_day_of_the_demo_community_is_traded_with_every_domain_at_work(days):
    figures = json.loads(days[0].stdout)
    assert figures["slots"] == 96
    assert len(figures["members"]) == 12
    assert figures["orders"] > 1000
    assert figures["trades"] > 500
    assert figures["traded_kWh"] > 100
    assert figures["forecasts"]["sent"] == 96 * 18
    assert 0.02 < figures["forecasts"]["wape"] < 0.5
    assert figures["settlement"]["orders"] > 0
    assert figures["settlement"]["settled_kWh"] > 1
    assert figures["preferences"]["orders"] > 0
    assert figures["preferences"]["trades_with_partner"] > 0
    assert {(plugin["name"], plugin["domain"]) for plugin in figures["plugins"]} == {
        ("claim", "registration"),
        ("ramp", "pricing"),
        ("preferences", "requirements"),
        ("profiles", "forecasting"),
        ("profiles", "observation"),
        ("deviations", "settlement"),
        ("deviations", "observation"),
    }
    assert all(plugin["calls"] > 0 and plugin["failures"] == 0 for plugin in figures["plugins"])


def test_all_keys_of_the_contract_are_there_and_no_others(days):
    figures = json.loads(days[0].stdout)
    for key, expected in KEYS.items():
        assert set(figures[key] if key else figures) == expected
    assert all(set(member) == MEMBER for member in figures["members"])
    assert all(set(plugin) == PLUGIN for plugin in figures["plugins"])


def test_every_lot_of_every_tick_has_one_reason(days):
    """24 lots (12 loads, 6 PVs, both sides of 3 batteries) at 10 events of 96 slots, and the settlement lots."""
    figures = json.loads(days[0].stdout)
    assert sum(figures["reasons"].values()) >= 96 * 10 * 24 + figures["settlement"]["orders"]


def test_nothing_is_written_to_stderr_when_all_goes_well(days):
    assert days[0].stderr == ""


def test_the_same_seed_gives_the_same_bytes(days):
    assert days[0].stdout == days[1].stdout


def test_another_seed_gives_another_day(gridhook, tmp_path, days):
    (tmp_path / "seed.toml").write_text('[exchange]\nurl = "embedded:demo"\nseed = 7\n', encoding="utf-8")
    outcome = gridhook("run", "seed.toml", "--json", "--slots", "8")
    same = gridhook("run", "--exchange", "embedded:demo", "--json", "--slots", "8")
    assert json.loads(outcome.stdout)["slots"] == json.loads(same.stdout)["slots"] == 8
    assert outcome.stdout != same.stdout


def test_the_table_for_people_names_every_member_and_every_plugin(gridhook):
    outcome = gridhook("run", "--slots", "4")
    assert outcome.returncode == 0
    assert all(f"Home {number:02d}" in outcome.stdout for number in range(1, 13))
    for word in ("trading", "forecasts", "settlement", "preferences", "reasons", "ramp (pricing)", "4 slots"):
        assert word in outcome.stdout
    assert "\x1b" not in outcome.stdout + outcome.stderr, "no colours and no progress bar when piped"
