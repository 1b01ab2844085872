"""A traded day: what a session on a link came to, with a plugin that does a bit of everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs
import numpy as np
import pendulum

from gridhook.agent import AgentSettings
from gridhook.assets import Assets
from gridhook.claims import Claim
from gridhook.commands import Batch
from gridhook.events import Answered, Event, PluginFailed, SlotOpened, Ticked
from gridhook.figures import Figures, SessionInfo
from gridhook.hookspecs import hookimpl
from gridhook.links import Link
from gridhook.lots import BID, Lots
from gridhook.market import Market
from gridhook.orders import HOLD, Energies, Rates
from gridhook.session import Session
from gridhook.testing.simulation.manager import make_manager

__all__ = ["HELD_FROM", "OUT_OF_REACH", "TradedDay", "trade_day"]

OUT_OF_REACH: Mapping[str, float] = {"bid": 0.0, "offer": 1000.0}
"""Rates at which nobody trades, cents/kWh, by side."""

HELD_FROM = 0.5
"""From this progress on, no order shall stand in the second slot."""

_USUAL_RATE = 30.0
_METERED_KWH = 0.25
_NAME = "link-tests"


@attrs.frozen(eq=False)
class TradedDay:
    """All that happened.

    ``events``
        with the notices of the agent.
    ``batches``
        by their numbers.
    ``slots``
        what the link said how many there would be.
    ``tick_seconds``
        what it said when the claim was answered, and at the end.
    """

    events: tuple[Event, ...]
    batches: Mapping[int, Batch]
    figures: Figures
    slots: int | None
    tick_seconds: tuple[float | None, ...]

    @property
    def market(self) -> list[SlotOpened | Ticked]:
        """The market events."""
        return [event for event in self.events if isinstance(event, SlotOpened | Ticked)]

    @property
    def answers(self) -> list[Answered]:
        """The answers to batches."""
        return [event for event in self.events if isinstance(event, Answered)]


def trade_day(
    link: Link, names: Sequence[str], slots: int | None, resume: Callable[[], None], pause: Callable[[], None]
) -> TradedDay:
    """Trade a few slots on an open link, and close it.

    In the first slot orders are meant to trade; later ones have orders that nobody meets, and no more from
    :data:`HELD_FROM` on.

    :param slots: so many; None: until the exchange ends.
    :param names: of the areas to claim; none: all assets that can be had.
    :param resume: called when they are claimed.
    :param pause: called before the link is closed.
    """
    log = _Log(link, resume, pause)
    known = link.slots
    manager, _ = make_manager({_NAME: _Everything(tuple(names))}, {})
    session = Session(link, manager, SessionInfo(_NAME, _NAME), AgentSettings(), slots, witnesses=[log])
    figures = session.run()
    failed = [event for event in log.events if isinstance(event, PluginFailed)]
    assert not failed, failed
    return TradedDay(tuple(log.events), log.batches, figures, known, tuple(log.tick_seconds))


class _Everything:
    """Claims, prices, forecasts and measures."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._first: pendulum.DateTime | None = None

    @hookimpl
    def claim_assets(self) -> Claim:
        return Claim(names=self._names) if self._names else Claim(globs=["*"])

    @hookimpl
    def price_energy(self, lots: Lots, market: Market) -> Rates:
        self._first = market.slot if self._first is None else self._first
        bids = lots.side == BID
        if market.slot == self._first:
            known = _USUAL_RATE if np.isnan(market.market_maker_rate) else market.market_maker_rate
            return np.where(bids, known + np.nan_to_num(lots.grid_fee), 0.0)
        if market.progress < HELD_FROM:
            return np.where(bids, OUT_OF_REACH["bid"], OUT_OF_REACH["offer"])
        return np.full(len(lots), HOLD)

    @hookimpl
    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        return np.full((len(assets), len(slots)), _METERED_KWH)

    @hookimpl
    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> Energies:
        return np.full((len(assets), len(slots)), _METERED_KWH)


class _Log:
    """Keeps what happens, and lets the exchange go on when the areas are claimed."""

    def __init__(self, link: Link, resume: Callable[[], None], pause: Callable[[], None]) -> None:
        self.events: list[Event] = []
        self.tick_seconds: list[float | None] = []
        self._link = link
        self.batches: dict[int, Batch] = {}
        self._resume = resume
        self._pause = pause
        self._is_claimed = False

    def saw(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Answered) and not self._is_claimed:
            self._is_claimed = True
            self.tick_seconds.append(self._link.tick_seconds)
            self._resume()

    def answered(self, hook: str, assets: Assets, slots: Sequence[pendulum.DateTime], energies: Energies) -> None:
        """Energies are seen in the batches."""

    def sent(self, batch: Batch) -> None:
        self.batches[batch.transaction] = batch

    def finish(self, figures: Figures) -> None:
        del figures
        self.tick_seconds.append(self._link.tick_seconds)
        self._pause()
