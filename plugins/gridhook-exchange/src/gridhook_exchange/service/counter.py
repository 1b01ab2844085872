"""The counter: executes the commands of areas, and has an answer to each.

Commands of one area are executed in their order. Those of different areas do not touch each other, so that the first
commands of all areas are executed together, then the second ones, and so on: a batch of ten thousand bids is one post.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import attrs
import numpy as np
import pendulum

from gridhook.lots import OFFER
from gridhook.orders import Requirement
from gridhook.wire.answers import (
    SETTLEMENT_MARKET,
    SPOT_MARKET,
    Answer,
    AssetInfoAnswer,
    CommandFailed,
    EnergyTaken,
    ListedOrder,
    OrdersDeleted,
    OrdersListed,
    OrderTaken,
)
from gridhook.wire.commands import (
    AskAssetInfo,
    AskMarketStats,
    DeleteOrders,
    ListOrders,
    OrderCommand,
    SendEnergy,
    SetGridFee,
    WireCommand,
    command_name,
)
from gridhook.wire.times import format_slot
from gridhook.wire.values import describe
from gridhook_exchange.market.book import Terms
from gridhook_exchange.market.matching import TOLERANCE
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.slotmarket import Lines, SlotMarket
from gridhook_exchange.service.ids import Ids
from gridhook_exchange.service.operating import market_stats, set_fee
from gridhook_exchange.service.showing import listed_price, tick_moment, wire_order
from gridhook_exchange.view import View

__all__ = ["Counter", "Reading"]

_RATE_DIGITS = 8
# Far above all that makes sense, and far below what sums of costs could not hold.
_HIGHEST_RATE = 1e6
_MOST_KWH = 1e6
_TOO_DEAR = f"the rate is above {_HIGHEST_RATE:,.0f} cents/kWh"

Reading: TypeAlias = WireCommand | CommandFailed
"""A command as it was read: one that cannot be executed is its own answer."""


class _Asked(NamedTuple):
    """One command: whose, where among that area's commands, and what."""

    area: str
    number: int
    place: int


class Counter:
    """Executes commands on a simulation.

    :param simulation: the simulation.
    :param view: what answers about assets are taken from.
    :param ids: what orders are called.
    """

    def __init__(self, simulation: Simulation, view: View, ids: Ids) -> None:
        community = simulation.community
        self._simulation = simulation
        self._view = view
        self._ids = ids
        self._assets = {area: asset for asset, area in enumerate(community.asset_ids[: community.market_maker])}
        self._markets = community.market_numbers

    def execute(self, batch: Mapping[str, Sequence[Reading]]) -> dict[str, list[Answer]]:
        """Execute the commands of a batch by area; the answers have the same shape."""
        answers: dict[str, dict[int, Answer]] = {area: {} for area in batch}
        for place in range(max(map(len, batch.values()), default=0)):
            orders: list[tuple[_Asked, OrderCommand]] = []
            infos: list[_Asked] = []
            for area, commands in batch.items():
                if place >= len(commands):
                    continue
                command = commands[place]
                asked = _Asked(area, self._assets.get(area, -1), place)
                if isinstance(command, OrderCommand) and _is_dear(command):
                    answers[area][place] = CommandFailed(command.side, _TOO_DEAR, area)
                elif isinstance(command, OrderCommand) and asked.number >= 0:
                    orders.append((asked, command))
                elif isinstance(command, AskAssetInfo) and asked.number >= 0:
                    infos.append(asked)
                else:
                    answers[area][place] = self._execute(area, command)
            for asked, answer in (*self._post(orders), *self._inform(infos)):
                answers[asked.area][asked.place] = answer
        return {area: [its[place] for place in sorted(its)] for area, its in answers.items()}

    def _execute(self, area: str, command: Reading) -> Answer:
        if isinstance(command, CommandFailed):
            return command
        if area in self._markets:
            answer = self._execute_for_market(area, self._markets[area], command)
        else:
            answer = self._execute_for_asset(area, self._assets.get(area, -1), command)
        return answer or CommandFailed(command_name(command), f"Command type not supported for device {area}", area)

    def _execute_for_market(self, area: str, market: int, command: WireCommand) -> Answer | None:
        match command:
            case SetGridFee():
                return set_fee(self._simulation, area, market, command)
            case AskMarketStats():
                return market_stats(self._simulation, area, market)
        return None

    def _execute_for_asset(self, area: str, asset: int, command: WireCommand) -> Answer | None:
        match command:
            case DeleteOrders():
                return self._delete(area, asset, command)
            case ListOrders():
                return self._list(area, asset, command)
            case SendEnergy() if self._simulation.community.is_metered[asset]:
                return self._meter(area, asset, command)
        return None

    def _post(self, orders: Sequence[tuple[_Asked, OrderCommand]]) -> list[tuple[_Asked, Answer]]:
        answers: list[tuple[_Asked, Answer]] = []
        by_slot: dict[pendulum.DateTime | None, list[tuple[_Asked, OrderCommand]]] = {}
        for asked, command in orders:
            by_slot.setdefault(command.slot, []).append((asked, command))
        for slot, group in by_slot.items():
            market, problem = self._market(slot)
            if market is None:
                answers += [(asked, CommandFailed(command.side, problem, asked.area)) for asked, command in group]
            else:
                answers += self._post_in(market, group)
        return answers

    def _post_in(self, market: SlotMarket, group: Sequence[tuple[_Asked, OrderCommand]]) -> list[tuple[_Asked, Answer]]:
        commands = [command for _, command in group]
        energy = np.array([command.energy_kwh for command in commands])
        price = np.array([command.price_cents for command in commands])
        # Equal rates are equal whatever the energies are, so that their priority decides.
        rate = np.round(np.divide(price, energy, out=np.zeros_like(price), where=energy > TOLERANCE), _RATE_DIGITS)
        lines = Lines(
            np.array([2 * asked.number + (command.side == OFFER) for asked, command in group]),
            rate,
            energy,
            np.array([command.replace for command in commands]),
            {row: _terms(one.requirements) for row, one in enumerate(commands) if one.requirements},
            {row: one.energy_type for row, one in enumerate(commands) if one.energy_type},
        )
        posted = self._simulation.post(market, lines)
        kind = self._kind(market)
        answers: list[tuple[_Asked, Answer]] = []
        now, slot = (
            tick_moment(self._simulation, self._simulation.tick + 1),
            self._simulation.community.slot_start(market.slot),
        )
        for row, (asked, command) in enumerate(group):
            if posted.taken[row]:
                number = int(posted.ids[row])
                order = wire_order(
                    self._simulation, self._ids, market, lines, row, number, command.price_cents, now, slot
                )
                answers.append((asked, OrderTaken(asked.area, order, kind)))
            else:
                answers.append((asked, CommandFailed(command.side, posted.errors[row], asked.area, market_type=kind)))
        return answers

    def _market(self, slot: pendulum.DateTime | None) -> tuple[SlotMarket | None, str]:
        """Return the market of a slot in which orders can still trade, or why there is none."""
        simulation = self._simulation
        number = simulation.slot if slot is None else simulation.community.slot_number(slot)
        if number is None:
            return None, f"no slot starts at {format_slot(slot or simulation.community.start)}"
        market = simulation.market_of(number)
        if market is None:
            what = "late: the slot is over" if number < simulation.slot else "the slot has not begun"
            return None, f"{what}, and no market is open for it" + ("" if slot is None else f": {format_slot(slot)}")
        if number == simulation.slot and simulation.is_last_tick:
            return None, "late: this slot's orders have been matched for the last time"
        return market, ""

    def _kind(self, market: SlotMarket) -> str:
        return SPOT_MARKET if market is self._simulation.spot else SETTLEMENT_MARKET

    def _delete(self, area: str, asset: int, command: DeleteOrders) -> Answer:
        market, problem = self._market_of_side(area, asset, command)
        if market is None:
            return CommandFailed(command_name(command), problem, area)
        key = 2 * asset + (command.side == OFFER)
        if command.order_id is None:
            deleted = [self._ids.order(number) for number in market.withdraw(np.array([key])).tolist()]
            return OrdersDeleted(area, command.side, tuple(deleted))
        number = self._ids.order_number(command.order_id)
        if number is None or not market.withdraw_order(number, key):
            problem = f"the asset has no open {command.side} {describe(command.order_id)}"
            return CommandFailed(command_name(command), problem, area)
        return OrdersDeleted(area, command.side, (self._ids.order(number),))

    def _list(self, area: str, asset: int, command: ListOrders) -> Answer:
        market, problem = self._market_of_side(area, asset, command)
        if market is None:
            return CommandFailed(command_name(command), problem, area)
        orders = market.open_orders(np.array([2 * asset + (command.side == OFFER)]))
        listed = [
            ListedOrder(self._ids.order(number), listed_price(market, key, rate, energy), energy)
            for number, key, rate, energy in zip(
                orders.id.tolist(), orders.key.tolist(), orders.rate.tolist(), orders.energy_kwh.tolist(), strict=True
            )
        ]
        return OrdersListed(area, command.side, tuple(listed))

    def _market_of_side(
        self, area: str, asset: int, command: DeleteOrders | ListOrders
    ) -> tuple[SlotMarket | None, str]:
        """Return the market in which an asset can have orders of a side, or why there is none."""
        market, problem = self._market(command.slot)
        community = self._simulation.community
        never = community.is_load if command.side == OFFER else community.is_pv
        if market is self._simulation.spot and never[asset]:
            name = command_name(command).replace("_", " ").capitalize()
            return None, f"{name} command not supported on device {area}"
        return market, problem

    def _inform(self, asked: Sequence[_Asked]) -> list[tuple[_Asked, Answer]]:
        if not asked:
            return []
        assets = np.array([one.number for one in asked])
        states = self._view.states(assets)
        return [
            (one, AssetInfoAnswer(one.area, asset, deviations))
            for one, (asset, deviations) in zip(asked, states, strict=True)
        ]

    def _meter(self, area: str, asset: int, command: SendEnergy) -> Answer:
        simulation = self._simulation
        numbers = {slot: simulation.community.slot_number(slot) for slot in command.energy_kwh}
        problem = self._energy_problem(command, numbers)
        if problem is not None:
            return CommandFailed(command_name(command), problem, area)
        take = simulation.forecast if command.what == "forecast" else simulation.measure
        for slot, number in numbers.items():
            if number is not None:
                take(asset, number, command.energy_kwh[slot])
        return EnergyTaken(area, command.what, command.energy_kwh)

    def _energy_problem(self, command: SendEnergy, numbers: Mapping[pendulum.DateTime, int | None]) -> str | None:
        """Return why forecasts or measurements cannot take effect: all are refused if one cannot."""
        simulation = self._simulation
        of_slot = simulation.forecast_problem if command.what == "forecast" else simulation.measurement_problem
        problem: str | None
        for slot, number in numbers.items():
            if number is None:
                problem = "no slot starts then"
            elif command.energy_kwh[slot] > _MOST_KWH:
                problem = f"more than {_MOST_KWH:,.0f} kWh in a slot"
            else:
                problem = of_slot(number)
            if problem is not None:
                return f"{format_slot(slot)}: {problem}"
        # A client cannot know when the run ends: some slots may be beyond it, but not all.
        if all(number is not None and number >= simulation.community.slots for number in numbers.values()):
            return "the run ends before these slots" if numbers else "no slot is given"
        return None


def _is_dear(command: OrderCommand) -> bool:
    return command.energy_kwh > TOLERANCE and command.price_cents > _HIGHEST_RATE * command.energy_kwh


def _terms(requirements: tuple[Requirement, ...]) -> Terms:
    """Return terms whose rates are as even as those of orders."""
    return Terms.of(
        tuple(
            one if one.rate is None else attrs.evolve(one, rate=round(one.rate, _RATE_DIGITS)) for one in requirements
        )
    )
