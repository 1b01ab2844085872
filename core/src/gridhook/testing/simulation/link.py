"""The link to a simulated exchange: in process, in lockstep with the agent."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from gridhook.commands import Batch
from gridhook.events import Answered, Connected, ExchangeEvent, Finished, SlotOpened, Ticked, Traded
from gridhook.inprocess import InProcessLink
from gridhook.testing.simulation.community import SLOT_LENGTH, Community
from gridhook.testing.simulation.desk import Desk
from gridhook.testing.simulation.exchange import SimulatedExchange
from gridhook.testing.simulation.matching import Deal
from gridhook.trades import SETTLEMENT, SPOT, Trades

__all__ = ["SimulatedLink"]


class SimulatedLink(InProcessLink):
    """A run of a community, driven by who takes its events.

    :param ticks: number of market events in a slot.
    :raises ValueError: there are none.
    """

    def __init__(self, community: Community, ticks: int) -> None:
        if ticks < 1:
            msg = f"a slot has at least one tick, not {ticks}"
            raise ValueError(msg)
        super().__init__(community.slots)
        self._community = community
        self._ticks = ticks
        self._exchange = SimulatedExchange(community)
        self._desk = Desk(self._exchange)
        self._traded = itertools.count(1)

    def execute(self, batch: Batch) -> Answered:
        """Execute a batch before the next event."""
        return self._desk.execute(batch)

    def run(self) -> Iterator[ExchangeEvent]:
        """Yield the events of all slots; orders trade at the end of the tick in which they came."""
        yield Connected(self._community.tree, "binding")
        yield from self.answers()
        for _ in range(self._community.slots):
            self._exchange.open_slot()
            for tick in range(self._ticks):
                yield self._market_event(tick / self._ticks)
                yield from self.answers()
                yield from self._trades()
            self._exchange.close_slot()
        yield Finished()

    def _market_event(self, progress: float) -> SlotOpened | Ticked:
        community = self._community
        event = Ticked if progress else SlotOpened
        return event(
            community.starts[self._exchange.slot],
            SLOT_LENGTH,
            self._exchange.grid(),
            community.feed_in_rate,
            community.market_maker_rate,
            progress,
        )

    def _trades(self) -> Iterator[Traded]:
        settled, self._desk.settled = self._desk.settled, []
        spot = [(self._exchange.slot, deal) for deal in self._exchange.match()]
        if spot or settled:
            markets = [SPOT] * len(spot) + [SETTLEMENT] * len(settled)
            yield Traded(self._table(markets, [*spot, *settled]))

    def _table(self, markets: Sequence[str], deals: Sequence[tuple[int, Deal]]) -> Trades:
        ids = self._exchange.ids
        return Trades(
            [f"trade-{next(self._traded)}" for _ in deals],
            markets,
            [self._community.starts[slot] for slot, _ in deals],
            [ids[deal.buyer] for _, deal in deals],
            [ids[deal.seller] for _, deal in deals],
            np.array([deal.kwh for _, deal in deals]),
            np.array([deal.buyer_rate for _, deal in deals]),
            np.array([deal.seller_rate for _, deal in deals]),
            np.array([deal.with_partner for _, deal in deals]),
        )
