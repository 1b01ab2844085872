"""Comparing answers, and showing them."""

from __future__ import annotations

import numpy as np

from gridhook.tables import Table

__all__ = ["is_same", "shown"]


def is_same(one: object, two: object) -> bool:
    """Return whether two answers are the same; NaN is NaN."""
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        numbers = one.dtype.kind == "f" and two.dtype.kind == "f"
        return bool(np.array_equal(one, two, equal_nan=numbers))
    if isinstance(one, Table) and type(one) is type(two):
        return all(is_same(getattr(one, name), getattr(two, name)) for name in one.row_type._fields)
    return type(one) is type(two) and bool(one == two)


def shown(answer: object) -> str:
    """Return an answer in one short line."""
    text = str(list(answer)) if isinstance(answer, Table) else str(answer)
    return " ".join(text.split())[:120]
