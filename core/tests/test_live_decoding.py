"""Decoding: what is a message, and what is not."""

import pytest

from gridhook.live.decoding import decode
from gridhook.wire.errors import WireError


@pytest.mark.parametrize("frame", [b'{"a": "\xc3\xa9"}', '{"a": "é"}'])
def test_bytes_and_text_are_the_same(frame):
    assert decode(frame) == {"a": "é"}


def test_a_number_that_is_none_is_not_known():
    assert decode(b"[NaN, Infinity, -Infinity, 1.5]") == [None, None, None, 1.5]


@pytest.mark.parametrize("frame", [b"", b"{", b"\xff\xfe\xfd", "secret", b"[" * 100_000])
def test_what_is_no_json_is_an_error_that_does_not_quote_it(frame):
    with pytest.raises(WireError, match=f"{len(frame)} bytes is not JSON") as caught:
        decode(frame)
    assert "secret" not in str(caught.value)
