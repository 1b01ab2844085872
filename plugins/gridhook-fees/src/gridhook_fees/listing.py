"""The list of fees that an operator reads in the log: per market what it is now and will be."""

from __future__ import annotations

import math

import pendulum

from gridhook import Markets, Rates

__all__ = ["fee_list"]


def fee_list(markets: Markets, fees: Rates, slot: pendulum.DateTime, balances: Rates | None = None) -> str:
    """Return a table of the fees now and from ``slot`` on, cents/kWh; ``-`` for those that are left as they are.

    :param balances: per market the kWh that its fee is about.
    """
    rows = [["market", "now", "next"]]
    rows += [[row.path, _text(row.current_market_fee), _text(fee)] for row, fee in zip(markets, fees, strict=True)]
    if balances is not None:
        for row, text in zip(rows, ["kWh", *map(_text, balances.tolist())], strict=True):
            row.append(text)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head = f"grid fees from {slot.in_timezone('UTC').format('YYYY-MM-DD[T]HH:mm[Z]')} on, cents/kWh:"
    return "\n".join([head, *(_line(row, widths) for row in rows)])


def _line(row: list[str], widths: list[int]) -> str:
    first, *others = (
        text.rjust(width) if column else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(["", first, *others])


def _text(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:.3f}"
