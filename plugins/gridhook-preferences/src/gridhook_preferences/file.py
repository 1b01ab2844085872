"""The preferences file: requirements.json as GSy users have it (PROTOCOL.md 9.5), or TOML."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from gridhook.settings import read_settings
from gridhook_preferences.preference import Preference

__all__ = ["PreferencesFileError", "read_preferences"]

_KEYS = ("Trading Partners", "Energy Types", "Energy", "Rate")
_NONE = "None"


class PreferencesFileError(Exception):
    """The file cannot be read or says something that is no preference."""


@attrs.frozen
class _Document:
    assets: dict[str, tuple[Preference, ...]]


def read_preferences(path: Path) -> Mapping[str, tuple[Preference, ...]]:
    """Return the alternatives of each asset by its name; an asset without any is left out.

    :param path: TOML if its name ends so, with the table ``assets`` of the settings; else the original's JSON.
    :raises PreferencesFileError: what is wrong, and where.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise PreferencesFileError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 text"
        raise PreferencesFileError(msg) from error
    preferences = _read_toml(text, path) if path.suffix.lower() == ".toml" else _read_json(text, path)
    return {asset: alternatives for asset, alternatives in preferences.items() if alternatives}


def _read_toml(text: str, path: Path) -> Mapping[str, tuple[Preference, ...]]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{path} is not TOML: {error}"
        raise PreferencesFileError(msg) from error
    document, problems = read_settings(_Document, table, base=path.parent)
    if document is None:
        msg = f"{path}: {'; '.join(map(str, problems))}"
        raise PreferencesFileError(msg)
    return document.assets


def _read_json(text: str, path: Path) -> Mapping[str, tuple[Preference, ...]]:
    try:
        document = json.loads(text)
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
        preferences[asset] = tuple(
            _read(entry, f"{path}: {asset!r}, entry {row}") for row, entry in enumerate(entries, 1)
        )
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
