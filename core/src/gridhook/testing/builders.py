"""Builders: what is not said gets a harmless value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pendulum

from gridhook.assets import ASSET_KINDS, Assets
from gridhook.grid import MARKET, Grid, Tree
from gridhook.lots import SIDES, Lots
from gridhook.market import Market, Markets
from gridhook.tables import Table

__all__ = ["SLOT", "Nested", "make_assets", "make_grid", "make_lots", "make_market", "make_markets", "make_tree"]

SLOT = pendulum.datetime(2026, 6, 15, 10, 0)
"""The running slot of everything that is built here."""

Nested: TypeAlias = Mapping[str, "str | Nested"]
"""A tree of areas by name: a market has areas inside, an asset has a kind."""

TableT = TypeVar("TableT", bound=Table[Any])


def make_lots(*rows: Mapping[str, object]) -> Lots:
    """Return lots, one per mapping of columns.

    Without a ``side`` loads bid and the others offer; without an ``energy_kwh`` a lot has 1 kWh, without a
    ``grid_fee`` it pays none. Names, paths and ids follow from each other. Other numbers are NaN.
    """
    _check_rows(rows)
    return _table(Lots, [_lot(number, row) for number, row in enumerate(rows)])


def make_assets(*rows: Mapping[str, object]) -> Assets:
    """Return assets, one per mapping of columns. Names, paths and ids follow from each other; numbers are NaN."""
    return _table(Assets, [_asset(number, row) for number, row in enumerate(rows)])


def make_markets(*rows: Mapping[str, object]) -> Markets:
    """Return operated markets, one per mapping of columns. Names, paths and ids follow; numbers are NaN."""
    return _table(Markets, [_named(row, f"market {number}") for number, row in enumerate(rows)])


def make_tree(areas: Nested) -> Tree:
    """Return a tree, such as ``{"Grid": {"Home": {"Load": "load"}}}``; an area's id is ``id:`` and its name."""
    rows = list(_walk(areas, -1, []))
    names, kinds, parents = zip(*rows, strict=True) if rows else ((), (), ())
    ids = [f"id:{name}" for name in names]
    return Tree(ids, names, kinds, np.array(parents), np.ones(len(rows), dtype=np.bool_))


def make_grid(areas: Nested, fees: Mapping[str, float] | None = None, assets: Assets | None = None) -> Grid:
    """Return a grid; ``fees`` by the names of markets, cents/kWh, are current and last fees."""
    tree = make_tree(areas)
    by_name = fees or {}
    default = [0.0 if kind == MARKET else np.nan for kind in tree.kinds]
    fee = np.array([by_name.get(name, none) for name, none in zip(tree.names, default, strict=True)])
    return Grid(tree, fee, fee, make_assets() if assets is None else assets)


def make_market(
    *,
    progress: float = 0.0,
    feed_in_rate: float = 8.0,
    market_maker_rate: float = 30.0,
    slot: pendulum.DateTime = SLOT,
    slot_minutes: int = 15,
    grid: Grid | None = None,
) -> Market:
    """Return a market at one moment; without a grid, in one that has only a root."""
    grid = make_grid({"Grid": {}}) if grid is None else grid
    length = pendulum.duration(minutes=slot_minutes)
    return Market(slot, progress, length, feed_in_rate, market_maker_rate, grid)


def _lot(number: int, row: Mapping[str, object]) -> dict[str, object]:
    kind = row.get("kind", "load")
    name = row.get("name", f"{kind} {number}")
    lot = {
        "asset": f"id:{name}",
        "name": name,
        "path": name,
        "kind": kind,
        "side": "bid" if kind == "load" else "offer",
        "slot": SLOT,
        "energy_kwh": 1.0,
        "grid_fee": 0.0,
    }
    return lot | dict(row)


def _asset(number: int, row: Mapping[str, object]) -> dict[str, object]:
    kind = row.get("kind", "load")
    name = row.get("name", f"{kind} {number}")
    return {"kind": kind} | _named(row, str(name))


def _named(row: Mapping[str, object], name: str) -> dict[str, object]:
    name = str(row.get("name", name))
    return {"id": f"id:{name}", "name": name, "path": name} | dict(row)


def _check_rows(rows: tuple[object, ...]) -> None:
    for row in rows:
        if not isinstance(row, Mapping):
            msg = f"rows are mappings of columns, one by one, such as {{'kind': 'load'}}, {{'kind': 'pv'}}, not {row!r}"
            raise TypeError(msg)
        for column, known in (("kind", ASSET_KINDS), ("side", SIDES)):
            if column in row and row[column] not in known:
                msg = f"there is no {column} {row[column]!r}; there are {', '.join(known)}"
                raise ValueError(msg)


def _table(cls: type[TableT], rows: list[dict[str, object]]) -> TableT:
    columns = cls.row_type._fields
    unknown = {key for row in rows for key in row} - set(columns)
    if unknown:
        msg = f"{cls.__name__} has no column {min(unknown)!r}; there are {', '.join(columns)}"
        raise TypeError(msg)
    return cls(*([row.get(column, np.nan) for row in rows] for column in columns))


def _walk(areas: Nested, parent: int, rows: list[int]) -> Iterator[tuple[str, str, int]]:
    for name, inside in areas.items():
        rows.append(parent)
        here = len(rows) - 1
        yield name, inside if isinstance(inside, str) else MARKET, parent
        if not isinstance(inside, str):
            yield from _walk(inside, here, rows)
