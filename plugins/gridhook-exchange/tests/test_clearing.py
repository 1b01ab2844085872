from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook.orders import Requirement
from gridhook_exchange.market.book import Book, Terms
from gridhook_exchange.market.clearing import clear
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.matching import TOLERANCE, Side
from gridhook_exchange.market.uniform import CLEARING_TOLERANCE, pay_as_clear


@attrs.frozen
class Order:
    """An order of its own asset, posted at the end of a tick."""

    asset: int
    is_offer: bool
    rate: float
    energy_kwh: float
    posted: int
    terms: tuple[Requirement, ...] | None = None

    @property
    def key(self) -> int:
        return 2 * self.asset + self.is_offer


class CopyingMarkets:
    """Markets that forward orders as PROTOCOL.md 6.6 and 6.7 tell it: agents carry copies from door to door.

    An agent between two markets notes the tick at which it first sees an order, and when that is the minimum age ago
    it puts a copy into the market next door. An offer pays a market's fee when it enters it, a bid when it leaves it,
    a percentage always of the rate at which it was posted; a bid whose copy would have a negative price is not carried
    any further.
    """

    def __init__(self, community: Community, orders: Sequence[Order]) -> None:
        self._tree = community.tree
        parent = community.tree.parent.tolist()
        self._doors = {
            market: [other for other in range(len(parent)) if parent[other] == market or parent[market] == other]
            for market in range(len(parent))
        }
        self._fee = community.fee.tolist()
        self._is_percent = community.rules.fees == "percent"
        self._home = community.tree.home.tolist()
        self._min_age = community.rules.min_age_ticks
        self._orders = orders
        self._seen: dict[tuple[int, int], int] = {}
        self.rate: dict[tuple[int, int], float] = {}
        """Rate of each copy, by order and market."""

    def begin_tick(self, tick: int) -> None:
        """Put up the orders that were posted before this tick, and carry copies one door further."""
        for number, order in enumerate(self._orders):
            home = self._home[order.asset]
            if order.posted == tick - 1:
                self._put(number, home, order.rate + (self._fee_on(order, home) if order.is_offer else 0.0), tick)
        while self._carry(tick):
            pass

    def _carry(self, tick: int) -> bool:
        old_enough = [copy for copy, seen in self._seen.items() if tick - seen >= self._min_age]
        carried = False
        for number, market in old_enough:
            for door in self._doors[market]:
                rate = self.rate[number, market]
                order = self._orders[number]
                rate += self._fee_on(order, door) if order.is_offer else -self._fee_on(order, market)
                if (number, door) not in self.rate and rate >= 0:
                    self._put(number, door, rate, tick)
                    carried = True
        # With a minimum age of 0 the new copies are old enough at once.
        return carried and self._min_age == 0

    def _fee_on(self, order: Order, market: int) -> float:
        return order.rate * self._fee[market] / 100.0 if self._is_percent else self._fee[market]

    def _put(self, number: int, market: int, rate: float, tick: int) -> None:
        self.rate[number, market] = rate
        self._seen[number, market] = tick

    def crossing(self) -> set[tuple[int, int]]:
        """Return the bids and offers of two assets that stand in one market together and cross there.

        A percentage weighs differently in each market on the way; what counts is the lowest that contains both.
        """
        together = {
            (bid, offer, market)
            for bid, market in self.rate
            for offer, other in self.rate
            if market == other
            and not self._orders[bid].is_offer
            and self._orders[offer].is_offer
            and self._orders[bid].asset != self._orders[offer].asset
        }
        return {(bid, offer) for bid, offer, market in together if self._crosses(bid, offer, market)}

    def _crosses(self, bid: int, offer: int, market: int) -> bool:
        if not self._is_percent:
            return self.rate[offer, market] - self.rate[bid, market] <= TOLERANCE
        homes = (np.array([self._home[self._orders[number].asset]]) for number in (bid, offer))
        meeting = int(self._tree.meeting(*homes)[0])
        bid_rate = self._rate_above(bid, meeting)
        return bid_rate >= 0 and self._rate_above(offer, meeting) - bid_rate <= TOLERANCE

    def _rate_above(self, number: int, market: int) -> float:
        """Return the rate of an order's copy in its home or a market above it."""
        order = self._orders[number]
        here, rate = self._home[order.asset], order.rate
        rate += self._fee_on(order, here) if order.is_offer else 0.0
        while here != market:
            above = int(self._tree.parent[here])
            rate += self._fee_on(order, above) if order.is_offer else -self._fee_on(order, here)
            here = above
        return rate


def post(book: Book, orders: Sequence[Order], tick: int) -> None:
    new = [order for order in orders if order.posted == tick]
    if not new:
        return
    book.add(
        np.array([order.key for order in new]),
        np.array([order.rate for order in new]),
        np.array([order.energy_kwh for order in new]),
        tick,
        np.arange(len(new)),
        {row: Terms.of(order.terms) for row, order in enumerate(new) if order.terms is not None},
        {},
    )


def trade_all(community: Community, orders: Sequence[Order], ticks: int) -> Iterator[tuple[int, list[tuple]]]:
    """Yield for each tick the trades: buyer, seller, energy, rate, market, with partner."""
    book, fees = Book(), Fees.of(community.tree, community.fee, community.rules.fees)
    for tick in range(ticks):
        cleared = clear(book, community, fees, tick)
        columns = (
            cleared.buyer,
            cleared.seller,
            cleared.energy_kwh,
            cleared.rate,
            cleared.market,
            cleared.with_partner,
        )
        yield tick, list(zip(*(column.tolist() for column in columns), strict=True))
        post(book, orders, tick)


def last_tick(community: Community, orders: Sequence[Order]) -> int:
    """Return a tick by which all copies are everywhere."""
    steps = 2 * community.tree.height + 1
    return max((order.posted for order in orders), default=0) + 2 + max(community.rules.min_age_ticks, 1) * steps


def rate_there(community: Community, order: Order, market: int, rate: float) -> float:
    """Return what a rate of an order is in a market above its home."""
    fees = Fees.of(community.tree, community.fee, community.rules.fees)
    way = fees.way(np.array([order.is_offer]), community.tree.home[[order.asset]], np.array([market]))
    return float(way.there(np.array([rate]))[0])


def clear_market_by_market(
    community: Community, orders: Sequence[Order], tick: int
) -> Iterator[tuple[int, int, float, int, float]]:
    """Yield what pay-as-clear gives in each market by itself: buyer, seller, energy, market, and what the buyer pays.

    The clearing rate is rescaled to the buyer's home as 6.8 says: by the fees that its bid has paid, or in percent mode
    by the ratio of its bid there to its bid at home.
    """
    copies, tree, left = CopyingMarkets(community, orders), community.tree, [order.energy_kwh for order in orders]
    for earlier in range(tick + 1):
        copies.begin_tick(earlier)
    for market in sorted(range(len(tree.parent)), key=lambda one: (-tree.depth[one], one)):
        sides = []
        for is_offer in (False, True):
            rows = [
                number
                for number, order in enumerate(orders)
                if order.is_offer == is_offer
                and (number, market) in copies.rate
                and tree.ancestor[tree.depth[market], tree.home[order.asset]] == market
            ]
            rates = [rate_there(community, orders[number], market, orders[number].rate) for number in rows]
            owners = [orders[number].asset for number in rows]
            columns = (np.array(rates, float), np.array([left[number] for number in rows], float))
            sides.append(Side(*columns, np.array(owners, int), np.array(rows, int)))
        matches = pay_as_clear(*sides, community.rules.priority)
        for bid, offer, energy, rate in zip(*(column.tolist() for column in matches), strict=True):
            numbers = (int(sides[0].serial[bid]), int(sides[1].serial[offer]))
            for number in numbers:
                left[number] -= energy
            buyer, there = orders[numbers[0]], float(sides[0].rate[bid])
            is_percent = community.rules.fees == "percent"
            paid = rate * (buyer.rate / there if there else 1.0) if is_percent else rate + buyer.rate - there
            yield buyer.asset, orders[numbers[1]].asset, energy, market, paid


# Halves are exact, so that the reference and the sums of fees agree to the last bit; an offer a hair dearer than a bid
# is within the tolerance or beyond it.
bid_rates = st.integers(0, 40).map(lambda half: half / 2)
offer_rates = st.builds(lambda half, hair: half / 2 + hair, st.integers(0, 20), st.sampled_from([0.0, 0.0, 1e-5, 3e-5]))


@st.composite
def order_books(draw: st.DrawFn, community: Community, bids: int, offers: int) -> list[Order]:
    """Draw up to so many bids and offers of assets of a community, one per asset and side at most."""
    assets = list(range(len(community.kinds)))
    orders = []
    for is_offer, most in ((False, bids), (True, offers)):
        for asset in draw(st.lists(st.sampled_from(assets), min_size=1, max_size=most, unique=True)):
            rate = draw(offer_rates if is_offer else bid_rates)
            orders.append(Order(asset, is_offer, rate, draw(st.integers(1, 8)) / 4, draw(st.integers(0, 6))))
    return orders


class TestForwarding:
    """Clearing makes no copies; what trades when is what copies would have traded."""

    @settings(max_examples=150, deadline=None)
    @given(data=st.data())
    def test_orders_trade_exactly_if_their_copies_stand_in_one_market_and_cross_there(self, data, communities):
        community = data.draw(communities)
        orders = data.draw(order_books(community, 5, 5))
        copies = CopyingMarkets(community, orders)
        number = {order.key: row for row, order in enumerate(orders)}
        left = [order.energy_kwh for order in orders]
        for tick, trades in trade_all(community, orders, last_tick(community, orders)):
            copies.begin_tick(tick)
            crossing = copies.crossing()
            for buyer, seller, energy, *_ in trades:
                pair = (number[2 * buyer], number[2 * seller + 1])
                assert pair in crossing
                for row in pair:
                    left[row] -= energy
                    assert left[row] >= -1e-12
            for bid, offer in crossing:
                assert min(left[bid], left[offer]) <= TOLERANCE

    @settings(max_examples=100, deadline=None)
    @given(data=st.data(), one_bid=st.booleans())
    def test_one_order_against_many_trades_as_much_at_each_tick_as_its_copies_would(self, data, one_bid, communities):
        """Who comes first may differ where markets match at once, but one order's total by each tick may not."""
        community = data.draw(communities)
        orders = data.draw(order_books(community, 1 if one_bid else 6, 6 if one_bid else 1))
        copies = CopyingMarkets(community, orders)
        left = [order.energy_kwh for order in orders]
        for tick, trades in trade_all(community, orders, last_tick(community, orders)):
            copies.begin_tick(tick)
            total = 0.0
            for bid, offer in sorted(copies.crossing()):
                energy = min(left[bid], left[offer])
                left[bid] -= energy
                left[offer] -= energy
                total += energy
            assert sum(energy for _, _, energy, *_ in trades) == pytest.approx(total)

    @settings(max_examples=100, deadline=None)
    @given(data=st.data())
    def test_buyers_pay_their_bid_and_it_covers_offer_and_fees_of_the_whole_way(self, data, communities, path_between):
        """PROTOCOL.md 6.8: whichever market the match happens in."""
        community = data.draw(communities)
        orders = data.draw(order_books(community, 5, 5))
        posted = {order.key: order for order in orders}
        for _, trades in trade_all(community, orders, last_tick(community, orders)):
            for buyer, seller, _, rate, market, with_partner in trades:
                way = path_between(community, buyer, seller)
                assert rate == posted[2 * buyer].rate
                fees = sum(community.fee[one] for one in way)
                kept = rate / (1.0 + fees / 100.0) if community.rules.fees == "percent" else rate - fees
                assert kept >= posted[2 * seller + 1].rate - TOLERANCE
                assert market == min(way, key=lambda one: community.tree.depth[one])
                assert not with_partner

    @pytest.mark.parametrize(
        ("min_age", "homes", "met"),
        [
            (2, ("House 1", "House 1"), 1),
            (2, ("House 1", "Grid"), 3),
            (2, ("House 1", "House 2"), 3),
            (2, ("Room", "House 2"), 5),
            (2, ("Room", "Cellar"), 5),
            (3, ("House 1", "House 2"), 4),
            (0, ("Room", "Cellar"), 1),
        ],
    )
    def test_each_step_takes_the_minimum_age(self, make_community, min_age, homes, met):
        """Both orders are posted in tick 0, and their copies come towards each other."""
        markets = {
            "Grid": (None, 0.0),
            "House 1": ("Grid", 0.0),
            "House 2": ("Grid", 0.0),
            "Room": ("House 1", 0.0),
            "Cellar": ("House 2", 0.0),
        }
        buyer, seller = homes
        community = make_community(
            markets, loads={"Load": (buyer, [1.0])}, pvs={"PV": (seller, [1.0])}, min_age=min_age
        )
        orders = [Order(0, False, 20.0, 1.0, 0), Order(1, True, 10.0, 1.0, 0)]
        assert [tick for tick, trades in trade_all(community, orders, 15) if trades] == [met]

    def test_an_order_that_came_all_the_way_down_meets_new_ones_at_once(self, make_community):
        """The market maker's offer stands in each house after a while; a late bid needs not wait for its own copies."""
        community = make_community(
            {"Grid": (None, 0.0), "House": ("Grid", 0.0)}, loads={"Load": ("House", [1.0])}, maker="Grid"
        )
        maker = Order(1, True, 10.0, math.inf, 0)
        for posted, met in ((0, 3), (1, 3), (2, 3), (3, 4), (6, 7)):
            trades = trade_all(community, [maker, Order(0, False, 20.0, 1.0, posted)], 15)
            assert [tick for tick, made in trades if made] == [met]

    def test_a_bid_that_fees_would_take_below_zero_is_not_forwarded(self, make_community):
        community = make_community(
            {"Grid": (None, 0.0), "House 1": ("Grid", 3.0), "House 2": ("Grid", 0.0)},
            loads={"Load": ("House 1", [1.0])},
            pvs={"PV": ("House 2", [1.0])},
        )
        for rate, count in ((3.0, 1), (3.0 - 1e-5, 0)):
            orders = [Order(0, False, rate, 1.0, 0), Order(1, True, 0.0, 1.0, 0)]
            assert sum(len(trades) for _, trades in trade_all(community, orders, 10)) == count

    @pytest.mark.parametrize("min_age", [0, 2])
    @pytest.mark.parametrize("terms", [None, (Requirement(),)])
    def test_orders_do_not_trade_in_the_tick_in_which_they_are_posted(self, make_community, min_age, terms):
        community = make_community(loads={"Load": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])}, min_age=min_age)
        book, fees = Book(), Fees.of(community.tree, community.fee, community.rules.fees)
        post(book, [Order(0, False, 20.0, 1.0, 3, terms)], 3)
        post(book, [Order(1, True, 10.0, 1.0, 2)], 2)
        assert len(clear(book, community, fees, 3)) == 0
        assert len(clear(book, community, fees, 4)) == 1


class TestPriorities:
    def test_neighbours_of_one_house_trade_before_anyone_further_away(self, make_community):
        """Markets match from the bottom up, although the bid from outside is higher."""
        community = make_community(
            {"Grid": (None, 0.0), "House": ("Grid", 0.0)},
            loads={"Inside": ("House", [1.0]), "Outside": ("Grid", [1.0])},
            pvs={"PV": ("House", [1.0])},
        )
        orders = [
            Order(1, False, 30.0, 1.0, 0),
            Order(2, True, 10.0, 1.0, 5),
            Order(0, False, 20.0, 0.6, 5),
        ]
        trades = [trade for _, made in trade_all(community, orders, 15) for trade in made]
        assert trades == [(0, 2, 0.6, 20.0, 1, False), (1, 2, pytest.approx(0.4), 30.0, 0, False)]

    def test_in_one_market_the_rates_after_fees_decide(self, make_community):
        """A bid of 21 from a house with a fee of 3 is worth less in the grid than one of 19 from there."""
        community = make_community(
            {"Grid": (None, 0.0), "House": ("Grid", 3.0)},
            loads={"Far": ("House", [1.0]), "Near": ("Grid", [1.0])},
            pvs={"PV": ("Grid", [1.0])},
        )
        orders = [Order(0, False, 21.0, 1.0, 0), Order(1, False, 19.0, 1.0, 0), Order(2, True, 10.0, 0.5, 5)]
        trades = [trade for _, made in trade_all(community, orders, 15) for trade in made]
        assert [(buyer, rate) for buyer, _, _, rate, *_ in trades] == [(1, 19.0)]

    @pytest.mark.parametrize("elsewhere", [None, (Requirement(),)])
    def test_orders_that_are_there_trade_before_those_still_on_their_way(self, make_community, elsewhere):
        """The bid from the house is higher; whether somebody in another market has requirements does not matter."""
        community = make_community(
            {"Grid": (None, 0.0), "Street": ("Grid", 0.0), "House": ("Street", 0.0), "Other": ("Grid", 0.0)},
            loads={"Far": ("House", [1.0]), "Near": ("Street", [1.0]), "Load": ("Other", [1.0])},
            pvs={"PV": ("Street", [1.0])},
        )
        orders = [
            Order(3, True, 10.0, 1.0, 0),
            Order(0, False, 25.0, 1.0, 2),
            Order(1, False, 20.0, 1.0, 2),
            Order(2, False, 5.0, 1.0, 2, elsewhere),
        ]
        trades = [(tick, *trade[:2]) for tick, made in trade_all(community, orders, 8) for trade in made]
        assert trades == [(3, 1, 3)]

    def test_the_latest_posted_of_equal_orders_trades_first(self, make_community):
        community = make_community(
            loads={"Early": ("Grid", [1.0]), "Late": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])}
        )
        orders = [Order(0, False, 20.0, 1.0, 1), Order(1, False, 20.0, 1.0, 2), Order(2, True, 10.0, 1.0, 5)]
        trades = [trade for _, made in trade_all(community, orders, 10) for trade in made]
        assert [buyer for buyer, *_ in trades] == [1]

    def test_the_priority_of_the_rules_counts(self, make_community):
        community = make_community(
            loads={"Early": ("Grid", [1.0]), "Late": ("Grid", [1.0])},
            pvs={"Cheap": ("Grid", [1.0]), "Dear": ("Grid", [1.0])},
            priority="price-time",
        )
        orders = [
            Order(0, False, 20.0, 1.0, 1),
            Order(1, False, 20.0, 1.0, 2),
            Order(2, True, 10.0, 0.5, 5),
            Order(3, True, 15.0, 0.6, 5),
        ]
        trades = [trade for _, made in trade_all(community, orders, 10) for trade in made]
        assert [trade[:2] for trade in trades] == [(0, 2), (0, 3), (1, 3)]


HOUSES = {"Grid": (None, 4.0), "House 1": ("Grid", 1.0), "House 2": ("Grid", 2.0)}


class TestPayAsClear:
    """The clearing rate is what trades settle at, which in the original it is not (PROTOCOL.md 6.4)."""

    @pytest.mark.parametrize("mode", ["constant", "percent"])
    def test_the_example_that_the_original_settles_pay_as_bid(self, make_community, mode):
        community = make_community(
            loads={"L1": ("Grid", [1.0]), "L2": ("Grid", [1.0])},
            pvs={"P1": ("Grid", [1.0]), "P2": ("Grid", [1.0])},
            clearing="pay-as-clear",
            fees=mode,
        )
        orders = [Order(0, False, 30.0, 1.0, 0), Order(1, False, 20.0, 1.0, 0)]
        orders += [Order(2, True, 10.0, 1.0, 0), Order(3, True, 12.0, 1.0, 0)]
        trades = [trade for _, made in trade_all(community, orders, 5) for trade in made]
        assert [trade[:4] for trade in trades] == [(0, 2, 1.0, 20.0), (1, 3, 1.0, 20.0)]

    def test_orders_with_requirements_pay_their_bids_first_and_the_rest_one_rate(self, make_community):
        community = make_community(
            loads={name: ("Grid", [1.0]) for name in ("High", "Low", "Wish")},
            pvs={"PV": ("Grid", [3.0])},
            clearing="pay-as-clear",
        )
        orders = [
            Order(0, False, 30.0, 1.0, 0),
            Order(1, False, 20.0, 1.0, 0),
            Order(2, False, 25.0, 1.0, 0, (Requirement(),)),
            Order(3, True, 10.0, 3.0, 0),
        ]
        trades = [
            (tick, buyer, rate) for tick, made in trade_all(community, orders, 5) for buyer, _, _, rate, *_ in made
        ]
        assert trades == [(1, 2, 25.0), (1, 0, 20.0), (1, 1, 20.0)]

    def test_an_asset_on_both_sides_does_not_hide_its_offer_from_others(self, make_community):
        """The highest bid and the only offer are one asset's; in the original such a round is the last."""
        community = make_community(
            loads={"Load": ("Grid", [1.0])}, batteries={"Battery": ("Grid", {})}, clearing="pay-as-clear"
        )
        orders = [Order(1, False, 30.0, 1.0, 0), Order(1, True, 5.0, 1.0, 0), Order(0, False, 20.0, 1.0, 2)]
        assert [trade[:4] for _, made in trade_all(community, orders, 8) for trade in made] == [(0, 1, 1.0, 20.0)]

    @pytest.mark.parametrize(
        ("mode", "paid", "kept"),
        [("constant", [21.0, 20.0], [14.0, 14.0]), ("percent", [20 / 0.99, 20.0], [20 / 0.99 / 1.07, 20 / 1.06])],
    )
    def test_buyers_on_different_ways_pay_what_comes_to_one_rate_where_they_meet(
        self, make_community, mode, paid, kept
    ):
        """A bid of 20 from the grid sets the rate there; who comes from the house pays its fee on top."""
        community = make_community(
            HOUSES,
            loads={"Far": ("House 1", [1.0]), "Near": ("Grid", [1.0])},
            pvs={"PV": ("House 2", [2.0])},
            clearing="pay-as-clear",
            fees=mode,
        )
        orders = [Order(0, False, 30.0, 1.0, 0), Order(1, False, 20.0, 1.0, 0), Order(2, True, 5.0, 2.0, 0)]
        trades = [trade for _, made in trade_all(community, orders, 8) for trade in made]
        assert [trade[:2] for trade in trades] == [(0, 2), (1, 2)]
        assert [trade[3] for trade in trades] == pytest.approx(paid)
        fees = Fees.of(community.tree, community.fee, mode)
        homes = (np.array([1, 0]), np.array([2, 2]), np.array([0, 0]))
        assert fees.kept(np.array(paid), fees.on_path(*homes)) == pytest.approx(kept)

    @settings(max_examples=100, deadline=None)
    @given(data=st.data(), priority=st.sampled_from(["compatible", "price-time"]))
    def test_in_each_market_it_is_what_pay_as_clear_gives_there(self, data, priority, communities):
        """All copies are everywhere: from the bottom up, each market clears what those below it have left."""
        community = data.draw(communities)
        rules = attrs.evolve(community.rules, clearing="pay-as-clear", priority=priority)
        community = attrs.evolve(community, rules=rules)
        orders = [attrs.evolve(order, posted=0) for order in data.draw(order_books(community, 6, 6))]
        tick = last_tick(community, orders)
        book, fees = Book(), Fees.of(community.tree, community.fee, rules.fees)
        post(book, orders, 0)
        cleared = clear(book, community, fees, tick)
        expected = list(clear_market_by_market(community, orders, tick))
        columns = (cleared.buyer, cleared.seller, cleared.energy_kwh, cleared.market)
        assert list(zip(*(column.tolist() for column in columns), strict=True)) == [trade[:4] for trade in expected]
        assert cleared.rate.tolist() == pytest.approx([rate for *_, rate in expected])

    @settings(max_examples=100, deadline=None)
    @given(data=st.data())
    def test_in_each_tick_the_rates_where_they_meet_are_those_of_bids_there(self, data, communities):
        """No buyer pays more than it bid, and no seller keeps less than it asked.

        A market has several rates in a tick if it takes several rounds, or if some orders are still on their way to it.
        Each is the rate that some bid has there, and bids of one rate differ there by the fees on their ways.
        """
        community = data.draw(communities)
        community = attrs.evolve(community, rules=attrs.evolve(community.rules, clearing="pay-as-clear"))
        orders = data.draw(order_books(community, 5, 5))
        posted = {order.key: order for order in orders}
        fees = Fees.of(community.tree, community.fee, community.rules.fees)
        tree = community.tree
        copies = CopyingMarkets(community, orders)
        for tick, trades in trade_all(community, orders, last_tick(community, orders)):
            copies.begin_tick(tick)
            crossing = {(orders[bid].asset, orders[offer].asset) for bid, offer in copies.crossing()}
            for buyer, seller, _, rate, market, _ in trades:
                assert (buyer, seller) in crossing
                assert rate <= posted[2 * buyer].rate
                path = fees.on_path(*(np.array([one]) for one in (tree.home[buyer], tree.home[seller], market)))
                assert fees.kept(np.array([rate]), path)[0] >= posted[2 * seller + 1].rate - TOLERANCE
                bids = [order for order in orders if not order.is_offer and order.posted < tick]
                below = [order for order in bids if tree.ancestor[tree.depth[market], tree.home[order.asset]] == market]
                rates = [rate_there(community, order, market, order.rate) for order in below]
                there = rate_there(community, posted[2 * buyer], market, rate)
                assert there == pytest.approx(min(rates, key=lambda one: abs(one - there)))

    def test_bids_of_one_rate_on_two_ways_clear_at_two_rates_in_two_rounds(self, make_community):
        """In the grid the bids are worth 20 and 19.5; the first cannot buy from itself, and takes the dearer offer."""
        community = make_community(
            {"Grid": (None, 0.0), "House 1": ("Grid", 0.0), "House 2": ("Grid", 0.5)},
            batteries={"One": ("House 1", {}), "Two": ("House 2", {})},
            clearing="pay-as-clear",
        )
        orders = [Order(0, False, 20.0, 1.0, 0), Order(1, False, 20.0, 1.0, 0)]
        orders += [Order(0, True, 10.0, 1.0, 0), Order(1, True, 19.5, 1.0, 0)]
        trades = [trade for _, made in trade_all(community, orders, 8) for trade in made]
        assert [trade[:4] for trade in trades] == [(0, 1, 1.0, 20.0), (1, 0, 1.0, 20.0)]
        assert [rate_there(community, orders[trade[0]], 0, trade[3]) for trade in trades] == [20.0, 19.5]


class TestRequirements:
    @settings(max_examples=120, deadline=None)
    @given(data=st.data())
    def test_requirements_bind_in_every_market_and_over_all_ticks(self, data, communities):
        """Checked by a function of its own; caps count over ticks and markets together."""
        community = data.draw(communities)
        names = community.asset_ids
        requirement = st.builds(
            Requirement,
            st.lists(st.sampled_from(names), max_size=2).map(tuple),
            st.sampled_from([(), (), ("PV",), ("Grid",)]),
            st.none() | st.sampled_from([0.1, 0.25, 0.6]),
            st.none() | bid_rates,
        )
        orders = [
            attrs.evolve(order, terms=data.draw(st.none() | st.lists(requirement, min_size=1, max_size=2).map(tuple)))
            for order in data.draw(order_books(community, 5, 5))
        ]
        posted = {order.key: order for order in orders}
        total = dict.fromkeys(posted, 0.0)
        for _, trades in trade_all(community, orders, last_tick(community, orders)):
            for buyer, seller, energy, rate, _, with_partner in trades:
                bid, offer = posted[2 * buyer], posted[2 * seller + 1]
                energy_type = {"pv": "PV", "market-maker": "Grid"}.get(community.kinds[seller], "")
                ways = [
                    (wanted, asked)
                    for wanted in bid.terms or (Requirement(),)
                    for asked in offer.terms or (Requirement(),)
                    if rate == (bid.rate if wanted.rate is None else wanted.rate)
                    and (not wanted.partners or names[seller] in wanted.partners)
                    and (not asked.partners or names[buyer] in asked.partners)
                    and (not wanted.energy_types or energy_type in wanted.energy_types)
                ]
                assert ways
                assert with_partner in {bool(wanted.partners or asked.partners) for wanted, asked in ways}
                for order in (bid, offer):
                    total[order.key] += energy
        for key, order in posted.items():
            caps = [order.energy_kwh if one.energy_kwh is None else one.energy_kwh for one in order.terms or ()]
            assert total[key] <= min(order.energy_kwh, sum(caps) if order.terms else math.inf) + 1e-9

    @settings(max_examples=60, deadline=None)
    @given(data=st.data())
    def test_requirements_that_demand_nothing_change_nothing_that_copies_would_do(self, data, communities):
        community = data.draw(communities)
        orders = data.draw(order_books(community, 4, 4))
        asked = [attrs.evolve(order, terms=(Requirement(),)) for order in orders]
        copies = CopyingMarkets(community, orders)
        number = {order.key: row for row, order in enumerate(orders)}
        left = [order.energy_kwh for order in orders]
        for tick, trades in trade_all(community, asked, last_tick(community, orders)):
            copies.begin_tick(tick)
            crossing = copies.crossing()
            for buyer, seller, energy, *_ in trades:
                pair = (number[2 * buyer], number[2 * seller + 1])
                assert pair in crossing
                for row in pair:
                    left[row] -= energy
            for bid, offer in crossing:
                assert min(left[bid], left[offer]) <= TOLERANCE

    def test_an_energy_cap_holds_from_tick_to_tick(self, make_community):
        community = make_community(
            loads={"Load": ("Grid", [1.0])}, pvs={"PV 1": ("Grid", [1.0]), "PV 2": ("Grid", [1.0])}
        )
        wish = Requirement(energy_types=("PV",), energy_kwh=0.5)
        orders = [
            Order(0, False, 20.0, 1.0, 0, (wish,)),
            Order(1, True, 10.0, 0.3, 1),
            Order(2, True, 10.0, 1.0, 2),
        ]
        trades = [(tick, energy) for tick, made in trade_all(community, orders, 10) for _, _, energy, *_ in made]
        assert trades == [(2, 0.3), (3, pytest.approx(0.2))]

    @pytest.mark.parametrize("side", ["bid", "offer"])
    def test_the_rate_of_a_requirement_counts_where_the_orders_own_would_not_cross(self, make_community, side):
        community = make_community(loads={"Load": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])})
        bid_terms = (Requirement(partners=("asset PV",), rate=25.0), Requirement()) if side == "bid" else None
        offer_terms = (Requirement(partners=("asset Load",), rate=8.0), Requirement()) if side == "offer" else None
        orders = [Order(0, False, 10.0, 1.0, 0, bid_terms), Order(1, True, 20.0, 1.0, 0, offer_terms)]
        trades = [trade for _, made in trade_all(community, orders, 10) for trade in made]
        assert trades == [(0, 1, 1.0, 25.0 if side == "bid" else 10.0, 0, True)]

    def test_what_an_order_says_of_its_energy_goes_before_what_its_asset_is(self, make_community):
        """A battery's offer can be solar energy; a battery that says nothing is of no kind."""
        community = make_community(loads={"Load": ("Grid", [1.0])}, batteries={"Battery": ("Grid", {})})
        fees = Fees.of(community.tree, community.fee, community.rules.fees)
        for energy_types, count in (({}, 0), ({0: "PV"}, 1), ({0: "Wind"}, 0)):
            book = Book()
            post(book, [Order(0, False, 20.0, 1.0, 0, (Requirement(energy_types=("PV",)),))], 0)
            book.add(np.array([3]), np.array([10.0]), np.array([1.0]), 0, np.array([5]), {}, energy_types)
            assert len(clear(book, community, fees, 1)) == count


def test_an_empty_book_clears_to_nothing(make_community):
    community = make_community(loads={"Load": ("Grid", [1.0])})
    cleared = clear(Book(), community, Fees.of(community.tree, community.fee, community.rules.fees), 0)
    assert len(cleared) == 0
    assert cleared.energy_kwh.sum() == 0.0


def test_orders_that_do_not_cross_stay_in_the_book(make_community):
    community = make_community(loads={"Load": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])})
    book = Book()
    post(book, [Order(0, False, 10.0, 1.0, 0), Order(1, True, 10.0 + 3e-5, 0.5, 0)], 0)
    assert len(clear(book, community, Fees.of(community.tree, community.fee, community.rules.fees), 5)) == 0
    assert book.open_kwh(4).tolist() == [1.0, 0.0, 0.0, 0.5]


@pytest.mark.parametrize("clearing", ["pay-as-bid", "pay-as-clear"])
@pytest.mark.parametrize("terms", [None, (Requirement(),)])
@pytest.mark.parametrize(("bid", "above", "count"), [(20.0, 0.9, 1), (20.0, 1.1, 0), (0.0, 1.0, 1)])
def test_orders_cross_up_to_the_tolerance(make_community, clearing, terms, bid, above, count):
    """In pay-as-clear those without requirements up to its own, which is smaller."""
    community = make_community(loads={"Load": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])}, clearing=clearing)
    tolerance = CLEARING_TOLERANCE if clearing == "pay-as-clear" and terms is None else TOLERANCE
    orders = [Order(0, False, bid, 1.0, 0, terms), Order(1, True, bid + above * tolerance, 1.0, 0)]
    assert sum(len(trades) for _, trades in trade_all(community, orders, 5)) == count


def test_fees_between_two_houses_can_keep_them_apart(make_community):
    """PROTOCOL.md 6.7: offers pay on entering a market, at home too, and bids on leaving one."""
    community = make_community(
        {"Grid": (None, 4.0), "House 1": ("Grid", 1.0), "House 2": ("Grid", 2.0)},
        loads={"Load": ("House 1", [1.0])},
        pvs={"PV": ("House 2", [1.0])},
    )
    for asked, count in ((23.0, 1), (23.1, 0)):
        orders = [Order(0, False, 30.0, 1.0, 0), Order(1, True, asked, 1.0, 0)]
        assert sum(len(trades) for _, trades in trade_all(community, orders, 10)) == count


@pytest.mark.parametrize(("asked", "count"), [(20.0 * 0.95 / 1.3, 1), (14.7, 0), (20.0 / 1.35, 0)])
def test_with_percentages_orders_cross_in_the_lowest_market_that_contains_both_or_not_at_all(
    make_community, asked, count
):
    """A bid of 20 is 19 in the grid and reaches 14.615 there; at home it would reach a copy of an offer of 14.815."""
    community = make_community(
        {"Grid": (None, 20.0), "House 1": ("Grid", 5.0), "House 2": ("Grid", 10.0)},
        loads={"Load": ("House 1", [1.0])},
        pvs={"PV": ("House 2", [1.0])},
        fees="percent",
    )
    orders = [Order(0, False, 20.0, 1.0, 0), Order(1, True, asked, 1.0, 0)]
    assert sum(len(trades) for _, trades in trade_all(community, orders, 10)) == count
