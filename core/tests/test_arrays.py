"""Columns: converted once, never copied without need, never writable."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.arrays import bools, floats, ints, objects, sums


@pytest.mark.parametrize(
    ("convert", "values", "dtype"),
    [
        (floats, [1, 2.5], np.float64),
        (ints, [1, 2], np.int64),
        (bools, [True, False], np.bool_),
        (objects, ["a", "b"], np.object_),
        (objects, np.array(["a", "b"]), np.object_),
    ],
)
def test_a_column_has_its_type_and_its_values(convert, values, dtype):
    column = convert(values)
    assert column.dtype == dtype
    assert column.tolist() == list(values)


@pytest.mark.parametrize(
    ("convert", "array"),
    [
        (floats, np.array([1.0, 2.0])),
        (ints, np.array([1, 2])),
        (bools, np.array([True, False])),
    ],
)
def test_a_column_is_read_only_and_leaves_the_callers_array_writable(convert, array):
    column = convert(array)
    with pytest.raises(ValueError, match="read-only"):
        column[0] = column[1]
    assert np.shares_memory(column, array)
    array[0] = array[1]
    assert column[0] == array[1]


def test_a_column_of_objects_is_the_callers_array_which_becomes_read_only():
    array = np.array(["a", "b"], dtype=object)
    column = objects(array)
    assert np.shares_memory(column, array)
    assert not array.flags.writeable


def test_a_column_that_is_read_only_is_taken_as_it_is():
    column = floats([1.0, 2.0])
    assert floats(column) is column


def test_a_column_of_texts_takes_any_iterable():
    assert objects(text for text in ("a", "b")).tolist() == ["a", "b"]
    assert objects([]).shape == (0,)


def test_text_is_no_number():
    with pytest.raises(ValueError, match="could not convert"):
        floats(["many"])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1000, 1000)), max_size=30))
def test_sums_adds_the_amounts_of_each_group(pairs):
    groups = np.array([group for group, _ in pairs], dtype=np.int64)
    added = sums(groups, [amount for _, amount in pairs], 6)
    assert added.dtype == np.float64
    assert added.tolist() == [sum(amount for its, amount in pairs if its == group) for group in range(6)]


@pytest.mark.parametrize("make", [floats, ints, bools, objects])
def test_nobody_can_make_a_column_writable_again(make):
    for column in (make([1, 0]), make(np.array([1, 0])), make(np.array([1, 0, 1, 0])[::2])):
        with pytest.raises(ValueError, match="cannot set WRITEABLE flag"):
            column.flags.writeable = True
