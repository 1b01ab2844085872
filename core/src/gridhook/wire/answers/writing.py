"""Writing answers."""

from __future__ import annotations

import json
from typing import Any

from gridhook.wire.answers.kinds import (
    Answer,
    AssetInfoAnswer,
    CommandFailed,
    EnergyTaken,
    FeeSet,
    MarketStatsAnswer,
    OrdersDeleted,
    OrdersListed,
    OrderTaken,
)
from gridhook.wire.assetinfo import write_asset_info, write_deviations
from gridhook.wire.commands import SendEnergy, write_command
from gridhook.wire.orders import write_order
from gridhook.wire.stats import write_market_report

__all__ = ["write_answer"]


def write_answer(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON (PROTOCOL.md 4.4).

    Where the original's shape is a defect (section 10, E15) the right one is written: the command's own name, and the
    reason of a failure as ``error_message``. The id of the batch is left out where it is empty.
    """
    value = _write(answer)
    if answer.transaction:
        value["transaction_id"] = answer.transaction
    return value


def _write(answer: Answer) -> dict[str, object]:
    match answer:
        case OrderTaken(order=order):
            value = _ready(answer.area, order.side)
            value[order.side] = json.dumps(write_order(order))
            value["market_type"] = answer.market_type
            value["message"] = answer.message
        case OrdersDeleted(side=side):
            value = _ready(answer.area, f"delete_{side}")
            value[f"deleted_{side}s"] = list(answer.order_ids)
        case OrdersListed(side=side):
            value = _ready(answer.area, f"list_{side}s")
            value[f"{side}_list"] = [
                {"id": order.id, "price": order.price_cents, "energy": order.energy_kwh} for order in answer.orders
            ]
        case AssetInfoAnswer():
            deviations = None if answer.deviations is None else write_deviations(answer.deviations)
            value = _ready(answer.area, "device_info")
            value["device_info"] = write_asset_info(answer.asset, deviations)
        case FeeSet():
            value = _ready(answer.area, "grid_fees")
            value["market_fee_const"] = _write_fee(answer.constant)
            value["market_fee_percent"] = _write_fee(answer.percent)
        case MarketStatsAnswer():
            value = _ready(answer.area, "dso_market_stats")
            value["name"] = answer.name
            value["market_stats"] = write_market_report(answer.report)
        case EnergyTaken():
            value = _write_energy(answer)
        case CommandFailed():
            value = _write_failure(answer)
    return value


def _write_energy(answer: EnergyTaken) -> dict[str, object]:
    command = write_command(SendEnergy(answer.what, answer.energy_kwh))
    if answer.transaction:
        command["transaction_id"] = answer.transaction
    name = f"set_energy_{answer.what}"
    return {**_ready(answer.area, name), name: command}


def _write_failure(answer: CommandFailed) -> dict[str, object]:
    value: dict[str, object] = {"command": answer.command} if answer.command else {}
    value |= {"status": "error", "area_uuid": answer.area, "error_message": answer.message}
    if answer.market_type:
        value["market_type"] = answer.market_type
    return value


def _ready(area: str, command: str) -> dict[str, object]:
    return {"command": command, "status": "ready", "area_uuid": area}


def _write_fee(fee: float | None) -> str:
    if fee is None:
        return "None"
    return str(int(fee)) if fee == int(fee) else repr(float(fee))
