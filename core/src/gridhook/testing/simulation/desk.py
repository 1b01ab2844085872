"""The desk: executes the aggregator's batches, and answers each."""

from __future__ import annotations

import numpy as np

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
from gridhook.grid import MARKET
from gridhook.market import Throughput
from gridhook.orders import Requirement
from gridhook.testing.simulation.exchange import SimulatedExchange
from gridhook.testing.simulation.matching import Deal
from gridhook.testing.simulation.statistics import throughput

__all__ = ["Desk", "Settled"]

Settled = tuple[int, Deal]
"""The number of an ended slot, and a trade of its settlement market."""

_NO_SLOT = -1
"""The number of a slot that is not simulated, such as those after the last."""

_NOT_OWNED = "this aggregator does not own the asset"


class Desk:
    """The aggregator's side of an exchange; ``settled`` are the settlement trades that its orders came to."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange
        community = exchange.community
        self._numbers = {community.tree.ids[area]: asset for asset, area in enumerate(community.area.tolist())}
        self._operated: set[str] = set()
        self.settled: list[Settled] = []

    def execute(self, batch: Batch) -> Answered:
        """Execute a batch; every command is answered."""
        accepted: list[bool] = []
        errors: dict[int, str] = {}
        refused: list[Refused] = []
        told: dict[str, Throughput] = {}
        forecasts = 0
        for command in batch.commands:
            match command:
                case ClaimAreas():
                    self._claim(command)
                case SendForecasts():
                    forecasts, wrong = self._forecast(command)
                    refused += wrong
                case SendMeasurements():
                    refused += self._measure(command)
                case WithdrawOrders():
                    refused += self._withdraw(command)
                case PlaceOrders():
                    errors = self._place(command)
                    accepted = [row not in errors for row in range(len(command.lines))]
                case AskMarketStats():
                    told = self._stats(command)
                case SetGridFees():
                    refused += self._set_fees(command)
        return Answered(batch.transaction, accepted, errors, tuple(refused), forecasts, throughput=told)

    def _claim(self, command: ClaimAreas) -> None:
        own = sorted(self._numbers[area] for area in command.ids if area in self._numbers)
        self._exchange.owned = np.array(own, dtype=np.int64)
        tree = self._exchange.community.tree
        self._operated = {area for area in command.ids if tree.kinds[tree.find(area)] == MARKET}

    def _withdraw(self, command: WithdrawOrders) -> list[Refused]:
        exchange, refused = self._exchange, []
        for area, side, slot in zip(command.asset, command.side, command.slot, strict=True):
            if area not in self._numbers:
                refused.append(Refused(f"delete {side}", area, _NOT_OWNED))
            elif exchange.community.numbers.get(slot) == exchange.slot:
                # Orders of ended slots trade at once or never: there is nothing to delete.
                exchange.spot.withdraw(self._numbers[area], side)
        return refused

    def _forecast(self, command: SendForecasts) -> tuple[int, list[Refused]]:
        exchange, taken = self._exchange, 0
        refused = []
        for asset, area, slot, kwh in self._energies(command):
            if slot <= exchange.slot and slot != _NO_SLOT:
                refused.append(Refused("forecast", area, "the slot has begun"))
            elif slot != _NO_SLOT:
                exchange.forecast[asset, slot] = kwh
                taken += 1
        return taken, refused

    def _measure(self, command: SendMeasurements) -> list[Refused]:
        exchange = self._exchange
        first = exchange.settling.open_slots(exchange.slot).start
        refused = []
        for asset, area, slot, kwh in self._energies(command):
            if first <= slot <= exchange.slot:
                exchange.settling.measure(asset, slot, kwh)
            else:
                refused.append(Refused("measurement", area, "the slot cannot be settled"))
        return refused

    def _energies(self, command: SendForecasts | SendMeasurements) -> list[tuple[int, str, int, float]]:
        """Return number and id of the asset, number of the slot and kWh of each value that there is."""
        numbers = self._exchange.community.numbers
        slots = [numbers.get(start, _NO_SLOT) for start in command.slots]
        return [
            (self._numbers[area], area, slot, float(kwh))
            for area, row in zip(command.assets, command.energy_kwh, strict=True)
            if area in self._numbers
            for slot, kwh in zip(slots, row, strict=True)
            if not np.isnan(kwh)
        ]

    def _place(self, command: PlaceOrders) -> dict[int, str]:
        errors = {}
        for row, line in enumerate(command.lines):
            terms, energy_type = command.requirements.get(row, ()), command.energy_types.get(row, "")
            if refusal := self._order(line, terms, energy_type):
                errors[row] = refusal
        return errors

    def _order(self, line: OrderLine, requirements: tuple[Requirement, ...], energy_type: str) -> str:
        exchange = self._exchange
        asset, slot = self._numbers.get(line.asset), exchange.community.numbers.get(line.slot, _NO_SLOT)
        if asset is None or asset not in exchange.owned:
            return _NOT_OWNED
        if slot == exchange.slot:
            if line.replace:
                exchange.spot.withdraw(asset, line.side)
            return exchange.spot.place(asset, line.side, line.rate, line.energy_kwh, requirements, energy_type)
        if slot not in exchange.settling.open_slots(exchange.slot):
            return "no market is open for the slot"
        refusal, deal = exchange.settle(asset, line.side, slot, line.rate, line.energy_kwh)
        if deal is not None:
            self.settled.append((slot, deal))
        return refusal

    def _stats(self, command: AskMarketStats) -> dict[str, Throughput]:
        exchange, tree = self._exchange, self._exchange.community.tree
        if exchange.slot == 0:
            return {}
        return {
            area: throughput(tree, exchange.places, exchange.last_deals, tree.find(area)) for area in command.markets
        }

    def _set_fees(self, command: SetGridFees) -> list[Refused]:
        exchange, tree = self._exchange, self._exchange.community.tree
        refused = []
        for area, fee in zip(command.markets, command.rates.tolist(), strict=True):
            if area not in self._operated:
                refused.append(Refused("fee", area, "this aggregator does not operate the market"))
            elif not np.isnan(fee):
                exchange.next_fees[tree.find(area)] = fee
        return refused
