"""The threshold file: aziiz.json as GSy users have it (PROTOCOL.md 9.6)."""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs

from gridhook_fees.errors import FeesFileError

__all__ = ["Steps", "read_thresholds"]

_THRESHOLD = "Import / Export threshold"
_FEE = "Grid fee"


@attrs.frozen
class Steps:
    """Fees (cents/kWh) by how much a market imports or exports: each up to its threshold (kWh), which ascend."""

    thresholds: tuple[float, ...]
    fees: tuple[float, ...]

    def fee(self, energy_kwh: float, above: float) -> float:
        """Return the fee of the first threshold that is not exceeded; ``above`` if all are."""
        position = bisect_left(self.thresholds, energy_kwh)
        return self.fees[position] if position < len(self.fees) else above


def read_thresholds(path: Path) -> Mapping[str, Steps]:
    """Return the steps of each market by its name or path.

    :raises FeesFileError: what is wrong, and where.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_object)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise FeesFileError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path.name} is not JSON: {error}"
        raise FeesFileError(msg) from error
    if not isinstance(document, dict) or not document:
        msg = f"{path.name}: has to be an object of market names"
        raise FeesFileError(msg)
    return {market: _steps(entries, f"{path.name}: {market!r}") for market, entries in document.items()}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            msg = f"{key!r} is there twice"
            raise ValueError(msg)
        read[key] = value
    return read


def _steps(entries: object, where: str) -> Steps:
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        msg = f"{where} has to be a list of objects, at least one"
        raise FeesFileError(msg)
    read = [_entry(entry, f"{where}, entry {number}") for number, entry in enumerate(entries, 1)]
    thresholds, fees = zip(*read, strict=True)
    for number, (before, after) in enumerate(pairwise(thresholds), 2):
        if after <= before:
            msg = f"{where}, entry {number}: the threshold {after:g} does not exceed the one before, {before:g}"
            raise FeesFileError(msg)
    return Steps(thresholds, fees)


def _entry(entry: Mapping[str, Any], where: str) -> tuple[float, float]:
    unknown = [key for key in entry if key not in (_THRESHOLD, _FEE)]
    if unknown:
        msg = f"{where}: no such key {unknown[0]!r}; there are {_THRESHOLD!r} and {_FEE!r}"
        raise FeesFileError(msg)
    return _number(entry, _THRESHOLD, where), _number(entry, _FEE, where)


def _number(entry: Mapping[str, Any], key: str, where: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        msg = f"{where}: {key!r} has to be a number from 0 up, not {value!r}"
        raise FeesFileError(msg)
    return float(value)
