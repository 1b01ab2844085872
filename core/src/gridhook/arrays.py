"""Array types of the tables: what a column is, and how it is made read-only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Bools", "Floats", "Ints", "Objects", "bools", "floats", "ints", "objects", "sums"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Objects: TypeAlias = NDArray[np.object_]


def floats(values: ArrayLike) -> Floats:
    """Return ``values`` as a read-only float64 array; an array that already is one is not copied."""
    return _read_only(np.asarray(values, dtype=np.float64))


def ints(values: ArrayLike) -> Ints:
    """Return ``values`` as a read-only int64 array."""
    return _read_only(np.asarray(values, dtype=np.int64))


def bools(values: ArrayLike) -> Bools:
    """Return ``values`` as a read-only bool array."""
    return _read_only(np.asarray(values, dtype=np.bool_))


def objects(values: Iterable[object]) -> Objects:
    """Return ``values`` (texts, instants) as a read-only one-dimensional object array; one that is given becomes so."""
    if isinstance(values, np.ndarray):
        array = values if values.dtype == object else values.astype(object)
    else:
        listed = list(values)
        array = np.empty(len(listed), dtype=object)
        array[:] = listed
    if not array.flags.writeable:
        return array
    array.setflags(write=False)
    return array.view()


def sums(groups: Ints, amounts: ArrayLike, count: int) -> Floats:
    """Return the sum of the amounts of each of ``count`` groups, given the group number per amount."""
    return np.bincount(groups, amounts, minlength=count).astype(np.float64, copy=False)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    if not array.flags.writeable:
        return array
    # The caller's own array stays writable for the caller; what is returned cannot be made writable by a flag.
    return np.asarray(memoryview(cast(Any, array)).toreadonly())
