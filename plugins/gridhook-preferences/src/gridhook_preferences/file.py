"""The preferences file: requirements.json as GSy users have it (PROTOCOL.md 9.5)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

__all__ = ["Preference", "PreferencesFileError", "read_preferences"]

_KEYS = ("Trading Partners", "Energy Types", "Energy", "Rate")
_NONE = "None"


class PreferencesFileError(Exception):
    """The file cannot be read or says something that is no preference."""


@attrs.frozen
class Preference:
    """One set of conditions of an asset.

    ``partners``
        names of assets, or of markets, which stand for all assets in them.
    ``energy_kwh``
        at most this much; None: all that is needed.
    ``rate``
        cents/kWh in the place of the strategy's; None: the strategy's.
    """

    partners: tuple[str, ...] = ()
    energy_types: tuple[str, ...] = ()
    energy_kwh: float | None = None
    rate: float | None = None


def read_preferences(path: Path) -> Mapping[str, tuple[Preference, ...]]:
    """Return the alternatives of each asset by its name; an asset without any is left out.

    :raises PreferencesFileError: what is wrong, and where.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise PreferencesFileError(msg) from error
    except ValueError as error:
        msg = f"{path} is not JSON: {error}"
        raise PreferencesFileError(msg) from error
    if not isinstance(document, dict):
        msg = f"{path}: has to be an object of asset names"
        raise PreferencesFileError(msg)
    preferences = {}
    for asset, entries in document.items():
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            msg = f"{path}: {asset!r} has to be a list of objects"
            raise PreferencesFileError(msg)
        alternatives = tuple(_read(entry, f"{path}: {asset!r}, entry {row}") for row, entry in enumerate(entries, 1))
        if alternatives:
            preferences[asset] = alternatives
    return preferences


def _read(entry: Mapping[str, Any], where: str) -> Preference:
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        msg = f"{where}: no such key {unknown[0]!r}; there are {', '.join(_KEYS)}"
        raise PreferencesFileError(msg)
    return Preference(
        _texts(entry, "Trading Partners", where),
        _texts(entry, "Energy Types", where),
        _number(entry, "Energy", where),
        _number(entry, "Rate", where),
    )


def _texts(entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = entry.get(key, _NONE)
    if value in (_NONE, None):
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        msg = f"{where}: {key!r} has to be a list of texts, not {value!r}"
        raise PreferencesFileError(msg)
    return tuple(value)


def _number(entry: Mapping[str, Any], key: str, where: str) -> float | None:
    value = entry.get(key, _NONE)
    if value in (_NONE, None):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        msg = f'{where}: {key!r} has to be a number from 0 up or "None", not {value!r}'
        raise PreferencesFileError(msg)
    return float(value)
