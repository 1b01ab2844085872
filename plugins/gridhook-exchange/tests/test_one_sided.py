from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook.orders import Requirement
from gridhook_exchange.market.book import Book, Terms
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.one_sided import take_offers

Trade = tuple[int, int, float, float, int]
"""Buyer, seller, energy, rate that the buyer pays, and the market in which they met."""


@attrs.frozen
class Order:
    """An offer, or what an asset would take; posted at the end of a tick."""

    asset: int
    is_offer: bool
    rate: float
    energy_kwh: float
    posted: int
    terms: tuple[Requirement, ...] | None = None


@attrs.define
class Slow:
    """One-sided markets as PROTOCOL.md 6.6 to 6.8 tell it, one offer and one taker after the other."""

    community: Community
    orders: Sequence[Order]
    path_between: Callable[[Community, int, int], list[int]]
    left: list[float] = attrs.field(init=False)
    caps: list[list[float]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.left = [order.energy_kwh for order in self.orders]
        self.caps = [
            [order.energy_kwh if one.energy_kwh is None else one.energy_kwh for one in order.terms or (Requirement(),)]
            for order in self.orders
        ]

    def tick(self, tick: int) -> list[Trade]:
        trades = []
        for taker in sorted(range(len(self.orders)), key=lambda number: (self.orders[number].posted, number)):
            wants = self.orders[taker]
            if wants.is_offer or wants.posted >= tick:
                continue
            for rate, _, offer, alternative in sorted(self._standing(wants, tick)):
                energy = min(self.left[taker], self.left[offer], self.caps[offer][alternative])
                if rate <= wants.rate + 2e-5 and energy > 2e-5:
                    self.left[taker] -= energy
                    self.left[offer] -= energy
                    self.caps[offer][alternative] -= energy
                    seller = self.orders[offer].asset
                    way = self.path_between(self.community, wants.asset, seller)
                    meeting = min(way, key=lambda one: self.community.tree.depth[one])
                    trades.append((wants.asset, seller, energy, rate, meeting))
        return trades

    def _standing(self, wants: Order, tick: int) -> list[tuple[float, tuple[int, int], int, int]]:
        """Return what stands in a taker's home market for it: rate there, who comes first, offer, alternative."""
        rules, found = self.community.rules, []
        for number, offer in enumerate(self.orders):
            if not offer.is_offer or offer.asset == wants.asset:
                continue
            way = self.path_between(self.community, offer.asset, wants.asset)
            if tick < offer.posted + 1 + rules.min_age_ticks * (len(way) - 1) or tick <= offer.posted:
                continue
            for alternative, one in enumerate(offer.terms or (Requirement(),)):
                rate = offer.rate if one.rate is None else one.rate
                fees = sum(self.community.fee[market] for market in way)
                there = rate * (1 + fees / 100) if rules.fees == "percent" else rate + fees
                age = (offer.posted, number)
                first = (-age[0], -age[1]) if rules.priority == "compatible" else age
                if not one.partners or self.community.asset_ids[wants.asset] in one.partners:
                    found.append((float(there), first, number, alternative))
        return found


def fast(community: Community, orders: Sequence[Order], ticks: int) -> list[list[Trade]]:
    """Return the trades of each tick."""
    book, fees, found = Book(), Fees.of(community.tree, community.fee, community.rules.fees), []
    for tick in range(ticks):
        cleared = take_offers(book, community, fees, tick)
        columns = (cleared.buyer, cleared.seller, cleared.energy_kwh, cleared.rate, cleared.market)
        found.append(list(zip(*(column.tolist() for column in columns), strict=True)))
        for is_offer in (True, False):
            rows = [row for row, one in enumerate(orders) if one.posted == tick and one.is_offer == is_offer]
            some = [orders[row] for row in rows]
            book.add(
                np.array([2 * one.asset + one.is_offer for one in some], dtype=np.int64),
                np.array([one.rate for one in some]),
                np.array([one.energy_kwh for one in some]),
                tick,
                np.array(rows, dtype=np.int64),
                {place: Terms.of(one.terms) for place, one in enumerate(some) if one.terms is not None},
                {},
                is_numbered=is_offer,
            )
    return found


@st.composite
def books(draw: st.DrawFn, community: Community) -> list[Order]:
    assets = list(range(len(community.kinds)))
    requirement = st.builds(
        Requirement,
        st.lists(st.sampled_from([*community.asset_ids, "nobody"]), max_size=2).map(tuple),
        st.just(()),
        st.none() | st.sampled_from([0.25, 0.5]),
        st.none() | st.integers(0, 40).map(lambda half: half / 2),
    )
    orders = []
    for is_offer in (True, False):
        for asset in draw(st.lists(st.sampled_from(assets), min_size=1, max_size=6, unique=True)):
            terms = draw(st.none() | st.lists(requirement, min_size=1, max_size=2).map(tuple)) if is_offer else None
            # In percent mode rounding is not to decide between two equal offers on two ways.
            rate = draw(st.integers(0, 40)) / 2 + (len(orders) / 1000 if community.rules.fees == "percent" else 0.0)
            energy = draw(st.integers(1, 8)) / 4
            orders.append(Order(asset, is_offer, rate, energy, draw(st.integers(0, 5)), terms))
    return orders


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_takers_get_what_they_would_get_if_offers_were_carried_from_door_to_door(data, communities, path_between):
    community = data.draw(communities)
    rules = attrs.evolve(community.rules, priority=data.draw(st.sampled_from(["compatible", "price-time"])))
    community = attrs.evolve(community, rules=rules)
    orders = data.draw(books(community))
    ticks = 8 + max(rules.min_age_ticks, 1) * (2 * community.tree.height + 1)
    slow = Slow(community, orders, path_between)
    for tick, trades in enumerate(fast(community, orders, ticks)):
        expected = slow.tick(tick)
        assert [trade[:2] for trade in trades] == [trade[:2] for trade in expected]
        assert [trade[4] for trade in trades] == [trade[4] for trade in expected]
        assert [trade[2:4] for trade in trades] == [pytest.approx(trade[2:4]) for trade in expected]


def all_of(ticks: list[list[Trade]]) -> list[Trade]:
    return [trade for tick in ticks for trade in tick]


TWO_HOUSES = {"Grid": (None, 4.0), "House 1": ("Grid", 1.0), "House 2": ("Grid", 2.0)}


@pytest.fixture
def houses(make_community) -> Community:
    return make_community(
        TWO_HOUSES, loads={"Load": ("House 1", [1.0])}, pvs={"Near": ("House 1", [1.0]), "Far": ("House 2", [1.0])}
    )


def test_the_buyer_pays_the_offer_and_all_fees_on_the_way_to_its_home(houses):
    """PROTOCOL.md 6.8: 10 and fees of 2, 4 and 1."""
    orders = [Order(2, True, 10.0, 1.0, 0), Order(0, False, 30.0, 1.0, 0)]
    assert all_of(fast(houses, orders, 8)) == [(0, 2, 1.0, 17.0, 0)]


def test_the_cheapest_offer_at_home_counts_whatever_it_costs_where_it_comes_from(houses):
    orders = [Order(1, True, 15.0, 0.5, 0), Order(2, True, 10.0, 0.5, 0), Order(0, False, 30.0, 1.0, 6)]
    assert all_of(fast(houses, orders, 10)) == [(0, 1, 0.5, 16.0, 1), (0, 2, 0.5, 17.0, 0)]


@pytest.mark.parametrize(("most", "count"), [(17.0 - 1e-5, 1), (17.0 - 3e-5, 0)])
def test_takers_pay_up_to_their_rate_and_the_tolerance(houses, most, count):
    orders = [Order(2, True, 10.0, 1.0, 0), Order(0, False, most, 1.0, 0)]
    assert len(all_of(fast(houses, orders, 8))) == count


@pytest.mark.parametrize(("most", "count"), [(11.0 - 1e-5, 1), (11.0 - 3e-5, 0)])
def test_takers_pay_up_to_their_rate_and_the_tolerance_at_home_too(houses, most, count):
    orders = [Order(1, True, 10.0, 1.0, 0), Order(0, False, most, 1.0, 0)]
    assert len(all_of(fast(houses, orders, 8))) == count


def test_an_offer_that_costs_just_the_tolerance_more_is_taken(make_community):
    community = make_community(loads={"Load": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])})
    orders = [Order(1, True, 2e-5, 1.0, 0), Order(0, False, 0.0, 1.0, 0)]
    assert len(all_of(fast(community, orders, 5))) == 1


@pytest.mark.parametrize(("energy", "count"), [(2e-5, 0), (2.1e-5, 1)])
@pytest.mark.parametrize("side", ["offer", "taker"])
def test_dust_is_not_taken(houses, energy, count, side):
    offered, wanted = (energy, 1.0) if side == "offer" else (1.0, energy)
    orders = [Order(1, True, 10.0, offered, 0), Order(0, False, 20.0, wanted, 0)]
    assert len(all_of(fast(houses, orders, 8))) == count


@pytest.fixture
def two_takers(make_community) -> Community:
    """Return a market in which assets 0 and 1 take, and 2 and 3 offer."""
    return make_community(
        loads={"A": ("Grid", [1.0]), "B": ("Grid", [1.0])}, pvs={"P": ("Grid", [1.0]), "Q": ("Grid", [1.0])}
    )


@pytest.mark.parametrize("dust", [1e-5, 2e-5])
def test_a_taker_that_wants_only_dust_leaves_the_offer_to_the_next(two_takers, dust):
    orders = [Order(2, True, 10.0, 1.0, 0), Order(0, False, 20.0, dust, 0), Order(1, False, 20.0, 0.5, 0)]
    assert [trade[:3] for trade in all_of(fast(two_takers, orders, 2))] == [(1, 2, 0.5)]


def test_what_is_left_of_an_offer_goes_to_the_next_taker_if_it_is_more_than_dust(two_takers):
    orders = [Order(2, True, 10.0, 1.0001, 0), Order(0, False, 20.0, 1.0, 0), Order(1, False, 20.0, 1.0, 0)]
    assert [trade[:3] for trade in all_of(fast(two_takers, orders, 2))] == [(0, 2, 1.0), (1, 2, pytest.approx(1e-4))]


def test_who_posted_first_takes_first_whatever_the_order_of_rows(two_takers):
    book, fees = Book(), Fees.of(two_takers.tree, two_takers.fee)
    book.add(np.array([5]), np.array([10.0]), np.array([0.5]), 0, np.array([0]), {}, {})
    takers = (np.array([0, 2]), np.array([20.0, 20.0]), np.array([0.5, 0.5]))
    book.add(*takers, 0, np.array([3, 1]), {}, {}, is_numbered=False)
    assert take_offers(book, two_takers, fees, 1).buyer.tolist() == [1]


@pytest.mark.parametrize(("priority", "sellers"), [("compatible", [3, 2]), ("price-time", [2, 3])])
@pytest.mark.parametrize("posted", [2, 3])
def test_of_equal_offers_the_priority_decides_however_far_they_have_come(two_takers, priority, sellers, posted):
    """At tick 3 the older offer has come further, at tick 4 both have come equally far."""
    community = attrs.evolve(two_takers, rules=attrs.evolve(two_takers.rules, priority=priority))
    orders = [Order(2, True, 10.0, 0.5, 0), Order(3, True, 10.0, 0.5, 1), Order(0, False, 20.0, 1.0, posted)]
    assert [trade[1] for trade in all_of(fast(community, orders, 5))] == sellers


def test_of_offers_from_several_houses_the_cheapest_at_home_comes_first(make_community):
    """They have come equally far, but on ways with other fees: 10 + 3 and 12 + 1, and a hair between them."""
    community = make_community(
        {"Grid": (None, 0.0), "Dear": ("Grid", 3.0), "Cheap": ("Grid", 1.0), "House": ("Grid", 0.0)},
        loads={"Load": ("House", [1.0])},
        pvs={"PV 1": ("Dear", [1.0]), "PV 2": ("Cheap", [1.0])},
    )
    for asked, sellers in ((12.5, [1, 2]), (11.5, [2, 1])):
        orders = [Order(1, True, 10.0, 0.5, 0), Order(2, True, asked, 0.5, 0), Order(0, False, 30.0, 1.0, 6)]
        assert [trade[1] for trade in all_of(fast(community, orders, 10))] == sellers


def test_an_offer_at_home_is_found_when_others_stand_above_only(make_community):
    """In the grid all would be too dear, the offer from home too."""
    community = make_community(
        {"Grid": (None, 50.0), "House": ("Grid", 0.0)},
        loads={"Load": ("House", [1.0])},
        pvs={"Near": ("House", [1.0]), "Dear": ("Grid", [1.0])},
    )
    orders = [Order(1, True, 10.0, 1.0, 0), Order(2, True, 90.0, 1.0, 0), Order(0, False, 20.0, 1.0, 0)]
    ticks = fast(community, orders, 4)
    assert [(tick, trade[1]) for tick, trades in enumerate(ticks) for trade in trades] == [(1, 1)]


def test_the_offer_has_an_id_and_the_taker_none(houses):
    book, fees = Book(), Fees.of(houses.tree, houses.fee)
    columns = (np.array([10.0]), np.array([1.0]), 0, np.array([0]), {}, {})
    assert book.add(np.array([3]), *columns).tolist() == [0]
    assert book.add(np.array([0]), np.array([20.0]), np.array([0.25]), *columns[2:], is_numbered=False).tolist() == [-1]
    cleared = take_offers(book, houses, fees, 1)
    assert (cleared.bid.tolist(), cleared.residual_bid.tolist()) == ([-1], [-1])
    assert (cleared.offer.tolist(), cleared.residual_offer.tolist()) == ([0], [1])
    assert cleared.with_partner.tolist() == [False]
    book.add(np.array([0]), np.array([20.0]), np.array([5.0]), *columns[2:], is_numbered=False)
    cleared = take_offers(book, houses, fees, 2)
    assert (cleared.bid.tolist(), cleared.residual_bid.tolist()) == ([-1], [-1])
    assert (cleared.offer.tolist(), cleared.residual_offer.tolist()) == ([1], [-1])


@pytest.mark.parametrize(("posted", "count"), [((2, 3), 0), ((3, 2), 0), ((2, 2), 1)])
def test_nothing_is_taken_in_the_tick_in_which_it_is_posted(houses, posted, count):
    book = Book()
    for key, tick in zip((3, 0), posted, strict=True):
        is_offer = key == 3
        columns = (np.array([key]), np.array([10.0 if is_offer else 20.0]), np.array([1.0]))
        book.add(*columns, tick, np.array([0]), {}, {}, is_numbered=is_offer)
    assert len(take_offers(book, houses, Fees.of(houses.tree, houses.fee), 3)) == count


def test_percentages_on_the_way_down_change_what_is_cheapest(make_community):
    """In the grid the offers cost 15 and 14.5, in the buyer's house 25 and 29."""
    community = make_community(
        {"Grid": (None, 0.0), "Dear": ("Grid", 50.0), "Free": ("Grid", 0.0), "House": ("Grid", 100.0)},
        loads={"Load": ("House", [1.0])},
        pvs={"PV 1": ("Dear", [1.0]), "PV 2": ("Free", [1.0])},
        fees="percent",
    )
    orders = [Order(1, True, 10.0, 0.5, 0), Order(2, True, 14.5, 1.0, 0), Order(0, False, 40.0, 1.0, 0)]
    found = all_of(fast(community, orders, 8))
    assert [trade[1] for trade in found] == [1, 2]
    assert [trade[3] for trade in found] == pytest.approx([25.0, 29.0])


@pytest.mark.parametrize(("partners", "count"), [(("asset Load",), 1), (("asset Far",), 0)])
def test_partners_of_an_offer_bind(houses, partners, count):
    orders = [Order(1, True, 10.0, 1.0, 0, (Requirement(partners=partners),)), Order(0, False, 30.0, 1.0, 0)]
    assert len(all_of(fast(houses, orders, 8))) == count


@pytest.mark.parametrize("posted", [0, 3])
def test_the_energy_of_a_requirement_caps_what_is_taken_in_one_tick_and_later(make_community, posted):
    community = make_community(loads={"A": ("Grid", [1.0]), "B": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])})
    orders = [
        Order(2, True, 10.0, 1.0, 0, (Requirement(energy_kwh=0.75),)),
        Order(0, False, 20.0, 0.5, 0),
        Order(1, False, 20.0, 0.5, posted),
    ]
    assert [trade[:3] for trade in all_of(fast(community, orders, 8))] == [(0, 2, 0.5), (1, 2, 0.25)]


def test_an_empty_book_has_no_takers(houses):
    assert len(take_offers(Book(), houses, Fees.of(houses.tree, houses.fee), 0)) == 0
