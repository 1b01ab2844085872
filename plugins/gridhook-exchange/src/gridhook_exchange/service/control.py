"""Control: whether a client trades for an asset, or the built-in strategy."""

from __future__ import annotations

import numpy as np

from gridhook_exchange.market.simulation import Simulation

__all__ = ["change_control"]


def change_control(simulation: Simulation, asset: int, *, is_controlled: bool) -> None:
    """Let a client trade for an asset from now on, or the built-in strategy.

    Its open orders are deleted: they are of somebody who does not trade for it any more.
    """
    simulation.is_controlled[asset] = is_controlled
    if simulation.slot < 0:
        return
    for market in (simulation.spot, *simulation.settlements.values()):
        market.withdraw(np.array([2 * asset, 2 * asset + 1]))
