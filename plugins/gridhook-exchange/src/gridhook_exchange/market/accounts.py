"""Accounts: what each member paid, and what it would have paid without the market."""

from __future__ import annotations

import numpy as np

from gridhook.arrays import Floats, Ints, sums
from gridhook.figures import Accounts, CommunityFigures, MemberFigures
from gridhook_exchange.market.battery import Batteries
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.simulation import Simulation

__all__ = ["close_accounts", "greedy_self_consumption"]


def close_accounts(simulation: Simulation) -> Accounts:
    """Return the figures of all members over the slots that have ended.

    A member is a market with assets; the market maker is none. Energy that was measured and that no trade covers is
    bought at the retail rate plus the grid fees to the market maker, or sold at the feed-in rate less these fees.
    What is left in batteries counts at the last feed-in rate.
    """
    books = _Books(simulation)
    return Accounts(books.member_figures(), books.community_figures(), books.wape())


def greedy_self_consumption(
    batteries: Batteries, initial_kwh: Floats, net_kwh: Floats, hours: float
) -> tuple[Floats, Floats]:
    """Run batteries that only serve their own homes: charge from surplus, discharge into need, whenever they can.

    :param net_kwh: float64 (batteries, slots), what the home needs (positive) or has too much (negative).
    :returns: float64 (batteries, slots), what the home still needs or has too much, and the final charges.
    """
    charge, left = initial_kwh.copy(), net_kwh.copy()
    for slot in range(net_kwh.shape[1]):
        bought = np.minimum(np.maximum(-net_kwh[:, slot], 0.0), batteries.can_buy(charge, hours))
        sold = np.minimum(np.maximum(net_kwh[:, slot], 0.0), batteries.can_sell(charge, hours))
        charge = batteries.after(charge, bought, sold)
        left[:, slot] += bought - sold
    return left, charge


class _Books:
    """A run as arrays of members and the slots that have ended."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        run = simulation.community
        self._run: Community = run
        self._slots = simulation.closed_slots
        entries = simulation.ledger.entries()
        self._trades: Entries = entries.take(entries.slot < self._slots)
        homes = run.tree.home.copy()
        homes[run.market_maker] = -1
        self._markets: Ints = np.unique(homes[homes >= 0])
        number = {market: member for member, market in enumerate(self._markets.tolist())}
        self._member: Ints = np.array([number.get(home, -1) for home in homes.tolist()])
        measured = simulation.measured_kwh[:, : self._slots]
        self._measured: Floats = measured
        is_load, is_pv, is_net = (one[:, np.newaxis] for one in (run.is_load, run.is_pv, run.is_smart_meter))
        self._consumed = self._by_member(np.where(is_load | is_net, np.maximum(measured, 0.0), 0.0))
        self._produced = self._by_member(np.where(is_pv, measured, np.where(is_net, np.maximum(-measured, 0.0), 0.0)))
        trades = self._trades
        is_metered = ~run.is_storage
        self._untraded = (
            self._consumed
            - self._produced
            - self._sum(trades.buyer, trades.energy_kwh * is_metered[trades.buyer])
            + self._sum(trades.seller, trades.energy_kwh * is_metered[trades.seller])
        )

    def member_figures(self) -> tuple[MemberFigures, ...]:
        """Return the figures of each member, in the tree's order."""
        trades, run = self._trades, self._run
        bought = self._sum(trades.buyer, trades.energy_kwh).sum(axis=1)
        sold = self._sum(trades.seller, trades.energy_kwh).sum(axis=1)
        with_market = self._bill_with_market()
        without_market = self._bill_without_market()
        return tuple(
            MemberFigures(
                name=run.market_names[market],
                kinds=tuple(run.kinds[asset] for asset in np.flatnonzero(self._member == member)),
                bought_kwh=float(bought[member]),
                sold_kwh=float(sold[member]),
                bill_cents=float(with_market[member]),
                bill_without_market_cents=float(without_market[member]),
                saving_cents=float(without_market[member] - with_market[member]),
            )
            for member, market in enumerate(self._markets.tolist())
        )

    def community_figures(self) -> CommunityFigures:
        """Return how much of consumption and production did not pass through the market maker, netted per member."""
        trades, maker = self._trades, self._run.market_maker
        from_maker = self._sum(trades.buyer, trades.energy_kwh * (trades.seller == maker))
        to_maker = self._sum(trades.seller, trades.energy_kwh * (trades.buyer == maker))
        drawn = from_maker - to_maker + self._untraded
        return CommunityFigures(
            self_sufficiency=_share(self._consumed.sum() - np.maximum(drawn, 0.0).sum(), self._consumed.sum()),
            self_consumption=_share(self._produced.sum() - np.maximum(-drawn, 0.0).sum(), self._produced.sum()),
        )

    def wape(self) -> float | None:
        """Return sum |forecast - measured| / sum |measured| of the received forecasts that were in force."""
        received = self._simulation.is_forecast_received[:, : self._slots]
        forecast = self._simulation.forecast_kwh[:, : self._slots]
        error = np.abs(forecast - self._measured)[received].sum()
        return _share(error, np.abs(self._measured)[received].sum())

    def _bill_with_market(self) -> Floats:
        trades, run = self._trades, self._run
        paid = self._sum(trades.buyer, trades.energy_kwh * trades.buyer_rate).sum(axis=1)
        received = self._sum(trades.seller, trades.energy_kwh * trades.seller_rate).sum(axis=1)
        charge = self._simulation.charge_kwh[:, self._slots]
        stored = sums(self._member[run.batteries.asset], charge, len(self._markets))
        bill: Floats = paid - received + self._at_tariff(self._untraded) - self._value_of(stored)
        return bill

    def _bill_without_market(self) -> Floats:
        run = self._run
        net = self._consumed - self._produced
        stored = np.zeros(len(self._markets))
        # One battery of a home after the other, each with what those before it left.
        for position, asset in enumerate(run.batteries.asset.tolist()):
            member = self._member[asset]
            battery = run.batteries.take(np.array([position]))
            initial = self._simulation.charge_kwh[[position], 0]
            left, charge = greedy_self_consumption(battery, initial, net[[member]], run.hours)
            net[member] = left[0]
            stored[member] += charge[0]
        return self._at_tariff(net) - self._value_of(stored)

    def _at_tariff(self, energy: Floats) -> Floats:
        """Return the cost of buying (positive) or selling (negative) energy at the tariff, per member, cents."""
        run, tree = self._run, self._run.tree
        maker_home = np.full(len(self._markets), tree.home[run.market_maker])
        meeting = tree.meeting(self._markets, maker_home)
        cost = np.zeros(energy.shape)
        for slot, fees in enumerate(self._simulation.slot_fees[: self._slots]):
            retail = fees.lowest_bid(float(run.retail_rate[slot]), self._markets, maker_home, meeting)
            feed_in = np.full(len(self._markets), run.feed_in_rate[slot])
            kept = fees.kept(feed_in, fees.on_path(self._markets, maker_home, meeting))
            cost[:, slot] = energy[:, slot] * np.where(energy[:, slot] > 0, retail, kept)
        total: Floats = cost.sum(axis=1)
        return total

    def _value_of(self, stored: Floats) -> Floats:
        last = self._slots - 1
        return stored * self._run.feed_in_rate[last] if last >= 0 else np.zeros_like(stored)

    def _by_member(self, by_asset: Floats) -> Floats:
        total = np.zeros((len(self._markets), self._slots))
        counted = self._member >= 0
        np.add.at(total, self._member[counted], by_asset[counted])
        return total

    def _sum(self, asset: Ints, amount: Floats) -> Floats:
        """Return float64 (members, slots): the sum of an amount per trade over the assets of each member."""
        total = np.zeros((len(self._markets), self._slots))
        member = self._member[asset]
        counted = member >= 0
        np.add.at(total, (member[counted], self._trades.slot[counted]), amount[counted])
        return total


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None
