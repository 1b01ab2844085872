"""The preferences plugin: from names in a file to requirements of lots."""

import json

import numpy as np
import pytest

from gridhook import Requirement, Requirements
from gridhook.settings import read_settings
from gridhook.testing import SLOT, make_grid, make_lots, make_market
from gridhook_preferences import Preference, Preferences

GRID = make_grid(
    {
        "Grid": {
            "Home 1": {"Load 1": "load"},
            "Home 2": {"Load 2": "load", "PV 2": "pv", "Battery 2": "storage"},
            "Home 3": {"PV 3": "pv"},
        }
    }
)
LOTS = make_lots(
    {"name": "Load 1", "path": "Grid/Home 1/Load 1", "energy_kwh": 2.0},
    {"name": "Load 2", "path": "Grid/Home 2/Load 2", "energy_kwh": 1.0},
)


def ask(plugin, lots=LOTS, grid=GRID, **market):
    return plugin.require(lots, np.full(len(lots), 20.0), make_market(grid=grid, **market))


@pytest.fixture
def require(tmp_path):
    def require(document, lots=LOTS):
        path = tmp_path / "requirements.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return ask(Preferences(path), lots)

    return require


def test_an_asset_that_is_not_named_trades_freely(require):
    assert require({"Load 2": [{"Rate": 5}]}) == Requirements({1: (Requirement(rate=5.0),)})


def test_partners_by_name_become_ids(require):
    (requirement,) = require({"Load 1": [{"Trading Partners": ["PV 2"]}]}).alternatives[0]
    assert requirement.partners == ("id:PV 2",)


def test_a_home_as_partner_stands_for_all_that_is_in_it(require):
    (requirement,) = require({"Load 1": [{"Trading Partners": ["Home 2"]}]}).alternatives[0]
    assert requirement.partners == ("id:Home 2", "id:Load 2", "id:PV 2", "id:Battery 2")


def test_who_has_no_partner_but_itself_trades_with_nobody(require):
    assert require({"Load 1": [{"Trading Partners": ["Load 1"]}]}).held == {0}


def test_an_unknown_partner_holds_the_lot_and_no_other(require):
    answer = require({"Load 1": [{"Trading Partners": ["PV 9"]}, {}], "Load 2": [{"Energy Types": ["PV"]}]})
    assert answer.held == {0}
    assert answer.alternatives == {1: (Requirement(energy_types=("PV",)),)}


def test_the_energy_is_the_smaller_of_given_and_needed(require):
    answer = require({"Load 1": [{"Energy": 0.5}], "Load 2": [{"Energy": 7}]})
    assert [answer.alternatives[row][0].energy_kwh for row in (0, 1)] == [0.5, 1.0]


@pytest.mark.parametrize("entries", [[], [{}], [{}, {"Trading Partners": [], "Energy": "None", "Rate": "None"}]])
def test_an_asset_with_empty_sets_trades_freely(require, entries):
    assert require({"Load 1": entries}) == Requirements()


def test_no_energy_under_some_conditions_leaves_the_others(require):
    answer = require({"Load 1": [{"Energy": 0}, {"Rate": 5}], "Load 2": [{"Energy": 0}]})
    assert answer == Requirements({0: (Requirement(rate=5.0),)}, frozenset({1}))


def test_what_is_offered_has_no_energy_types_to_choose_from(require):
    battery = {"name": "Battery 2", "path": "Grid/Home 2/Battery 2", "kind": "storage"}
    lots = make_lots({**battery, "side": "bid"}, {**battery, "side": "offer"})
    entries = [{"Energy Types": ["PV"]}]
    assert require({"Battery 2": entries}, lots) == Requirements({0: (Requirement(energy_types=("PV",)),)})


def test_preferences_may_be_in_the_configuration_itself(tmp_path):
    table = {"assets": {"Load 1": [{"partners": ["PV 2"], "energy_types": ["PV"]}, {"energy_kwh": 0.5, "rate": 20}]}}
    plugin, problems = read_settings(Preferences, table, base=tmp_path)
    assert not problems
    alternatives = (Requirement(("id:PV 2",), ("PV",)), Requirement(energy_kwh=0.5, rate=20.0))
    assert ask(plugin) == Requirements({0: alternatives})
    assert plugin.named_assets() == {'assets["Load 1"]': "Load 1"}
    assert plugin.named_areas() == {'assets["Load 1"][0]["partners"][0]': "PV 2"}


def test_an_asset_is_in_the_file_or_in_the_configuration(tmp_path):
    (tmp_path / "requirements.json").write_text('{"Load 1": [{"Rate": 1}], "Load 2": [{"Rate": 2}]}', encoding="utf-8")
    table = {"file": "requirements.json", "assets": {"Load 2": [{"rate": 3.0}]}}
    _, (problem,) = read_settings(Preferences, table, base=tmp_path)
    assert problem.path == "assets"
    assert "'Load 2' is in" in problem.message


def test_the_file_is_read_again_when_a_slot_begins(tmp_path, caplog):
    path = tmp_path / "requirements.json"
    path.write_text('{"Load 1": [{"Rate": 5}]}', encoding="utf-8")
    plugin = Preferences(path)
    before = ask(plugin)
    path.write_text('{"Load 1": [{"Rate": 10.5}], "Load 7": [{"Rate": 1}]}', encoding="utf-8")
    assert ask(plugin) == before
    assert ask(plugin, slot=SLOT.add(minutes=15)) == Requirements({0: (Requirement(rate=10.5),)})
    assert "no asset is called 'Load 7'; did you mean" in caplog.text


def test_a_broken_edit_of_the_file_keeps_the_last_good_one(tmp_path):
    path = tmp_path / "requirements.json"
    path.write_text('{"Load 1": [{"Rate": 5}]}', encoding="utf-8")
    plugin = Preferences(path)
    before = ask(plugin)
    path.write_text('{"Load 1": [', encoding="utf-8")
    assert ask(plugin, slot=SLOT.add(minutes=15)) == before


def test_a_partner_that_is_not_to_be_found_is_told_once(tmp_path, caplog):
    path = tmp_path / "requirements.json"
    path.write_text('{"Load 1": [{"Trading Partners": ["PV 9"]}]}', encoding="utf-8")
    plugin = Preferences(path)
    for _ in range(3):
        ask(plugin)
    (said,) = caplog.messages
    assert said.startswith("Grid/Home 1/Load 1 is held: a trading partner is not to be found: ")
    assert "PV 9" in said


def test_a_partner_that_appears_later_is_found():
    plugin = Preferences(assets={"Load 1": (Preference(("PV 9",)),)})
    assert ask(plugin).held == {0}
    grid = make_grid({"Grid": {"Home 1": {"Load 1": "load"}, "Home 2": {"Load 2": "load"}, "PV 9": "pv"}})
    assert ask(plugin, grid=grid).alternatives == {0: (Requirement(("id:PV 9",)),)}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {1: "PV"}),
        ({"Battery 2": "Wind"}, {1: "PV", 3: "Wind"}),
        ({"storage": "Stored", "Grid/Home 2/Battery 2": "Wind"}, {1: "PV", 3: "Wind"}),
        ({"pv": "Sun", "storage": "Stored"}, {1: "Sun", 3: "Stored"}),
        ({"PV 2": ""}, {}),
    ],
)
def test_offers_tell_the_kind_of_their_energy(settings, expected):
    home = "Grid/Home 2"
    battery = {"name": "Battery 2", "path": f"{home}/Battery 2", "kind": "storage"}
    lots = make_lots(
        {"name": "Load 2", "path": f"{home}/Load 2"},
        {"name": "PV 2", "path": f"{home}/PV 2", "kind": "pv", "side": "offer"},
        {**battery, "side": "bid"},
        {**battery, "side": "offer"},
    )
    plugin = Preferences(assets={"Load 1": (Preference(rate=1.0),)}, energy_types=settings)
    assert ask(plugin, lots) == Requirements(energy_types=expected)


def test_assets_whose_energy_has_a_kind_are_named_but_kinds_are_not():
    plugin = Preferences(energy_types={"pv": "Sun", "PV 9": "Wind"})
    assert plugin.named_assets() == {'energy_types["PV 9"]': "PV 9"}


@pytest.mark.parametrize(("on_ignored", "waivable"), [("hold", set()), ("trade", {1})])
def test_preferences_that_would_be_ignored_are_waivable_or_not(on_ignored, waivable):
    plugin = Preferences(assets={"Load 2": (Preference(rate=1.0),)}, on_ignored=on_ignored)
    assert ask(plugin).waivable == waivable


def test_alternatives_keep_their_order(require):
    alternatives = require({"Load 1": [{"Trading Partners": ["PV 3"], "Rate": 25}, {"Rate": 12}]}).alternatives[0]
    assert alternatives == (Requirement(("id:PV 3",), rate=25.0), Requirement(rate=12.0))


def test_an_asset_may_be_named_by_its_path(require):
    answer = require({"Grid/Home 2/Load 2": [{"Rate": 5}]})
    assert list(answer.alternatives) == [1]


def test_a_broken_file_is_a_mistake_in_the_settings(tmp_path):
    (tmp_path / "requirements.json").write_text('{"Load 1": [{"Rte": 1}]}', encoding="utf-8")
    _, (problem,) = read_settings(Preferences, {"file": "requirements.json"}, base=tmp_path, at="plugins.preferences")
    assert problem.path == "plugins.preferences.file"
    assert "no such key 'Rte'" in problem.message


def test_the_file_is_needed(tmp_path):
    _, (problem,) = read_settings(Preferences, {}, base=tmp_path, at="plugins.preferences")
    assert str(problem) == "plugins.preferences.file: is missing"


def test_it_says_which_assets_and_areas_the_file_names(tmp_path):
    path = tmp_path / "requirements.json"
    entries = [{"Rate": 5}, {"Trading Partners": ["Home 1", "PV 3"]}]
    path.write_text(json.dumps({"Load 2": entries, "Load 3": []}), encoding="utf-8")
    plugin = Preferences(path)
    assert plugin.named_assets() == {'file["Load 2"]': "Load 2"}
    assert plugin.named_areas() == {
        'file["Load 2"][1]["Trading Partners"][0]': "Home 1",
        'file["Load 2"][1]["Trading Partners"][1]': "PV 3",
    }
