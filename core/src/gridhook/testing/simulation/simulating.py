"""Simulating: plugins routed as in a configuration, a session, and a community that trades."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from gridhook.agent import AgentSettings
from gridhook.errors import ConfigError
from gridhook.figures import SessionInfo
from gridhook.plugins import Manager
from gridhook.session import Session
from gridhook.testing.simulation.appliances import Appliance
from gridhook.testing.simulation.community import Community, make_community
from gridhook.testing.simulation.day import Day, DayWitness
from gridhook.testing.simulation.link import SimulatedLink
from gridhook.testing.simulation.manager import Given, NotingDecisions, Routes, make_manager

__all__ = ["play", "simulate"]

_INFO = SessionInfo("gridhook", "simulated:community")


def simulate(
    homes: Mapping[str, Mapping[str, Appliance]],
    plugins: Given,
    *,
    slots: int = 96,
    ticks: int = 10,
    routes: Routes | None = None,
    feed_in_rate: float = 8.0,
    market_maker_rate: float = 30.0,
    fees: float | Mapping[str, float] = 0.0,
    horizon: int = 1,
) -> Day:
    """Let plugins trade a community, and return what happened.

    There is one market: own orders meet each other in price-time order, paid as bid, at the end of each tick; what is
    left meets the market maker, who trades without limit at its two rates. Deviations are settled with the market maker
    at once, where the rate allows it. Nobody else trades, and the same call gives the same trades.

    :param homes: by name, the appliances by name: :func:`load`, :func:`pv`, :func:`battery`.
    :param plugins: instances (or modules), by name or in a sequence: then ``NightRates`` is ``nightrates``. Each serves
        all domains that it implements, in this order. Without one for registration, everything is claimed.
    :param slots: number of slots of 15 minutes, from midnight UTC on.
    :param ticks: market events in a slot.
    :param routes: by domain, then by path, name, glob or kind: the plugins for these assets, as in a configuration.
    :param feed_in_rate: what the market maker pays, cents/kWh.
    :param market_maker_rate: what it asks, cents/kWh.
    :param fees: grid fee of every home, or of some by name, cents/kWh; plugins that set fees change them.
    :param horizon: number of slots to forecast.
    :raises ConfigError: a plugin does not fit the specifications, or a route or a plugin's setting leads nowhere.
    :raises ValueError: there is no such community, or a slot has no ticks.
    """
    community = make_community(homes, slots, fees, feed_in_rate, market_maker_rate)
    manager, decisions = make_manager(plugins, routes or {})
    problems = manager.unknown_areas(community.tree)
    if problems:
        raise ConfigError(problems)
    return play(community, manager, decisions, ticks, horizon)


def play(community: Community, manager: Manager, decisions: NotingDecisions, ticks: int = 10, horizon: int = 1) -> Day:
    """Let loaded plugins trade a community."""
    witness = DayWitness(community.tree)
    link, settings = SimulatedLink(community, ticks), AgentSettings(horizon=horizon)
    session = Session(link, manager, _INFO, settings, witnesses=(witness,))
    figures = session.run()
    if session.stop.signal_number is not None:
        # The session ended because of it; it was meant for whoever runs the tests.
        signal.raise_signal(session.stop.signal_number)
    return witness.day(figures, decisions.failed)
