from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.texts import parse_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), st.booleans())
def test_an_object_is_read_however_it_is_escaped(value, ascii_only):
    assert parse_object(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


def outcome(body):
    try:
        return parse_object(body)
    except Refusal as refusal:
        return refusal.why


@given(st.binary())
def test_any_bytes_are_an_object_that_can_be_written_or_refused(body):
    value = outcome(body)
    assert value is Why.INVALID or json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "not JSON"),
        (b"[]", "not list"),
        (b"5", "not int"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": "\\ud800"}', "not UTF-8"),
        (b'{"\\udfff": 1}', "not UTF-8"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b"[" * 200_000, "too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_object_is_refused_with_the_reason(body, word):
    with pytest.raises(Refusal, match=word):
        parse_object(body)


def test_whole_characters_may_be_escaped_in_halves():
    assert parse_object(b'{"a": "\\ud83d\\ude00"}') == {"a": "\N{GRINNING FACE}"}
