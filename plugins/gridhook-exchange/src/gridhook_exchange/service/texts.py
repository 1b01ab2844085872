"""Texts: what comes in as bytes, and is a JSON object or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from gridhook.wire.values import describe
from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["is_writable", "load_object", "parse_object"]


def parse_object(text: bytes) -> dict[str, Any]:
    """Return the JSON object that a request's body is. NaN, infinity and halves of characters are not JSON.

    :raises Refusal: it is something else.
    """
    body = load_object(text, "body", parse_constant=_refuse_constant)
    if b"\\u" in text and not is_writable(body):
        raise Refusal(Why.INVALID, "the body is not UTF-8: a character is there by half, or is nested too deeply")
    return body


def is_writable(value: object) -> bool:
    """Return whether a value can be written in UTF-8: halves of characters can be read from JSON, and no more.

    What is nested nearly too deeply to be read may be so to be written.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeError, RecursionError):
        return False
    return True


def load_object(
    text: bytes,
    what: str,
    parse_int: Callable[[str], float] | None = None,
    parse_constant: Callable[[str], object] | None = None,
) -> dict[str, Any]:
    """Return the JSON object in a text in UTF-8, in which no key is there twice.

    :param what: what it is, for messages.
    :param parse_int: reads integers.
    :param parse_constant: reads NaN and infinity.
    :raises Refusal: it is something else.
    """
    try:
        value = json.loads(
            text.decode("utf-8-sig"),
            parse_int=parse_int,
            parse_constant=parse_constant,
            object_pairs_hook=_unique_keys,
        )
    except RecursionError as error:
        raise Refusal(Why.INVALID, f"the {what} is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise Refusal(Why.INVALID, f"the {what} is not UTF-8: {error.reason}") from error
    except ValueError as error:
        raise Refusal(Why.INVALID, f"the {what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Refusal(Why.INVALID, f"the {what} has to be a JSON object, not {type(value).__name__}")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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
