"""An aggregator's desk: what it sees, and the commands that it gives."""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Bools, Ints
from gridhook.commands import (
    AskMarketStats,
    Batch,
    ClaimAreas,
    PlaceOrders,
    SendForecasts,
    SendMeasurements,
    SetGridFees,
    WithdrawOrders,
)
from gridhook.events import Answered, Refused
from gridhook.lots import BID, OFFER, SIDES
from gridhook.market import Throughput
from gridhook_exchange.market.book import Terms
from gridhook_exchange.market.fees import MOST_PERCENT
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.slotmarket import Lines
from gridhook_exchange.registry import Registry
from gridhook_exchange.view import View

__all__ = ["Desk"]

_NOT_OPERATED = "this aggregator does not operate the market"


class Desk:
    """One aggregator's side of a simulation; ``view`` is what it sees.

    :param simulation: the simulation.
    :param registry: its markets and assets as clients see them.
    """

    def __init__(self, simulation: Simulation, registry: Registry) -> None:
        self.view = View(simulation, registry)
        self._simulation = simulation
        community = simulation.community
        # Nobody can have the market maker, the last of the assets.
        self._asset_of = {area: asset for asset, area in enumerate(community.asset_ids[: community.market_maker])}
        self._market_of = community.market_numbers
        self._operated: set[int] = set()

    def execute(self, batch: Batch) -> Answered:
        """Execute a batch at the end of the running tick; every command is answered."""
        accepted: Bools = np.empty(0, dtype=np.bool_)
        errors: dict[int, str] = {}
        refused: list[Refused] = []
        throughput: dict[str, Throughput] = {}
        forecasts = 0
        for command in batch.commands:
            match command:
                case ClaimAreas():
                    refused += self._claim(command)
                case SendForecasts():
                    taken, wrong = self._meter("forecast", command)
                    forecasts += taken
                    refused += wrong
                case SendMeasurements():
                    refused += self._meter("measurement", command)[1]
                case WithdrawOrders():
                    refused += self._withdraw(command)
                case PlaceOrders():
                    accepted, errors = self._place(command)
                case AskMarketStats():
                    throughput, wrong = self._tell_stats(command)
                    refused += wrong
                case SetGridFees():
                    refused += self._set_fees(command)
        return Answered(batch.transaction, accepted, errors, tuple(refused), forecasts, throughput=throughput)

    def _claim(self, command: ClaimAreas) -> list[Refused]:
        unknown = [area for area in command.ids if area not in self._asset_of and area not in self._market_of]
        assets = {self._asset_of[area] for area in command.ids if area in self._asset_of}
        self.view.show(np.array(sorted(assets), dtype=np.int64))
        self._operated = {self._market_of[area] for area in command.ids if area in self._market_of}
        self._simulation.is_controlled[:] = False
        self._simulation.is_controlled[self.view.assets] = True
        return [Refused("claim", area, "no area that an aggregator can have") for area in unknown]

    def _meter(self, what: str, command: SendForecasts | SendMeasurements) -> tuple[int, list[Refused]]:
        take = self._simulation.forecast if what == "forecast" else self._simulation.measure
        slots = [self._simulation.community.slot_number(slot) for slot in command.slots]
        taken = 0
        refused = []
        for row, area in enumerate(command.assets):
            asset = self._own(area)
            for column, slot in enumerate(slots):
                energy = float(command.energy_kwh[row, column])
                if np.isnan(energy):
                    continue
                reason = self._unmetered(asset, energy, slot) or take(asset, slot, energy)  # type: ignore[arg-type]
                if reason is None:
                    taken += 1
                else:
                    refused.append(Refused(what, area, f"{reason} ({command.slots[column].isoformat()})"))
        return taken, refused

    def _unmetered(self, asset: int | None, energy: float, slot: int | None) -> str | None:
        if asset is None:
            return "this aggregator does not own the asset"
        if not self._simulation.community.is_metered[asset]:
            return "only loads and PVs have forecasts and measurements"
        if slot is None:
            return "no slot starts then"
        if not (energy >= 0 and np.isfinite(energy)):
            return f"{energy:g} kWh is not an energy from 0 up"
        return None

    def _withdraw(self, command: WithdrawOrders) -> list[Refused]:
        refused = []
        for area, side, slot in zip(command.asset, command.side, command.slot, strict=True):
            number = self._simulation.community.slot_number(slot)
            market = None if number is None else self._simulation.market_of(number)
            asset = self._own(area)
            if market is None or asset is None or side not in SIDES:
                refused.append(Refused(f"delete {side}", area, "no open market for this asset, side and slot"))
            else:
                market.withdraw(np.array([2 * asset + (side == OFFER)]))
        return refused

    def _place(self, command: PlaceOrders) -> tuple[Bools, dict[int, str]]:
        lines = command.lines
        accepted = np.zeros(len(lines), dtype=np.bool_)
        errors: dict[int, str] = {}
        asset = np.array([-1 if (own := self._own(area)) is None else own for area in lines.asset], dtype=np.int64)
        slots = {slot: self._simulation.community.slot_number(slot) for slot in dict.fromkeys(lines.slot)}
        for row in np.flatnonzero(asset < 0).tolist():
            errors[row] = "this aggregator does not own the asset"
        for row, side in enumerate(lines.side):
            if side not in SIDES:
                errors[row] = f"the side {side!r} is neither {BID!r} nor {OFFER!r}"
                asset[row] = -1
        for slot, number in slots.items():
            rows = np.flatnonzero((lines.slot == slot) & (asset >= 0))
            market = None if number is None else self._simulation.market_of(number)
            if market is None:
                errors |= dict.fromkeys(rows.tolist(), f"no market is open for the slot {slot.isoformat()}")
                continue
            posted = self._simulation.post(market, self._lines(command, rows, asset))
            accepted[rows] = posted.taken
            errors |= {int(rows[row]): message for row, message in posted.errors.items()}
        return accepted, errors

    def _lines(self, command: PlaceOrders, rows: Ints, asset: Ints) -> Lines:
        lines = command.lines
        return Lines(
            2 * asset[rows] + (lines.side[rows] == OFFER),
            lines.rate[rows],
            lines.energy_kwh[rows],
            lines.replace[rows],
            {
                new: Terms.of(command.requirements[row])
                for new, row in enumerate(rows.tolist())
                if row in command.requirements
            },
            {new: command.energy_types[row] for new, row in enumerate(rows.tolist()) if row in command.energy_types},
        )

    def _tell_stats(self, command: AskMarketStats) -> tuple[dict[str, Throughput], list[Refused]]:
        last = self._simulation.last_statistics
        throughput: dict[str, Throughput] = {}
        refused = []
        for area in command.markets:
            market = self._market_of.get(area)
            if market is None or market not in self._operated:
                refused.append(Refused("dso_market_stats", area, _NOT_OPERATED))
            elif last is not None:
                throughput[area] = Throughput(float(last.import_kwh[market]), float(last.export_kwh[market]))
        return throughput, refused

    def _set_fees(self, command: SetGridFees) -> list[Refused]:
        refused = []
        for area, rate in zip(command.markets, command.rates.tolist(), strict=True):
            market = self._market_of.get(area)
            if np.isnan(rate):
                continue
            if market is None or market not in self._operated:
                refused.append(Refused("grid_fees", area, _NOT_OPERATED))
            elif not (rate >= 0 and np.isfinite(rate)):
                refused.append(Refused("grid_fees", area, f"{rate:g} is not a fee from 0 up"))
            elif rate > MOST_PERCENT and self._simulation.community.rules.fees == "percent":
                refused.append(Refused("grid_fees", area, f"{rate:g} percent is not a fee up to {MOST_PERCENT:g}"))
            else:
                self._simulation.next_fee[market] = rate
        return refused

    def _own(self, area: str) -> int | None:
        asset = self._asset_of.get(area)
        return asset if asset is not None and self._simulation.is_controlled[asset] else None
