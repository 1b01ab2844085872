"""The registry: all areas of a grid with their types (PROTOCOL.md 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridhook.assets import LOAD, PV, SMART_METER, STORAGE
from gridhook.grid import MARKET, MARKET_MAKER, OTHER, Tree
from gridhook.wire.errors import fail
from gridhook.wire.values import read_list, read_object, read_optional_text, read_text, required

__all__ = ["read_holders", "read_registry", "write_registry"]

_TYPES = {
    MARKET: "Area",
    LOAD: "Load",
    PV: "PV",
    STORAGE: "Storage",
    SMART_METER: "SmartMeter",
    MARKET_MAKER: "InfiniteBus",
}
_KINDS = {name: kind for kind, name in _TYPES.items()}
_LISTED = (MARKET, LOAD, PV, STORAGE)


def write_registry(tree: Tree, aggregator_of: Mapping[str, str]) -> dict[str, Any]:
    """Return a tree as JSON, nested from the root.

    Only areas of the types Area, Load, PV and Storage are ever ``registered``: the SDK's helper fails on others. So a
    smart meter comes back as not registered.

    :param aggregator_of: name of the aggregator by area id, for areas that have one.
    """
    nodes: list[dict[str, object]] = []
    children: list[list[dict[str, object]]] = []
    rows = zip(tree.ids, tree.names, tree.kinds, tree.parents.tolist(), tree.registered.tolist(), strict=True)
    for area, name, kind, parent, registered in rows:
        inside: list[dict[str, object]] = []
        node = {
            "name": name,
            "type": _TYPES.get(kind, "Other"),
            "uuid": area,
            "registered": registered and kind in _LISTED,
            "aggregator_name": aggregator_of.get(area),
            "attributes": None,
            "children": inside,
        }
        if parent >= 0:
            children[parent].append(node)
        nodes.append(node)
        children.append(inside)
    if not nodes:
        fail("registry", "has no area")
    return nodes[0]


def read_registry(value: object) -> Tree:
    """Return the tree that a registry tells of, parents before their children and in its order.

    An area with areas inside is a market whatever its type, and a leaf of an unknown type is ``other``. ``children``
    and ``registered`` may be null or missing.

    :raises WireError: an area has no name or id, or two have the same id.
    """
    ids: list[str] = []
    names: list[str] = []
    kinds: list[str] = []
    parents: list[int] = []
    registered: list[bool] = []
    waiting: list[tuple[object, int]] = [(value, -1)]
    while waiting:
        one, parent = waiting.pop()
        node = read_object(one, "registry")
        inside = read_list(node.get("children") or (), "children")
        waiting += [(child, len(ids)) for child in reversed(inside)]
        ids.append(read_text(required(node, "uuid"), "uuid"))
        names.append(read_text(required(node, "name"), "name"))
        kinds.append(MARKET if inside else _KINDS.get(str(node.get("type")), OTHER))
        parents.append(parent)
        registered.append(node.get("registered") is True)
    if len(set(ids)) < len(ids):
        fail("registry", "has two areas with the same uuid")
    return Tree(ids, names, kinds, parents, registered)


def read_holders(value: object) -> dict[str, str]:
    """Return the name of the aggregator by area id, for areas that a registry says have one.

    :raises WireError: an area has no id, or something else than a text as the name.
    """
    holders: dict[str, str] = {}
    waiting: list[object] = [value]
    while waiting:
        node = read_object(waiting.pop(), "registry")
        waiting += read_list(node.get("children") or (), "children")
        name = read_optional_text(node.get("aggregator_name"), "aggregator_name")
        if name:
            holders[read_text(required(node, "uuid"), "uuid")] = name
    return holders
