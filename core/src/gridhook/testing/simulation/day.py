"""A simulated day: what happened in it, for tests to assert about."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import attrs
import pendulum

from gridhook.assets import Assets
from gridhook.commands import Batch, SendForecasts, SendMeasurements
from gridhook.events import Event, PluginFailed, Reasoned, Traded
from gridhook.figures import Figures
from gridhook.grid import Tree
from gridhook.orders import Energies
from gridhook.reasons import Reason
from gridhook.results import AssetRow, ForecastErrorRow, OrderRow, SessionResults, TradeRow
from gridhook.tables import concatenate
from gridhook.trades import Trade, Trades
from gridhook.witness import EnergyHook

__all__ = ["AssetDay", "Day", "DayWitness", "SentEnergy"]


class SentEnergy(NamedTuple):
    """A forecast or measurement that was sent: the asset's path, the slot, and kWh."""

    asset: str
    slot: pendulum.DateTime
    kwh: float


@attrs.frozen
class AssetDay:
    """What one asset did in all slots: kWh, and cents paid and received; settlement trades are part of both.

    ``reasons``
        number of ticks per reason, by its label: ``priced``, ``no_energy``, …
    """

    bought_kwh: float
    sold_kwh: float
    settled_kwh: float
    paid_cents: float
    received_cents: float
    reasons: Mapping[str, int]


@attrs.frozen(eq=False, repr=False)
class Day:
    """What happened in a simulation.

    ``trades``
        all trades, in their order; ``trade.buyer`` and ``trade.seller`` are ids, such as ``id:Home 1/Load``, and
        ``id:Market Maker``.
    ``orders``
        all orders that were sent: when, for which slot and asset (its path), and what the exchange said to them.
    ``forecasts``, ``measurements``
        what was sent of them.
    ``failures``
        what plugins failed in, observers too.
    ``events``
        all events and notices.
    ``figures``
        the figures as ``gridhook run`` has them; those about members are None.
    """

    tree: Tree
    trades: Trades
    orders: tuple[OrderRow, ...]
    forecasts: tuple[SentEnergy, ...]
    measurements: tuple[SentEnergy, ...]
    failures: tuple[PluginFailed, ...]
    events: tuple[Event, ...]
    figures: Figures

    def __repr__(self) -> str:
        counts = (f"{name}={len(getattr(self, name))}" for name in ("orders", "forecasts", "measurements"))
        failures = ", ".join(f"{one.plugin}: {one.hook}: {one.message}" for one in self.failures[:3])
        traded = f"trades={len(self.trades)}, traded_kwh={self.trades.energy_kwh.sum():.4g}"
        return f"Day(slots={self.figures.slots}, {', '.join(counts)}, {traded}, failures=[{failures}])"

    @property
    def reasons(self) -> Mapping[str, int]:
        """Number of lots per reason, over all ticks; by its label, such as ``priced``."""
        return self.figures.reasons

    def asset(self, name: str) -> AssetDay:
        """Return what one asset did.

        :param name: such as ``Load``, or ``Home 1/Load`` where several have this name; a path or an id will do, too.
        :raises UnknownAreaError, AmbiguousAreaError: see :meth:`gridhook.grid.Tree.find`.
        """
        area = self.tree.ids[self._find(name)]
        bought = [trade for trade in self.trades if trade.buyer == area]
        sold = [trade for trade in self.trades if trade.seller == area]
        return AssetDay(
            _sum(trade.energy_kwh for trade in bought),
            _sum(trade.energy_kwh for trade in sold),
            _sum(trade.energy_kwh for trade in (*bought, *sold) if trade.market != "spot"),
            _sum(trade.energy_kwh * trade.buyer_rate for trade in bought),
            _sum(trade.energy_kwh * trade.seller_rate for trade in sold),
            self._reasons_of(area),
        )

    def trades_of(self, name: str) -> list[Trade]:
        """Return the trades of one asset, named as for :meth:`asset`."""
        area = self.tree.ids[self._find(name)]
        return [trade for trade in self.trades if area in (trade.buyer, trade.seller)]

    def _find(self, name: str) -> int:
        below_root = f"{self.tree.names[0]}/{name}"
        return self.tree.find(below_root if below_root in self.tree.paths else name)

    def _reasons_of(self, area: str) -> Mapping[str, int]:
        counted: Counter[str] = Counter()
        for event in self.events:
            if isinstance(event, Reasoned):
                its = event.reasons.reason[event.reasons.asset == area]
                counted.update(Reason(reason).label for reason in its.tolist())
        return counted


class DayWitness:
    """Collects what happens in a session; a witness, and the writer of its results."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._results = SessionResults(self)
        self._events: list[Event] = []
        self._forecasts: list[SentEnergy] = []
        self._measurements: list[SentEnergy] = []
        self._orders: tuple[OrderRow, ...] = ()

    def saw(self, event: Event) -> None:
        """Take note of an event."""
        self._events.append(event)
        self._results.saw(event)

    def answered(
        self, hook: EnergyHook, assets: Assets, slots: Sequence[pendulum.DateTime], energies: Energies
    ) -> None:
        """What is answered counts when it is sent."""

    def sent(self, batch: Batch) -> None:
        """Take note of a batch."""
        self._results.sent(batch)
        for command in batch.commands:
            if isinstance(command, SendForecasts):
                self._forecasts += self._energies(command)
            elif isinstance(command, SendMeasurements):
                self._measurements += self._energies(command)

    def finish(self, figures: Figures) -> None:
        """Take note of the end."""
        self._results.finish(figures)

    def write(
        self,
        trades: Iterable[TradeRow],
        orders: Iterable[OrderRow],
        assets: Iterable[AssetRow],
        summary: Mapping[str, Any],
        forecasts: Iterable[ForecastErrorRow] = (),
    ) -> None:
        """Take the orders; the rest is known from the events."""
        del trades, assets, summary, forecasts
        self._orders = tuple(orders)

    def day(self, figures: Figures, failures: Iterable[PluginFailed]) -> Day:
        """Return all of it."""
        tables = [event.trades for event in self._events if isinstance(event, Traded)]
        nothing = Trades(*([()] * len(attrs.fields(Trades))))
        return Day(
            self._tree,
            concatenate(*tables) if tables else nothing,
            self._orders,
            tuple(self._forecasts),
            tuple(self._measurements),
            tuple(failures),
            tuple(self._events),
            figures,
        )

    def _energies(self, command: SendForecasts | SendMeasurements) -> Iterable[SentEnergy]:
        for area, row in zip(command.assets, command.energy_kwh.tolist(), strict=True):
            for slot, kwh in zip(command.slots, row, strict=True):
                if not math.isnan(kwh):
                    yield SentEnergy(self._tree.path_of(area), slot, kwh)


def _sum(numbers: Iterable[float]) -> float:
    return float(sum(numbers))
