from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.tree import MarketTree

NAMES = ["Grid", "Street 1", "House 1.1", "House 1.2", "Street 2", "House 2.1", "Street 3"]
FEES = [11.0, 2.0, 2.1, 2.2, 3.0, 3.1, 4.0]
PARENTS = [-1, 0, 1, 1, 0, 4, 0]


@pytest.fixture
def streets() -> MarketTree:
    """The grid of PROTOCOL.md 5."""
    return MarketTree(np.array(PARENTS), np.arange(len(NAMES)))


def number(name: str) -> np.ndarray:
    return np.array([NAMES.index(name)])


def climb(parents: list[int], market: int) -> list[int]:
    way = [market]
    while parents[way[-1]] >= 0:
        way.append(parents[way[-1]])
    return way


@st.composite
def trees(draw: st.DrawFn) -> list[int]:
    return [-1, *(draw(st.integers(0, market)) for market in range(draw(st.integers(0, 8))))]


@pytest.mark.parametrize(
    ("one", "other", "fee"),
    [
        ("House 2.1", "House 1.2", 21.3),
        ("Street 3", "Grid", 15.0),
        ("House 2.1", "Grid", 17.1),
        ("Street 1", "Grid", 13.0),
        ("House 2.1", "House 2.1", 3.1),
        ("House 2.1", "Street 2", 6.1),
    ],
)
def test_fees_on_a_path_are_the_check_values_of_the_protocol(streets, one, other, fee):
    fees = Fees.of(streets, np.array(FEES))
    for start, target in ((one, other), (other, one)):
        meeting = streets.meeting(number(start), number(target))
        assert fees.on_path(number(start), number(target), meeting) == pytest.approx([fee])


@settings(max_examples=60, deadline=None)
@given(parents=trees(), data=st.data())
def test_meeting_point_and_fees_are_those_of_a_walk_through_the_tree(parents, data):
    tree = MarketTree(np.array(parents), np.zeros(0, dtype=np.int64))
    own = [data.draw(st.integers(0, 9)) / 2 for _ in parents]
    fees = Fees.of(tree, np.array(own))
    one, other = (np.array([data.draw(st.integers(0, len(parents) - 1))]) for _ in range(2))
    up, down = climb(parents, int(one[0])), climb(parents, int(other[0]))
    meeting = next(market for market in up if market in down)
    between = {*up[: up.index(meeting)], *down[: down.index(meeting)], meeting}
    assert tree.meeting(one, other).tolist() == [meeting]
    assert fees.on_path(one, other, np.array([meeting])) == pytest.approx([sum(own[market] for market in between)])
    assert fees.below(one, np.array([meeting])) == pytest.approx([sum(own[m] for m in up[: up.index(meeting)])])


@settings(max_examples=60, deadline=None)
@given(parents=trees())
def test_each_market_knows_its_depth_and_all_markets_above_it(parents):
    tree = MarketTree(np.array(parents), np.zeros(0, dtype=np.int64))
    ways = [climb(parents, market) for market in range(len(parents))]
    assert tree.depth.tolist() == [len(way) - 1 for way in ways]
    assert tree.height == max(map(len, ways)) - 1
    for market, way in enumerate(ways):
        padding = [-1] * (tree.height + 1 - len(way))
        assert tree.ancestor[:, market].tolist() == way[::-1] + padding


def test_many_pairs_are_found_at_once(streets):
    homes, streets_of = np.array([2, 3, 5]), np.array([3, 6, 4])
    assert streets.meeting(homes, streets_of).tolist() == [1, 0, 4]
