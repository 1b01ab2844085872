"""The claim plugin: what its settings ask for on a grid."""

from pathlib import Path

import pytest

from gridhook.claims import resolve_claim
from gridhook.settings import read_settings
from gridhook.testing import make_grid
from gridhook_claim import ClaimPlugin

GRID = make_grid(
    {
        "Grid": {
            "Market Maker": "market-maker",
            "North": {"Home 1": {"Load 1": "load", "PV 1": "pv"}, "Home 2": {"Load 2": "load"}},
            "South": {"Home 3": {"Load 3": "load", "Battery 3": "storage", "Meter 3": "smart-meter"}},
        }
    }
)


def claimed(**settings):
    claim = ClaimPlugin(**settings).claim_assets(GRID)
    positions, problems = resolve_claim(claim, GRID.tree)
    return [GRID.tree.names[position] for position in sorted(positions)], problems


def test_without_settings_all_registered_assets_are_claimed_and_no_market():
    names, problems = claimed()
    assert names == ["Load 1", "PV 1", "Load 2", "Load 3", "Battery 3", "Meter 3"]
    assert problems == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"names": ["Load 2"]}, ["Load 2"]),
        ({"names": ["Grid/South/Home 3/Load 3"]}, ["Load 3"]),
        ({"kinds": ["pv", "storage"]}, ["PV 1", "Battery 3"]),
        ({"globs": ["Load *"]}, ["Load 1", "Load 2", "Load 3"]),
        ({"globs": ["Grid/North/*"]}, ["Load 1", "PV 1", "Load 2"]),
        ({"names": ["PV 1"], "globs": ["* 3"]}, ["PV 1", "Load 3", "Battery 3", "Meter 3"]),
        ({"exclude": ["Load 1", "* 3"]}, ["PV 1", "Load 2"]),
        ({"kinds": ["market"]}, ["Grid", "North", "Home 1", "Home 2", "South", "Home 3"]),
    ],
)
def test_each_setting_chooses(settings, expected):
    assert claimed(**settings) == (expected, [])


def test_a_name_that_leads_nowhere_names_the_nearest():
    names, (problem,) = claimed(names=["Loadd 1", "PV 1"])
    assert names == ["PV 1"]
    assert problem.path == "names"
    assert "'Load 1'" in problem.message


def test_settings_are_checked_when_they_are_read():
    _, problems = read_settings(ClaimPlugin, {"names": "Load 1", "name": []}, base=Path(), at="plugins.claim")
    assert [problem.path for problem in problems] == ["plugins.claim.names", "plugins.claim.name"]
