from __future__ import annotations

import pytest

from gridhook.grid import MARKET, MARKET_MAKER
from gridhook_exchange.registry import build_registry


@pytest.fixture
def community(make_community):
    return make_community(
        {
            "Grid": (None, 0.0),
            "Street 1": ("Grid", 0.0),
            "Street 2": ("Grid", 0.0),
            "House 2": ("Street 2", 0.0),
            "House 1": ("Street 1", 0.0),
        },
        loads={"Load 1": ("House 1", [1.0]), "Load 2": ("House 2", [1.0])},
        pvs={"PV": ("Street 1", [1.0])},
        batteries={"Battery": ("House 1", {})},
    )


def test_each_market_is_followed_by_its_assets_and_then_by_the_markets_inside_it(community):
    tree = build_registry(community).tree
    assert tree.paths == (
        "Grid",
        "Grid/Market Maker",
        "Grid/Street 1",
        "Grid/Street 1/PV",
        "Grid/Street 1/House 1",
        "Grid/Street 1/House 1/Load 1",
        "Grid/Street 1/House 1/Battery",
        "Grid/Street 2",
        "Grid/Street 2/House 2",
        "Grid/Street 2/House 2/Load 2",
    )


def test_areas_keep_their_kinds_and_ids(community):
    tree = build_registry(community).tree
    kinds = {name: (kind, area) for name, kind, area in zip(tree.names, tree.kinds, tree.ids, strict=True)}
    assert kinds["House 1"] == (MARKET, "market House 1")
    assert kinds["Load 2"] == ("load", "asset Load 2")
    assert kinds["PV"] == ("pv", "asset PV")
    assert kinds["Battery"] == ("storage", "asset Battery")
    assert kinds["Market Maker"] == (MARKET_MAKER, "asset Market Maker")
    assert tree.names[tree.market_maker] == "Market Maker"


def test_an_aggregator_can_have_everything_but_the_market_maker(community):
    tree = build_registry(community).tree
    assert [name for name, free in zip(tree.names, tree.registered, strict=True) if not free] == ["Market Maker"]


def test_markets_and_assets_are_found_in_the_tree_by_their_numbers(community):
    registry = build_registry(community)
    assert [registry.tree.names[area] for area in registry.market_area] == list(community.market_names)
    assert [registry.tree.names[area] for area in registry.asset_area] == list(community.asset_names)


def test_the_market_maker_may_be_anywhere(make_community):
    community = make_community({"Grid": (None, 0.0), "House": ("Grid", 0.0)}, maker="House")
    assert build_registry(community).tree.paths == ("Grid", "Grid/House", "Grid/House/Market Maker")
