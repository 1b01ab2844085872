"""Tests of a link: orders, one by one."""

from __future__ import annotations

import math

import attrs

from gridhook.assets import ASSET_KINDS, Asset
from gridhook.commands import OrderLines, PlaceOrders, WithdrawOrders
from gridhook.events import Connected, SlotOpened, Ticked
from gridhook.lots import BID, DUST_KWH, OFFER
from gridhook.testing.driving import Driver, skip
from gridhook.testing.linkcase import LinkCase
from gridhook.testing.tradedday import OUT_OF_REACH

__all__ = ["OrderTests"]

_LATEST = 0.5
"""Progress after which a slot may end before all is said."""

_NOBODY = "00000000-0000-4000-8000-000000000000"


@attrs.frozen
class _Lot:
    """What can be ordered at the event ``event``; the rates are such that nobody trades."""

    event: SlotOpened | Ticked
    asset: str
    side: str
    energy_kwh: float

    def order(self, asset: str | None = None, energy_kwh: float | None = None) -> PlaceOrders:
        """Return an order for half of the energy, which replaces others, unless something else is said."""
        energy = self.energy_kwh / 2 if energy_kwh is None else energy_kwh
        owner = self.asset if asset is None else asset
        lines = OrderLines([owner], [self.side], [self.event.slot], [OUT_OF_REACH[self.side]], [energy], [True])
        return PlaceOrders(lines)

    def active_in(self, event: SlotOpened | Ticked) -> float:
        """Return what is in open orders, kWh."""
        if event.slot != self.event.slot:
            skip("the slot has too few ticks")
        (asset,) = (one for one in event.grid.assets if one.id == self.asset)
        return asset.energy_active_in_bids_kwh if self.side == BID else asset.energy_active_in_offers_kwh


class OrderTests(LinkCase):
    """What becomes of orders."""

    def test_an_empty_batch_is_answered(self) -> None:
        def work(driver: Driver, _: Connected) -> None:
            driver.market()
            answer = driver.ask()
            assert not len(answer.accepted), f"{len(answer.accepted)} answers to no order"
            assert not answer.refused, f"refused: {answer.refused}"

        self.drive(work)

    def test_a_wrong_order_is_an_error_of_its_row_and_ends_nothing(self) -> None:
        def work(driver: Driver, connected: Connected) -> None:
            lot = _find_lot(driver)
            answer = driver.ask(_joined(lot.order(), lot.order(_NOBODY)))
            assert answer.accepted.tolist() == [True, False], f"{answer.accepted.tolist()}, {answer.order_errors}"
            assert answer.order_errors.keys() == {1}, f"errors of other rows: {answer.order_errors}"
            wrong = [lot.order(_NOBODY), *(lot.order(other) for other in _others(connected, lot))]
            wrong += [lot.order(energy_kwh=-1.0)]
            for one in wrong:
                driver.market()
                answer = driver.ask(one)
                assert answer.accepted.tolist() == [False], f"accepted: {list(one.lines)}"
                assert answer.order_errors.get(0), f"refused without a reason: {list(one.lines)}"

        self.drive(work)

    def test_an_order_that_replaces_does_not_double_what_stands(self) -> None:
        def work(driver: Driver, _: Connected) -> None:
            lot = _find_lot(driver)
            for _time in range(2):
                _accept(driver, lot.order())
                active = lot.active_in(driver.market())
                if math.isnan(active):
                    skip("the exchange does not tell what stands")
                assert math.isclose(active, lot.energy_kwh / 2, abs_tol=DUST_KWH), f"{active:g} kWh stand"

        self.drive(work)

    def test_what_is_withdrawn_stands_no_more(self) -> None:
        def work(driver: Driver, _: Connected) -> None:
            lot = _find_lot(driver)
            _accept(driver, lot.order())
            if not lot.active_in(driver.market()) > 0:
                skip("the exchange does not tell what stands")
            answer = driver.ask(WithdrawOrders([lot.asset], [lot.side], [lot.event.slot]))
            assert not answer.refused, f"refused: {answer.refused}"
            active = lot.active_in(driver.market())
            assert active <= DUST_KWH, f"{active:g} kWh still stand"

        self.drive(work)


def _find_lot(driver: Driver) -> _Lot:
    """Wait until something can be ordered, early in a slot."""
    while True:
        event = driver.market()
        for asset in event.grid.assets if event.progress < _LATEST else ():
            for side, energy in ((BID, _to_buy(asset)), (OFFER, _to_sell(asset))):
                if energy > 4 * DUST_KWH:
                    return _Lot(event, asset.id, side, energy)


def _to_buy(asset: Asset) -> float:
    return max((one for one in (asset.energy_requirement_kwh, asset.energy_to_buy_kwh) if one > 0), default=0.0)


def _to_sell(asset: Asset) -> float:
    return max((one for one in (asset.available_energy_kwh, asset.energy_to_sell_kwh) if one > 0), default=0.0)


def _others(connected: Connected, lot: _Lot) -> list[str]:
    """Return the id of an asset that is not ours, if there is one."""
    own, tree = set(lot.event.grid.assets.id), connected.tree
    foreign = (area for area, kind in zip(tree.ids, tree.kinds, strict=True) if kind in ASSET_KINDS and area not in own)
    return [area for area, _ in zip(foreign, range(1), strict=False)]


def _joined(*orders: PlaceOrders) -> PlaceOrders:
    rows = [line for order in orders for line in order.lines]
    return PlaceOrders(OrderLines(*zip(*rows, strict=True)))


def _accept(driver: Driver, order: PlaceOrders) -> None:
    answer = driver.ask(order)
    assert answer.accepted.tolist() == [True], f"refused: {list(order.lines)}: {dict(answer.order_errors)}"
