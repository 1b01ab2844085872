"""What the name of a column says: whose meter it is, what it meters, and in which unit."""

from __future__ import annotations

import re

import attrs

__all__ = ["LOAD", "NET", "PV", "Named", "read_name"]

LOAD, PV, NET = "loads", "pvs", "smart_meters"
"""Kinds of meters, as the tables of a community file are called."""

_WORDS = {
    "load": LOAD,
    "loads": LOAD,
    "consumption": LOAD,
    "demand": LOAD,
    "pv": PV,
    "pvs": PV,
    "solar": PV,
    "generation": PV,
    "production": PV,
    "net": NET,
    "smart meter": NET,
    "smart_meter": NET,
}
_UNITS = {"kwh": "kWh", "wh": "Wh", "kw": "kW", "w": "W"}
_SEPARATORS = r"[\s_.:-]"
_UNIT = re.compile(rf"(?:{_SEPARATORS}+|[\s_]*[(\[])(kWh|kwh|KWH|Wh|wh|WH|kW|kw|KW|W)[)\]]?$")
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_LAST = re.compile(rf"(?:^|{_SEPARATORS})({_WORD})$", re.IGNORECASE)
_FIRST = re.compile(rf"^({_WORD})(?:$|{_SEPARATORS})", re.IGNORECASE)
_EDGES = " \t_.:-"


@attrs.frozen
class Named:
    """What a name says; what it does not say is empty.

    ``home``
        such as ``Home 1``.
    ``kind``
        ``LOAD``, ``PV`` or ``NET``.
    ``unit``
        ``kWh``, ``Wh``, ``kW`` or ``W``.
    """

    home: str
    kind: str
    unit: str


def read_name(name: str) -> Named:
    """Read a name such as ``Home 1 load``, ``home_1_pv_kWh``, ``load 1`` or ``Villa solar generation [kW]``."""
    rest = name.strip()
    unit = ""
    found = _UNIT.search(rest)
    if found:
        rest, unit = rest[: found.start()].strip(_EDGES), _UNITS[found[1].lower()]
    kind = ""
    for pattern in (_LAST, _FIRST):
        while (found := pattern.search(rest)) and kind in ("", _WORDS[found[1].lower()]):
            kind = _WORDS[found[1].lower()]
            rest = (rest[: found.start()] + rest[found.end() :]).strip(_EDGES)
    return Named(_home(rest), kind, unit)


def _home(text: str) -> str:
    """Return a name for a home: words with blanks between them, the first one capitalised, and a number is a home's."""
    # An area's name has no slash, since paths are made of them.
    name = " ".join(re.sub(r"[_/\s]+", " ", text).split())
    return f"Home {name}" if name.isdigit() else name[:1].upper() + name[1:]
