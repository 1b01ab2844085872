from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from gridhook.settings import read_settings
from gridhook_exchange.community.file import CommunityFile, ProfileEntry, RateEntry

BASE = Path("/town")
PROFILE = {"column": "load"}
LOAD = {"name": "Load", "market": "Grid", "profile": PROFILE}
BATTERY = {"name": "Battery", "market": "Grid", "capacity_kwh": 6.4, "power_kw": 3.2}
SMALLEST = {"name": "Town", "start": datetime.date(2026, 6, 15), "markets": [{"name": "Grid"}]}


def read(**said) -> CommunityFile:
    file, problems = read_settings(CommunityFile, {**SMALLEST, **said}, base=BASE)
    assert problems == []
    return file


def mistakes(**said) -> dict[str, str]:
    """Return the messages by the path that they are about."""
    file, problems = read_settings(CommunityFile, {**SMALLEST, **said}, base=BASE)
    assert (file is None) == bool(problems)
    return {problem.path: problem.message for problem in problems}


def battery(**said) -> dict[str, object]:
    return {"storages": [{**BATTERY, **said}]}


def test_what_is_not_said_is_as_documented():
    file = read(loads=[LOAD], storages=[BATTERY])
    assert (file.timezone, file.slots, file.slot_minutes, file.tick_seconds, file.seed) == ("UTC", 96, 15, 15, 0)
    assert (file.profiles.file, file.profiles.time, file.profiles.unit) == (None, "time", "kWh")
    assert (file.forecast.error, file.rules.min_age_ticks, file.rules.settlement_slots) == (0.1, 2, 4)
    tariff = file.tariff
    assert (tariff.name, tariff.market, tariff.feed_in_rate, tariff.retail_rate) == ("Market Maker", None, 8.0, 30.0)
    assert (file.markets[0].parent, file.markets[0].fee) == (None, 0.0)
    assert file.loads[0].profile == ProfileEntry("load", None, None, None, 1.0)
    assert file.loads[0].forecast is None
    (one,) = file.storages
    assert (one.initial_charge, one.min_charge, one.charge_efficiency, one.discharge_efficiency) == (
        0.5,
        0.1,
        0.95,
        0.95,
    )


def test_files_are_relative_to_the_community_file():
    file = read(
        profiles={"file": "meters.csv"},
        loads=[{**LOAD, "forecast": {"column": "load", "file": "../forecasts.csv"}}],
        tariff={"retail_rate": {"column": "price", "file": "rates.csv", "unit": "EUR/kWh"}},
    )
    assert file.profiles.file == BASE / "meters.csv"
    assert file.loads[0].forecast.file == BASE / "../forecasts.csv"
    assert file.tariff.retail_rate == RateEntry("price", BASE / "rates.csv", None, "EUR/kWh")


@pytest.mark.parametrize("minutes", [5, 10, 15, 20, 30, 60])
def test_slots_may_have_any_length_that_divides_an_hour_and_is_long_enough(minutes):
    assert read(slot_minutes=minutes).slot_minutes == minutes


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("name", {"name": 3}),
        ("start", {"start": "2026-06-15"}),
        ("start", {"start": datetime.time(12)}),
        ("timezone", {"timezone": 1}),
        *(("slot_minutes", {"slot_minutes": minutes}) for minutes in (0, 1, 7, 25, 45, 90, -15, 15.5, True)),
        ("slots", {"slots": 0}),
        ("slots", {"slots": 9.5}),
        ("tick_seconds", {"tick_seconds": 0}),
        ("seed", {"seed": -1}),
        ("profiles.unit", {"profiles": {"unit": "kwh"}}),
        ("profiles.file", {"profiles": {"file": 1}}),
        ("forecast.error", {"forecast": {"error": -0.1}}),
        ("forecast.error", {"forecast": {"error": 2.1}}),
        ("rules.min_age_ticks", {"rules": {"min_age_ticks": -1}}),
        ("rules.min_age_ticks", {"rules": {"min_age_ticks": 361}}),
        ("rules.settlement_slots", {"rules": {"settlement_slots": -1}}),
        ("tariff.name", {"tariff": {"name": " "}}),
        *(
            ("tariff.retail_rate", {"tariff": {"retail_rate": rate}})
            for rate in (float("inf"), float("nan"), "30", [30])
        ),
        ("tariff.feed_in_rate", {"tariff": {"feed_in_rate": float("-inf")}}),
        ("tariff.feed_in_rate.unit", {"tariff": {"feed_in_rate": {"column": "price", "unit": "GBP/kWh"}}}),
        ("tariff.feed_in_rate.column", {"tariff": {"feed_in_rate": {"file": "rates.csv"}}}),
        ("markets", {"markets": "Grid"}),
        ("markets[0].name", {"markets": [{"name": ""}]}),
        ("markets[0].name", {"markets": [{"name": "Grid/House"}]}),
        *(
            ("markets[0].fee", {"markets": [{"name": "Grid", "fee": fee}]})
            for fee in (-1.0, float("nan"), float("inf"))
        ),
        ("loads", {"loads": LOAD}),
        ("loads[0].name", {"loads": [{**LOAD, "name": "a/b"}]}),
        ("loads[0].profile", {"loads": [{**LOAD, "profile": "load"}]}),
        ("loads[0].profile.column", {"loads": [{**LOAD, "profile": {}}]}),
        ("loads[0].profile.scale", {"loads": [{**LOAD, "profile": {**PROFILE, "scale": -1.0}}]}),
        ("loads[0].profile.scale", {"loads": [{**LOAD, "profile": {**PROFILE, "scale": float("inf")}}]}),
        ("pvs[0].forecast.unit", {"pvs": [{**LOAD, "forecast": {**PROFILE, "unit": "MWh"}}]}),
        ("pvs[0].name", {"pvs": [{**LOAD, "name": "\t"}]}),
        ("storages[0].name", battery(name="/")),
        *(("storages[0].capacity_kwh", battery(capacity_kwh=size)) for size in (0, -5.0, float("inf"))),
        *(("storages[0].power_kw", battery(power_kw=power)) for power in (0.0, -1.0, float("nan"))),
        ("storages[0].initial_charge", battery(initial_charge=1.1)),
        ("storages[0].initial_charge", battery(initial_charge=50)),
        ("storages[0].min_charge", battery(min_charge=-0.1)),
        ("storages[0].charge_efficiency", battery(charge_efficiency=0.0)),
        ("storages[0].charge_efficiency", battery(charge_efficiency=95)),
        ("storages[0].discharge_efficiency", battery(discharge_efficiency=0.0)),
        ("storages[0].discharge_efficiency", battery(discharge_efficiency=1.01)),
    ],
)
def test_a_mistake_is_named_by_its_place(path, said):
    assert list(mistakes(**said)) == [path]


def test_a_battery_does_not_begin_below_its_minimum_charge():
    assert mistakes(**battery(initial_charge=0.1, min_charge=0.2)) == {
        "storages[0]": "'initial_charge' must be >= 'min_charge': 0.1 < 0.2"
    }


@pytest.mark.parametrize(("initial", "least"), [(0.2, 0.2), (0, 0), (1, 1), (1, 0)])
def test_a_battery_may_begin_anywhere_from_its_minimum_charge_up(initial, least):
    (one,) = read(**battery(initial_charge=initial, min_charge=least)).storages
    assert (one.initial_charge, one.min_charge) == (initial, least)


@pytest.mark.parametrize(
    ("said", "path", "guess"),
    [
        ({"storage": []}, "storage", "storages"),
        ({"foercast": {}}, "foercast", "forecast"),
        ({"tariff": {"retail": 1.0}}, "tariff.retail", "retail_rate"),
        (battery(capacity=6.4), "storages[0].capacity", "capacity_kwh"),
        ({"loads": [{**LOAD, "profile": {**PROFILE, "colum": 1}}]}, "loads[0].profile.colum", "column"),
    ],
)
def test_a_key_that_is_unknown_gets_the_nearest_one_named(said, path, guess):
    message = mistakes(**said)[path]
    assert message.startswith(f"no such setting; did you mean {guess!r}")


def test_a_unit_that_is_nearly_right_gets_the_right_one_named():
    assert "did you mean 'kWh'" in mistakes(profiles={"unit": "KWH"})["profiles.unit"]


def test_what_has_to_be_said_is_named_where_it_is_missing():
    file, problems = read_settings(CommunityFile, {"loads": [{}], "storages": [{}]}, base=BASE)
    assert file is None
    assert {problem.message for problem in problems} == {"is missing"}
    assert {problem.path for problem in problems} == {
        "name",
        "start",
        "markets",
        "loads[0].name",
        "loads[0].market",
        "loads[0].profile",
        "storages[0].name",
        "storages[0].market",
        "storages[0].capacity_kwh",
        "storages[0].power_kw",
    }


def test_all_mistakes_are_found_at_once():
    found = mistakes(
        slots=0,
        slot_minutes=7,
        tariff={"retail_rate": "much", "feed_in_rate": float("nan")},
        loads=[{**LOAD, "name": ""}, {**LOAD, "profil": PROFILE}],
        **battery(power_kw=0, min_charge=2, discharge_efficiency=0),
    )
    assert set(found) == {
        "slots",
        "slot_minutes",
        "tariff.retail_rate",
        "tariff.feed_in_rate",
        "loads[0].name",
        "loads[1].profil",
        "storages[0].power_kw",
        "storages[0].min_charge",
        "storages[0].discharge_efficiency",
    }
