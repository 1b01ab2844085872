"""The preferences plugin: from names in a file to requirements of lots."""

import json

import numpy as np
import pytest

from gridhook import Requirement, Requirements
from gridhook.settings import read_settings
from gridhook.testing import make_grid, make_lots, make_market
from gridhook_preferences import Preferences

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


@pytest.fixture
def require(tmp_path):
    def require(document, lots=LOTS):
        path = tmp_path / "requirements.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return Preferences(path).require(lots, np.full(len(lots), 20.0), make_market(grid=GRID))

    return require


def test_an_asset_that_is_not_named_trades_freely(require):
    assert require({"Load 2": [{"Rate": 5}]}) == Requirements({1: (Requirement(rate=5.0),)})


def test_partners_by_name_become_ids(require):
    (requirement,) = require({"Load 1": [{"Trading Partners": ["PV 2"]}]}).alternatives[0]
    assert requirement.partners == ("id:PV 2",)


def test_a_home_as_partner_stands_for_all_that_is_in_it(require):
    (requirement,) = require({"Load 1": [{"Trading Partners": ["Home 2"]}]}).alternatives[0]
    assert requirement.partners == ("id:Home 2", "id:Load 2", "id:PV 2", "id:Battery 2")


def test_an_unknown_partner_holds_the_lot_and_no_other(require):
    answer = require({"Load 1": [{"Trading Partners": ["PV 9"]}, {}], "Load 2": [{"Energy Types": ["PV"]}]})
    assert answer.held == {0}
    assert answer.alternatives == {1: (Requirement(energy_types=("PV",)),)}


def test_the_energy_is_the_smaller_of_given_and_needed(require):
    answer = require({"Load 1": [{"Energy": 0.5}], "Load 2": [{"Energy": 7}]})
    assert [answer.alternatives[row][0].energy_kwh for row in (0, 1)] == [0.5, 1.0]


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
