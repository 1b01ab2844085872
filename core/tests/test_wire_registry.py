"""The registry tree (PROTOCOL.md 1.4)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.grid import Tree
from gridhook.testing import make_tree
from gridhook.wire.errors import WireError
from gridhook.wire.registry import read_registry, write_registry

TREE = make_tree(
    {
        "Grid": {
            "House": {"Load": "load", "PV": "pv", "Battery": "storage", "Meter": "smart-meter"},
            "Market Maker": "market-maker",
            "Something": "other",
        }
    }
)
LISTED = ("market", "load", "pv", "storage")


def node(uuid, kind, registered, *children, aggregator=None):
    return {
        "name": uuid.removeprefix("id:"),
        "type": kind,
        "uuid": uuid,
        "registered": registered,
        "aggregator_name": aggregator,
        "attributes": None,
        "children": list(children),
    }


def columns(tree):
    return tree.ids, tree.names, tree.kinds, tree.parents.tolist(), tree.registered.tolist()


def test_the_nested_shape():
    assert write_registry(TREE, {"id:Load": "oracle"}) == node(
        "id:Grid",
        "Area",
        True,
        node(
            "id:House",
            "Area",
            True,
            node("id:Load", "Load", True, aggregator="oracle"),
            node("id:PV", "PV", True),
            node("id:Battery", "Storage", True),
            node("id:Meter", "SmartMeter", False),
        ),
        node("id:Market Maker", "InfiniteBus", False),
        node("id:Something", "Other", False),
    )


@st.composite
def trees(draw):
    """Draw trees in the order of a walk; leaves are of any kind."""
    paths = [()]
    for _ in range(draw(st.integers(0, 10))):
        parent = draw(st.sampled_from(paths))
        paths.append((*parent, sum(path[:-1] == parent and path != () for path in paths)))
    paths.sort()
    parents = [-1, *(paths.index(path[:-1]) for path in paths[1:])]
    inner = {"market": "market"}
    kinds = [
        "market" if place in parents else draw(st.sampled_from([*LISTED, "smart-meter", "market-maker", "other"]))
        for place in range(len(paths))
    ]
    names = draw(st.lists(st.text(max_size=4), min_size=len(paths), max_size=len(paths)))
    registered = [kind in LISTED and draw(st.booleans()) for kind in kinds]
    return Tree([str(path) for path in paths], names, [inner.get(kind, kind) for kind in kinds], parents, registered)


@given(trees())
def test_what_is_written_is_read_back(tree):
    assert columns(read_registry(json.loads(json.dumps(write_registry(tree, {}))))) == columns(tree)


def test_what_real_registries_may_have():
    value = node("root", "Area", None, node("house", "Unknown", None, node("leaf", "Unknown", "yes")))
    value["children"].append({"name": "bare", "uuid": "bare"})
    value["children"].append({**node("area", "Area", True), "children": None})
    tree = read_registry(value)
    assert tree.names == ("root", "house", "leaf", "bare", "area")
    assert tree.kinds == ("market", "market", "other", "other", "market")
    assert tree.registered.tolist() == [False, False, False, False, True]
    assert tree.parents.tolist() == [-1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "registry: has to be an object, not null"),
        ({}, "uuid: is missing"),
        ({"uuid": "a"}, "name: is missing"),
        ({"uuid": "a", "name": 5}, "name: has to be a text, not 5"),
        ({"uuid": "a", "name": "a", "children": {"b": 1}}, "children: has to be a list, not an object"),
        ({"uuid": "a", "name": "a", "children": [1]}, "registry: has to be an object, not 1"),
        (
            {"uuid": "a", "name": "a", "children": [{"uuid": "a", "name": "b"}]},
            "registry: has two areas with the same uuid",
        ),
    ],
)
def test_every_mistake_has_its_reason(value, message):
    with pytest.raises(WireError) as raised:
        read_registry(value)
    assert str(raised.value) == message


def test_a_tree_without_areas_is_no_registry():
    with pytest.raises(WireError, match="registry: has no area"):
        write_registry(Tree((), (), (), [], []), {})
