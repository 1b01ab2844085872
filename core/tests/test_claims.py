"""Claims: the areas that names, kinds, globs and ids lead to."""

import attrs
import numpy as np
import pytest

from gridhook import Claim
from gridhook.claims import ids_and_names, matches, resolve_claim
from gridhook.testing import make_tree

TREE = make_tree(
    {
        "Grid": {
            "Market Maker": "market-maker",
            "North": {"Load 1": "load", "PV 1": "pv"},
            "South": {"Load 2": "load", "Meter 2": "smart-meter", "Other": "other"},
        }
    }
)


def found(tree=TREE, **claim):
    positions, problems = resolve_claim(Claim(**claim), tree)
    return {tree.names[position] for position in positions}, [(problem.path, problem.message) for problem in problems]


def test_an_empty_claim_asks_for_nothing():
    assert found() == (set(), [])


@pytest.mark.parametrize(
    ("claim", "names"),
    [
        ({"names": ["Load 1", "Grid/South/Load 2"]}, {"Load 1", "Load 2"}),
        ({"names": ["North"]}, {"North"}),
        ({"kinds": ["load"]}, {"Load 1", "Load 2"}),
        ({"kinds": ["market"]}, {"Grid", "North", "South"}),
        ({"globs": ["* 1"]}, {"Load 1", "PV 1"}),
        ({"globs": ["Grid/South/*"]}, {"Load 2", "Meter 2"}),
        ({"ids": ["id:PV 1"]}, {"PV 1"}),
        ({"names": ["PV 1"], "kinds": ["smart-meter"], "globs": ["Load ?"]}, {"PV 1", "Meter 2", "Load 1", "Load 2"}),
    ],
)
def test_a_claim_is_the_union_of_what_it_names(claim, names):
    assert found(**claim) == (names, [])


@pytest.mark.parametrize("exclude", ["Load 1", "Grid/North/Load 1", "Load [1]", "Grid/North/L*"])
def test_what_is_excluded_by_name_path_or_glob_is_taken_out_again(exclude):
    assert found(names=["Load 1"], kinds=["load"], exclude=[exclude]) == ({"Load 2"}, [])


@pytest.mark.parametrize(
    ("claim", "path", "message"),
    [
        (
            {"names": ["Lod 1"]},
            "names",
            "no area is called 'Lod 1'; did you mean 'Load 1' (Grid/North/Load 1) or 'Load 2' (Grid/South/Load 2)?",
        ),
        ({"ids": ["4f1c"]}, "ids", "no area is called '4f1c'"),
        ({"kinds": ["laod"]}, "kinds", "no kind 'laod'; did you mean 'load'?"),
        ({"globs": ["House *"]}, "globs", "'House *' matches no registered asset"),
        (
            {"exclude": ["Meter 3"]},
            "exclude",
            "'Meter 3' matches no area; did you mean 'Meter 2' (Grid/South/Meter 2)?",
        ),
        ({"exclude": ["House *"]}, "exclude", "'House *' matches no area"),
    ],
)
def test_what_leads_nowhere_is_a_problem_and_the_rest_is_claimed(claim, path, message):
    names = {"names": ["PV 1", *claim.get("names", ())]}
    assert found(**(claim | names)) == ({"PV 1"}, [(path, message)])


def test_a_name_that_several_areas_have_is_a_problem():
    tree = make_tree({"Grid": {"A": {"Load": "load"}, "B": {"Load": "load"}}})
    claimed, ((path, message),) = found(tree, names=["Load"])
    assert (claimed, path) == (set(), "names")
    assert "Grid/A/Load, Grid/B/Load" in message
    claimed, ((path, message),) = found(tree, names=["Laod"])
    assert message.endswith("did you mean 'Load' (Grid/A/Load) or 'Load' (Grid/B/Load)?")


def test_only_registered_areas_can_be_claimed():
    registered = np.array([name != "Load 1" for name in TREE.names])
    tree = attrs.evolve(TREE, registered=registered)
    assert found(tree, kinds=["load"], globs=["Load *"]) == ({"Load 2"}, [])
    assert found(tree, names=["Load 1"]) == (
        set(),
        [("names", "'Grid/North/Load 1' is not registered with this exchange")],
    )


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("Home 1", True),
        ("Home ?", True),
        ("home ?", False),
        ("Street/*", True),
        ("*/Home 1", True),
        ("Home 1/*", False),
        ("[GH]ome *", True),
    ],
)
def test_a_glob_with_a_slash_is_held_against_the_path_else_against_the_name(pattern, fits):
    assert matches(pattern, "Home 1", "Street/Home 1") is fits


@pytest.mark.parametrize("part", [field.name for field in attrs.fields(Claim)])
def test_a_text_is_no_list_of_texts(part):
    with pytest.raises(TypeError, match=r"of a claim are lists of texts: \['load'\], not 'load'$"):
        Claim(**{part: "load"})


UNLISTED = attrs.evolve(TREE, kinds=[kind if kind in ("market", "pv") else "other" for kind in TREE.kinds])


def found_unlisted(**claim):
    positions, problems = resolve_claim(Claim(**claim), UNLISTED, is_listed=False)
    return {UNLISTED.names[position] for position in positions}, [problem.path for problem in problems]


def test_without_a_registry_an_asset_of_which_only_the_name_is_known_fits_globs_and_all_kinds_together():
    assert found_unlisted(globs=["Load *", "Meter*"]) == ({"Load 1", "Load 2", "Meter 2"}, [])
    everything = {"Load 1", "PV 1", "Load 2", "Meter 2", "Other"}
    assert found_unlisted(kinds=["load", "pv", "storage", "smart-meter"]) == (everything, [])
    assert found_unlisted(kinds=["market"]) == ({"Grid", "North", "South"}, [])


def test_without_a_registry_one_kind_finds_those_that_are_held_and_it_is_said_why():
    assert found_unlisted(kinds=["pv", "load"]) == ({"PV 1"}, ["kinds"])


def test_without_any_area_ids_and_names_are_left_but_those_that_are_excluded():
    claim = Claim(["Load 1", "Grid/South/Load 2", "PV 1"], ["load"], ["*"], ["id:x"], ["PV*", "Load 2"])
    assert ids_and_names(claim) == (["id:x"], ["Load 1"])
