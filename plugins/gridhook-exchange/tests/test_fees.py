from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.tree import MarketTree

GRID, HOUSE_1, HOUSE_2 = (np.array([market]) for market in range(3))
BID, OFFER = np.array([False]), np.array([True])


def make_fees(mode: str, grid: float, house_1: float, house_2: float) -> Fees:
    tree = MarketTree(np.array([-1, 0, 0]), np.zeros(0, dtype=np.int64))
    return Fees.of(tree, np.array([grid, house_1, house_2]), mode)


@pytest.mark.parametrize(("mode", "at_home", "in_grid"), [("constant", 12.0, 16.0), ("percent", 10.2, 10.6)])
def test_offers_pay_each_market_that_they_enter_at_home_too(mode, at_home, in_grid):
    """PROTOCOL.md 6.7; a percentage is of the offer as posted, not of what fees have made of it."""
    fees = make_fees(mode, 4.0, 1.0, 2.0)
    for market, expected in ((HOUSE_2, at_home), (GRID, in_grid)):
        assert fees.way(OFFER, HOUSE_2, market).there(np.array([10.0])) == pytest.approx([expected])


@pytest.mark.parametrize(("mode", "in_grid"), [("constant", 29.0), ("percent", 29.7)])
def test_bids_pay_each_market_that_they_leave(mode, in_grid):
    fees = make_fees(mode, 4.0, 1.0, 2.0)
    assert fees.way(BID, HOUSE_1, HOUSE_1).there(np.array([30.0])) == pytest.approx([30.0])
    assert fees.way(BID, HOUSE_1, GRID).there(np.array([30.0])) == pytest.approx([in_grid])


@pytest.mark.parametrize("mode", ["constant", "percent"])
def test_the_way_back_ends_where_the_way_began(mode):
    fees = make_fees(mode, 4.0, 1.0, 2.0)
    way = fees.way(BID, HOUSE_1, GRID)
    assert way.back(way.there(np.array([30.0])), np.array([99.0])) == pytest.approx([30.0])


def test_where_fees_leave_nothing_of_any_bid_the_way_back_is_the_posted_rate():
    way = make_fees("percent", 4.0, 100.0, 2.0).way(BID, HOUSE_1, GRID)
    assert way.there(np.array([30.0])) == pytest.approx([0.0])
    assert way.back(np.array([0.0]), np.array([30.0])).tolist() == [30.0]


def test_fees_are_shown_as_they_were_configured():
    assert make_fees("percent", 4.0, 1.0, 2.0).own.tolist() == [4.0, 1.0, 2.0]


def test_the_golden_chains_leave_the_seller_its_part():
    """PROTOCOL.md, Appendix C 2."""
    constant, percent = make_fees("constant", 4.0, 1.0, 2.0), make_fees("percent", 20.0, 5.0, 10.0)
    for fees, bid, kept in ((constant, 30.0, 23.0), (percent, 20.0, 20.0 / 1.35)):
        path = fees.on_path(HOUSE_1, HOUSE_2, GRID)
        assert fees.kept(np.array([bid]), path) == pytest.approx([kept], rel=1e-12)


shares = st.sampled_from([0.0, 1.0, 5.0, 20.0, 45.0])


@settings(max_examples=100, deadline=None)
@given(mode=st.sampled_from(["constant", "percent"]), grid=shares, one=shares, two=shares, rate=st.floats(0.1, 50.0))
def test_the_lowest_bid_just_reaches_an_offer_and_the_highest_offer_a_bid(mode, grid, one, two, rate):
    fees = make_fees(mode, grid, one, two)
    bid = fees.lowest_bid(rate, HOUSE_1, HOUSE_2, GRID)
    asked = fees.way(OFFER, HOUSE_2, GRID).there(np.array([rate]))
    assert fees.way(BID, HOUSE_1, GRID).there(bid) == pytest.approx(asked)
    offer = fees.highest_offer(rate, HOUSE_2, HOUSE_1, GRID)
    there = fees.way(BID, HOUSE_1, GRID).there(np.array([rate]))
    assert fees.way(OFFER, HOUSE_2, GRID).there(offer) == pytest.approx(there)


@settings(max_examples=100, deadline=None)
@given(mode=st.sampled_from(["constant", "percent"]), grid=shares, one=shares, two=shares, rate=st.floats(0.1, 50.0))
def test_a_seller_whose_offer_is_reached_keeps_no_less_than_it_asked(mode, grid, one, two, rate):
    fees = make_fees(mode, grid, one, two)
    bid = fees.lowest_bid(rate, HOUSE_1, HOUSE_2, GRID)
    assert fees.kept(bid, fees.on_path(HOUSE_1, HOUSE_2, GRID))[0] >= rate - 1e-9


def test_percentages_that_leave_nothing_of_any_bid_are_added_to_the_tariff():
    fees = make_fees("percent", 10.0, 100.0, 0.0)
    assert fees.lowest_bid(30.0, HOUSE_1, HOUSE_2, GRID) == pytest.approx([30.0 * 2.1])


@pytest.mark.parametrize("mode", ["constant", "percent"])
def test_the_sums_from_the_root_count_each_market_on_the_way_and_both_ends(mode):
    share = 100.0 if mode == "percent" else 1.0
    assert (make_fees(mode, 4.0, 1.0, 2.0).from_root * share).tolist() == pytest.approx([4.0, 5.0, 6.0])
