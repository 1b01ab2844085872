"""The simulation: a community's slots and ticks as a deterministic state machine.

The same community, seed and commands give the same trades. Nothing here reads a clock or does I/O. The caller opens a
slot, runs its ticks one by one, posts orders between two ticks, and closes the slot.
"""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Bools, Floats, Ints
from gridhook_exchange.market.book import BID, OFFER, OrderIds
from gridhook_exchange.market.builtin import builtin_rates
from gridhook_exchange.market.cleared import Cleared
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.deviation import deviations
from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.ledger import Entries, Ledger
from gridhook_exchange.market.matching import TOLERANCE
from gridhook_exchange.market.slotmarket import Lines, Posted, SlotMarket
from gridhook_exchange.market.statistics import SlotStatistics, passages, slot_statistics

__all__ = ["Simulation"]


class Simulation:
    """A run of a community.

    ``slot``, ``tick``
        numbers of the running slot and, over the whole run, tick; -1 before the first.
    ``closed_slots``
        number of slots that have ended.
    ``spot``, ``settlements``
        the running slot's markets, and those of ended slots that can be settled, by slot, oldest first.
    ``ledger``
        all trades so far.
    ``charge_kwh``
        float64 (batteries, slots + 1): the charge at the beginning of each slot.
    ``forecast_kwh``, ``measured_kwh``
        float64 (assets, slots): what the market goes by, received values in the place of built-in ones.
    ``is_controlled``
        per asset, whether an aggregator trades for it.
    ``next_fee``
        per market, the fee from the next slot on: cents/kWh or percentage points, by the rules.
    """

    spot: SlotMarket

    def __init__(self, community: Community) -> None:
        self.community = community
        self.slot = -1
        self.closed_slots = 0
        self.tick = -1
        self.settlements: dict[int, SlotMarket] = {}
        self.ledger = Ledger()
        self.charge_kwh = np.repeat(community.initial_charge_kwh[:, np.newaxis], community.slots + 1, axis=1)
        self.forecast_kwh = community.forecast_kwh.copy()
        self.measured_kwh = community.measured_kwh.copy()
        self.is_forecast_received = np.zeros(community.forecast_kwh.shape, dtype=np.bool_)
        self.is_controlled: Bools = np.zeros(len(community.kinds), dtype=np.bool_)
        self.next_fee = community.fee.copy()
        self.slot_fees: list[Fees] = []
        self.last_statistics: SlotStatistics | None = None
        self.last_traded: tuple[Floats, Floats] | None = None
        self._order_ids = OrderIds()
        self._slot_ledger = Ledger()
        self._spot_bought = np.zeros(community.measured_kwh.shape)
        self._spot_sold = np.zeros(community.measured_kwh.shape)

    def open_slot(self) -> None:
        """Begin the next slot: its spot markets, and the settlement markets of the slot that ended."""
        community = self.community
        self.slot += 1
        fees = Fees.of(community.tree, self.next_fee.copy(), community.rules.fees)
        self.slot_fees.append(fees)
        self._slot_ledger = Ledger()
        priority = self._priority()
        self.spot = SlotMarket(
            community,
            self.slot,
            fees,
            self._spot_limits(),
            priority,
            self._order_ids,
            is_one_sided=community.rules.market == "one-sided",
        )
        ended = self.slot - 1
        if ended >= 0 and community.rules.settlement_slots:
            limits = self._deviation_limits(ended)
            self.settlements[ended] = SlotMarket(
                community, ended, fees, limits, priority, self._order_ids, is_settlement=True
            )
        oldest = self.slot - community.rules.settlement_slots
        self.settlements = {slot: market for slot, market in self.settlements.items() if slot >= oldest}

    def begin_tick(self) -> list[Entries]:
        """Begin the next tick: match what has met, and return the trades."""
        self.tick += 1
        trades = []
        for market in (*self.settlements.values(), self.spot):
            cleared = market.match(self.tick)
            if cleared is not None:
                trades.append(self._record(market, cleared))
        return trades

    def end_tick(self) -> None:
        """End the tick: the market maker and all assets that nobody controls post their orders."""
        rules = self.community.rules
        tick = self.tick - self.slot * rules.ticks_per_slot
        if tick == 0:
            self._post_market_maker()
        if tick % rules.dispatch_ticks == 0:
            self._post_builtin(tick / rules.ticks_per_slot)

    def close_slot(self) -> None:
        """End the slot: batteries have what they traded, and the slot's statistics are known."""
        community, spot = self.community, self.spot
        at = community.batteries.asset
        self.charge_kwh[:, self.slot + 1] = community.batteries.after(
            self.charge_kwh[:, self.slot], spot.bought_kwh[at], spot.sold_kwh[at]
        )
        self._spot_bought[:, self.slot] = spot.bought_kwh
        self._spot_sold[:, self.slot] = spot.sold_kwh
        self.last_traded = (spot.bought_kwh + spot.sold_kwh, spot.cost_cents)
        passed = passages(self._slot_ledger.entries(), community.tree, spot.fees)
        self.last_statistics = slot_statistics(passed, len(community.market_names))
        self.closed_slots = self.slot + 1

    @property
    def is_last_tick(self) -> bool:
        """Whether the running tick is its slot's last: orders that are posted now meet nobody any more."""
        return (self.tick + 1) % self.community.rules.ticks_per_slot == 0

    def market_of(self, slot: int) -> SlotMarket | None:
        """Return the open markets of a slot; None if it has none."""
        return self.spot if slot == self.slot >= 0 else self.settlements.get(slot)

    def post(self, market: SlotMarket, lines: Lines) -> Posted:
        """Post orders at the end of the running tick."""
        return market.post(lines, self.tick)

    def forecast(self, asset: int, slot: int, energy_kwh: float) -> str | None:
        """Take a forecast for a slot that has not begun; return the reason if it cannot take effect."""
        problem = self.forecast_problem(slot)
        if problem is None and slot < self.community.slots:
            self.forecast_kwh[asset, slot] = energy_kwh
            self.is_forecast_received[asset, slot] = True
        return problem

    def forecast_problem(self, slot: int) -> str | None:
        """Return why a forecast for a slot cannot take effect; None if it can."""
        return "the slot has begun, and its forecast is final" if slot <= self.slot else None

    def measurement_problem(self, slot: int) -> str | None:
        """Return why a measurement of a slot cannot take effect; None if it can."""
        if slot > self.slot:
            return "the slot has not begun"
        if slot < 0 or slot not in (self.slot, *self.settlements):
            return "the slot can no longer be settled"
        return None

    def measure(self, asset: int, slot: int, energy_kwh: float) -> str | None:
        """Take a measurement; return the reason if it cannot take effect.

        In a slot that ended it changes what is left to settle; what was settled already counts.
        """
        problem = self.measurement_problem(slot)
        if problem is not None:
            return problem
        self.measured_kwh[asset, slot] = energy_kwh
        market = self.settlements.get(slot)
        if market is not None:
            limits = self._deviation_limits(slot)
            limits[0::2] = np.maximum(limits[0::2] - market.bought_kwh, 0.0)
            limits[1::2] = np.maximum(limits[1::2] - market.sold_kwh, 0.0)
            for key in (2 * asset + BID, 2 * asset + OFFER):
                market.change_limit(key, float(limits[key]))
        return None

    def unsettled_kwh(self) -> Floats:
        """Return float64 (assets, open settlements): what is left to buy (positive) or sell (negative), else NaN."""
        limits = [market.limit_kwh[0::2] - market.limit_kwh[1::2] for market in self.settlements.values()]
        unsettled = np.column_stack(limits) if limits else np.empty((len(self.community.kinds), 0))
        return np.where(np.abs(unsettled) > TOLERANCE, unsettled, np.nan)

    def _priority(self) -> Ints:
        """Draw the order in which simultaneous orders are posted, so that ties favour nobody for long."""
        rng = np.random.default_rng((self.community.seed, self.slot))
        return rng.permutation(len(self.community.kinds))

    def _spot_limits(self) -> Floats:
        community = self.community
        limits = np.zeros((len(community.kinds), 2))
        forecast = self.forecast_kwh[:, self.slot]
        limits[community.is_load, BID] = forecast[community.is_load]
        limits[community.is_pv, OFFER] = forecast[community.is_pv]
        net = forecast[community.is_smart_meter]
        limits[community.is_smart_meter] = np.column_stack((np.maximum(net, 0.0), np.maximum(-net, 0.0)))
        batteries, charge = community.batteries, self.charge_kwh[:, self.slot]
        limits[batteries.asset, BID] = batteries.can_buy(charge, community.hours)
        limits[batteries.asset, OFFER] = batteries.can_sell(charge, community.hours)
        limits[community.market_maker] = np.inf
        return limits.ravel()

    def _deviation_limits(self, slot: int) -> Floats:
        community = self.community
        deviation = np.where(
            community.is_metered,
            deviations(
                self.measured_kwh[:, slot], self._spot_bought[:, slot], self._spot_sold[:, slot], community.is_load
            ),
            0.0,
        )
        return np.column_stack((np.maximum(deviation, 0.0), np.maximum(-deviation, 0.0))).ravel()

    def _record(self, market: SlotMarket, cleared: Cleared) -> Entries:
        count = len(cleared)
        is_spot = market is self.spot
        entries = Entries(
            np.full(count, is_spot),
            np.full(count, market.slot),
            np.full(count, self.slot),
            cleared.buyer,
            cleared.seller,
            cleared.market,
            cleared.energy_kwh,
            cleared.rate,
            market.seller_rate(cleared),
            cleared.with_partner,
            cleared.bid,
            cleared.offer,
            cleared.residual_bid,
            cleared.residual_offer,
            cleared.tick,
        )
        self.ledger.add(entries)
        if is_spot:
            self._slot_ledger.add(entries)
        return entries

    def _post_market_maker(self) -> None:
        community = self.community
        asset = community.market_maker
        key = np.array([2 * asset + BID, 2 * asset + OFFER])
        rates = np.maximum([community.feed_in_rate[self.slot], community.retail_rate[self.slot]], 0.0)
        self._post_own(self.spot, key, rates)

    def _post_builtin(self, progress: float) -> None:
        self._post_builtin_in(self.spot, progress)
        window = self.community.rules.settlement_slots
        for slot, market in self.settlements.items():
            self._post_builtin_in(market, (self.slot - slot - 1 + progress) / window)

    def _post_builtin_in(self, market: SlotMarket, progress: float) -> None:
        community = self.community
        is_own = ~self.is_controlled
        is_own[community.market_maker] = False
        key = (np.repeat(is_own, 2) & (market.limit_kwh > TOLERANCE)).nonzero()[0]
        if not len(key) and not market.is_one_sided:
            return
        asset = key // 2
        maker_home = np.full(len(key), community.tree.home[community.market_maker])
        home = community.tree.home[asset]
        meeting = community.tree.meeting(home, maker_home)
        feed_in, retail = float(community.feed_in_rate[self.slot]), float(community.retail_rate[self.slot])
        rates = builtin_rates(
            key,
            progress,
            market.fees.highest_offer(feed_in, home, maker_home, meeting),
            market.fees.lowest_bid(retail, home, maker_home, meeting),
            (feed_in + retail) / 2,
            community.is_storage[asset],
        )
        self._post_own(market, key, rates)

    def _post_own(self, market: SlotMarket, key: Ints, rates: Floats) -> None:
        """Post orders for all that is left to trade; in a one-sided market who would bid takes offers instead."""
        if market.is_one_sided:
            self._demand(market, key, rates)
            key, rates = key[key % 2 == OFFER], rates[key % 2 == OFFER]
        self.post(market, Lines(key, rates, market.limit_kwh[key], np.ones(len(key), dtype=np.bool_)))

    def _demand(self, market: SlotMarket, key: Ints, rates: Floats) -> None:
        maker = 2 * self.community.market_maker + BID
        is_taker = (key % 2 == BID) & (key != maker)
        key, rates = np.append(key[is_taker], maker), np.append(rates[is_taker], self.community.feed_in_rate[self.slot])
        market.demand(key, rates, market.limit_kwh[key], self.tick)
