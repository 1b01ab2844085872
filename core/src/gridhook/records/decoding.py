"""Decoding: JSON values as lines of a record again. The opposite of :mod:`gridhook.records.encoding`."""

from __future__ import annotations

import datetime
import math
import types
import typing
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
import cattrs
import numpy as np
import pendulum

from gridhook.commands import WithdrawOrders
from gridhook.grid import Tree
from gridhook.records.encoding import SAME, TREE, TYPE
from gridhook.records.lines import Line
from gridhook.tables import Table

__all__ = ["Decoder"]


class Decoder:
    """Decodes the lines of one session, in their order."""

    def __init__(self) -> None:
        self._columns: dict[str, Any] = {}
        self._trees: dict[int, Tree] = {}
        self._converter = _converter()
        self._converter.register_structure_hook(Tree, self._tree)

    def decode(self, value: object) -> Line:
        """Return a line.

        :raises ValueError: it is no line of a record.
        """
        try:
            line: Line = self._converter.structure(self._in_full(value), Line)  # type: ignore[arg-type]
        except (cattrs.BaseValidationError, AttributeError, KeyError, TypeError) as error:
            msg = "it is no line of a record"
            raise ValueError(msg) from error
        return line

    def _in_full(self, value: Any) -> Any:  # noqa: ANN401 - JSON values
        """Return a value with all columns that were not written again."""
        if isinstance(value, list):
            return [self._in_full(one) for one in value] if value and isinstance(value[0], dict) else value
        if not isinstance(value, dict):
            return value
        name = value.get(TYPE)
        if name is None:
            return {key: self._in_full(its) for key, its in value.items()}
        return {key: self._once(f"{name}.{key}", its) for key, its in value.items()}

    def _once(self, place: str, its: Any) -> Any:  # noqa: ANN401 - JSON values
        if its == SAME:
            return self._columns[place]
        if isinstance(its, list) and its and not isinstance(its[0], dict):
            self._columns[place] = its
            return its
        return self._in_full(its)

    def _tree(self, value: Mapping[str, Any], _: object) -> Tree:
        number = int(value[TREE])
        if len(value) > 2:  # noqa: PLR2004 - its type and its number
            self._trees = {number: Tree(*(value[field.name] for field in attrs.fields(Tree)))}
        return self._trees[number]


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_structure_hook(float, lambda value, _: math.nan if value is None else float(value))
    converter.register_structure_hook(pendulum.DateTime, lambda value, _: _moment(value))
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_structure_hook(pendulum.Duration, lambda value, _: pendulum.duration(seconds=value))
    # The columns' own converters make arrays of them.
    converter.register_structure_hook_func(_is_column, lambda value, _: value)
    converter.register_structure_hook_func(_is_table, _table)
    converter.register_structure_hook_func(_is_row, lambda value, its: _row(value, its, converter))
    converter.register_structure_hook(WithdrawOrders, lambda value, _: _withdrawn(value))
    converter.register_structure_hook_func(
        _is_union, lambda value, its: converter.structure(value, _named(value[TYPE], its))
    )
    return converter


def _is_column(its: Any) -> bool:  # noqa: ANN401 - any type
    return typing.get_origin(its) is np.ndarray


def _is_table(its: Any) -> bool:  # noqa: ANN401
    return isinstance(its, type) and issubclass(its, Table)


def _is_row(its: Any) -> bool:  # noqa: ANN401
    return isinstance(its, type) and issubclass(its, tuple) and hasattr(its, "_fields")


def _is_union(its: Any) -> bool:  # noqa: ANN401
    return typing.get_origin(its) in {types.UnionType, typing.Union} and all(map(attrs.has, typing.get_args(its)))


def _named(name: str, union: Any) -> type:  # noqa: ANN401
    by_name: dict[str, type] = {cls.__name__: cls for cls in typing.get_args(union)}
    return by_name[name]


def _table(value: Mapping[str, Any], cls: type[Table[Any]]) -> Table[Any]:
    kinds = _column_types(cls.row_type)
    columns = (
        list(map(_moment, value[name])) if kind is pendulum.DateTime else value[name] for name, kind in kinds.items()
    )
    return cls(*columns)


def _row(value: Sequence[Any], cls: type[tuple[Any, ...]], converter: cattrs.Converter) -> tuple[Any, ...]:
    kinds = _column_types(cls).values()
    return cls(*(converter.structure(its, kind) for its, kind in zip(value, kinds, strict=True)))


def _withdrawn(value: Mapping[str, Any]) -> WithdrawOrders:
    return WithdrawOrders(value["asset"], value["side"], list(map(_moment, value["slot"])))


@lru_cache(maxsize=64)
def _column_types(row_type: type) -> dict[str, Any]:
    return typing.get_type_hints(row_type)


@lru_cache(maxsize=1024)
def _moment(text: str) -> pendulum.DateTime:
    return pendulum.instance(datetime.datetime.fromisoformat(text), tz="UTC")
