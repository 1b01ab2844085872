"""Decoding: JSON values from the bytes or the text of a message. Pure."""

from __future__ import annotations

import json

from gridhook.wire.errors import fail

__all__ = ["decode"]


def decode(frame: bytes | str) -> object:
    """Return the JSON value of a message, in UTF-8 if it is bytes.

    NaN and infinities, which are not JSON but come from Python's, are read as null: a number that is not known.

    :raises WireError: it is no JSON.
    """
    try:
        value: object = json.loads(frame, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        # Not the error's own text: it may quote the message.
        fail("", f"a message of {len(frame)} bytes is not JSON ({type(error).__name__})")
    return value
