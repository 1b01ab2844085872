"""Tables: sequences of rows that are also named numpy columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["Table", "concatenate"]

RowT = TypeVar("RowT", bound=tuple[Any, ...])
TableT = TypeVar("TableT", bound="Table[Any]")


class Table(Generic[RowT]):
    """Base of ``Lots``, ``Assets`` and their kin: iterate for rows, name an attribute for a column.

    A subclass is a frozen attrs class whose fields are columns of equal length, with ``row_type``, a named tuple of
    the same fields in the same order. Columns are read-only; rows carry plain Python values.
    """

    __slots__ = ()
    row_type: ClassVar[Any]

    def __attrs_post_init__(self) -> None:
        names = self.row_type._fields
        if len({len(getattr(self, name)) for name in names}) > 1:
            lengths = {name: len(getattr(self, name)) for name in names}
            msg = f"{type(self).__name__}: columns of different lengths: {lengths}"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(getattr(self, self.row_type._fields[0]))

    def __iter__(self) -> Iterator[RowT]:
        columns = (getattr(self, name).tolist() for name in self.row_type._fields)
        return map(self.row_type._make, zip(*columns, strict=True))

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> RowT: ...
    @overload
    def __getitem__(self, index: slice | NDArray[Any]) -> Self: ...
    def __getitem__(self, index: int | np.integer[Any] | slice | NDArray[Any]) -> RowT | Self:
        if isinstance(index, int | np.integer):
            return next(iter(self.take(np.array([range(len(self))[index]]))))
        return self.take(index)

    def take(self, index: slice | NDArray[Any]) -> Self:
        """Return the table of the rows that ``index`` selects: positions, a mask or a slice."""
        return type(self)(*(getattr(self, name)[index] for name in self.row_type._fields))


def concatenate(first: TableT, *others: TableT) -> TableT:
    """Return one table with the rows of all."""
    if not others:
        return first
    tables = (first, *others)
    return type(first)(*(np.concatenate([getattr(table, name) for table in tables]) for name in first.row_type._fields))
