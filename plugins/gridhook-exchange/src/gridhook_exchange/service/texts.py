"""Texts: what comes in as bytes, and is a JSON object or refused."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from gridhook.wire.values import describe
from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["parse_object", "unique_keys"]


def parse_object(text: bytes) -> dict[str, Any]:
    """Return the JSON object in a text in UTF-8. NaN, infinity and halves of characters are not JSON.

    :raises Refusal: it is something else.
    """
    try:
        value = json.loads(text.decode(), parse_constant=_refuse_constant, object_pairs_hook=unique_keys)
        if b"\\u" in text:
            # A half of a character could be read, but never be written again.
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise Refusal(Why.INVALID, "the body is nested too deeply") from error
    except UnicodeError as error:
        raise Refusal(Why.INVALID, f"the body is not UTF-8: {error}") from error
    except ValueError as error:
        raise Refusal(Why.INVALID, f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Refusal(Why.INVALID, f"the body has to be a JSON object, not {type(value).__name__}")
    return value


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON by its pairs.

    :raises ValueError: a key is there twice: of two lists of commands one would vanish.
    """
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        msg = f"an object has the key {describe(next(key for key in made if keys.count(key) > 1))} twice"
        raise ValueError(msg)
    return made


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is not a number"
    raise ValueError(msg)
