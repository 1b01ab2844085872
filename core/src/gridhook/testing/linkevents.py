"""Tests of a link: what it says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pendulum
from numpy.typing import NDArray

from gridhook.assets import ASSET_KINDS
from gridhook.commands import ClaimAreas, PlaceOrders, WithdrawOrders
from gridhook.events import Answered, Capability, Connected, ExchangeEvent, Finished, SlotOpened, Ticked, Traded
from gridhook.grid import MARKET, MARKET_MAKER, OTHER, Grid
from gridhook.lots import BID, OFFER
from gridhook.testing.driving import skip
from gridhook.testing.linkcase import LinkCase
from gridhook.testing.orderbook import OrderBook
from gridhook.testing.tradedday import HELD_FROM, TradedDay
from gridhook.trades import SETTLEMENT, SPOT

__all__ = ["EventTests"]

_KINDS = {*ASSET_KINDS, MARKET, MARKET_MAKER, OTHER}
_MOST_KWH = 1e-6
"""What rounding may leave of an energy."""


class EventTests(LinkCase):
    """What a session is told in a day."""

    def test_the_first_event_tells_the_registry_and_what_becomes_of_requirements(self) -> None:
        first = self.day().events[0]
        assert isinstance(first, Connected), f"the first event is {first!r}"
        known = get_args(Capability)
        assert first.requirements in known, f"requirements are one of {known}, not {first.requirements!r}"
        assert first.held <= set(first.tree.ids) or not first.lists_areas, "areas are held that are not in the tree"
        assert len(first.tree) or not first.lists_areas, "an exchange without areas does not list any: lists_areas"

    def test_areas_that_are_known_beforehand_are_those_of_the_first_event(self) -> None:
        known = self.exchange().known_areas(self.request())
        first = self.day().events[0]
        assert isinstance(first, Connected)
        if known is not None:
            for column in ("ids", "paths", "kinds"):
                assert getattr(known, column) == getattr(first.tree, column), f"known_areas has other {column}"

    def test_what_is_claimed_is_owned(self) -> None:
        for event in self.day().market:
            assert len(event.grid.assets), f"{event.slot}, {event.progress:g}: nothing is owned"
            missing = {*self.names} - _known_as(event.grid)
            assert not missing, f"{event.slot}, {event.progress:g}: not owned: {missing}"
            unclaimed = self._claimed(event.grid) - {*event.grid.assets.id.tolist()}
            assert not unclaimed, f"{event.slot}, {event.progress:g}: claimed and not owned: {unclaimed}"

    def test_slots_follow_each_other_and_each_is_opened_before_it_ticks(self) -> None:
        market = self.day().market
        assert market, "there was no market event"
        for event in market:
            _assert_slot(event)
        _assert_new(market[0])
        for before, event in pairwise(market):
            if event.slot == before.slot:
                assert isinstance(event, Ticked), f"{event.slot} was opened twice"
                assert event.progress > before.progress, f"{event.slot}: progress does not go on"
                continue
            _assert_new(event)
            passed = (event.slot - before.slot) / event.slot_length
            assert passed >= 0, f"{event.slot} comes after {before.slot}"
            assert passed == int(passed), f"from {before.slot} to {event.slot} is no whole number of slots"

    def test_ticks_are_told_to_last_a_while_or_not_at_all(self) -> None:
        for seconds in self.day().tick_seconds:
            assert seconds is None or 0 < seconds < math.inf, f"tick_seconds is {seconds!r}"

    def test_tables_are_complete_and_read_only(self) -> None:
        for event in self.day().market:
            grid = event.grid
            for name, column in _columns(grid):
                assert not column.flags.writeable, f"{name} can be written to"
            areas = len(grid.tree)
            assert len(grid.current_market_fee) == len(grid.last_market_fee) == areas, "fees are one entry per area"
            rows, slots = len(grid.assets), len(grid.deviations.slots)
            assert grid.deviations.energy_kwh.shape in ((rows, slots), (0, 0)), "deviations are (assets, slots)"

    def test_kinds_are_known_and_paths_lead_into_the_tree(self) -> None:
        for event in self.day().market:
            tree = event.grid.tree
            assert {*tree.kinds} <= _KINDS, f"unknown kinds: { ({*tree.kinds} - _KINDS) }"
            for asset in event.grid.assets:
                assert asset.kind in ASSET_KINDS, f"{asset.path} is a {asset.kind}"
                assert tree.path_of(asset.id) == asset.path, f"{asset.path} is {tree.path_of(asset.id)} in the tree"
                assert asset.path.rpartition("/")[2] == asset.name, f"{asset.path} does not end in {asset.name}"

    def test_each_batch_is_answered_once_and_each_order_in_it(self) -> None:
        day = self.day()
        numbers = [answer.transaction for answer in day.answers]
        assert len(numbers) == len(set(numbers)), f"a batch was answered twice: {numbers}"
        unanswered = day.batches.keys() - {*numbers, max(day.batches)}
        assert not unanswered, f"never answered: {sorted(unanswered)}"
        for answer in day.answers:
            assert answer.transaction in day.batches, f"no batch has the number {answer.transaction}"
            rows = sum(
                len(command.lines)
                for command in day.batches[answer.transaction].commands
                if isinstance(command, PlaceOrders)
            )
            assert len(answer.accepted) == rows, f"{len(answer.accepted)} answers to {rows} orders"
            wrong = [row for row in answer.order_errors if not 0 <= row < rows or answer.accepted[row]]
            assert not wrong, f"errors of rows that are accepted or not there: {wrong}"

    def test_orders_trade_and_trades_are_of_own_orders(self) -> None:
        if not self.trades:
            skip(f"{type(self).__name__}.trades is False")
        day = self.day()
        own = {area for event in day.market for area in event.grid.assets.id.tolist()}
        book = OrderBook(day)
        trades = [trade for event in day.events if isinstance(event, Traded) for trade in event.trades]
        assert trades, "nothing was traded"
        for trade in trades:
            sides = [(trade.buyer, BID)] * (trade.buyer in own) + [(trade.seller, OFFER)] * (trade.seller in own)
            assert sides, f"no own asset takes part: {trade}"
            assert trade.market in (SPOT, SETTLEMENT), f"{trade.market!r} is no market"
            for asset, side in sides:
                book.take(trade, asset, side)
        assert len({trade.id for trade in trades}) == len(trades), "a trade was told twice"

    def test_what_is_held_stands_no_more(self) -> None:
        day = self.day()
        slot = day.market[-1].slot
        stood = [_standing(event.grid) for event in day.market if event.slot == slot and event.progress < HELD_FROM]
        if not any(energy > 0 for energy in stood):
            skip("the exchange does not tell what stands")
        held = [_standing(event.grid) for event in _after_withdrawal(day, slot)]
        if not held:
            skip("the last slot has too few ticks")
        assert max(held) <= _MOST_KWH, f"{max(held):g} kWh stand though they are held"

    def test_forecasts_are_counted(self) -> None:
        if not self.forecasts:
            skip(f"{type(self).__name__}.forecasts is False")
        day = self.day()
        assert sum(answer.sent_forecasts for answer in day.answers) > 0, "no answer counts forecasts"
        assert day.figures.forecasts.sent > 0, "the figures have no forecasts"

    def test_nothing_is_refused_that_the_exchange_takes(self) -> None:
        refused = [one for answer in self.day().answers for one in answer.refused]
        for is_taken, word in ((self.forecasts, "forecast"), (self.measurements, "measurement"), (True, "claim")):
            found = [one for one in refused if word in one.command.lower()]
            assert not (is_taken and found), f"{word}s are refused: {found}"

    def test_the_session_ends_after_the_slots_that_are_wanted(self) -> None:
        day = self.day()
        assert day.figures.slots == self.slots, f"{day.figures.slots} slots and not {self.slots}"
        assert day.slots is None or day.slots >= self.slots, f"the link spoke of {day.slots} slots"
        assert day.figures.to_json()["slots"] == self.slots

    def test_an_exchange_that_ends_says_so(self) -> None:
        day = self.trade(self.given(self.ending(), "ending"), None)
        said = [event for event in day.events if isinstance(event, ExchangeEvent)]
        assert isinstance(said[-1], Finished), f"the last event is {said[-1]}"
        assert day.figures.slots > 0, "there was no slot"

    def _claimed(self, grid: Grid) -> set[str]:
        """Return the ids of the assets that were claimed first, and not refused."""
        day = self.day()
        number = min(day.batches)
        claimed = {area for one in day.batches[number].commands if isinstance(one, ClaimAreas) for area in one.ids}
        refused = {one.asset for answer in day.answers if answer.transaction == number for one in answer.refused}
        tree = grid.tree
        assets = {area for area, kind in zip(tree.ids, tree.kinds, strict=True) if kind in ASSET_KINDS}
        return (claimed & assets) - refused


def _assert_new(event: SlotOpened | Ticked) -> None:
    assert isinstance(event, SlotOpened), f"{event.slot} ticks and was not opened"


def _assert_slot(event: SlotOpened | Ticked) -> None:
    slot, length = event.slot, event.slot_length
    assert isinstance(slot, pendulum.DateTime), f"{slot!r} is no pendulum.DateTime"
    assert slot.utcoffset() == pendulum.duration(), f"{slot} is not UTC"
    assert isinstance(length, pendulum.Duration), f"{length!r} is no pendulum.Duration"
    assert length.total_seconds() > 0, f"a slot lasts {length}"
    assert 0 <= event.progress <= 1, f"{slot}: progress is {event.progress}"
    for name in ("feed_in_rate", "market_maker_rate"):
        rate = getattr(event, name)
        assert isinstance(rate, float), f"{name} is {rate!r}, and no float"
        assert not math.isinf(rate), f"{name} is {rate}; what is not known is NaN"


def _known_as(grid: Grid) -> set[str]:
    """Return all that own assets may be called, and what cannot be one."""
    tree, assets = grid.tree, grid.assets
    others = [area for area, kind in enumerate(tree.kinds) if kind not in ASSET_KINDS]
    called = {names[area] for names in (tree.ids, tree.names, tree.paths) for area in others}
    return called | {*assets.id, *assets.name, *assets.path}


def _after_withdrawal(day: TradedDay, slot: pendulum.DateTime) -> list[SlotOpened | Ticked]:
    """Return the market events of a slot after the exchange has answered to the first withdrawal in it."""
    numbers = [
        batch.transaction
        for batch in day.batches.values()
        if any(isinstance(one, WithdrawOrders) and slot in one.slot for one in batch.commands)
    ]
    assert numbers, "nothing was withdrawn"
    answered = [
        place
        for place, event in enumerate(day.events)
        if isinstance(event, Answered) and event.transaction == min(numbers)
    ]
    later = day.events[answered[0] :] if answered else ()
    return [event for event in later if isinstance(event, SlotOpened | Ticked) and event.slot == slot]


def _columns(grid: Grid) -> Iterator[tuple[str, NDArray[Any]]]:
    for name in grid.assets.row_type._fields:
        yield f"assets.{name}", getattr(grid.assets, name)
    for name in ("current_market_fee", "last_market_fee"):
        yield name, getattr(grid, name)
    yield "tree.parents", grid.tree.parents
    yield "tree.registered", grid.tree.registered
    yield "deviations.energy_kwh", grid.deviations.energy_kwh


def _standing(grid: Grid) -> float:
    """Return the energy in open orders, as far as it is told, kWh."""
    assets = grid.assets
    return float(np.nansum(assets.energy_active_in_bids_kwh) + np.nansum(assets.energy_active_in_offers_kwh))
