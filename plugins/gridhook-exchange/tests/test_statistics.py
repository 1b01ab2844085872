from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.statistics import passages, slot_statistics

HOUSES = {"Grid": (None, 4.0), "House 1": ("Grid", 1.0), "House 2": ("Grid", 2.0)}


def make_entries(*trades: tuple[int, int, int, float, float]) -> Entries:
    """Return spot trades of one slot: buyer, seller, meeting market, energy, buyer's rate."""
    columns = zip(*trades, strict=True) if trades else ((), (), (), (), ())
    buyer, seller, market, energy, rate = (np.array(column) for column in columns)
    count = len(trades)
    zeros = np.zeros(count, dtype=np.int64)
    return Entries(
        np.full(count, fill_value=True),
        zeros,
        zeros,
        buyer.astype(np.int64),
        seller.astype(np.int64),
        market.astype(np.int64),
        energy.astype(np.float64),
        rate.astype(np.float64),
        rate.astype(np.float64),
        zeros.astype(np.bool_),
        *[zeros] * 5,
    )


def rows(passed):
    return sorted(zip(passed.trade.tolist(), passed.market.tolist(), passed.rate.tolist(), strict=True))


def test_the_golden_chain_of_the_protocol(make_community):
    """PROTOCOL.md, Appendix C 2: a bid of 30 costs 30 at home, 29 in the grid, 25 in the seller's house."""
    community = make_community(HOUSES, loads={"Load": ("House 1", [1.0])}, pvs={"PV": ("House 2", [1.0])})
    fees = Fees.of(community.tree, community.fee)
    passed = passages(make_entries((0, 1, 0, 0.5, 30.0)), community.tree, fees)
    by_market = dict(zip(passed.market.tolist(), passed.rate.tolist(), strict=True))
    assert by_market == {1: 30.0, 0: 29.0, 2: 25.0}
    fee_by_market = dict(zip(passed.market.tolist(), passed.fee.tolist(), strict=True))
    assert by_market[2] - fee_by_market[2] == 23.0


def test_the_golden_chain_of_percentages(make_community):
    """PROTOCOL.md, Appendix C 2: a bid of 20 costs 20, 19.2593 and 16.2963 on the way, and the seller keeps 14.8148."""
    houses = {"Grid": (None, 20.0), "House 1": ("Grid", 5.0), "House 2": ("Grid", 10.0)}
    community = make_community(houses, loads={"Load": ("House 1", [1.0])}, pvs={"PV": ("House 2", [1.0])})
    fees = Fees.of(community.tree, community.fee, "percent")
    passed = passages(make_entries((0, 1, 0, 0.5, 20.0)), community.tree, fees)
    by_market = dict(zip(passed.market.tolist(), passed.rate.tolist(), strict=True))
    kept = 20.0 / 1.35
    assert {market: round(rate, 4) for market, rate in by_market.items()} == {1: 20.0, 0: 19.2593, 2: 16.2963}
    assert by_market == pytest.approx({1: 20.0, 0: kept * 1.3, 2: kept * 1.1}, rel=1e-12)
    fee_by_market = dict(zip(passed.market.tolist(), passed.fee.tolist(), strict=True))
    assert fee_by_market == pytest.approx({1: kept * 0.05, 0: kept * 0.2, 2: kept * 0.1}, rel=1e-12)
    assert round(by_market[2] - fee_by_market[2], 4) == 14.8148


def test_a_trade_inside_a_house_passes_through_no_other_market(make_community):
    community = make_community(HOUSES, loads={"Load": ("House 2", [1.0])}, pvs={"PV": ("House 2", [1.0])})
    fees = Fees.of(community.tree, community.fee)
    passed = passages(make_entries((0, 1, 2, 0.5, 30.0)), community.tree, fees)
    assert rows(passed) == [(0, 2, 30.0)]


def test_a_trade_with_a_market_above_the_house_ends_there(make_community):
    community = make_community(HOUSES, loads={"Load": ("House 1", [1.0])}, maker="Grid")
    fees = Fees.of(community.tree, community.fee)
    assert rows(passages(make_entries((0, 1, 0, 0.5, 30.0)), community.tree, fees)) == [(0, 0, 29.0), (0, 1, 30.0)]
    assert rows(passages(make_entries((1, 0, 0, 0.5, 30.0)), community.tree, fees)) == [(0, 0, 30.0), (0, 1, 26.0)]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_trade_passes_once_through_each_market_of_the_walk_and_pays_each_fee_once(data, communities, path_between):
    community = data.draw(communities)
    fees = Fees.of(community.tree, community.fee, community.rules.fees)
    asset = st.integers(0, len(community.kinds) - 1)
    pairs = data.draw(st.lists(st.tuples(asset, asset), max_size=5))
    meetings = [
        min(path_between(community, buyer, seller), key=lambda market: community.tree.depth[market])
        for buyer, seller in pairs
    ]
    trades = [
        (buyer, seller, meeting, 0.5 + number, 30.0 + number)
        for number, ((buyer, seller), meeting) in enumerate(zip(pairs, meetings, strict=True))
    ]
    passed = passages(make_entries(*trades), community.tree, fees)
    expected = []
    for number, (buyer, seller) in enumerate(pairs):
        rate, way = 30.0 + number, path_between(community, buyer, seller)
        unit = rate / (1 + sum(community.fee[way]) / 100) / 100 if community.rules.fees == "percent" else 1.0
        for market in way:
            fee = unit * community.fee[market]
            expected.append((number, market, 0.5 + number, pytest.approx(rate), pytest.approx(fee)))
            rate -= fee
    found = zip(
        passed.trade.tolist(), passed.market.tolist(), passed.energy_kwh, passed.rate, passed.fee.tolist(), strict=True
    )
    assert sorted(found, key=lambda row: row[:2]) == sorted(expected, key=lambda row: row[:2])


def test_statistics_count_trades_and_not_kilowatt_hours(make_community):
    """The mean and median rates are over trades, as the protocol has them; energy is the sum."""
    community = make_community({"Grid": (None, 0.0)}, loads={"Load": ("Grid", [9.0])}, pvs={"PV": ("Grid", [9.0])})
    fees = Fees.of(community.tree, community.fee)
    entries = make_entries((0, 1, 0, 5.0, 10.0), (0, 1, 0, 1.0, 11.0), (0, 1, 0, 1.0, 30.0))
    found = slot_statistics(passages(entries, community.tree, fees), 1)
    assert (found.min_rate[0], found.max_rate[0], found.mean_rate[0], found.median_rate[0]) == (10.0, 30.0, 17.0, 11.0)
    assert found.energy_kwh.tolist() == [7.0]


def test_the_median_of_an_even_number_of_trades_is_in_the_middle_of_the_two(make_community):
    community = make_community({"Grid": (None, 0.0)}, loads={"Load": ("Grid", [9.0])}, pvs={"PV": ("Grid", [9.0])})
    fees = Fees.of(community.tree, community.fee)
    entries = make_entries(*((0, 1, 0, 1.0, rate) for rate in (40.0, 10.0, 20.0, 12.0)))
    found = slot_statistics(passages(entries, community.tree, fees), 1)
    assert (found.median_rate[0], found.mean_rate[0]) == (16.0, 20.5)


def test_each_market_has_statistics_of_what_passed_through_it(make_community):
    community = make_community(
        HOUSES, loads={"Load 1": ("House 1", [1.0]), "Load 2": ("House 2", [1.0])}, pvs={"PV": ("House 2", [1.0])}
    )
    fees = Fees.of(community.tree, community.fee)
    entries = make_entries((0, 2, 0, 0.5, 30.0), (1, 2, 2, 0.25, 20.0))
    found = slot_statistics(passages(entries, community.tree, fees), 3)
    assert found.energy_kwh.tolist() == [0.5, 0.5, 0.75]
    assert found.min_rate.tolist() == [29.0, 30.0, 20.0]
    assert found.max_rate.tolist() == [29.0, 30.0, 25.0]
    assert found.mean_rate.tolist() == [29.0, 30.0, 22.5]


def test_energy_that_comes_from_outside_is_imported_and_what_leaves_is_exported(make_community):
    """PROTOCOL.md 4.4: an import is what the market's own agent sells in it; what stays inside is neither."""
    community = make_community(
        HOUSES, loads={"Load 1": ("House 1", [1.0]), "Load 2": ("House 2", [1.0])}, pvs={"PV": ("House 2", [1.0])}
    )
    fees = Fees.of(community.tree, community.fee)
    entries = make_entries((0, 2, 0, 0.5, 30.0), (1, 2, 2, 0.25, 20.0), (0, 3, 0, 0.125, 40.0))
    found = slot_statistics(passages(entries, community.tree, fees), 3)
    assert found.import_kwh.tolist() == [0.0, 0.625, 0.0]
    assert found.export_kwh.tolist() == [0.0, 0.0, 0.5]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("constant", [4 * 0.5, 1 * 0.5, 2 * 0.75]),
        ("percent", [1.2 / 1.07 * 0.5, 0.3 / 1.07 * 0.5, 0.6 / 1.07 * 0.5 + 0.1]),
    ],
)
def test_each_market_takes_its_fee_of_what_passes_through_it(make_community, mode, expected):
    community = make_community(
        HOUSES, loads={"Load 1": ("House 1", [1.0]), "Load 2": ("House 2", [1.0])}, pvs={"PV": ("House 2", [1.0])}
    )
    fees = Fees.of(community.tree, community.fee, mode)
    entries = make_entries((0, 2, 0, 0.5, 30.0), (1, 2, 2, 0.25, 20.4))
    assert slot_statistics(passages(entries, community.tree, fees), 3).revenue_cents == pytest.approx(expected)


def test_a_market_without_trades_has_no_statistics(make_community):
    community = make_community(HOUSES, loads={"Load": ("House 2", [1.0])}, pvs={"PV": ("House 2", [1.0])})
    fees = Fees.of(community.tree, community.fee)
    found = slot_statistics(passages(make_entries((0, 1, 2, 0.5, 30.0)), community.tree, fees), 3)
    for column in (found.min_rate, found.max_rate, found.mean_rate, found.median_rate, found.energy_kwh):
        assert np.isnan(column).tolist() == [True, True, False]
    nothing = slot_statistics(passages(make_entries(), community.tree, fees), 3)
    assert np.isnan(nothing.energy_kwh).all()
    for column in (nothing.import_kwh, nothing.export_kwh, nothing.revenue_cents):
        assert column.tolist() == [0.0, 0.0, 0.0]
