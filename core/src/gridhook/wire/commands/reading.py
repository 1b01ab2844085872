"""Reading commands, strictly."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pendulum

from gridhook.lots import BID, OFFER
from gridhook.wire.commands.kinds import (
    AskAssetInfo,
    AskMarketStats,
    DeleteOrders,
    EnergyKind,
    ListOrders,
    OrderCommand,
    SendEnergy,
    SetGridFee,
    WireCommand,
)
from gridhook.wire.commands.requirements import read_energy_type, read_rate, read_requirements
from gridhook.wire.errors import WireError, fail, inside
from gridhook.wire.times import read_time
from gridhook.wire.values import describe, only_keys, read_amount, read_flag, read_object, read_text, required

__all__ = ["read_command", "read_energies"]


def read_command(value: object) -> WireCommand:
    """Return the command that a JSON value is, strictly.

    Unknown keys, wrong types (numbers as text, booleans as numbers), NaN and infinity, negative energies, prices and
    fees, and bad times are errors. The ``transaction_id`` that an exchange puts into each command is passed over; an
    order to delete is named by ``bid_id`` or ``bid`` (``offer_id`` or ``offer``).

    :raises WireError: where and what is wrong; its ``command`` is the ``type``, as far as that is a text.
    """
    command = read_object(value, "")
    name = read_text(required(command, "type"), "type")
    try:
        read = _READERS.get(name)
        if read is None:
            fail("type", f"{describe(name)} is no command; there are {', '.join(_READERS)}")
        return read(name, command)
    except WireError as error:
        raise WireError(error.where, error.problem, name) from None


def read_energies(value: Mapping[str, object], key: str) -> dict[pendulum.DateTime, float]:
    """Return the energies (kWh >= 0) by slot that an object has under ``key``.

    :raises WireError: something is missing or wrong, or a slot is there twice.
    """
    energies: dict[pendulum.DateTime, float] = {}
    for text, energy in read_object(required(value, key), key).items():
        slot = read_time(text, key)
        if slot in energies:
            fail(f"{key}.{text}", "is a time that is there already")
        energies[slot] = read_amount(energy, f"{key}.{text}")
    return energies


_COMMON = frozenset({"type", "transaction_id"})
_ORDER_KEYS = _COMMON | {"energy", "price", "replace_existing", "time_slot", "requirements", "attributes"}


def _read_order(side: str, value: Mapping[str, object]) -> OrderCommand:
    only_keys(value, _ORDER_KEYS)
    energy = read_amount(required(value, "energy"), "energy")
    price = read_amount(required(value, "price"), "price")
    if energy:
        read_rate(price, energy)
    replace = read_flag(value.get("replace_existing", True), "replace_existing")
    slot = _read_slot(value)
    if value.get("requirements") is None and value.get("attributes") is None:
        return OrderCommand(side, energy, price, replace, slot)
    return OrderCommand(
        side,
        energy,
        price,
        replace,
        slot,
        read_requirements(value.get("requirements"), energy),
        read_energy_type(value.get("attributes"), side),
    )


def _read_delete(name: str, value: Mapping[str, object]) -> DeleteOrders:
    side = BID if name == "delete_bid" else OFFER
    only_keys(value, _COMMON | {side, f"{side}_id", "time_slot"})
    named = {read_text(value[key], key) for key in (side, f"{side}_id") if value.get(key) is not None}
    if len(named) > 1:
        fail(side, f"names another order than {side}_id")
    return DeleteOrders(side, next(iter(named), None), _read_slot(value))


def _read_list(name: str, value: Mapping[str, object]) -> ListOrders:
    only_keys(value, _COMMON | {"time_slot"})
    return ListOrders(BID if name == "list_bids" else OFFER, _read_slot(value))


def _read_asset_info(_: str, value: Mapping[str, object]) -> AskAssetInfo:
    only_keys(value, _COMMON)
    return AskAssetInfo()


def _read_fee(_: str, value: Mapping[str, object]) -> SetGridFee:
    only_keys(value, _COMMON | {"data"})
    data = read_object(required(value, "data"), "data")
    with inside("data"):
        only_keys(data, {"fee_const", "fee_percent"})
        fees = [None if data.get(key) is None else read_amount(data[key], key) for key in ("fee_const", "fee_percent")]
    if fees == [None, None]:
        fail("data", "has to have a fee_const or a fee_percent")
    return SetGridFee(*fees)


def _read_market_stats(_: str, value: Mapping[str, object]) -> AskMarketStats:
    only_keys(value, _COMMON | {"data"})
    if value.get("data") is not None and read_object(value["data"], "data"):
        fail("data", "has to be empty")
    return AskMarketStats()


def _read_energy(name: str, value: Mapping[str, object]) -> SendEnergy:
    what: EnergyKind = "forecast" if name == "set_energy_forecast" else "measurement"
    key = f"energy_{what}"
    only_keys(value, _COMMON | {key})
    return SendEnergy(what, read_energies(value, key))


def _read_slot(value: Mapping[str, object]) -> pendulum.DateTime | None:
    text = value.get("time_slot")
    return None if text is None else read_time(text, "time_slot")


_READERS: dict[str, Callable[[str, Mapping[str, object]], WireCommand]] = {
    "bid": _read_order,
    "offer": _read_order,
    "delete_bid": _read_delete,
    "delete_offer": _read_delete,
    "list_bids": _read_list,
    "list_offers": _read_list,
    "device_info": _read_asset_info,
    "grid_fees": _read_fee,
    "dso_market_stats": _read_market_stats,
    "set_energy_forecast": _read_energy,
    "set_energy_measurement": _read_energy,
}
