"""The story of an asset: per slot what it needed, what was decided at each tick and why, and what traded. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

import attrs
import pendulum

from gridhook.assets import STORAGE, Asset
from gridhook.commands import Batch, OrderLine, PlaceOrders, SendForecasts, SendMeasurements
from gridhook.errors import AreaError, UnknownAreaError
from gridhook.events import (
    Answered,
    Connected,
    Event,
    PluginFailed,
    Reasoned,
    SlotOpened,
    Ticked,
    Traded,
)
from gridhook.grid import Tree
from gridhook.reasons import ReasonRow
from gridhook.records.lines import Header, Heard, Line, Noticed, Sent
from gridhook.records.words import terms_words
from gridhook.trades import SPOT, Trade

__all__ = ["Dealt", "Decision", "Needed", "Placed", "SlotStory", "Storyteller", "Told"]

Moment: TypeAlias = tuple[pendulum.DateTime, float]
"""Slot and progress of the market event after which something happened."""


@attrs.frozen
class Needed:
    """What could be bought and sold when the slot (or its settlement) came up, kWh; NaN: not told."""

    moment: Moment
    to_buy_kwh: float
    to_sell_kwh: float


@attrs.frozen
class Told:
    """A forecast or a measurement that was sent, kWh."""

    moment: Moment
    what: str
    energy_kwh: float


@attrs.frozen
class Placed:
    """An order that was sent, the conditions of its trades in words, and what the exchange said."""

    line: OrderLine
    terms: str
    answer: str = "not answered"


@attrs.frozen
class Decision:
    """What became of one side of the asset at one tick, and why.

    ``failure``
        what the plugin ended in, if it failed.
    """

    moment: Moment
    row: ReasonRow
    orders: tuple[Placed, ...] = ()
    failure: str = ""


@attrs.frozen
class Dealt:
    """A trade, and the name of the other side."""

    moment: Moment
    trade: Trade
    is_buyer: bool
    partner: str


Entry: TypeAlias = Needed | Told | Decision | Dealt


@attrs.define
class SlotStory:
    """What happened to the asset's energy of one slot, in its order."""

    slot: pendulum.DateTime
    entries: list[Entry] = attrs.field(factory=list)

    @property
    def is_told(self) -> bool:
        """Whether there is more than forecasts for a slot that never came."""
        return not all(isinstance(entry, Told) for entry in self.entries)

    @property
    def is_decided(self) -> bool:
        """Whether anything was decided about it."""
        return any(isinstance(entry, Decision) for entry in self.entries)

    def traded_kwh(self, *, is_buyer: bool, is_spot: bool) -> float:
        """Return the energy of its trades on one side, in the spot market or the settlement market."""
        return math.fsum(
            entry.trade.energy_kwh
            for entry in self.entries
            if isinstance(entry, Dealt) and entry.is_buyer == is_buyer and (entry.trade.market == SPOT) == is_spot
        )


class Storyteller:
    """Follows one asset through the lines of a record.

    ``path``
        the asset's path; empty until an area of this id, path or name was told of.
    ``slots``
        its story, slot by slot.

    :param asset: its id, path or name.
    """

    def __init__(self, asset: str) -> None:
        self.path = ""
        self.kind = ""
        self.slots: dict[pendulum.DateTime, SlotStory] = {}
        self._asset = asset
        self._id = ""
        self._unknown: AreaError = UnknownAreaError(asset)
        self._tree: Tree | None = None
        self._names: dict[str, str] = {}
        self._moment: Moment | None = None
        self._placed: dict[Moment, list[Placed]] = {}
        self._batches: dict[int, tuple[Moment, dict[int, int]]] = {}
        """Per transaction: when it was sent, and which of the orders of that moment each of its rows is."""
        self._failures: dict[str, str] = {}

    def listen(self, lines: Iterable[Line]) -> None:
        """Take note of all lines.

        :raises AreaError: no area, or several, are called so.
        """
        for line in lines:
            match line:
                case Header():
                    self._tree = self._moment = None
                case Heard():
                    self._hear(line.event)
                case Noticed():
                    self._hear(line.notice)
                case Sent():
                    self._sent(line.batch)
                case _:
                    pass
        if not self._id:
            raise self._unknown

    def _hear(self, event: Event) -> None:
        match event:
            case Connected():
                self._know(event.tree)
            case SlotOpened() | Ticked():
                self._moment = (event.slot, event.progress)
                self._know(event.grid.tree)
                if isinstance(event, SlotOpened):
                    # A plugin that sits out until the next slot does so for what it failed in before.
                    self._failures.clear()
                self._note_needs(event)
            case Answered():
                self._answered(event)
            case Traded():
                self._traded(event)
            case PluginFailed():
                self._failures[event.plugin] = event.message
            case Reasoned():
                self._reasoned(event)
            case _:
                pass

    def _know(self, tree: Tree) -> None:
        if tree is self._tree:
            return
        self._tree = tree
        self._names |= zip(tree.ids, tree.names, strict=True)
        try:
            position = tree.find(self._asset)
        except AreaError as error:
            if len(tree):
                self._unknown = error
            return
        self._id, self.path, self.kind = tree.ids[position], tree.paths[position], tree.kinds[position]

    def _note_needs(self, event: SlotOpened | Ticked) -> None:
        """Take note of the needs of slots that are seen for the first time, and of deviations that are new."""
        assert self._moment is not None
        ids = event.grid.assets.id.tolist()
        if self._id not in ids:
            return
        row = ids.index(self._id)
        if event.slot not in self.slots or isinstance(event, SlotOpened):
            self._add(event.slot, Needed(self._moment, *_needs(event.grid.assets[row])))
        deviations = event.grid.deviations
        if isinstance(event, SlotOpened) and deviations.slots:
            for slot, energy in zip(deviations.slots, deviations.energy_kwh[row].tolist(), strict=True):
                if not math.isnan(energy):
                    self._add(slot, Needed(self._moment, max(energy, 0.0), max(-energy, 0.0)))

    def _sent(self, batch: Batch) -> None:
        if self._moment is None:
            return
        row = 0
        placed = self._placed.setdefault(self._moment, [])
        rows: dict[int, int] = {}
        for command in batch.commands:
            if isinstance(command, SendForecasts | SendMeasurements):
                self._tell(command)
            if isinstance(command, PlaceOrders):
                for number, line in enumerate(command.lines):
                    if line.asset == self._id:
                        rows[row + number] = len(placed)
                        placed.append(Placed(line, self._terms(command, number)))
                row += len(command.lines)
        self._batches[batch.transaction] = (self._moment, rows)

    def _terms(self, command: PlaceOrders, row: int) -> str:
        requirements = command.requirements.get(row, ())
        return terms_words(requirements, command.energy_types.get(row, ""), lambda area: self._names.get(area, area))

    def _tell(self, command: SendForecasts | SendMeasurements) -> None:
        if self._id not in command.assets or self._moment is None:
            return
        what = "forecast" if isinstance(command, SendForecasts) else "measured"
        energies = command.energy_kwh[command.assets.index(self._id)].tolist()
        for slot, energy in zip(command.slots, energies, strict=True):
            if not math.isnan(energy):
                self._add(slot, Told(self._moment, what, energy))

    def _answered(self, answer: Answered) -> None:
        moment, rows = self._batches.pop(answer.transaction, (None, {}))
        if moment is None:
            return
        for row, number in rows.items():
            taken = row < len(answer.accepted) and bool(answer.accepted[row])
            said = "accepted" if taken else f"refused: {answer.order_errors.get(row, 'no reason was given')}"
            placed = self._placed[moment]
            placed[number] = attrs.evolve(placed[number], answer="dry run, not sent" if answer.is_dry_run else said)

    def _reasoned(self, reasoned: Reasoned) -> None:
        moment = (reasoned.slot, reasoned.progress)
        placed = self._placed.pop(moment, [])
        for row in reasoned.reasons:
            if row.asset == self._id:
                orders = tuple(one for one in placed if (one.line.side, one.line.slot) == (row.side, row.slot))
                self._add(row.slot, Decision(moment, row, orders, self._failures.get(row.plugin, "")))

    def _traded(self, event: Traded) -> None:
        for trade in event.trades:
            if self._id in {trade.buyer, trade.seller}:
                is_buyer = trade.buyer == self._id
                partner = trade.seller if is_buyer else trade.buyer
                moment = self._moment or (trade.slot, 0.0)
                self._add(trade.slot, Dealt(moment, trade, is_buyer, self._names.get(partner, partner)))

    def _add(self, slot: pendulum.DateTime, entry: Entry) -> None:
        self.slots.setdefault(slot, SlotStory(slot)).entries.append(entry)


def _needs(asset: Asset) -> tuple[float, float]:
    """Return what an asset can buy and sell, kWh; a storage with what is in its open orders."""
    if asset.kind != STORAGE:
        return asset.energy_requirement_kwh, asset.available_energy_kwh
    return (
        _sum(asset.energy_to_buy_kwh, asset.energy_active_in_bids_kwh),
        _sum(asset.energy_to_sell_kwh, asset.energy_active_in_offers_kwh),
    )


def _sum(free: float, active: float) -> float:
    return free if math.isnan(active) else free + active
