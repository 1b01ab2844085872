"""Times and single values on the wire (PROTOCOL.md 0.3)."""

import math

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook import GridhookError
from gridhook.wire.errors import WireError, fail, inside
from gridhook.wire.times import format_instant, format_moment, format_slot, read_instant, read_time
from gridhook.wire.values import (
    describe,
    only_keys,
    read_amount,
    read_flag,
    read_list,
    read_number,
    read_object,
    read_optional_number,
    read_optional_text,
    read_text,
    required,
    to_null,
)

MOMENT = pendulum.datetime(2026, 11, 22, 11, 15, 30)
moments = st.datetimes(pendulum.naive(1, 1, 2), pendulum.naive(9999, 12, 30)).map(
    lambda time: pendulum.instance(time, "UTC").set(microsecond=0)
)


def test_the_examples_of_the_protocol():
    assert format_slot(MOMENT) == "2026-11-22T11:15"
    assert format_moment(MOMENT) == "2026-11-22T11:15:30"
    assert format_instant(MOMENT.set(minute=16, second=0)) == "2026-11-22T11:16:00+00:00"


def test_times_are_written_in_utc():
    berlin = MOMENT.in_timezone("Europe/Berlin")
    assert format_slot(berlin) == "2026-11-22T11:15"
    assert format_moment(berlin) == "2026-11-22T11:15:30"


@given(moments)
def test_what_is_written_is_read_back(moment):
    slot = moment.set(second=0)
    assert read_time(format_slot(slot)) == slot
    assert read_time(format_moment(moment)) == moment
    assert read_instant(format_instant(moment)) == moment
    assert read_time(format_slot(slot)).timezone_name == "UTC"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-15T10:05", pendulum.datetime(2026, 6, 15, 10, 5)),
        ("2026-06-15T10:05:09", pendulum.datetime(2026, 6, 15, 10, 5, 9)),
        ("2026-06-15T10", pendulum.datetime(2026, 6, 15, 10)),
        ("June 15 2026, 10:05 h", pendulum.datetime(2026, 6, 15, 10, 5)),
        ("December 01 2026, 23:59 h", pendulum.datetime(2026, 12, 1, 23, 59)),
    ],
)
def test_the_formats_with_a_date(text, moment):
    assert read_time(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "10:05",
        "10",
        "10:05:09",
        "",
        "garbage",
        "2026-06-15",
        "2026-06-15T",
        "2026-6-15T10:05",
        "2026-06-15 10:05",
        "2026-06-15T10:05Z",
        "2026-06-15T10:05+00:00",
        "2026-06-15T10:05\n",
        "2026-02-30T10:05",
        "2026-06-15T24:00",
        "0000-06-15T10:00",
        "٢٠٢٦-06-15T10:05",
        "Juin 15 2026, 10:05 h",
        "Smarch 15 2026, 10:05 h",
        "June 15 2026, 10:05",
        None,
        True,
        1795377799,
        ["2026-06-15T10:05"],
    ],
)
def test_everything_else_is_an_error_that_names_the_place(text):
    with pytest.raises(WireError, match=r"^time_slot: has to be a time such as '2026-06-15T10:00' \(UTC\), not "):
        read_time(text, "time_slot")


def test_an_instant_has_any_offset():
    assert read_instant("2026-06-15T10:05:00+02:00") == pendulum.datetime(2026, 6, 15, 8, 5)
    assert read_instant("2026-06-15T10:05:00Z") == pendulum.datetime(2026, 6, 15, 10, 5)
    assert read_instant("2026-06-15T10:05").timezone_name == "UTC"
    for text in ("garbage", None, 5, "0001-01-01T00:00:00+10:00", "10:05"):
        with pytest.raises(WireError, match=r"^time: "):
            read_instant(text)


def test_numbers_are_numbers():
    assert read_number(1, "energy") == 1.0
    assert isinstance(read_number(1, "energy"), float)
    assert read_number(-0.5, "energy") == -0.5
    assert read_amount(0, "energy") == 0.0
    assert math.isnan(read_optional_number(None, "rate"))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("abc", "has to be a number, not 'abc'"),
        ("1", "has to be a number, not '1'"),
        (True, "has to be a number, not true"),
        (None, "has to be a number, not null"),
        ([1], "has to be a number, not a list"),
        ({}, "has to be a number, not an object"),
        (math.nan, "has to be a finite number, not nan"),
        (-math.inf, "has to be a finite number, not -inf"),
        (10**400, "has to be a number, not one that is too large"),
    ],
)
def test_nothing_else_is_a_number(value, problem):
    with pytest.raises(WireError) as raised:
        read_number(value, "energy")
    assert str(raised.value) == f"energy: {problem}"
    with pytest.raises(WireError):
        read_amount(value, "energy")


def test_amounts_are_not_negative():
    with pytest.raises(WireError, match=r"^price: has to be 0 or more, not -0\.5$"):
        read_amount(-0.5, "price")


def test_other_types():
    assert read_text("a", "id") == "a"
    assert read_optional_text(None, "id") == ""
    assert read_flag(False, "flag") is False
    assert read_list([1], "list") == [1]
    assert read_object({"a": 1}, "object") == {"a": 1}
    for read, value, problem in (
        (read_text, 5, "has to be a text, not 5"),
        (read_optional_text, False, "has to be a text, not false"),
        (read_flag, 1, "has to be true or false, not 1"),
        (read_list, {}, "has to be a list, not an object"),
        (read_list, "ab", "has to be a list, not 'ab'"),
        (read_object, [], "has to be an object, not a list"),
        (read_optional_number, "None", "has to be a number, not 'None'"),
    ):
        with pytest.raises(WireError, match=rf"^here: {problem}$"):
            read(value, "here")


def test_keys_that_have_to_be_there_and_keys_that_must_not():
    assert required({"a": None}, "a") is None
    only_keys({"a": 1}, {"a", "b"})
    with pytest.raises(WireError, match=r"^b: is missing$"):
        required({"a": 1}, "b")
    with pytest.raises(WireError, match=r"^c: is not known; there are a, b$"):
        only_keys({"a": 1, "c": 2}, {"b", "a"})


def test_an_error_says_where_from_the_outside_in():
    error = WireError("energy", "is missing", "bid")
    assert isinstance(error, ValueError)
    assert isinstance(error, GridhookError)
    assert (error.where, error.problem, error.command, str(error)) == (
        "energy",
        "is missing",
        "bid",
        "energy: is missing",
    )
    with pytest.raises(WireError) as raised, inside("requirements"), inside(""), inside("list[0]"):
        fail("energy", "is missing")
    assert str(raised.value) == "requirements.list[0].energy: is missing"
    with pytest.raises(WireError, match=r"^is wrong$"):
        fail("", "is wrong")


def test_a_message_stays_short_whatever_is_shown():
    assert describe("x" * 1000) == repr("x" * 60 + "...")
    assert describe(10**400) == "a number that is too large"
    assert describe([[]]) == "a list"
    assert describe(object) == "type"


def test_json_has_no_nan():
    assert to_null(math.nan) is None
    assert to_null(1.5) == 1.5
