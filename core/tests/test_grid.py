"""The grid: names and paths that lead to areas, and the fees between them (PROTOCOL.md 5)."""

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook import AmbiguousAreaError, Deviations, Grid, Tree, UnknownAreaError
from gridhook.grid import MARKET
from gridhook.testing import make_assets, make_grid, make_market, make_tree

STREETS = {
    "Grid": {
        "Market Maker": "market-maker",
        "Street 1": {"House 1.1": {"Load 1.1": "load"}, "House 1.2": {"Load 1.2": "load"}},
        "Street 2": {"House 2.1": {"Load 2.1": "load", "PV 2.1": "pv"}},
        "Street 3": {"Load 3": "load"},
    }
}
FEES = {
    "Grid": 11.0,
    "Street 1": 2.0,
    "House 1.1": 2.1,
    "House 1.2": 2.2,
    "Street 2": 3.0,
    "House 2.1": 3.1,
    "Street 3": 4.0,
}


CHECK_VALUES = [
    ("PV 2.1", "Load 1.2", 21.3),
    ("Load 3", "Market Maker", 15.0),
    ("House 2.1", "Grid", 17.1),
    ("Street 1", "Grid", 13.0),
    ("House 2.1", "Load 2.1", 3.1),
    ("Load 2.1", "Street 2", 6.1),
    ("PV 2.1", None, 3.1),
]


@pytest.mark.parametrize(("start", "target", "fee"), CHECK_VALUES)
def test_the_check_values_of_the_protocol(start, target, fee):
    grid = make_grid(STREETS, FEES)
    assert grid.grid_fee(start, target) == pytest.approx(fee, abs=1e-12)
    if target is not None:
        assert grid.grid_fee(target, start) == pytest.approx(fee, abs=1e-12)


@pytest.mark.parametrize("fee_type", ["current_market_fee", "last_market_fee"])
@pytest.mark.parametrize(("start", "target", "fee"), CHECK_VALUES)
def test_a_market_tells_the_check_values_of_each_fee_type(start, target, fee, fee_type):
    """The other type's fees are others, so that one is not taken for the other."""
    grid = make_grid(STREETS, FEES)
    other = {"current_market_fee": "last_market_fee", "last_market_fee": "current_market_fee"}[fee_type]
    market = make_market(grid=attrs.evolve(grid, **{other: getattr(grid, other) + 100.0}))
    assert market.grid_fee(start, target, fee_type) == pytest.approx(fee, abs=1e-12)
    assert market.grid_fee(start, target, other) > 100.0


@st.composite
def grids(draw):
    """Draw a tree with whole fees (so that sums are exact); areas with areas inside are markets."""
    parents = [-1, *(draw(st.integers(0, area)) for area in range(draw(st.integers(0, 12))))]
    kinds = [MARKET if area in parents or draw(st.booleans()) else "load" for area in range(len(parents))]
    kinds[0] = MARKET
    fees = [draw(st.integers(0, 50) | st.just(np.nan)) if kind == MARKET else np.nan for kind in kinds]
    names = [f"area {area}" for area in range(len(parents))]
    tree = Tree(names, names, kinds, parents, [True] * len(names))
    return Grid(tree, fees, np.zeros(len(names)), make_assets())


def protocol_fee(grid, start, target):
    """Return the fee by the rule's own words: the set of areas on the path, the lowest common ancestor included."""
    parents = grid.tree.parents.tolist()

    def path(area):
        return [*(path(parents[area]) if parents[area] >= 0 else ()), area]

    ours, theirs = path(start), path(target)
    common = [area for area in ours if area in theirs]
    areas = {common[-1], start, target, *ours, *theirs} - set(common[:-1])
    fees = grid.current_market_fee[sorted(areas)]
    return float(fees[~np.isnan(fees)].sum())


@given(grids())
def test_the_fee_between_any_two_areas_is_the_sum_over_the_path(grid):
    everywhere = np.arange(len(grid.tree))
    for target in range(len(grid.tree)):
        expected = [protocol_fee(grid, start, target) for start in everywhere.tolist()]
        assert grid.path_fees(everywhere, target).tolist() == expected
        assert [grid.grid_fee(start, grid.tree.ids[target]) for start in grid.tree.ids] == expected


def test_a_fee_to_itself_is_its_own_and_nothing_for_an_asset():
    grid = make_grid(STREETS, FEES)
    assert grid.grid_fee("Street 2", "Street 2") == 3.0
    assert grid.grid_fee("PV 2.1", "PV 2.1") == 0.0


def test_without_a_target_a_market_that_has_no_fee_has_none():
    grid = make_grid(STREETS, FEES | {"House 2.1": np.nan})
    assert grid.grid_fee("Street 2") == 3.0
    assert np.isnan(grid.grid_fee("House 2.1"))
    assert np.isnan(grid.grid_fee("PV 2.1"))
    assert grid.grid_fee("PV 2.1", "Street 2") == 3.0


def test_an_asset_without_a_market_has_no_fee():
    tree = Tree(["a", "b"], ["Lonely", "Other"], ["load", "load"], [-1, 0], [True, True])
    assert np.isnan(Grid(tree, [np.nan, 7.0], [np.nan, 7.0], make_assets()).grid_fee("Lonely"))


def test_the_last_fee_is_asked_for_by_its_type():
    now = make_grid(STREETS, FEES)
    grid = attrs.evolve(now, last_market_fee=now.last_market_fee * 10)
    assert grid.grid_fee("Street 1", "Grid") == 13.0
    assert grid.grid_fee("Street 1", "Grid", "last_market_fee") == 130.0
    assert grid.grid_fee("Street 1", fee_type="last_market_fee") == 20.0
    with pytest.raises(ValueError, match="'current_market_fee' or 'last_market_fee', not 'next'"):
        grid.grid_fee("Street 1", "Grid", "next")


@pytest.mark.parametrize("area", ["id:PV 2.1", "Grid/Street 2/House 2.1/PV 2.1", "PV 2.1"])
def test_an_area_is_found_by_id_path_or_name(area):
    tree = make_tree(STREETS)
    assert tree.names[tree.find(area)] == "PV 2.1"


def test_an_id_counts_more_than_a_path_and_a_path_more_than_a_name():
    tree = Tree(["Home", "x", "y"], ["Root", "Home", "Root"], ["market", "load", "load"], [-1, 0, 0], [True] * 3)
    assert tree.find("Home") == 0
    assert tree.find("Root") == 0
    assert tree.find("Root/Home") == 1


def test_a_name_that_is_not_there_names_the_nearest():
    with pytest.raises(UnknownAreaError, match=r"no area is called 'PV 2.2'; did you mean 'PV 2.1'") as caught:
        make_tree(STREETS).find("PV 2.2")
    assert caught.value.area == "PV 2.2"


def test_a_name_that_several_areas_have_lists_their_paths():
    tree = make_tree({"Grid": {"A": {"Load": "load"}, "B": {"Load": "load"}}})
    with pytest.raises(AmbiguousAreaError, match="2 areas are called 'Load'; give a path: Grid/A/Load, Grid/B/Load"):
        tree.find("Load")
    assert tree.find("Grid/B/Load") == 4


def test_levels_and_below_walk_the_tree():
    tree = make_tree(STREETS)
    assert [[tree.names[area] for area in level] for level in tree.levels[:2]] == [
        ["Grid"],
        ["Market Maker", "Street 1", "Street 2", "Street 3"],
    ]
    assert [tree.names[area] for area in tree.below(tree.find("Street 2"))] == [
        "Street 2",
        "House 2.1",
        "Load 2.1",
        "PV 2.1",
    ]
    assert tree.below(tree.find("PV 2.1")) == [tree.find("PV 2.1")]


def test_positions_are_those_of_ids():
    tree = make_tree(STREETS)
    assert [tree.names[area] for area in tree.positions(["id:PV 2.1", "id:Grid"])] == ["PV 2.1", "Grid"]


@pytest.mark.parametrize(
    ("areas", "maker"),
    [
        ({"Grid": {"Grid Market": {}, "Feeder": "market-maker"}}, "Feeder"),
        ({"Grid": {"Grid Market": "other", "Market Maker": "other"}}, "Market Maker"),
        ({"Grid": {"House": {}, "Grid Market": "other"}}, "Grid Market"),
        ({"Grid": {"House": {}}}, "Grid"),
    ],
)
def test_the_market_maker_is_found_by_kind_else_by_name_else_it_is_the_root(areas, maker):
    tree = make_tree(areas)
    assert tree.names[tree.market_maker] == maker


def test_a_tree_lists_parents_before_their_children():
    with pytest.raises(ValueError, match="parents before their children"):
        Tree(["a", "b"], ["a", "b"], ["market", "market"], [1, -1], [True, True])


def test_a_tree_has_one_entry_per_area():
    with pytest.raises(ValueError, match="one entry per area"):
        Tree(["a"], ["a", "b"], ["market", "market"], [-1, 0], [True, True])


def test_no_plugin_can_write_to_the_grid():
    grid = make_grid(STREETS, FEES)
    with pytest.raises(ValueError, match="read-only"):
        grid.current_market_fee[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        grid.tree.parents[0] = 0
    with pytest.raises(AttributeError):
        grid.tree = make_tree({"Grid": {}})


def test_a_grid_has_neither_statistics_nor_deviations_before_a_slot_ended():
    grid = make_grid(STREETS)
    assert grid.last_market_stats is None
    assert (grid.deviations.slots, grid.deviations.energy_kwh.size) == ((), 0)
    assert Deviations().energy_kwh.shape == (0, 0)
