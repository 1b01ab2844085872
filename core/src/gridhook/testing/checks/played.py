"""The check of a plugin at work: a few simulated slots, in which it is routed in all its domains."""

from __future__ import annotations

import numpy as np

from gridhook.errors import ConfigError
from gridhook.hookspecs import hookimpl
from gridhook.lots import Lots
from gridhook.orders import Rates
from gridhook.testing.checks.check import Check
from gridhook.testing.conformance import NonconformingError
from gridhook.testing.simulation.appliances import battery, load, pv
from gridhook.testing.simulation.community import make_community
from gridhook.testing.simulation.manager import make_manager
from gridhook.testing.simulation.simulating import play
from gridhook.testing.subject import Subject

__all__ = ["PLAYED"]

_SLOTS = 4
_HOMES = {
    "Home 1": {"Load 1": load(0.4), "PV 1": pv(0.6), "Battery 1": battery(5.0)},
    "Home 2": {"Load 2": load([0.2, 0.0, 0.3, 0.1, 0.5, 0.2]), "PV 2": pv([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])},
}


class _OneRate:
    """Prices everything, where the plugin under check does not."""

    @hookimpl
    def price_energy(self, lots: Lots) -> Rates:
        return np.where(lots.side == "bid", 25.0, 10.0)


def _plays(subject: Subject) -> str:
    plugin = subject.loaded()
    community = make_community(_HOMES, _SLOTS, 1.0, 8.0, 30.0)
    try:
        manager, decisions = make_manager({subject.name: plugin.instance, "one-rate": _OneRate()}, {})
    except ConfigError as error:
        raise NonconformingError(str(error)) from error
    day = play(community, manager, decisions)
    if day.failures:
        first = day.failures[0]
        rows = f", asked about {first.rows}" if first.rows else ""
        msg = f"failed {len(day.failures)} times, first in {first.hook}{rows}: {first.message}"
        raise NonconformingError(msg)
    return f"{_SLOTS} slots, {len(day.orders)} orders, {len(day.trades)} trades"


PLAYED = Check("simulated slots", "", _plays)
"""For every plugin."""
