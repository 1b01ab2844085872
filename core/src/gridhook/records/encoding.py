"""Encoding: lines of a record as JSON values. Pure, but for what it remembers to say nothing twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pendulum

from gridhook.grid import Tree
from gridhook.records.lines import Line

__all__ = ["SAME", "TREE", "TYPE", "Encoder"]

TYPE = "is"
"""The key with the name of a value's type."""

TREE = "number"
"""The key with the number of a tree, which is only written in full when it is a new one."""

SAME = {"=": True}
"""Stands for a column that is what it was the last time."""


class Encoder:
    """Encodes the lines of one session.

    Numbers that are not known (NaN) are null, those without end texts; moments are ISO-8601 in UTC, durations seconds.
    """

    def __init__(self) -> None:
        self._tree: Tree | None = None
        self._trees = 0
        self._columns: dict[str, list[Any]] = {}

    def encode(self, line: Line) -> dict[str, Any]:
        """Return a line as JSON values."""
        value: dict[str, Any] = self._value(line)
        return value

    def _value(self, value: object) -> Any:  # noqa: ANN401 - JSON values
        if attrs.has(type(value)):
            return self._numbered(value) if isinstance(value, Tree) else self._fields(value)
        match value:
            case np.ndarray():
                return self._array(value)
            case Mapping():
                return {str(key): self._value(its) for key, its in value.items()}
            case frozenset():
                return sorted(map(self._value, value))
            case list() | tuple():
                return [self._value(one) for one in value]
            case _:
                return _scalar(value)

    def _fields(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - instances of attrs classes
        name = type(value).__name__
        encoded: dict[str, Any] = {TYPE: name}
        for field in attrs.fields(type(value)):
            encoded[field.name] = self._once(f"{name}.{field.name}", self._value(getattr(value, field.name)))
        return encoded

    def _once(self, place: str, encoded: Any) -> Any:  # noqa: ANN401 - JSON values
        """Return a column in full only if it is another than the last one in this place."""
        if not isinstance(encoded, list) or not encoded or isinstance(encoded[0], dict):
            return encoded
        if self._columns.get(place) == encoded:
            return SAME
        self._columns[place] = encoded
        return encoded

    def _numbered(self, tree: Tree) -> dict[str, Any]:
        if tree is self._tree:
            return {TYPE: "Tree", TREE: self._trees}
        self._tree = tree
        self._trees += 1
        return {**self._fields(tree), TREE: self._trees}

    def _array(self, array: np.ndarray[Any, Any]) -> list[Any]:
        if array.dtype == object:
            return [self._value(one) for one in array.tolist()]
        if array.dtype.kind != "f" or np.isfinite(array).all():
            listed: list[Any] = array.tolist()
            return listed
        if array.ndim > 1:
            return [self._array(row) for row in array]
        return [_number(one) for one in array.tolist()]


def _scalar(value: object) -> object:
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            return _number(value)
        case pendulum.Duration():
            return value.total_seconds()
        case pendulum.DateTime():
            return value.in_timezone("UTC").isoformat().replace("+00:00", "Z")
        case _:
            return str(value)


def _number(value: float) -> float | str | None:
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)
