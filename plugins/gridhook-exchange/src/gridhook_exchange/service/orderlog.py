"""The order log: what clients posted, and what became of it, as rows of ``orders.csv``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from gridhook.lots import SIDES
from gridhook.results import OrderRow, requirements_text
from gridhook.wire.answers import SPOT_MARKET, Answer, CommandFailed, EnergyTaken, OrderTaken
from gridhook.wire.commands import OrderCommand, WireCommand
from gridhook.wire.errors import WireError
from gridhook.wire.values import describe
from gridhook_exchange.market.matching import TOLERANCE
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.registry import Registry

__all__ = ["Asked", "OrderLog"]

Asked = WireCommand | WireError | CommandFailed
"""A command as a client gave it, or why it could not be read."""

# An order may name any number of partners; the log keeps no more of each than this many characters.
_LONGEST = 4000


class OrderLog:
    """Keeps a row per order, and counts what was taken.

    ``rows``
        in the order in which they were answered.
    ``spot_orders``, ``settlement_orders``, ``orders_with_requirements``, ``forecasts``
        numbers of those that were taken.
    """

    def __init__(self, simulation: Simulation, registry: Registry) -> None:
        self.rows: list[OrderRow] = []
        self.spot_orders = 0
        self.settlement_orders = 0
        self.orders_with_requirements = 0
        self.forecasts = 0
        self._simulation = simulation
        self._paths = dict(zip(registry.tree.ids, registry.tree.paths, strict=True))

    def note(self, asked: Mapping[str, Sequence[Asked]], answers: Mapping[str, Sequence[Answer]]) -> None:
        """Take note of commands by area, and of the answers to them."""
        slot, progress = self._now()
        for area, command, answer in _pairs(asked, answers):
            if isinstance(answer, EnergyTaken) and answer.what == "forecast":
                self.forecasts += len(answer.energy_kwh)
            side = command.side if isinstance(command, OrderCommand) else getattr(command, "command", "")
            if side not in SIDES:
                continue
            row = OrderRow(slot, progress, slot, self._path(area), side, math.nan, math.nan, "", "refused", "")
            if isinstance(command, OrderCommand):
                row = _described(row, command)
            if isinstance(answer, OrderTaken):
                row = row._replace(status="accepted")
                self._count(answer, row)
            elif isinstance(answer, CommandFailed):
                row = row._replace(reason=answer.message)
            self.rows.append(row)

    def _now(self) -> tuple[str, float]:
        """Return the running slot, and which share of it has passed; before the first one there is neither."""
        simulation = self._simulation
        community = simulation.community
        if simulation.slot < 0:
            return "", 0.0
        ticks = community.rules.ticks_per_slot
        return community.slot_start(simulation.slot).isoformat(), max(simulation.tick, 0) % ticks / ticks

    def _path(self, area: str) -> str:
        return self._paths.get(area) or describe(area)

    def _count(self, answer: OrderTaken, row: OrderRow) -> None:
        if answer.market_type == SPOT_MARKET:
            self.spot_orders += 1
        else:
            self.settlement_orders += 1
        self.orders_with_requirements += bool(row.requirements)


def _pairs(
    asked: Mapping[str, Sequence[Asked]], answers: Mapping[str, Sequence[Answer]]
) -> Iterator[tuple[str, Asked, Answer]]:
    for area, commands in asked.items():
        for command, answer in zip(commands, answers[area], strict=True):
            yield area, command, answer


def _described(row: OrderRow, command: OrderCommand) -> OrderRow:
    energy, requirements = command.energy_kwh, requirements_text(command.requirements)
    if len(requirements) > _LONGEST:
        requirements = f'"{len(command.requirements)} sets of conditions, which are too long to be kept"'
    return row._replace(
        slot=row.slot if command.slot is None else command.slot.isoformat(),
        rate=round(command.price_cents / energy, 8) if energy > TOLERANCE else math.nan,
        energy_kWh=energy,
        requirements=requirements,
    )
