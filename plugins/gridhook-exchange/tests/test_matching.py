from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.market.matching import TOLERANCE, Matches, Side, pay_as_bid

Order = tuple[float, float, int]
"""Rate, energy and owner; orders are posted in the order of their list."""


def make_side(orders: list[Order], serials: list[int] | None = None) -> Side:
    rate, energy, owner = zip(*orders, strict=True) if orders else ((), (), ())
    return Side(
        np.array(rate, dtype=np.float64),
        np.array(energy, dtype=np.float64),
        np.array(owner, dtype=np.int64),
        np.array(range(len(orders)) if serials is None else serials, dtype=np.int64),
    )


def pairs_of(matches: Matches) -> list[tuple[int, int, float]]:
    return list(zip(matches.bid.tolist(), matches.offer.tolist(), matches.energy_kwh.tolist(), strict=True))


def slow_pay_as_bid(bids: list[Order], offers: list[Order]) -> list[tuple[int, int, float]]:
    """Match as PROTOCOL.md 6.3 says it, word for word."""
    dearest_offers = sorted(range(len(offers)), key=lambda number: offers[number][0])[::-1]
    dearest_bids = sorted(range(len(bids)), key=lambda number: bids[number][0])[::-1]
    bid_left = [energy for _, energy, _ in bids]
    offer_left = [energy for _, energy, _ in offers]
    pairs = []
    for offer in dearest_offers:
        for bid in dearest_bids:
            if bids[bid][2] == offers[offer][2]:
                continue
            if offers[offer][0] - bids[bid][0] > 2e-5:
                continue
            energy = min(offer_left[offer], bid_left[bid])
            if energy <= 2e-5:
                continue
            pairs.append((bid, offer, energy))
            bid_left[bid] -= energy
            offer_left[offer] -= energy
    return pairs


rates = st.one_of(
    st.sampled_from([0.0, 10.0, 10.00001, 10.00002, 10.00003, 20.0, 30.0]), st.floats(0.0, 40.0, allow_subnormal=False)
)
energies = st.one_of(
    st.sampled_from([0.0, 1e-5, 2e-5, 3e-5, 0.1, 0.5, 0.50001, 0.50003, 1.0]),
    st.floats(0.0, 3.0, allow_subnormal=False),
)
orders = st.lists(st.tuples(rates, energies, st.integers(0, 5)), max_size=10)
endless_orders = st.lists(st.tuples(rates, energies | st.just(np.inf), st.integers(6, 9)), max_size=10)


@settings(max_examples=400, deadline=None)
@given(bids=orders, offers=st.one_of(orders, endless_orders))
def test_the_fast_matcher_gives_the_pairs_energies_and_order_of_the_slow_one(bids, offers):
    assert pairs_of(pay_as_bid(make_side(bids), make_side(offers))) == slow_pay_as_bid(bids, offers)


def slow_price_time(bids: list[Order], offers: list[Order]) -> list[tuple[int, int, float]]:
    """Match by price and time: cheapest offers first, highest bids first, earliest first at equal rates."""
    cheapest_offers = sorted(range(len(offers)), key=lambda number: offers[number][0])
    highest_bids = sorted(range(len(bids)), key=lambda number: -bids[number][0])
    bid_left = [energy for _, energy, _ in bids]
    offer_left = [energy for _, energy, _ in offers]
    pairs = []
    for offer in cheapest_offers:
        for bid in highest_bids:
            energy = min(offer_left[offer], bid_left[bid])
            crosses = offers[offer][0] - bids[bid][0] <= 2e-5 and bids[bid][2] != offers[offer][2]
            if crosses and energy > 2e-5:
                pairs.append((bid, offer, energy))
                bid_left[bid] -= energy
                offer_left[offer] -= energy
    return pairs


@settings(max_examples=300, deadline=None)
@given(bids=orders, offers=st.one_of(orders, endless_orders))
def test_price_time_gives_the_pairs_energies_and_order_of_the_slow_one(bids, offers):
    assert pairs_of(pay_as_bid(make_side(bids), make_side(offers), "price-time")) == slow_price_time(bids, offers)


def test_price_time_serves_the_cheapest_offer_and_of_equal_ones_the_earliest():
    bids, offers = [(20.0, 1.0, 0), (20.0, 0.5, 1)], [(15.0, 1.0, 2), (10.0, 1.0, 3), (10.0, 1.0, 4)]
    assert pairs_of(pay_as_bid(make_side(bids), make_side(offers), "price-time")) == [(0, 1, 1.0), (1, 2, 0.5)]
    assert pairs_of(pay_as_bid(make_side(bids), make_side(offers)))[0] == (1, 0, 0.5)


@settings(max_examples=100, deadline=None)
@given(bids=orders, offers=orders, data=st.data())
def test_posting_order_counts_and_not_the_order_of_rows(bids, offers, data):
    expected = slow_pay_as_bid(bids, offers)
    bid_rows = data.draw(st.permutations(range(len(bids))))
    offer_rows = data.draw(st.permutations(range(len(offers))))
    shuffled = pay_as_bid(
        make_side([bids[row] for row in bid_rows], bid_rows), make_side([offers[row] for row in offer_rows], offer_rows)
    )
    found = [(bid_rows[bid], offer_rows[offer], energy) for bid, offer, energy in pairs_of(shuffled)]
    assert found == expected


def test_the_golden_example_of_the_protocol():
    """PROTOCOL.md, Appendix C 3: dear offers first, the latest of equal bids first, partial fills."""
    bids = [(30.0, 1.5, 0), (20.0, 1.0, 1), (20.0, 1.0, 2)]
    offers = [(10.0, 1.0, 10), (25.0, 1.0, 11), (25.0, 0.2, 12), (40.0, 1.0, 13)]
    matches = pairs_of(pay_as_bid(make_side(bids), make_side(offers)))
    assert [(bid + 1, offer + 1) for bid, offer, _ in matches] == [(1, 3), (1, 2), (1, 1), (3, 1)]
    assert [energy for *_, energy in matches] == pytest.approx([0.2, 1.0, 0.3, 0.7])


@settings(max_examples=150, deadline=None)
@given(bids=orders, offers=orders, data=st.data(), priority=st.sampled_from(["compatible", "price-time"]))
def test_several_markets_at_once_are_matched_as_one_by_one(bids, offers, data, priority):
    places = [[data.draw(st.integers(0, 3)) for _ in side] for side in (bids, offers)]
    at = tuple(np.array(place, dtype=np.int64) for place in places)
    together = pairs_of(pay_as_bid(make_side(bids), make_side(offers), priority, at))
    one_by_one = []
    for market in range(4):
        rows = [[row for row, place in enumerate(side) if place == market] for side in places]
        sides = [make_side([side[row] for row in some], some) for side, some in zip((bids, offers), rows, strict=True)]
        one_by_one += [
            (rows[0][bid], rows[1][offer], kwh) for bid, offer, kwh in pairs_of(pay_as_bid(*sides, priority))
        ]
    assert together == one_by_one


def test_of_equal_offers_the_latest_posted_sells_first():
    matches = pay_as_bid(make_side([(20.0, 1.0, 0)]), make_side([(10.0, 1.0, 1), (10.0, 1.0, 2), (10.0, 1.0, 3)]))
    assert pairs_of(matches) == [(0, 2, 1.0)]


def test_an_asset_never_buys_from_itself_even_if_its_own_bid_is_the_highest():
    matches = pay_as_bid(make_side([(30.0, 1.0, 7), (20.0, 0.4, 8)]), make_side([(10.0, 1.0, 7)]))
    assert pairs_of(matches) == [(1, 0, 0.4)]


@pytest.mark.parametrize(("above", "trades"), [(0.0, True), (0.9, True), (1.1, False)])
def test_an_offer_may_ask_more_than_the_bid_by_the_tolerance_and_no_more(above, trades):
    matches = pay_as_bid(make_side([(20.0, 1.0, 0)]), make_side([(20.0 + above * TOLERANCE, 1.0, 1)]))
    assert len(matches.bid) == trades


@pytest.mark.parametrize(("energy", "trades"), [(2e-5, False), (2.0001e-5, True)])
@pytest.mark.parametrize("side", ["bid", "offer"])
def test_energies_up_to_the_tolerance_do_not_trade(energy, trades, side):
    bid, offer = (energy, 1.0) if side == "bid" else (1.0, energy)
    assert len(pay_as_bid(make_side([(20.0, bid, 0)]), make_side([(10.0, offer, 1)])).bid) == trades


def test_a_bid_used_up_by_one_offer_does_not_hide_the_next_bid():
    """The bids that are gone are skipped, not those after them."""
    bids = [(30.0, 1.0, 0), (29.0, 1.0, 1), (28.0, 1.0, 2)]
    offers = [(20.0, 1.0, 10), (19.0, 1.0, 11), (18.0, 1.0, 12)]
    matches = pay_as_bid(make_side(bids), make_side(offers))
    assert pairs_of(matches) == [(0, 0, 1.0), (1, 1, 1.0), (2, 2, 1.0)]


def test_an_endless_offer_serves_every_bid_that_reaches_it():
    """The market maker's energy has no end."""
    bids = [(30.0, 1.0, 0), (31.0, 5.0, 1), (29.0, 1.0, 2)]
    matches = pay_as_bid(make_side(bids), make_side([(30.0, np.inf, 9)]))
    assert pairs_of(matches) == [(1, 0, 5.0), (0, 0, 1.0)]


def test_nothing_comes_of_empty_sides():
    assert pairs_of(pay_as_bid(make_side([]), make_side([(1.0, 1.0, 0)]))) == []
    assert pairs_of(pay_as_bid(make_side([(1.0, 1.0, 0)]), make_side([]))) == []


@settings(max_examples=100, deadline=None)
@given(bids=orders, offers=orders)
def test_what_is_left_after_matching_does_not_cross(bids, offers):
    """No bid and offer of two assets are left that could still trade."""
    matches = pay_as_bid(make_side(bids), make_side(offers))
    bid_left = np.array([energy for _, energy, _ in bids])
    offer_left = np.array([energy for _, energy, _ in offers])
    np.subtract.at(bid_left, matches.bid, matches.energy_kwh)
    np.subtract.at(offer_left, matches.offer, matches.energy_kwh)
    for (bid_rate, _, buyer), bid_kwh in zip(bids, bid_left, strict=True):
        for (offer_rate, _, seller), offer_kwh in zip(offers, offer_left, strict=True):
            if buyer != seller and offer_rate - bid_rate <= TOLERANCE:
                assert min(bid_kwh, offer_kwh) <= TOLERANCE
