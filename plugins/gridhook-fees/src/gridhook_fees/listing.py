"""The list of fees that an operator reads in the log: per market what it is now and will be."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator

import numpy as np
import pendulum

from gridhook import Markets, Rates
from gridhook.arrays import Floats

__all__ = ["log_fees"]


def log_fees(
    log: logging.Logger, markets: Markets, fees: Rates, slot: pendulum.DateTime, energies: Floats | None = None
) -> None:
    """Log a table of the fees (cents/kWh) now and from ``slot`` on, without those that are left as they are.

    :param energies: per market the kWh that its fee is about.
    """
    known = np.isfinite(fees)
    if not known.any():
        return
    columns = [
        ["market", *markets.path[known].tolist()],
        ["now", *map(_text, markets.current_market_fee[known].tolist())],
        ["next", *map(_text, fees[known].tolist())],
    ]
    if energies is not None:
        columns.append(["kWh", *map(_text, energies[known].tolist())])
    begins = slot.in_timezone("UTC").format("YYYY-MM-DD[T]HH:mm[Z]")
    log.info("grid fees from %s on, cents/kWh:\n%s", begins, "\n".join(_lines(columns)))


def _lines(columns: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in columns]
    for first, *others in zip(*columns, strict=True):
        numbers = (text.rjust(width) for text, width in zip(others, widths[1:], strict=True))
        yield "  ".join(["", first.ljust(widths[0]), *numbers])


def _text(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:.3f}"
