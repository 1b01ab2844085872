"""Reading messages: JSON objects and the texts in them, or a reason why not.

Nobody can be told about a message of which nothing can be read, so that more is read here than is JSON: NaN, infinity
and numbers of any length, which are refused where they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.limits import LONGEST_ID
from gridhook_exchange.service.texts import is_writable, load_object

__all__ = ["known_text", "read_message", "text_of"]

_MOST_BYTES = 64 * 1024 * 1024
_MOST_DIGITS = 400


def read_message(data: bytes) -> dict[str, Any]:
    """Return the object that a message is.

    :raises Refusal: it is something else, or too large.
    """
    if len(data) > _MOST_BYTES:
        raise Refusal(Why.INVALID, f"the message is larger than {_MOST_BYTES} bytes")
    return load_object(data, "message", parse_int=_read_integer)


def text_of(message: Mapping[str, Any], key: str) -> str:
    """Return a text of a message.

    :raises Refusal: it is none, is empty or too long, or has halves of characters.
    """
    text = known_text(message, key)
    if text is None:
        raise Refusal(Why.INVALID, f"{key!r} has to be a text of 1 to {LONGEST_ID} characters")
    return text


def known_text(message: Mapping[str, Any], key: str) -> str | None:
    """Return a text of a message; None if there is none that could be repeated in an answer."""
    value = message.get(key)
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_ID and is_writable(value) else None


def _read_integer(text: str) -> float:
    return int(text) if len(text) <= _MOST_DIGITS else float(text)
