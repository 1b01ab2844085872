"""The simulated exchange: slots of a community, one after the other, and what its aggregator is told of them."""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook.assets import Assets
from gridhook.grid import Deviations, Grid, MarketStats
from gridhook.lots import BID, OFFER
from gridhook.testing.simulation.community import Community
from gridhook.testing.simulation.matching import Deal, Tariff, match
from gridhook.testing.simulation.settling import Settling
from gridhook.testing.simulation.spot import SpotMarket
from gridhook.testing.simulation.statistics import market_stats

__all__ = ["SimulatedExchange"]


class SimulatedExchange:
    """The state of a community that trades.

    ``slot``
        number of the running slot; -1 before the first.
    ``forecast``
        float64 (assets, slots), kWh: what loads and PVs may trade.
    ``next_fees``
        per area, cents/kWh: the grid fees from the next slot on.
    ``last_deals``
        the spot trades of the last finished slot.
    """

    def __init__(self, community: Community) -> None:
        self.community = community
        self.slot = -1
        self.forecast = community.kwh.copy()
        self.settling = Settling(community)
        self.next_fees = community.fees.copy()
        self.last_deals: list[Deal] = []
        self.owned: Ints = np.empty(0, dtype=np.int64)
        maker = len(community.area)
        self.tariff = Tariff(maker, community.feed_in_rate, community.market_maker_rate)
        self.places = [*community.area.tolist(), community.tree.market_maker]
        self.ids = [community.tree.ids[place] for place in self.places]
        self._charge = community.charge_kwh.copy()
        self._deals: list[Deal] = []
        self._stats: MarketStats | None = None
        self._fees = self._last_fees = np.full(len(community.tree), np.nan)
        self._path_fees = np.empty((0, 0))

    def open_slot(self) -> None:
        """Begin the next slot, with the fees that were set for it."""
        self.slot += 1
        if not np.array_equal(self._fees, self.next_fees, equal_nan=True):
            self._fees = self.next_fees.copy()
            self._path_fees = self.community.path_fees(self._fees)
        self.spot = SpotMarket(self.community, self.forecast[:, self.slot], self._charge)

    def match(self) -> list[Deal]:
        """Let the open orders trade."""
        deals = list(match(self.spot.orders, self.tariff, self._path_fees, self.ids))
        for deal in deals:
            self.spot.book(deal)
        self.spot.drop_filled()
        self._deals += deals
        return deals

    def settle(self, asset: int, side: str, slot: int, rate: float, kwh: float) -> tuple[str, Deal | None]:
        """Settle a deviation with the market maker, if the rate allows it; return why it is refused, and the trade."""
        if not (np.isfinite(rate) and kwh > 0):
            return f"{kwh:g} kWh at {rate:g} cents/kWh is no order", None
        maker, fee = self.tariff.market_maker, float(self._path_fees[asset, self.tariff.market_maker])
        bought = side == BID
        worst = self.tariff.market_maker_rate + fee if bought else self.tariff.feed_in_rate - fee
        allows = rate >= worst if bought else rate <= worst
        refusal = self.settling.settle(asset, side, slot, kwh if allows else 0.0)
        if refusal or not allows:
            return refusal, None
        if bought:
            return "", Deal(asset, maker, kwh, worst, self.tariff.market_maker_rate, with_partner=False)
        return "", Deal(maker, asset, kwh, self.tariff.feed_in_rate, worst, with_partner=False)

    def close_slot(self) -> None:
        """End the running slot."""
        spot = self.spot
        self.settling.close(self.slot, spot.bought + spot.sold)
        self._charge = self._charge + np.where(self.community.is_stored, spot.bought - spot.sold, 0.0)
        self.last_deals, self._deals = self._deals, []
        self._stats = market_stats(self.community.tree, self.places, self.last_deals)
        self._last_fees = self._fees

    def grid(self) -> Grid:
        """Return what the aggregator sees now."""
        slots = self.settling.open_slots(self.slot)
        starts = self.community.starts[slots.start : slots.stop]
        deviations = Deviations(starts, self.settling.unsettled(slots)[self.owned])
        return Grid(self.community.tree, self._fees, self._last_fees, self._assets(), self._stats, deviations)

    def _assets(self) -> Assets:
        community, spot, own = self.community, self.spot, self.owned
        is_load, is_pv, stored = community.is_load, community.is_pv, community.is_stored
        bids, offers = spot.active(BID), spot.active(OFFER)
        to_buy, to_sell = spot.left(BID), spot.left(OFFER)

        def told(rows: Bools, values: Floats) -> Floats:
            return np.where(rows, values, np.nan)[own]

        area = community.area[own].tolist()
        tree = community.tree
        return Assets(
            [tree.ids[place] for place in area],
            [tree.names[place] for place in area],
            [tree.paths[place] for place in area],
            [tree.kinds[place] for place in area],
            told(is_load, to_buy),
            told(is_pv, to_sell),
            told(stored, to_buy - bids),
            told(stored, to_sell - offers),
            told(~is_pv, bids),
            told(~is_load, offers),
            told(stored, spot.free),
            told(stored, spot.charge),
            (spot.bought + spot.sold)[own],
            spot.cents[own],
        )
