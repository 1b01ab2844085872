"""A market's figures of its last finished slot (PROTOCOL.md 4.4, ``dso_market_stats``)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs

from gridhook.market import Throughput
from gridhook.wire.errors import inside
from gridhook.wire.values import read_object, read_optional_number, to_null

__all__ = ["TRADE_FIGURES", "MarketReport", "read_market_report", "read_throughput", "write_market_report"]

TRADE_FIGURES = {
    "min_trade_rate": "min_trade_rate",
    "max_trade_rate": "max_trade_rate",
    "avg_trade_rate": "avg_trade_rate",
    "median_trade_rate": "median_trade_rate",
    "total_traded_energy_kWh": "total_traded_energy_kwh",
}
"""By key of JSON the name in :class:`MarketReport` and in :class:`~gridhook.grid.MarketStats`."""


@attrs.frozen
class MarketReport:
    """What a grid operator is told about a market; NaN for what is not known.

    ``min_trade_rate``, ``max_trade_rate``, ``avg_trade_rate``, ``median_trade_rate``
        cents/kWh; the average is over trades, not weighted by energy.
    ``total_traded_energy_kwh``
        kWh.
    ``fee_revenue_cents``
        grid fees that this market collected, cents.
    ``import_kwh``, ``export_kwh``
        kWh that came into this area, and that left it.
    ``self_sufficiency``, ``self_consumption``
        shares.
    ``bill``, ``deviance``
        bills of what is inside, and deviations by child (None where there is no settlement), as the exchange tells
        them; gridhook's own exchange has none.
    """

    min_trade_rate: float = math.nan
    max_trade_rate: float = math.nan
    avg_trade_rate: float = math.nan
    median_trade_rate: float = math.nan
    total_traded_energy_kwh: float = math.nan
    fee_revenue_cents: float = 0.0
    import_kwh: float = 0.0
    export_kwh: float = 0.0
    self_sufficiency: float = math.nan
    self_consumption: float = math.nan
    bill: Mapping[str, object] = attrs.field(factory=dict)
    deviance: Mapping[str, object] | None = None


def write_market_report(report: MarketReport | None) -> dict[str, Any]:
    """Return a report as JSON; an empty object for None."""
    if report is None:
        return {}
    return {
        **{key: to_null(getattr(report, name)) for key, name in TRADE_FIGURES.items()},
        "market_bill": {"Accumulated Trades": dict(report.bill)},
        "market_fee_revenue": to_null(report.fee_revenue_cents),
        "area_throughput": {"import": to_null(report.import_kwh), "export": to_null(report.export_kwh)},
        "self_sufficiency": to_null(report.self_sufficiency),
        "self_consumption": to_null(report.self_consumption),
        "market_energy_deviance": None if report.deviance is None else dict(report.deviance),
    }


def read_market_report(value: object, where: str = "market_stats") -> MarketReport | None:
    """Return the report that a JSON value is; None for an empty object.

    :raises WireError: something is wrong.
    """
    stats = read_object(value, where)
    if not stats:
        return None
    with inside(where):
        return _read(stats)


def read_throughput(value: object, where: str = "market_stats") -> Throughput | None:
    """Return just the import and export of the report that a JSON value is; None where it has none.

    :raises WireError: they are no numbers.
    """
    stats = read_object(value, where)
    with inside(where):
        throughput = read_object(stats.get("area_throughput") or {}, "area_throughput")
        if not throughput:
            return None
        return Throughput(
            read_optional_number(throughput.get("import"), "area_throughput.import"),
            read_optional_number(throughput.get("export"), "area_throughput.export"),
        )


def _read(stats: Mapping[str, object]) -> MarketReport:
    def number(key: str) -> float:
        return read_optional_number(stats.get(key), key)

    throughput = read_object(stats.get("area_throughput") or {}, "area_throughput")
    bill = read_object(stats.get("market_bill") or {}, "market_bill")
    deviance = stats.get("market_energy_deviance")
    return MarketReport(
        **{name: number(key) for key, name in TRADE_FIGURES.items()},
        fee_revenue_cents=number("market_fee_revenue"),
        import_kwh=read_optional_number(throughput.get("import"), "area_throughput.import"),
        export_kwh=read_optional_number(throughput.get("export"), "area_throughput.export"),
        self_sufficiency=number("self_sufficiency"),
        self_consumption=number("self_consumption"),
        bill=read_object(bill.get("Accumulated Trades") or {}, "market_bill.Accumulated Trades"),
        deviance=None if deviance is None else read_object(deviance, "market_energy_deviance"),
    )
