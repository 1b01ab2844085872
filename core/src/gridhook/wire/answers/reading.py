"""Reading answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from gridhook.lots import BID, OFFER
from gridhook.wire.answers.kinds import (
    SPOT_MARKET,
    Answer,
    AssetInfoAnswer,
    CommandFailed,
    EnergyTaken,
    FeeSet,
    ListedOrder,
    MarketStatsAnswer,
    OrdersDeleted,
    OrdersListed,
    OrderTaken,
)
from gridhook.wire.assetinfo import read_asset_info
from gridhook.wire.commands import EnergyKind, read_energies
from gridhook.wire.errors import fail, inside
from gridhook.wire.orders import read_order
from gridhook.wire.stats import read_market_report
from gridhook.wire.values import describe, read_list, read_number, read_object, read_optional_text, read_text, required

__all__ = ["failure_message", "read_answer"]

_REVERSED = {"bid_delete": "delete_bid", "offer_delete": "delete_offer"}
_MESSAGE_KEYS = ("error_message", "message", "error")


def read_answer(value: object) -> Answer:
    """Return the answer that a JSON value is.

    The original's ways are understood too: reversed command names, three keys for the reason, the order as JSON text.

    :raises WireError: it is no answer to a command of a batch.
    """
    answer = read_object(value, "")
    name = read_optional_text(answer.get("command"), "command")
    name = _REVERSED.get(name, name)
    area = read_optional_text(answer.get("area_uuid"), "area_uuid")
    transaction = read_optional_text(answer.get("transaction_id"), "transaction_id")
    status = read_text(required(answer, "status"), "status")
    if status == "error":
        market_type = read_optional_text(answer.get("market_type"), "market_type")
        return CommandFailed(name, failure_message(answer), area, transaction, market_type)
    if status != "ready":
        fail("status", f"has to be 'ready' or 'error', not {describe(status)}")
    read = _READERS.get(name)
    if read is None:
        fail("command", f"{describe(name)} is no command of a batch")
    return read(name, answer, area, transaction)


def failure_message(answer: Mapping[str, object]) -> str:
    """Return the reason that the answer to a refused command gives, under whichever key."""
    texts = (answer[key] for key in _MESSAGE_KEYS if answer.get(key))
    return str(next(texts, "the exchange gives no reason"))


def _read_taken(side: str, answer: Mapping[str, object], area: str, transaction: str) -> OrderTaken:
    order = required(answer, side)
    if isinstance(order, str):
        try:
            order = json.loads(order)
        except (ValueError, RecursionError):
            fail(side, f"has to be an order as JSON text, not {describe(order)}")
    return OrderTaken(
        area,
        read_order(order, side),
        read_optional_text(answer.get("market_type"), "market_type") or SPOT_MARKET,
        read_optional_text(answer.get("message"), "message"),
        transaction,
    )


def _read_deleted(name: str, answer: Mapping[str, object], area: str, transaction: str) -> OrdersDeleted:
    side = BID if name == "delete_bid" else OFFER
    key = f"deleted_{side}s"
    ids = tuple(read_text(one, key) for one in read_list(required(answer, key), key))
    return OrdersDeleted(area, side, ids, transaction)


def _read_listed(name: str, answer: Mapping[str, object], area: str, transaction: str) -> OrdersListed:
    side = BID if name == "list_bids" else OFFER
    key = f"{side}_list"
    listed = []
    for number, one in enumerate(read_list(required(answer, key), key)):
        with inside(f"{key}[{number}]"):
            order = read_object(one, "")
            listed.append(
                ListedOrder(
                    read_text(required(order, "id"), "id"),
                    read_number(required(order, "price"), "price"),
                    read_number(required(order, "energy"), "energy"),
                )
            )
    return OrdersListed(area, side, tuple(listed), transaction)


def _read_asset(name: str, answer: Mapping[str, object], area: str, transaction: str) -> AssetInfoAnswer:
    return AssetInfoAnswer(area, *read_asset_info(required(answer, name), area, name), transaction)


def _read_fee_set(_: str, answer: Mapping[str, object], area: str, transaction: str) -> FeeSet:
    constant, percent = (_read_fee(answer.get(key), key) for key in ("market_fee_const", "market_fee_percent"))
    return FeeSet(area, constant, percent, transaction)


def _read_fee(value: object, where: str) -> float | None:
    if value is None or value == "None":
        return None
    try:
        return read_number(float(value) if isinstance(value, str) else value, where)
    except ValueError:
        fail(where, f"has to be a number or 'None', not {describe(value)}")


def _read_stats(_: str, answer: Mapping[str, object], area: str, transaction: str) -> MarketStatsAnswer:
    report = read_market_report(required(answer, "market_stats"))
    return MarketStatsAnswer(area, read_optional_text(answer.get("name"), "name"), report, transaction)


def _read_energy(name: str, answer: Mapping[str, object], area: str, transaction: str) -> EnergyTaken:
    what: EnergyKind = "forecast" if name == "set_energy_forecast" else "measurement"
    with inside(name):
        energies = read_energies(read_object(required(answer, name), ""), f"energy_{what}")
    return EnergyTaken(area, what, energies, transaction)


_READERS: dict[str, Callable[[str, Mapping[str, object], str, str], Answer]] = {
    "bid": _read_taken,
    "offer": _read_taken,
    "delete_bid": _read_deleted,
    "delete_offer": _read_deleted,
    "list_bids": _read_listed,
    "list_offers": _read_listed,
    "device_info": _read_asset,
    "grid_fees": _read_fee_set,
    "dso_market_stats": _read_stats,
    "set_energy_forecast": _read_energy,
    "set_energy_measurement": _read_energy,
}
