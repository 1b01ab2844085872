"""Single JSON values, strictly: a boolean is no number, a text is no number, and no number is NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from gridhook.wire.errors import WireError

__all__ = [
    "describe",
    "only_keys",
    "read_amount",
    "read_flag",
    "read_list",
    "read_number",
    "read_object",
    "read_optional_number",
    "read_optional_text",
    "read_text",
    "required",
    "to_null",
]

_LONGEST = 60
_MOST_BITS = 1024


def read_number(value: object, where: str) -> float:
    """Return a finite number.

    :raises WireError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WireError(where, f"has to be a number, not {describe(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise WireError(where, "has to be a number, not one that is too large") from None
    if not math.isfinite(number):
        raise WireError(where, f"has to be a finite number, not {number}")
    return number


def read_amount(value: object, where: str) -> float:
    """Return a finite number >= 0.

    :raises WireError: it is something else.
    """
    number = read_number(value, where)
    if number < 0:
        raise WireError(where, f"has to be 0 or more, not {number:g}")
    return number


def read_optional_number(value: object, where: str) -> float:
    """Return a finite number, or NaN for null.

    :raises WireError: it is something else.
    """
    return math.nan if value is None else read_number(value, where)


def read_text(value: object, where: str) -> str:
    """Return a text.

    :raises WireError: it is something else.
    """
    if not isinstance(value, str):
        raise WireError(where, f"has to be a text, not {describe(value)}")
    return value


def read_optional_text(value: object, where: str) -> str:
    """Return a text, empty for null.

    :raises WireError: it is something else.
    """
    return "" if value is None else read_text(value, where)


def read_flag(value: object, where: str) -> bool:
    """Return true or false.

    :raises WireError: it is something else.
    """
    if not isinstance(value, bool):
        raise WireError(where, f"has to be true or false, not {describe(value)}")
    return value


def read_object(value: object, where: str) -> Mapping[str, object]:
    """Return an object.

    :raises WireError: it is something else.
    """
    if not isinstance(value, dict):
        raise WireError(where, f"has to be an object, not {describe(value)}")
    return value


def read_list(value: object, where: str) -> Sequence[object]:
    """Return a list.

    :raises WireError: it is something else.
    """
    if not isinstance(value, list | tuple):
        raise WireError(where, f"has to be a list, not {describe(value)}")
    return value


def required(value: Mapping[str, object], key: str) -> object:
    """Return what an object has under ``key``.

    :raises WireError: it has nothing there.
    """
    try:
        return value[key]
    except KeyError:
        raise WireError(key, "is missing") from None


def only_keys(value: Mapping[str, object], known: Collection[str]) -> None:
    """Make sure that an object has no other keys than the known ones.

    :raises WireError: it has; the first one is named.
    """
    for key in value:
        if key not in known:
            raise WireError(describe(key).strip("'"), f"is not known; there are {', '.join(sorted(known))}")


def to_null(number: float) -> float | None:
    """Return a number for JSON: NaN, which JSON does not have, is null."""
    return None if math.isnan(number) else number


def describe(value: object) -> str:
    """Return a value for a message, short, whatever it is."""
    match value:
        case None | bool():
            text = {None: "null", True: "true", False: "false"}[value]
        case str():
            text = repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}...")
        case int() if value.bit_length() > _MOST_BITS:
            text = "a number that is too large"
        case int() | float():
            text = repr(value)
        case dict():
            text = "an object"
        case _:
            text = "a list" if isinstance(value, list | tuple) else type(value).__name__
    return text
