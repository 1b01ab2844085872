"""The state of one asset: ``asset_info`` and ``device_info`` (PROTOCOL.md 3.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pendulum

from gridhook.assets import LOAD, PV, SMART_METER, STORAGE, Asset
from gridhook.wire.errors import fail, inside
from gridhook.wire.times import format_slot, read_time
from gridhook.wire.values import read_object, read_optional_number, to_null

__all__ = ["COLUMNS", "DEVIATIONS", "kind_of", "read_asset_info", "write_asset_info", "write_deviations"]

DEVIATIONS = "unsettled_deviation_kWh"

COLUMNS: Mapping[str, str] = {
    "energy_requirement_kWh": "energy_requirement_kwh",
    "available_energy_kWh": "available_energy_kwh",
    "energy_to_sell": "energy_to_sell_kwh",
    "energy_active_in_bids": "energy_active_in_bids_kwh",
    "energy_to_buy": "energy_to_buy_kwh",
    "energy_active_in_offers": "energy_active_in_offers_kwh",
    "free_storage": "free_storage_kwh",
    "used_storage": "used_storage_kwh",
    "energy_traded": "energy_traded_kwh",
    "total_cost": "total_cost_cents",
}
"""By key of JSON the column of :class:`~gridhook.assets.Assets`; no key has two."""

_KEYS: Mapping[str, tuple[str, ...]] = {
    LOAD: ("energy_requirement_kWh", "energy_active_in_bids", "energy_traded", "total_cost"),
    PV: ("available_energy_kWh", "energy_active_in_offers", "energy_traded", "total_cost"),
    STORAGE: (
        "energy_to_sell",
        "energy_active_in_bids",
        "energy_to_buy",
        "energy_active_in_offers",
        "free_storage",
        "used_storage",
        "energy_traded",
        "total_cost",
    ),
    SMART_METER: ("energy_requirement_kWh", "available_energy_kWh"),
}

_FIELD_OF = {column: position for position, column in enumerate(Asset._fields)}
_WRITTEN = {kind: tuple((key, _FIELD_OF[COLUMNS[key]]) for key in keys) for kind, keys in _KEYS.items()}


def kind_of(info: Mapping[str, object]) -> str:
    """Return the kind of the asset that has these fields; empty if no kind has."""
    if "energy_to_buy" in info or "energy_to_sell" in info:
        return STORAGE
    buys, sells = "energy_requirement_kWh" in info, "available_energy_kWh" in info
    if buys:
        return SMART_METER if sells else LOAD
    return PV if sells else ""


def write_asset_info(asset: Asset, deviations: Mapping[str, float | None] | None = None) -> dict[str, Any]:
    """Return an asset's state as JSON: the fields of its kind, null for NaN.

    :param deviations: as :func:`write_deviations` returns them, for loads and PVs; others have none, so that it is
        left out for them. None: settlement markets are off.
    """
    info: dict[str, object] = {}
    if deviations is not None and asset.kind in (LOAD, PV):
        info[DEVIATIONS] = deviations
    for key, field in _WRITTEN[asset.kind]:
        number = asset[field]
        info[key] = number if number == number else None  # noqa: PLR0124
    return info


def write_deviations(energy_kwh: Mapping[pendulum.DateTime, float]) -> dict[str, float | None]:
    """Return energies by slot as JSON, null for NaN."""
    return {format_slot(slot): to_null(energy) for slot, energy in energy_kwh.items()}


def read_asset_info(
    value: object, area: str, where: str = "asset_info"
) -> tuple[Asset, dict[pendulum.DateTime, float] | None]:
    """Return an asset's state (its name and path are empty), and kWh of deviation by slot; None if it has none.

    Numbers that are not told are NaN, as null is.

    :raises WireError: something is wrong, or the fields are those of no kind.
    """
    info = read_object(value, where)
    kind = kind_of(info)
    if not kind:
        fail(where, "has the fields of no kind of asset")
    with inside(where):
        numbers = {column: read_optional_number(info.get(key), key) for key, column in COLUMNS.items()}
        deviations = info.get(DEVIATIONS)
        by_slot = None if deviations is None else _read_deviations(read_object(deviations, DEVIATIONS))
    return Asset(id=area, name="", path="", kind=kind, **numbers), by_slot


def _read_deviations(deviations: Mapping[str, object]) -> dict[pendulum.DateTime, float]:
    return {
        read_time(slot, DEVIATIONS): read_optional_number(energy, f"{DEVIATIONS}.{slot}")
        for slot, energy in deviations.items()
    }
