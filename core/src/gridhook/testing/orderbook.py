"""What was ordered in a traded day, to compare trades with."""

from __future__ import annotations

import math

import attrs
import pendulum

from gridhook.commands import PlaceOrders
from gridhook.lots import BID
from gridhook.testing.tradedday import TradedDay
from gridhook.trades import Trade

__all__ = ["OrderBook"]

_ROUNDING = 1e-4
"""Part of a number, or the number, that rounding on the wire may change."""


@attrs.define
class _Ordered:
    """The orders of an asset on one side for one slot: their energy, and the worst rate that they allow."""

    energy_kwh: float
    worst_rate: float


class OrderBook:
    """All orders of a day that were not refused."""

    def __init__(self, day: TradedDay) -> None:
        self._ordered: dict[tuple[str, str, pendulum.DateTime], _Ordered] = {}
        refused = {answer.transaction: answer.order_errors for answer in day.answers}
        for number, batch in day.batches.items():
            for command in batch.commands:
                if isinstance(command, PlaceOrders):
                    for row, line in enumerate(command.lines):
                        if row not in refused.get(number, {}):
                            self._add((line.asset, line.side, line.slot), line.energy_kwh, line.rate)

    def take(self, trade: Trade, asset: str, side: str) -> None:
        """Take a trade of an own asset off what was ordered.

        :raises AssertionError: nobody ordered it, or not so much, or not at this rate.
        """
        ordered = self._ordered.get((asset, side, trade.slot))
        assert ordered is not None, f"nobody ordered this: {trade}"
        assert trade.energy_kwh > 0, f"no energy: {trade}"
        ordered.energy_kwh -= trade.energy_kwh
        assert ordered.energy_kwh >= -_ROUNDING, f"{-ordered.energy_kwh:g} kWh more are traded than ordered: {trade}"
        rate, sign = (trade.buyer_rate, 1.0) if side == BID else (trade.seller_rate, -1.0)
        worse = sign * (rate - ordered.worst_rate)
        within = _ROUNDING * max(1.0, abs(ordered.worst_rate))
        assert math.isfinite(rate), f"no rate: {trade}"
        assert worse <= within, f"the {side} was {ordered.worst_rate:g} cents/kWh: {trade}"

    def _add(self, key: tuple[str, str, pendulum.DateTime], energy_kwh: float, rate: float) -> None:
        known = self._ordered.setdefault(key, _Ordered(0.0, rate))
        known.energy_kwh += energy_kwh
        known.worst_rate = max(known.worst_rate, rate) if key[1] == BID else min(known.worst_rate, rate)
