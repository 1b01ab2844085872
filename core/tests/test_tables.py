"""Tables: rows and columns are two views of the same values."""

from typing import Any, ClassVar, NamedTuple

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.arrays import Floats, Objects, floats, objects
from gridhook.tables import Table, concatenate


class Row(NamedTuple):
    name: str
    energy: float


@attrs.frozen(eq=False)
class Rows(Table[Row]):
    row_type: ClassVar[Any] = Row

    name: Objects = attrs.field(converter=objects)
    energy: Floats = attrs.field(converter=floats)


def table_of(rows):
    return Rows([row.name for row in rows], [row.energy for row in rows])


rows_of_tables = st.lists(st.builds(Row, st.text(max_size=3), st.floats(allow_nan=False)), max_size=8)


@given(rows_of_tables)
def test_rows_and_columns_agree(rows):
    table = table_of(rows)
    assert len(table) == len(rows)
    assert list(table) == rows
    assert table.name.tolist() == [row.name for row in rows]
    assert table.energy.tolist() == [row.energy for row in rows]


@given(rows_of_tables.filter(bool), st.data())
def test_an_index_gives_the_row_that_a_list_has_there(rows, data):
    index = data.draw(st.integers(-len(rows), len(rows) - 1))
    assert table_of(rows)[index] == rows[index]


def test_an_index_may_come_from_numpy():
    """As in ``lots[lots.energy_kwh.argmax()]``."""
    table = Rows(["a", "b"], [1.0, 2.0])
    assert table[table.energy.argmax()] == Row("b", 2.0)
    assert table[np.int64(-2)] == Row("a", 1.0)


def test_an_index_behind_the_end_is_an_error():
    table = Rows(["a"], [1.0])
    for index in (1, -2):
        with pytest.raises(IndexError):
            table[index]


@given(rows_of_tables, st.data())
def test_slices_masks_and_positions_select_what_they_select_of_a_list(rows, data):
    table = table_of(rows)
    chosen = data.draw(st.slices(len(rows)))
    mask = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    positions = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5)) if rows else []
    assert list(table[chosen]) == rows[chosen]
    assert list(table.take(np.array(mask, dtype=np.bool_))) == [
        row for row, taken in zip(rows, mask, strict=True) if taken
    ]
    assert list(table.take(np.array(positions, dtype=np.int64))) == [rows[position] for position in positions]


def test_rows_are_plain_python_values():
    (row,) = Rows(np.array(["a"], dtype=object), np.array([1.0]))
    assert [type(value) for value in row] == [str, float]


def test_what_is_taken_is_read_only_too():
    with pytest.raises(ValueError, match="read-only"):
        Rows(["a", "b"], [1.0, 2.0]).take(np.array([1])).energy[0] = 3.0


def test_columns_of_different_lengths_are_named():
    with pytest.raises(ValueError, match=r"Rows: columns of different lengths: \{'name': 1, 'energy': 2\}"):
        Rows(["a"], [1.0, 2.0])


@given(st.lists(rows_of_tables, min_size=1, max_size=4))
def test_concatenate_puts_tables_after_each_other(parts):
    assert list(concatenate(*map(table_of, parts))) == [row for part in parts for row in part]


def test_concatenate_of_one_table_is_that_table():
    table = Rows(["a"], [1.0])
    assert concatenate(table) is table
