"""The grid tree of events (PROTOCOL.md 3.8)."""

import json
import math

import attrs
import numpy as np
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.assets import Assets
from gridhook.grid import Deviations, Grid, MarketStats, Tree
from gridhook.testing import SLOT, make_assets, make_tree
from gridhook.wire.errors import WireError
from gridhook.wire.trees import LastSlot, read_grid_tree, write_grid_tree

AREAS = {
    "Grid": {
        "House": {"Load": "load", "PV": "pv", "Battery": "storage", "Meter": "smart-meter"},
        "Market Maker": "market-maker",
    }
}
TREE = make_tree(AREAS)
NAN = math.nan


def own(name, kind, **numbers):
    return {"id": f"id:{name}", "name": name, "path": f"Grid/House/{name}", "kind": kind, **numbers}


LOAD = own(
    "Load",
    "load",
    energy_requirement_kwh=0.5,
    energy_active_in_bids_kwh=0.25,
    energy_traded_kwh=0.0,
    total_cost_cents=0.0,
)
PV = own(
    "PV",
    "pv",
    available_energy_kwh=1.5,
    energy_active_in_offers_kwh=0.0,
    energy_traded_kwh=0.5,
    total_cost_cents=5.0,
)
BATTERY = own(
    "Battery",
    "storage",
    energy_to_buy_kwh=1.0,
    energy_to_sell_kwh=2.0,
    energy_active_in_bids_kwh=3.0,
    energy_active_in_offers_kwh=4.0,
    free_storage_kwh=5.0,
    used_storage_kwh=6.0,
    energy_traded_kwh=7.0,
    total_cost_cents=8.0,
)
METER = own("Meter", "smart-meter", energy_requirement_kwh=0.5, available_energy_kwh=0.25)


def grid(*assets, tree=TREE, **changes):
    markets = [kind == "market" for kind in tree.kinds]
    fees = np.where(markets, 1.5, NAN)
    last = np.where(markets, 0.5, NAN)
    return attrs.evolve(Grid(tree, fees, last, make_assets(*assets)), **changes)


def stats(tree=TREE, value=2.0):
    return MarketStats(*[np.where([kind == "market" for kind in tree.kinds], value, NAN)] * 5)


def columns(grid):
    """Everything that a grid holds, as text, so that NaN equals NaN."""
    tree, last = grid.tree, grid.last_market_stats
    shown = [tree.ids, tree.names, tree.kinds, tree.parents.tolist()]
    shown += [grid.current_market_fee.tolist(), grid.last_market_fee.tolist()]
    shown += [getattr(grid.assets, name).tolist() for name in Assets.row_type._fields]
    shown += [None if last is None else [column.tolist() for column in attrs.astuple(last)]]
    shown += [[str(slot) for slot in grid.deviations.slots], grid.deviations.energy_kwh.tolist()]
    return [str(part) for part in shown]


def through_json(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_the_shape_of_a_whole_tree():
    deviations = Deviations((SLOT.subtract(minutes=15),), [[NAN], [-0.5]])
    value = write_grid_tree(
        grid(LOAD, PV, last_market_stats=stats(), deviations=deviations), LastSlot([0.25, 0.0], [3.0, 0.0])
    )
    figures = {
        "min_trade_rate": 2.0,
        "max_trade_rate": 2.0,
        "avg_trade_rate": 2.0,
        "median_trade_rate": 2.0,
        "total_traded_energy_kWh": 2.0,
    }
    market = {
        "last_market_bill": {"accumulated_trades": {}, "external_trades": {}},
        "last_market_stats": figures,
        "last_market_fee": 0.5,
        "current_market_fee": 1.5,
    }
    assert value == {
        "id:Grid": {
            **market,
            "area_name": "Grid",
            "children": {
                "id:House": {
                    **market,
                    "area_name": "House",
                    "children": {
                        "id:Load": {
                            "asset_info": {
                                "unsettled_deviation_kWh": {"2026-06-15T09:45": None},
                                "energy_requirement_kWh": 0.5,
                                "energy_active_in_bids": 0.25,
                                "energy_traded": 0.0,
                                "total_cost": 0.0,
                            },
                            "last_slot_asset_info": {"energy_traded": 0.25, "total_cost": 3.0},
                            "asset_bill": None,
                            "area_name": "Load",
                        },
                        "id:PV": {
                            "asset_info": {
                                "unsettled_deviation_kWh": {"2026-06-15T09:45": -0.5},
                                "available_energy_kWh": 1.5,
                                "energy_active_in_offers": 0.0,
                                "energy_traded": 0.5,
                                "total_cost": 5.0,
                            },
                            "last_slot_asset_info": {"energy_traded": 0.0, "total_cost": 0.0},
                            "asset_bill": None,
                            "area_name": "PV",
                        },
                        "id:Battery": {"area_name": "Battery"},
                        "id:Meter": {"area_name": "Meter"},
                    },
                },
                "id:Market Maker": {"area_name": "Market Maker"},
            },
        }
    }


def test_the_fields_of_storages_and_smart_meters():
    house = write_grid_tree(grid(BATTERY, METER), settlement=True)["id:Grid"]["children"]["id:House"]["children"]
    assert house["id:Battery"]["asset_info"] == {
        "energy_to_sell": 2.0,
        "energy_active_in_bids": 3.0,
        "energy_to_buy": 1.0,
        "energy_active_in_offers": 4.0,
        "free_storage": 5.0,
        "used_storage": 6.0,
        "energy_traded": 7.0,
        "total_cost": 8.0,
    }
    assert house["id:Meter"]["asset_info"] == {"energy_requirement_kWh": 0.5, "available_energy_kWh": 0.25}
    assert house["id:Meter"]["last_slot_asset_info"] == {"energy_traded": 0.0, "total_cost": 0.0}


def test_with_settlement_the_deviations_are_there_before_any_market_is_open():
    house = write_grid_tree(grid(LOAD), settlement=True)["id:Grid"]["children"]["id:House"]["children"]
    assert house["id:Load"]["asset_info"]["unsettled_deviation_kWh"] == {}
    house = write_grid_tree(grid(LOAD))["id:Grid"]["children"]["id:House"]["children"]
    assert "unsettled_deviation_kWh" not in house["id:Load"]["asset_info"]


def test_before_a_slot_has_finished_markets_have_no_figures():
    root = write_grid_tree(grid())["id:Grid"]
    assert root.keys() == {"last_market_fee", "current_market_fee", "area_name", "children"}
    assert read_grid_tree({"id:Grid": root}).last_market_stats is None
    assert write_grid_tree(grid(last_market_fee=np.full(7, NAN)))["id:Grid"]["last_market_fee"] is None


numbers = st.just(NAN) | st.floats(-1e6, 1e6)


@st.composite
def grids(draw):
    """Draw grids in the order of a walk, with some own assets of all kinds."""
    homes = draw(st.lists(st.lists(st.sampled_from(["load", "pv", "storage", "smart-meter", "other"]), max_size=4)))
    rows = [("root", "market", -1)]
    for home, kinds in enumerate(homes):
        here = len(rows)
        rows.append((f"home {home}", "market", 0))
        rows += [(f"home {home}/{number}", kind, here) for number, kind in enumerate(kinds)]
    names, kinds, parents = zip(*rows, strict=True)
    tree = Tree(names, [name[-6:] for name in names], kinds, parents, [True] * len(rows))
    markets = [kind == "market" for kind in kinds]
    templates = {"load": LOAD, "pv": PV, "storage": BATTERY, "smart-meter": METER}
    assets = []
    for area, kind in enumerate(kinds):
        if kind in templates:
            row = {**templates[kind], "id": names[area], "name": tree.names[area], "path": tree.paths[area]}
            assets.append({key: draw(numbers) if isinstance(part, float) else part for key, part in row.items()})
    by_area = lambda: np.where(markets, draw(st.lists(numbers, min_size=len(rows), max_size=len(rows))), NAN)
    settled = [asset["kind"] in ("load", "pv") for asset in assets]
    slots = tuple(SLOT.subtract(minutes=15 * number) for number in range(draw(st.integers(0, 3)), 0, -1))
    slots = slots if any(settled) else ()
    energy = np.full((len(assets), len(slots)), NAN)
    for row in np.flatnonzero(settled):
        energy[row] = draw(st.lists(numbers, min_size=len(slots), max_size=len(slots)))
    last = draw(st.none() | st.builds(lambda: MarketStats(*(by_area() for _ in range(5)))))
    return Grid(tree, by_area(), by_area(), make_assets(*assets), last, Deviations(slots, energy))


@given(grids())
def test_what_is_written_is_read_back(grid):
    value = through_json(write_grid_tree(grid))
    read = read_grid_tree(value, grid.tree)
    assert read.tree is grid.tree
    assert columns(read) == columns(grid)
    assert write_grid_tree(read_grid_tree(value)) == value


def test_the_tree_stays_the_same_object_while_it_tells_of_the_same_areas():
    value = write_grid_tree(grid(LOAD, PV))
    assert read_grid_tree(value, TREE).tree is TREE
    house = value["id:Grid"]["children"].pop("id:House")
    house["children"] = dict(reversed(house["children"].items()))
    value["id:Grid"]["children"]["id:House"] = house
    other_order = read_grid_tree(value, TREE)
    assert other_order.tree is TREE
    assert other_order.assets.id.tolist() == ["id:PV", "id:Load"]
    assert other_order.assets.path.tolist() == ["Grid/House/PV", "Grid/House/Load"]
    assert other_order.current_market_fee.tolist()[:2] == [1.5, 1.5]


@pytest.mark.parametrize("change", ["renamed", "gone", "new", "moved", "own", "another kind"])
def test_the_tree_is_another_one_when_the_areas_are(change):
    value = write_grid_tree(grid(LOAD))
    known = TREE
    house = value["id:Grid"]["children"]["id:House"]["children"]
    if change == "renamed":
        house["id:Load"]["area_name"] = "Heat pump"
    elif change == "gone":
        del house["id:PV"]
    elif change == "new":
        house["id:New"] = {"area_name": "New"}
    elif change == "moved":
        value["id:Grid"]["children"]["id:PV"] = house.pop("id:PV")
    elif change == "own":
        known = attrs.evolve(TREE, registered=[False] * len(TREE))
    else:
        house["id:PV"]["asset_info"] = {"energy_to_buy": 1.0}
    read = read_grid_tree(value, known)
    assert read.tree is not known
    assert read_grid_tree(value, read.tree).tree is read.tree
    if change != "another kind":
        assert read.tree.kinds[read.tree.find("id:Battery")] == "storage"
    if change == "new":
        assert read.tree.kinds[read.tree.find("New")] == "other"
        assert not read.tree.registered[read.tree.find("New")]
    if change == "own":
        assert read.tree.registered.tolist() == [area == "id:Load" for area in read.tree.ids]


def test_without_the_registry_fields_tell_what_an_area_is():
    read = read_grid_tree(write_grid_tree(grid(LOAD, METER, BATTERY)))
    assert dict(zip(read.tree.names, read.tree.kinds, strict=True)) == {
        "Grid": "market",
        "House": "market",
        "Load": "load",
        "PV": "other",
        "Battery": "storage",
        "Meter": "smart-meter",
        "Market Maker": "other",
    }
    assert read.tree.registered.tolist() == [True, True, True, False, True, True, False]
    assert read.tree.names[read.tree.market_maker] == "Market Maker"


def test_in_the_first_slot_there_is_no_tree():
    read = read_grid_tree({}, TREE)
    assert read.tree is TREE
    assert len(read.assets) == 0
    assert np.isnan(read.current_market_fee).all()
    assert len(read.current_market_fee) == len(TREE)
    assert read.last_market_stats is None
    assert len(read_grid_tree({}).tree) == 0
    assert write_grid_tree(read_grid_tree({})) == {}


def test_assets_may_tell_of_different_slots():
    value = write_grid_tree(grid(LOAD, PV, METER))
    house = value["id:Grid"]["children"]["id:House"]["children"]
    house["id:Load"]["asset_info"]["unsettled_deviation_kWh"] = {"2026-06-15T09:45": 0.5, "2026-06-15T09:30": None}
    house["id:PV"]["asset_info"]["unsettled_deviation_kWh"] = {"2026-06-15T09:15": -1}
    told = read_grid_tree(value).deviations
    assert told.slots == tuple(pendulum.datetime(2026, 6, 15, 9, minute) for minute in (15, 30, 45))
    assert str(told.energy_kwh.tolist()) == str([[NAN, NAN, 0.5], [-1.0, NAN, NAN], [NAN, NAN, NAN]])


def test_an_asset_of_an_unknown_kind_is_not_an_own_one():
    value = write_grid_tree(grid(LOAD))
    house = value["id:Grid"]["children"]["id:House"]["children"]
    house["id:PV"]["asset_info"] = {"temperature": 20.0}
    read = read_grid_tree(value, TREE)
    assert read.assets.name.tolist() == ["Load"]
    assert read.tree is TREE


def breaking(path, value):
    tree = write_grid_tree(grid(LOAD, last_market_stats=stats(), deviations=Deviations((SLOT,), [[1.0]])))
    node = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return tree


HOUSE = ("id:Grid", "children", "id:House")
INFO = (*HOUSE, "children", "id:Load", "asset_info")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "grid_tree: has to be an object, not a list"),
        ({"a": {}, "b": {}}, "grid_tree: has to have one root"),
        ({"a": 1}, "a: has to be an object, not 1"),
        ({"a": {}}, "a.area_name: has to be a text, not null"),
        (breaking(("id:Grid", "children"), [1]), "id:Grid.children: has to be an object, not a list"),
        (breaking((*HOUSE, "area_name"), 5), "id:House.area_name: has to be a text, not 5"),
        (breaking(INFO, 5), "id:Load.asset_info: has to be an object, not 5"),
        (breaking((*INFO, "energy_traded"), "1"), "id:Load.energy_traded: has to be a number, not '1'"),
        (breaking((*INFO, "energy_traded"), True), "id:Load.energy_traded: has to be a number, not true"),
        (breaking((*INFO, "total_cost"), math.inf), "id:Load.total_cost: has to be a finite number, not inf"),
        (
            breaking((*INFO, "total_cost"), 10**400),
            "id:Load.total_cost: has to be a number, not one that is too large",
        ),
        (
            breaking((*INFO, "unsettled_deviation_kWh"), 5),
            "id:Load.unsettled_deviation_kWh: has to be an object, not 5",
        ),
        (
            breaking((*INFO, "unsettled_deviation_kWh"), {"soon": 1}),
            "unsettled_deviation_kWh: has to be a time such as '2026-06-15T10:00' (UTC), not 'soon'",
        ),
        (
            breaking((*INFO, "unsettled_deviation_kWh"), {"2026-06-15T10:00": "1"}),
            "id:Load.2026-06-15T10:00: has to be a number, not '1'",
        ),
        (breaking((*HOUSE, "current_market_fee"), "1"), "id:House.current_market_fee: has to be a number, not '1'"),
        (breaking((*HOUSE, "last_market_stats"), 5), "id:House.last_market_stats: has to be an object, not 5"),
        (
            breaking((*HOUSE, "last_market_stats"), {"avg_trade_rate": "x"}),
            "id:House.avg_trade_rate: has to be a number, not 'x'",
        ),
        (
            breaking((*HOUSE, "children"), {"id:Grid": {"area_name": "Grid"}}),
            "grid_tree: has two areas with the same id",
        ),
    ],
)
def test_every_mistake_has_its_reason(value, message):
    with pytest.raises(WireError) as raised:
        read_grid_tree(value, TREE)
    assert str(raised.value) == message


def test_without_a_registry_all_areas_can_be_had():
    value = write_grid_tree(grid(LOAD))
    read = read_grid_tree(value, make_tree({}), is_listed=False)
    assert read.tree.registered.all()
    assert len(read.tree) == len(TREE)
    assert read_grid_tree(value, read.tree, is_listed=False).tree is read.tree
    value["id:Grid"]["children"]["id:New"] = {"area_name": "New"}
    assert read_grid_tree(value, read.tree, is_listed=False).tree.registered.all()
    assert len(read_grid_tree({}, make_tree({}), is_listed=False).tree) == 0
