"""Naming: what settings name is held against the areas of the exchange."""

from types import SimpleNamespace

import pytest

from gridhook.plugins.guard import Guard
from gridhook.plugins.naming import NamedArea, named_by, unknown_names
from gridhook.testing import make_tree

TREE = make_tree({"Grid": {"Market Maker": "market-maker", "A": {"Load": "load", "PV 1": "pv"}, "B": {"Load": "load"}}})


def asked(**methods):
    named, problems = named_by("mine", SimpleNamespace(**methods), "plugins.mine", Guard(10.0))
    return named, [str(problem) for problem in problems]


def said_of(name, *, is_asset):
    return [str(problem) for problem in unknown_names([NamedArea("plugins.mine.at", name, is_asset)], TREE)]


def test_a_plugin_says_what_it_names():
    named, problems = asked(named_areas=lambda: {"partner": "A"}, named_assets=lambda: {'limits."PV 1"': "PV 1"})
    assert problems == []
    assert named == [
        NamedArea("plugins.mine.partner", "A", is_asset=False),
        NamedArea('plugins.mine.limits."PV 1"', "PV 1", is_asset=True),
    ]


@pytest.mark.parametrize("methods", [{}, {"named_areas": ("A",)}])
def test_a_plugin_need_not_say_anything(methods):
    assert asked(**methods) == ([], [])


@pytest.mark.parametrize("method", ["named_areas", "named_assets"])
@pytest.mark.parametrize("answer", [None, ["A"], {"partner": 7}, {7: "A"}])
def test_a_wrong_answer_is_a_problem_of_the_plugin(method, answer):
    named, (problem,) = asked(**{method: lambda: answer})
    assert named == []
    assert problem == (
        f"'mine' failed in {method}: "
        f"has to answer a mapping of places in the settings to names of areas, not {answer!r}"
    )


def test_a_plugin_that_raises_is_a_problem_and_no_crash():
    def raises():
        raise SystemExit(3)

    named, (problem,) = asked(named_areas=raises)
    assert named == []
    assert problem.startswith("'mine' failed in named_areas: SystemExit: 3 (")


@pytest.mark.parametrize("name", ["A", "Grid", "Market Maker", "PV 1", "Grid/A/Load", "id:PV 1"])
def test_any_area_is_found_by_id_path_or_name(name):
    assert said_of(name, is_asset=False) == []


@pytest.mark.parametrize("name", ["PV 1", "Grid/A/Load", "Load"])
def test_assets_are_found_by_path_or_name_which_may_be_that_of_several(name):
    assert said_of(name, is_asset=True) == []


@pytest.mark.parametrize(
    ("name", "is_asset", "message"),
    [
        ("PV 11", False, "no area is called 'PV 11'; did you mean 'PV 1'?"),
        ("Load", False, "2 areas are called 'Load'; give a path: Grid/A/Load, Grid/B/Load"),
        ("PV 11", True, "no asset is called 'PV 11'; did you mean 'PV 1'?"),
        ("Grid/A", True, "'Grid/A' is no asset; did you mean"),
        ("Market Maker", True, "'Market Maker' is no asset"),
    ],
)
def test_a_name_that_leads_nowhere_is_a_problem_with_its_place(name, is_asset, message):
    (problem,) = said_of(name, is_asset=is_asset)
    assert problem.startswith(f"plugins.mine.at: {message}")
