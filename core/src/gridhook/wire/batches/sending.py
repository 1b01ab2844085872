"""Batches as the client sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import attrs
import numpy as np
import pendulum

from gridhook.arrays import Floats
from gridhook.commands import (
    AskMarketStats,
    Batch,
    ClaimAreas,
    OrderLine,
    PlaceOrders,
    SendForecasts,
    SendMeasurements,
    SetGridFees,
    WithdrawOrders,
)
from gridhook.events import Answered, Refused
from gridhook.lots import BID, DUST_KWH
from gridhook.market import Throughput
from gridhook.orders import Requirement
from gridhook.wire.answers import failure_message
from gridhook.wire.commands import AskMarketStats as AskStats
from gridhook.wire.commands import (
    DeleteOrders,
    EnergyKind,
    SendEnergy,
    SetGridFee,
    WireCommand,
    command_name,
    write_command,
    write_order_command,
)
from gridhook.wire.errors import WireError
from gridhook.wire.stats import read_throughput
from gridhook.wire.times import format_slot
from gridhook.wire.values import describe, read_list, read_object, required

__all__ = ["Origin", "SentBatch", "read_batch_answer", "write_batch"]

_TOO_LATE = "late: its settlement market may close before the order is there"


class Origin(NamedTuple):
    """Where a command of a batch comes from.

    ``row``
        of the orders of the batch; -1 for other commands.
    ``forecasts``
        how many (asset, slot) forecasts it carries.
    """

    command: str
    row: int = -1
    forecasts: int = 0


@attrs.frozen(eq=False)
class SentBatch:
    """A batch as it goes out, and what its answer is read with.

    ``message``
        JSON: ``aggregator_uuid`` and ``batch_commands``. Who sends it adds the ``transaction_id``, and for Redis the
        ``type``.
    ``origins``
        by area, per command where it comes from.
    ``transaction``
        number of the batch in its session.
    ``orders``
        how many orders the batch has, those that are not sent included.
    ``kept``
        per order that is not sent, why.
    """

    message: dict[str, Any]
    origins: Mapping[str, Sequence[Origin]]
    transaction: int
    orders: int
    kept: Mapping[int, str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send; then no answer would come."""
        return not self.origins


def write_batch(
    batch: Batch,
    aggregator: str,
    slot: pendulum.DateTime,
    closing: AbstractSet[pendulum.DateTime] = frozenset(),
) -> SentBatch:
    """Return a batch as JSON: by area its commands, in the batch's order.

    Orders for the running slot carry no time. Orders that an exchange could only refuse, or that could harm it, stay
    here: with an energy of at most 2e-5 kWh, with a rate, energy or price that is not finite, or with a rate below 0.
    What areas to claim is told in other ways, so ``ClaimAreas`` is passed over.

    :param aggregator: id of the aggregator.
    :param slot: the running slot.
    :param closing: slots whose markets may close before orders are there; theirs stay here, too.
    """
    sending = _Sending(slot, closing)
    for command in batch.commands:
        match command:
            case PlaceOrders():
                sending.place(command)
            case WithdrawOrders():
                sending.withdraw(command)
            case SendForecasts():
                sending.send("forecast", command)
            case SendMeasurements():
                sending.send("measurement", command)
            case AskMarketStats():
                sending.ask_stats(command)
            case SetGridFees():
                sending.set_fees(command)
            case ClaimAreas():
                pass
    message: dict[str, object] = {"aggregator_uuid": aggregator, "batch_commands": sending.commands}
    return SentBatch(message, sending.origins, batch.transaction, sending.orders, sending.kept)


def read_batch_answer(value: object, sent: SentBatch) -> Answered:
    """Return the answer to a batch.

    A command to which there is no answer counts as refused, since an exchange passes silently over commands for
    areas that it does not know or that nobody controls.

    :raises WireError: the message has no ``responses``, or they are not by area and in a list.
    """
    message = read_object(value, "")
    responses = read_object(required(message, "responses"), "responses")
    accepted = np.zeros(sent.orders, dtype=np.bool_)
    errors = dict(sent.kept)
    refused: list[Refused] = []
    throughput: dict[str, Throughput] = {}
    forecasts = 0
    for area, origins in sent.origins.items():
        answers = read_list(responses.get(area, ()), f"responses.{area}")
        for number, origin in enumerate(origins):
            problem = _problem(answers[number]) if number < len(answers) else "the exchange gives no answer"
            if problem is None and origin.command == "dso_market_stats":
                problem = _read_stats(answers[number], area, throughput)
            if problem is None:
                forecasts += origin.forecasts
                if origin.row >= 0:
                    accepted[origin.row] = True
            elif origin.row >= 0:
                errors[origin.row] = problem
            else:
                refused.append(Refused(origin.command, area, problem))
    return Answered(sent.transaction, accepted, errors, tuple(refused), forecasts, throughput=throughput)


def _problem(answer: object) -> str | None:
    """Return why a command was refused; None if it was not."""
    if not isinstance(answer, dict):
        return f"the exchange answers with {describe(answer)}"
    return None if answer.get("status") == "ready" else failure_message(answer)


def _read_stats(answer: object, area: str, throughput: dict[str, Throughput]) -> str | None:
    """Take note of what an answer tells of a market; return what is wrong with it, None for nothing."""
    try:
        told = read_throughput(read_object(answer, "").get("market_stats") or {})
    except WireError as error:
        return str(error)
    if told is not None:
        throughput[area] = told
    return None


class _Sending:
    """The commands of a batch so far, by area."""

    def __init__(self, slot: pendulum.DateTime, closing: AbstractSet[pendulum.DateTime]) -> None:
        self.commands: dict[str, list[dict[str, object]]] = {}
        self.origins: dict[str, list[Origin]] = {}
        self.orders = 0
        self.kept: dict[int, str] = {}
        self._slot = slot
        self._closing = closing

    def place(self, command: PlaceOrders) -> None:
        lines = command.lines
        first, self.orders = self.orders, self.orders + len(lines)
        kept = _kept(lines.rate, lines.energy_kwh)
        if self._closing:
            kept |= {row: _TOO_LATE for row, moment in enumerate(lines.slot.tolist()) if moment in self._closing}
        self.kept |= {first + row: why for row, why in kept.items()}
        prices = _prices(lines.rate, lines.energy_kwh).tolist()
        for row, (line, price) in enumerate(zip(lines, prices, strict=True)):
            if row in kept:
                continue
            value = write_order_command(
                line.side,
                line.energy_kwh,
                price,
                line.replace,
                # Mostly it is the same object; comparing times takes longer.
                None if line.slot is self._slot or line.slot == self._slot else format_slot(line.slot),
                _in_full(command.requirements.get(row, ()), line),
                command.energy_types.get(row, ""),
            )
            self._add(line.asset, value, Origin(line.side, first + row))

    def withdraw(self, command: WithdrawOrders) -> None:
        for area, side, slot in zip(command.asset, command.side, command.slot, strict=True):
            if slot not in self._closing:
                self._write(area, DeleteOrders(side, slot=None if slot == self._slot else slot))

    def send(self, what: EnergyKind, command: SendForecasts | SendMeasurements) -> None:
        for area, energies in zip(command.assets, command.energy_kwh.tolist(), strict=True):
            told = {
                slot: energy
                for slot, energy in zip(command.slots, energies, strict=True)
                if energy == energy  # noqa: PLR0124
            }
            if told:
                self._write(area, SendEnergy(what, told), len(told) if what == "forecast" else 0)

    def ask_stats(self, command: AskMarketStats) -> None:
        for area in command.markets:
            self._write(area, AskStats())

    def set_fees(self, command: SetGridFees) -> None:
        for area, fee in zip(command.markets, command.rates.tolist(), strict=True):
            if fee == fee:  # noqa: PLR0124
                self._write(area, SetGridFee(constant=fee))

    def _write(self, area: str, command: WireCommand, forecasts: int = 0) -> None:
        self._add(area, write_command(command), Origin(command_name(command), forecasts=forecasts))

    def _add(self, area: str, value: dict[str, object], origin: Origin) -> None:
        self.commands.setdefault(area, []).append(value)
        self.origins.setdefault(area, []).append(origin)


def _in_full(requirements: tuple[Requirement, ...], line: OrderLine) -> tuple[Requirement, ...]:
    """Return a bid's requirements with their energy and rate said, as the SDK's template does (PROTOCOL.md 9.5).

    Those of an offer stay as they are: the original knows no energy and no price in them (PROTOCOL.md 6.5).
    """
    if not requirements or line.side != BID:
        return requirements
    return tuple(
        attrs.evolve(
            one,
            energy_kwh=line.energy_kwh if one.energy_kwh is None else one.energy_kwh,
            rate=line.rate if one.rate is None else one.rate,
        )
        for one in requirements
    )


def _prices(rate: Floats, energy_kwh: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return rate * energy_kwh


def _kept(rate: Floats, energy_kwh: Floats) -> dict[int, str]:
    """Return which orders are not to be sent, and why."""
    wrong = ~np.isfinite(rate) | (rate < 0) | ~np.isfinite(energy_kwh) | ~np.isfinite(_prices(rate, energy_kwh))
    dust = ~wrong & (energy_kwh <= DUST_KWH)
    kept = dict.fromkeys(np.flatnonzero(wrong).tolist(), "its rate, energy or price is no number from 0 up")
    kept |= dict.fromkeys(np.flatnonzero(dust).tolist(), f"its energy is not more than {DUST_KWH:g} kWh")
    return kept
