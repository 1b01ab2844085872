"""Replaying: what the agent decides today about the events of a record. Pure, as far as the plugins are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import attrs
import numpy as np
import pendulum

from gridhook.agent import AgentSettings, initial_state, step
from gridhook.arrays import Bools
from gridhook.assets import Assets
from gridhook.commands import Batch, Notify, PlaceOrders
from gridhook.deciding import Decide, DecideElsewhere
from gridhook.events import Answered, ExchangeEvent, Notice
from gridhook.orders import Energies as EnergyColumns
from gridhook.records.lines import Energies, Heard, Line, Noticed, Sent
from gridhook.witness import EnergyHook

__all__ = ["Decided", "Replay", "Turn", "turns"]

OrderKey: TypeAlias = tuple[str, str, pendulum.DateTime]


@attrs.frozen(eq=False)
class Decided:
    """What the agent said after one event."""

    notices: tuple[Notice, ...] = ()
    batches: tuple[Batch, ...] = ()


@attrs.frozen(eq=False)
class Turn:
    """One event of a record, and what followed from it."""

    event: ExchangeEvent
    energies: tuple[Energies, ...]
    decided: Decided


def turns(lines: Iterable[Line]) -> Iterator[Turn]:
    """Return the events of one session, each with what followed."""
    event: ExchangeEvent | None = None
    energies: list[Energies] = []
    notices: list[Notice] = []
    batches: list[Batch] = []
    for line in lines:
        match line:
            case Heard():
                if event is not None:
                    yield Turn(event, tuple(energies), Decided(tuple(notices), tuple(batches)))
                event, energies, notices, batches = line.event, [], [], []
            case Energies():
                energies.append(line)
            case Noticed():
                notices.append(line.notice)
            case Sent():
                batches.append(line.batch)
            case _:
                pass
    if event is not None:
        yield Turn(event, tuple(energies), Decided(tuple(notices), tuple(batches)))


class Replay:
    """Runs the agent over one session of a record.

    Forecasts and measurements are those of the record. The exchange answers as it did then; an order that was not sent
    then is taken as accepted.
    """

    def __init__(self, decide: Decide, settings: AgentSettings) -> None:
        self._recorded = _RecordedEnergies(decide)
        self._state = initial_state(settings)
        self._batches: dict[int, tuple[Batch, Batch]] = {}
        """Per transaction of the record: what was sent then, and what would be now."""

    def decide(self, turn: Turn) -> Decided:
        """Return what the agent says after an event of the record."""
        self._recorded.know(turn.energies)
        event = turn.event
        if isinstance(event, Answered):
            answer = self._translated(event)
            if answer is None:
                return Decided()
            event = answer
        decided = self._step(event)
        return self._answered(decided, turn.decided)

    def _step(self, event: ExchangeEvent) -> Decided:
        self._state, commands = step(self._state, event, self._recorded)
        notices = tuple(command.notice for command in commands if isinstance(command, Notify))
        return Decided(notices, tuple(command for command in commands if isinstance(command, Batch)))

    def _answered(self, decided: Decided, then: Decided) -> Decided:
        """Have batches that have no counterpart in the record answered at once."""
        notices = list(decided.notices)
        self._batches |= {old.transaction: (old, new) for old, new in zip(then.batches, decided.batches, strict=False)}
        for batch in decided.batches[len(then.batches) :]:
            rows = sum(len(lines.lines) for lines in _placed(batch))
            notices += self._step(Answered(batch.transaction, np.ones(rows, dtype=np.bool_), {})).notices
        return attrs.evolve(decided, notices=tuple(notices))

    def _translated(self, answer: Answered) -> Answered | None:
        """Return an answer of the record as one to the batch that would have been sent; None if there is none."""
        if answer.transaction not in self._batches:
            return None
        then, now = self._batches.pop(answer.transaction)
        keys_then, keys_now = _order_keys(then), _order_keys(now)
        if keys_then == keys_now:
            return attrs.evolve(answer, transaction=now.transaction)
        rows: dict[OrderKey, int] = {key: row for row, key in enumerate(keys_then) if row < len(answer.accepted)}
        accepted: Bools = np.array([bool(answer.accepted[rows[key]]) if key in rows else True for key in keys_now])
        if answer.is_dry_run:
            accepted = np.zeros(len(keys_now), dtype=np.bool_)
        errors = {
            row: answer.order_errors[rows[key]]
            for row, key in enumerate(keys_now)
            if rows.get(key) in answer.order_errors
        }
        return attrs.evolve(answer, transaction=now.transaction, accepted=accepted, order_errors=errors)


class _RecordedEnergies(DecideElsewhere):
    """Answers with the forecasts and measurements of a record."""

    def __init__(self, decide: Decide) -> None:
        super().__init__(decide)
        self._energies: list[Energies] = []

    def know(self, energies: Sequence[Energies]) -> None:
        """Take over what was forecast and measured after the next event."""
        self._energies = list(energies)

    def forecast_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> EnergyColumns:
        """Return what was forecast then."""
        return self._answer("forecast_energy", assets, slots)

    def measure_energy(self, assets: Assets, slots: Sequence[pendulum.DateTime]) -> EnergyColumns:
        """Return what was measured then."""
        return self._answer("measure_energy", assets, slots)

    def _answer(self, hook: EnergyHook, assets: Assets, slots: Sequence[pendulum.DateTime]) -> EnergyColumns:
        energies = np.full((len(assets), len(slots)), np.nan)
        for recorded in [one for one in self._energies if one.hook == hook]:
            rows = {asset: row for row, asset in enumerate(recorded.assets)}
            columns = {slot: column for column, slot in enumerate(recorded.slots)}
            for row, asset in enumerate(assets.id.tolist()):
                for column, slot in enumerate(slots):
                    if asset in rows and slot in columns:
                        energies[row, column] = recorded.energy_kwh[rows[asset], columns[slot]]
        return energies


def _placed(batch: Batch) -> list[PlaceOrders]:
    return [command for command in batch.commands if isinstance(command, PlaceOrders)]


def _order_keys(batch: Batch) -> list[OrderKey]:
    return [(line.asset, line.side, line.slot) for placed in _placed(batch) for line in placed.lines]
