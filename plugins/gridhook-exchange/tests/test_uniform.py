from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.market.matching import TOLERANCE, Side
from gridhook_exchange.market.uniform import CLEARING_TOLERANCE, clearing_of, pay_as_clear

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


def clear(bids: list[Order], offers: list[Order], priority: str = "compatible") -> list[tuple[int, int, float, float]]:
    matches = pay_as_clear(make_side(bids), make_side(offers), priority)
    return list(zip(*(column.tolist() for column in matches), strict=True))


def slow_clearing(bids: list[Order], offers: list[Order]) -> tuple[float, float] | None:
    """Find rate and energy as PROTOCOL.md 6.4 says it, word for word: all bid rates, and for each all offer rates."""
    last = None
    for bid_rate in sorted({rate for rate, _, _ in bids}):
        demand = sum(energy for rate, energy, _ in bids if rate >= bid_rate)
        for offer_rate in sorted({rate for rate, _, _ in offers}):
            supply = sum(energy for rate, energy, _ in offers if rate <= offer_rate)
            if offer_rate <= bid_rate + 1e-8:
                if supply >= demand:
                    return bid_rate, demand
                last = bid_rate, supply
    return last


def slow_pay_as_clear(
    bids: list[Order], offers: list[Order], latest_first: bool
) -> list[tuple[int, int, float, float]]:
    """Match round by round: highest bids, cheapest offers, until the clearing energy is used; the rest bid by bid."""
    bids, offers = [list(one) for one in bids], [list(one) for one in offers]
    sign = -1 if latest_first else 1
    by_bid = sorted(range(len(bids)), key=lambda number: (-bids[number][0], sign * number))
    by_offer = sorted(range(len(offers)), key=lambda number: (offers[number][0], sign * number))
    pairs = []
    while True:
        before = len(pairs)
        found = slow_clearing([one for one in bids if one[1] > 2e-5], [one for one in offers if one[1] > 2e-5])
        if found is None:
            return pairs
        rate, remaining = found
        for bid in by_bid:
            for offer in by_offer:
                energy = min(bids[bid][1], offers[offer][1], remaining)
                fits = bids[bid][0] >= rate and offers[offer][0] <= rate + 1e-8 and bids[bid][2] != offers[offer][2]
                if fits and energy > 2e-5:
                    pairs.append((bid, offer, energy, rate))
                    bids[bid][1] -= energy
                    offers[offer][1] -= energy
                    remaining -= energy
        if len(pairs) == before:
            break
    for bid in by_bid:
        for offer in by_offer:
            energy = min(bids[bid][1], offers[offer][1])
            fits = offers[offer][0] <= bids[bid][0] + 1e-8 and bids[bid][2] != offers[offer][2]
            if fits and energy > 2e-5:
                pairs.append((bid, offer, energy, bids[bid][0]))
                bids[bid][1] -= energy
                offers[offer][1] -= energy
    return pairs


# Sums of eighths are exact in any order, so that the reference finds the same rates.
rates = st.one_of(
    st.sampled_from([0.0, 10.0, 10.0 + 0.9e-8, 10.0 + 1.1e-8, 20.0, 30.0]), st.floats(0.0, 40.0, allow_subnormal=False)
)
energies = st.integers(0, 16).map(lambda eighths: eighths / 8)
orders = st.lists(st.tuples(rates, energies, st.integers(0, 5)), max_size=8)
endless_orders = st.lists(st.tuples(rates, energies | st.just(np.inf), st.integers(6, 9)), max_size=8)


@settings(max_examples=400, deadline=None)
@given(bids=orders, offers=st.one_of(orders, endless_orders), priority=st.sampled_from(["compatible", "price-time"]))
def test_the_fast_matcher_gives_the_pairs_energies_and_rates_of_the_slow_one(bids, offers, priority):
    assert clear(bids, offers, priority) == slow_pay_as_clear(bids, offers, priority == "compatible")


@settings(max_examples=100, deadline=None)
@given(bids=orders, offers=orders, data=st.data())
def test_posting_order_counts_and_not_the_order_of_rows(bids, offers, data):
    bid_rows = data.draw(st.permutations(range(len(bids))))
    offer_rows = data.draw(st.permutations(range(len(offers))))
    shuffled = pay_as_clear(
        make_side([bids[row] for row in bid_rows], bid_rows), make_side([offers[row] for row in offer_rows], offer_rows)
    )
    columns = zip(*(column.tolist() for column in shuffled), strict=True)
    found = [(bid_rows[bid], offer_rows[offer], energy, rate) for bid, offer, energy, rate in columns]
    assert found == slow_pay_as_clear(bids, offers, latest_first=True)


@settings(max_examples=200, deadline=None)
@given(bids=orders, offers=st.one_of(orders, endless_orders))
def test_nobody_pays_more_than_it_bid_or_gets_less_than_it_asked_and_nothing_that_crosses_is_left(bids, offers):
    bid_left, offer_left = [one[1] for one in bids], [one[1] for one in offers]
    for bid, offer, energy, rate in clear(bids, offers):
        assert rate <= bids[bid][0]
        assert rate >= offers[offer][0] - CLEARING_TOLERANCE
        assert bids[bid][2] != offers[offer][2]
        assert energy > TOLERANCE
        bid_left[bid] -= energy
        offer_left[offer] -= energy
    for (bid_rate, _, buyer), wanted in zip(bids, bid_left, strict=True):
        for (offer_rate, _, seller), left in zip(offers, offer_left, strict=True):
            assert offer_rate > bid_rate or buyer == seller or min(wanted, left) <= TOLERANCE


def test_who_stands_on_both_sides_does_not_hide_what_others_can_trade():
    """At 20, the clearing rate, only the seller could take its offer; the other buyer takes it at 15."""
    assert clear([(20.0, 1.0, 1), (15.0, 1.0, 2)], [(10.0, 1.0, 1)]) == [(1, 0, 1.0, 15.0)]


def columns_of(orders: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    rate, energy = zip(*orders, strict=True) if orders else ((), ())
    return np.array(rate, dtype=np.float64), np.array(energy, dtype=np.float64)


@pytest.mark.parametrize(
    ("bids", "offers", "expected"),
    [
        ([(30, 1), (25, 2), (20, 3)], [(5, 1), (15, 2), (22, 2), (35, 3)], (25.0, 3.0)),
        ([(30, 5)], [(5, 1), (15, 2)], (30.0, 3.0)),
        ([(30, 5)], [(31, 1)], None),
        ([(30, 5)], [(30 + 0.9e-8, 1)], (30.0, 1.0)),
        ([(30, 5)], [(30 + 1.1e-8, 1)], None),
        ([(0, 5)], [(1e-8, 1)], (0.0, 1.0)),
        ([(30, 1), (20, 1 + 0.5e-8)], [(10, 2)], (20.0, 2 + 0.5e-8)),
        ([(30, 1), (20, 1 + 5e-8)], [(10, 2)], (30.0, 1.0)),
        ([(30, 1 + 1e-8)], [(10, 1)], (30.0, 1 + 1e-8)),
        ([], [(5, 1)], None),
        ([(30, 5)], [], None),
    ],
)
def test_the_golden_clearings_of_the_protocol(bids, offers, expected):
    """PROTOCOL.md, Appendix C 4, and nothing where nothing meets."""
    assert clearing_of(*columns_of(bids), *columns_of(offers)) == expected


open_orders = st.lists(st.tuples(rates, st.integers(1, 16).map(lambda eighths: eighths / 8), st.just(0)), max_size=8)


@settings(max_examples=200, deadline=None)
@given(bids=open_orders, offers=open_orders)
def test_orders_in_any_order_clear_as_the_protocol_says_it(bids, offers):
    columns = [columns_of([(rate, energy) for rate, energy, _ in side]) for side in (bids, offers)]
    assert clearing_of(*columns[0], *columns[1]) == slow_clearing(bids, offers)


def test_all_trades_of_the_golden_example_are_at_the_clearing_rate():
    bids = [(30.0, 1.0, 0), (25.0, 2.0, 1), (20.0, 3.0, 2)]
    offers = [(5.0, 1.0, 10), (15.0, 2.0, 11), (22.0, 2.0, 12), (35.0, 3.0, 13)]
    assert clear(bids, offers) == [(0, 0, 1.0, 25.0), (1, 1, 2.0, 25.0)]


def test_the_example_that_the_original_settles_pay_as_bid():
    """PROTOCOL.md 6.4: bids of 30 and 20, offers of 10 and 12; both trade at 20."""
    assert clear([(30.0, 1.0, 0), (20.0, 1.0, 1)], [(10.0, 1.0, 2), (12.0, 1.0, 3)]) == [
        (0, 0, 1.0, 20.0),
        (1, 1, 1.0, 20.0),
    ]


@pytest.mark.parametrize(("bid", "above", "count"), [(20.0, 0.9, 1), (20.0, 1.1, 0), (0.0, 1.0, 1)])
def test_rates_cross_up_to_the_tolerance_of_pay_as_clear(bid, above, count):
    assert len(clear([(bid, 1.0, 0)], [(bid + above * CLEARING_TOLERANCE, 1.0, 1)])) == count


def test_a_sum_that_rounding_makes_a_hair_larger_is_still_met():
    """0.1 + 0.2 is a little more than 0.3."""
    found = clear([(30.0, 0.1, 0), (20.0, 0.2, 1)], [(10.0, 0.3, 2)])
    assert [rate for *_, rate in found] == [20.0, 20.0]


def test_dust_that_an_order_leaves_does_not_trade():
    assert clear([(30.0, 1.0 + 1e-5, 0)], [(10.0, 1.0, 1), (11.0, 5.0, 2)]) == [(0, 0, 1.0, 30.0)]
    assert clear([(30.0, 1.0, 0), (30.0, 5.0, 1)], [(10.0, 5.0 + 1e-5, 2)]) == [(1, 0, 5.0, 30.0)]


@pytest.mark.parametrize("dust", [1e-5, 2e-5])
def test_dust_neither_trades_nor_counts_as_demand_or_supply(dust):
    """With the dust the demand at 20 would be more than the supply."""
    assert clear([(30.0, dust, 0), (20.0, 1.0, 1)], [(10.0, 1.0, 2)]) == [(1, 0, 1.0, 20.0)]
    assert clear([(30.0, dust, 0), (20.0, 1.0, 1)], [(10.0, 5.0, 2)]) == [(1, 0, 1.0, 20.0)]
    assert clear([(20.0, 1.0, 0)], [(5.0, dust, 1), (10.0, 5.0, 2)]) == [(0, 1, 1.0, 20.0)]


def test_what_is_a_little_more_than_dust_trades():
    assert clear([(20.0, 1e-4, 0)], [(10.0, 5.0, 1)]) == [(0, 0, 1e-4, 20.0)]
    assert clear([(20.0, 1.0, 0)], [(5.0, 1e-4, 1), (10.0, 5.0, 2)]) == [
        (0, 0, 1e-4, 20.0),
        (0, 1, 1.0 - 1e-4, 20.0),
    ]


def test_an_asset_that_would_meet_itself_meets_the_next_one_within_the_clearing_rate():
    bids = [(30.0, 1.0, 7), (20.0, 1.0, 8)]
    assert clear(bids, [(5.0, 1.0, 7), (15.0, 1.0, 9)]) == [(0, 1, 1.0, 20.0), (1, 0, 1.0, 20.0)]
    assert clear([(30.0, 1.0, 7)], [(5.0, 1.0, 7), (35.0, 1.0, 9)]) == []


@pytest.mark.parametrize(("priority", "served"), [("compatible", (1, 1)), ("price-time", (0, 0))])
def test_the_priority_decides_between_equal_rates(priority, served):
    bids, offers = [(20.0, 1.0, 0), (20.0, 1.0, 1)], [(10.0, 1.0, 2), (10.0, 1.0, 3)]
    assert clear(bids, offers, priority)[0][:2] == served
