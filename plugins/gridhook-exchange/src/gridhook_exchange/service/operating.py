"""Operating: what grid operators may ask of a market."""

from __future__ import annotations

from typing import Any

from gridhook.wire.answers import Answer, CommandFailed, FeeSet, MarketStatsAnswer
from gridhook.wire.commands import SetGridFee
from gridhook.wire.stats import MarketReport, write_market_report
from gridhook_exchange.market.simulation import Simulation

__all__ = ["last_report", "market_stats", "set_fee"]

_HIGHEST = {"constant": 10_000.0, "percent": 100.0}


def set_fee(simulation: Simulation, area: str, market: int, command: SetGridFee) -> Answer:
    """Set a market's fee from the next slot on (PROTOCOL.md 4.4); the other mode's is refused."""
    mode = simulation.community.rules.fees
    fee, other = command.constant, command.percent
    if mode == "percent":
        fee, other = other, fee
    if fee is None or other is not None:
        return CommandFailed("grid_fees", f"GridFee parameter conflicting: the fees here are {mode}", area)
    if fee > _HIGHEST[mode]:
        return CommandFailed("grid_fees", f"{fee:g} is more than {_HIGHEST[mode]:g}, the highest {mode} fee", area)
    simulation.next_fee[market] = fee
    return FeeSet(area, percent=fee) if mode == "percent" else FeeSet(area, constant=fee)


def market_stats(simulation: Simulation, area: str, market: int) -> Answer:
    """Return the figures of a market's last finished slot."""
    return MarketStatsAnswer(area, simulation.community.market_names[market], _report(simulation, market))


def last_report(simulation: Simulation, market: int) -> dict[str, Any]:
    """Return the figures of a market's last finished slot as JSON; empty before there was one."""
    return write_market_report(_report(simulation, market))


def _report(simulation: Simulation, market: int) -> MarketReport | None:
    last = simulation.last_statistics
    if last is None:
        return None
    return MarketReport(
        float(last.min_rate[market]),
        float(last.max_rate[market]),
        float(last.mean_rate[market]),
        float(last.median_rate[market]),
        float(last.energy_kwh[market]),
        float(last.revenue_cents[market]),
        float(last.import_kwh[market]),
        float(last.export_kwh[market]),
    )
