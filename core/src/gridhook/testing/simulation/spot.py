"""The spot market of one slot: what each asset can still buy and sell, and its open orders."""

from __future__ import annotations

import itertools

import numpy as np

from gridhook.arrays import Floats
from gridhook.lots import BID, DUST_KWH
from gridhook.orders import Requirement
from gridhook.testing.simulation.community import Community
from gridhook.testing.simulation.matching import Deal, Order

__all__ = ["SpotMarket"]


class SpotMarket:
    """What happens in one slot.

    ``bought``, ``sold``, ``cents``
        float64 (assets,): kWh, and the money of all trades, paid and received added together.

    :param kwh: float64 (assets,): what loads need and PVs have in this slot.
    :param charge: float64 (assets,): what is in batteries when it begins, kWh.
    """

    def __init__(self, community: Community, kwh: Floats, charge: Floats) -> None:
        count = len(community.area)
        self._community = community
        self._kwh = kwh
        self._charge = charge
        self._numbers = itertools.count()
        self.orders: list[Order] = []
        self.bought, self.sold, self.cents = np.zeros(count), np.zeros(count), np.zeros(count)

    @property
    def free(self) -> Floats:
        """Room in batteries, kWh (PROTOCOL.md 3.8)."""
        return self._community.capacity_kwh - (self._charge - self.sold + self.bought)

    @property
    def charge(self) -> Floats:
        """What was in batteries when the slot began, kWh."""
        return self._charge

    def left(self, side: str) -> Floats:
        """Return what each asset can still trade on one side, open orders included, kWh."""
        community = self._community
        is_bid = side == BID
        done, room = (self.bought, self.free) if is_bid else (self.sold, self._charge - self.sold)
        metered = np.where(community.is_load if is_bid else community.is_pv, self._kwh - done, 0.0)
        stored = np.where(community.is_stored, np.minimum(community.slot_kwh - done, room), metered)
        kwh: Floats = np.maximum(stored, 0.0)
        return kwh

    def active(self, side: str) -> Floats:
        """Return what stands in each asset's open orders on one side, kWh."""
        kwh = np.zeros(len(self._kwh))
        for order in self.orders:
            if order.side == side:
                kwh[order.asset] += order.kwh
        return kwh

    def withdraw(self, asset: int, side: str) -> None:
        """Delete the open orders of an asset on one side."""
        self.orders = [order for order in self.orders if (order.asset, order.side) != (asset, side)]

    def place(
        self, asset: int, side: str, rate: float, kwh: float, requirements: tuple[Requirement, ...], energy_type: str
    ) -> str:
        """Take an order; return why it is refused, or nothing."""
        left = self.left(side)[asset] - self.active(side)[asset]
        if kwh > left + DUST_KWH:
            return f"{self._community.name_of(asset)} can {side} {max(left, 0.0):.6g} kWh, not {kwh:.6g}"
        if not (np.isfinite(rate) and rate >= 0 and kwh > 0):
            return f"{kwh:g} kWh at {rate:g} cents/kWh is no order"
        self.orders.append(Order(asset, side, rate, kwh, next(self._numbers), requirements, energy_type))
        return ""

    def book(self, deal: Deal) -> None:
        """Take note of a trade; the market maker is nobody here."""
        for asset, energy, rate in (
            (deal.buyer, self.bought, deal.buyer_rate),
            (deal.seller, self.sold, deal.seller_rate),
        ):
            if asset < len(energy):
                energy[asset] += deal.kwh
                self.cents[asset] += deal.kwh * rate

    def drop_filled(self) -> None:
        """Forget orders of which nothing is left."""
        self.orders = [order for order in self.orders if order.kwh > DUST_KWH]
