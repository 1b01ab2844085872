"""Routing: path > name > glob > kind > use, each row's plugins in the order of its route."""

from collections import defaultdict
from fnmatch import fnmatchcase

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.errors import join_path
from gridhook.plugins.routing import Router
from gridhook.testing import make_assets, make_lots, make_tree

ROWS = [
    {"name": "Load 1", "path": "Grid/A/Load 1", "kind": "load"},
    {"name": "Load 2", "path": "Grid/A/Load 2", "kind": "load"},
    {"name": "Load 1", "path": "Grid/B/Load 1", "kind": "load"},
    {"name": "PV 1", "path": "Grid/B/PV 1", "kind": "pv"},
    {"name": "load", "path": "Grid/B/load", "kind": "pv"},
]
LOTS = make_lots(*ROWS)
KEYS = ["Grid/A/Load 1", "Grid/B/PV 1", "Load 1", "PV 1", "load", "pv", "Load *", "Grid/A/*", "*/PV ?", "* [12]", "*"]
PLUGINS = "pqrs"
ROUTES = st.lists(st.sampled_from(PLUGINS), unique=True, max_size=3)


def everybody(name):
    return True


def served(turns):
    """Return the plugins of each row, in the order in which they are asked."""
    asked = defaultdict(list)
    for turn in turns:
        for row in turn.rows.tolist():
            asked[row].append(turn.plugin)
    return [asked[row] for row in range(len(ROWS))]


def route_of(row, use, routes):
    """Return the route of one row by the rule's own words."""
    for key in (row["path"], row["name"]):
        if key in routes:
            return routes[key]
    for key, route in routes.items():
        if any(sign in key for sign in "*?[") and fnmatchcase(row["path"] if "/" in key else row["name"], key):
            return route
    return routes.get(row["kind"], use)


@given(ROUTES, st.dictionaries(st.sampled_from(KEYS), ROUTES), st.sets(st.sampled_from(PLUGINS)))
def test_every_row_is_served_by_its_most_specific_route(use, routes, taking_part):
    turns = Router("pricing", use, routes).turns(LOTS, taking_part.__contains__)
    expected = [[name for name in route_of(row, use, routes) if name in taking_part] for row in ROWS]
    assert served(turns) == expected


@pytest.mark.parametrize(
    ("routes", "plugin"),
    [
        ({"*": ["glob"], "load": ["kind"], "Load 1": ["name"], "Grid/A/Load 1": ["path"]}, "path"),
        ({"*": ["glob"], "load": ["kind"], "Load 1": ["name"]}, "name"),
        ({"load": ["kind"], "Load *": ["glob"], "*": ["later glob"]}, "glob"),
        ({"load": ["kind"]}, "kind"),
        ({"pv": ["kind"]}, "use"),
    ],
)
def test_path_before_name_before_the_first_glob_before_kind_before_use(routes, plugin):
    assert served(Router("pricing", ["use"], routes).turns(LOTS, everybody))[0] == [plugin]


def test_an_empty_route_leaves_its_rows_to_nobody():
    assert served(Router("pricing", ["use"], {"load": []}).turns(LOTS, everybody))[:2] == [[], []]


def test_first_all_first_plugins_then_all_second_ones_in_the_order_of_the_file():
    router = Router("pricing", ["a", "b"], {"pv": ["c", "a"], "Load 2": ["b", "d"]})
    assert [turn.plugin for turn in router.turns(LOTS, everybody)] == ["a", "c", "b", "b", "a", "d"]


def test_a_plugin_is_asked_once_for_all_its_rows_of_a_round():
    router = Router("pricing", ["a"], {"pv": ["a"], "Load 2": ["a"]})
    (turn,) = router.turns(LOTS, everybody)
    assert turn.rows.tolist() == [0, 1, 2, 3, 4]


def test_rows_that_are_decided_are_not_asked_about_again():
    is_open = np.ones(len(LOTS), dtype=np.bool_)
    turns = []
    for turn in Router("pricing", ["a", "b", "c"], {}).turns(LOTS, everybody, lambda: is_open):
        turns.append((turn.plugin, turn.rows.tolist()))
        is_open[turn.rows[1:]] = False
        is_open[turn.rows] &= turn.plugin == "a"
    assert turns == [("a", [0, 1, 2, 3, 4]), ("b", [0])]


def test_nobody_is_asked_about_an_empty_table():
    assert list(Router("pricing", ["a"], {"load": ["b"]}).turns(make_lots(), everybody)) == []


def test_assets_are_routed_as_lots_are():
    router = Router("forecasting", ["a"], {"pv": ["b"]})
    assert served(router.turns(make_assets(*ROWS), everybody)) == [["a"], ["a"], ["a"], ["b"], ["b"]]


TREE = make_tree({"Grid": {"A": {"Load 1": "load", "Roof [1]": "pv"}, "Market Maker": "market-maker"}})


@pytest.mark.parametrize("key", ["Grid/A/Load 1", "Load 1", "Load *", "Grid/A/*", "storage", "Roof [1]"])
def test_a_key_that_an_asset_or_a_kind_matches_is_no_problem(key):
    assert Router("pricing", [], {key: ["a"]}).unmatched(TREE) == []


@pytest.mark.parametrize(
    ("key", "guess"),
    [
        ("Load 11", "; did you mean 'Load 1' or "),
        ("Loda *", "; did you mean 'Load 1' or "),
        ("Market Maker", "; did you mean 'smart-meter'?"),
        ("x/*", ""),
    ],
)
def test_a_key_that_no_asset_matches_is_a_problem_with_its_place(key, guess):
    (problem,) = Router("pricing", [], {key: ["a"]}).unmatched(TREE)
    assert problem.path == join_path("pricing.routes", key)
    assert problem.message.startswith(f"no asset has this path, name, glob or kind{guess}")
