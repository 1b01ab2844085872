"""Differences: where two sets of decisions about the same event say something else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import attrs
import pendulum

from gridhook.commands import (
    ClaimAreas,
    ExchangeCommand,
    PlaceOrders,
    SendForecasts,
    SendMeasurements,
    SetGridFees,
    WithdrawOrders,
)
from gridhook.events import Reasoned, SlotOpened, Ticked
from gridhook.reasons import Reason
from gridhook.records.replaying import Decided, Turn
from gridhook.records.words import terms_words

__all__ = ["Comparison", "Difference", "Moment", "Topic"]

Moment: TypeAlias = tuple[pendulum.DateTime, float]

_Said: TypeAlias = tuple[float | str, ...]
_Reasons: TypeAlias = "Mapping[Topic, str]"

_TOLERANCE = 1e-9


@attrs.frozen
class Topic:
    """What a decision is about: an asset's side and slot, a market's fee, the areas that are claimed.

    ``what``
        ``order``, ``reason``, ``claim``, ``forecast``, ``measurement`` or ``grid fee``.
    ``area``
        id; empty for claims.
    """

    what: str
    area: str = ""
    side: str = ""
    slot: pendulum.DateTime | None = None


@attrs.frozen
class Difference:
    """A decision that is another one now, in words; ``none`` where there was none.

    ``moment``
        slot and progress of the market event that it was made after; None: before the first.
    """

    moment: Moment | None
    topic: Topic
    then: str
    now: str


class Comparison:
    """Compares decisions event by event.

    A reason is only told where the orders are the same. It may come later now than then, or earlier: with the answer to
    a batch, where there is one.

    :param name_of: returns an area's name by its id.
    """

    def __init__(self, name_of: Callable[[str], str] = str) -> None:
        self._name_of = name_of
        self._moment: Moment | None = None
        self._changed: dict[Moment | None, set[Topic]] = {}
        self._reasons: tuple[dict[Moment, _Reasons], dict[Moment, _Reasons]] = ({}, {})

    def compare(self, turn: Turn, now: Decided) -> Iterator[Difference]:
        """Return what is decided differently after an event."""
        if isinstance(turn.event, SlotOpened | Ticked):
            self._moment = (turn.event.slot, turn.event.progress)
        old, new = self._said(turn.decided), self._said(now)
        for topic in dict.fromkeys((*old, *new)):
            if not _is_same(old.get(topic), new.get(topic)):
                self._changed.setdefault(self._moment, set()).add(attrs.evolve(topic, what="reason"))
                yield Difference(self._moment, topic, _text(old.get(topic)), _text(new.get(topic)))
        for known, decided in zip(self._reasons, (turn.decided, now), strict=True):
            for notice in decided.notices:
                if isinstance(notice, Reasoned):
                    known[notice.slot, notice.progress] = _reasons(notice)
        for moment in [its for its in self._reasons[0] if its in self._reasons[1]]:
            yield from self._compare_reasons(moment)

    def finish(self) -> Iterator[Difference]:
        """Return what is left over at the end of a session."""
        for moment in sorted({*self._reasons[0], *self._reasons[1]}):
            yield from self._compare_reasons(moment)

    def _said(self, decided: Decided) -> dict[Topic, _Said]:
        said: dict[Topic, _Said] = {}
        for command in (command for batch in decided.batches for command in batch.commands):
            its = self._orders(command) if isinstance(command, PlaceOrders) else self._areas_and_energies(command)
            for topic, value in its:
                said[topic] = (*said.get(topic, ()), *value)
        return said

    def _orders(self, command: PlaceOrders) -> Iterator[tuple[Topic, _Said]]:
        for row, line in enumerate(command.lines):
            terms = terms_words(command.requirements.get(row, ()), command.energy_types.get(row, ""), self._name_of)
            order: _Said = (line.energy_kwh, "kWh at", line.rate, "cents/kWh")
            yield Topic("order", line.asset, line.side, line.slot), (*order, f"({terms})") if terms else order

    def _areas_and_energies(self, command: ExchangeCommand) -> Iterator[tuple[Topic, _Said]]:
        match command:
            case ClaimAreas():
                yield Topic("claim"), tuple(sorted((*map(self._name_of, command.ids), *command.names)))
            case WithdrawOrders():
                for area, side, slot in zip(command.asset, command.side, command.slot, strict=True):
                    yield Topic("order", area, side, slot), ("withdrawn",)
            case SetGridFees():
                for market, rate in zip(command.markets, command.rates.tolist(), strict=True):
                    yield Topic("grid fee", market), (rate, "cents/kWh")
            case SendForecasts() | SendMeasurements():
                yield from _energies(command)
            case _:
                pass

    def _compare_reasons(self, moment: Moment) -> Iterator[Difference]:
        then, now = (known.pop(moment, {}) for known in self._reasons)
        changed = self._changed.pop(moment, ())
        for topic in dict.fromkeys((*then, *now)):
            before, after = then.get(topic, "none"), now.get(topic, "none")
            if before != after and topic not in changed:
                yield Difference(moment, topic, before, after)


def _energies(command: SendForecasts | SendMeasurements) -> Iterator[tuple[Topic, _Said]]:
    what = "forecast" if isinstance(command, SendForecasts) else "measurement"
    for area, energies in zip(command.assets, command.energy_kwh.tolist(), strict=True):
        for slot, energy in zip(command.slots, energies, strict=True):
            if not math.isnan(energy):
                yield Topic(what, area, "", slot), (energy, "kWh")


def _reasons(reasoned: Reasoned) -> _Reasons:
    return {
        Topic("reason", row.asset, row.side, row.slot): Reason(row.reason).label
        + (f" ({row.plugin})" if row.plugin else "")
        for row in reasoned.reasons
    }


def _is_same(then: _Said | None, now: _Said | None) -> bool:
    if then is None or now is None or len(then) != len(now):
        return then is now
    return all(
        math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE) or (math.isnan(one) and math.isnan(other))
        if isinstance(one, float) and isinstance(other, float)
        else one == other
        for one, other in zip(then, now, strict=True)
    )


def _text(value: _Said | None) -> str:
    if value is None:
        return "none"
    return " ".join(f"{one:.6g}" if isinstance(one, float) else str(one) for one in value)
