from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook.orders import Requirement
from gridhook_exchange.market.book import Book, Terms
from gridhook_exchange.market.clearing import clear
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.slotmarket import Lines, SlotMarket

LOAD, PV, OTHER = 0, 1, 2
BUY, SELL, OTHER_BUY = 2 * LOAD, 2 * PV + 1, 2 * OTHER

Row = tuple[int, float, float, bool]
"""Key, rate, energy, and whether it replaces what stands."""


def lines(*rows: Row, terms: Mapping[int, Terms] | None = None, energy_types: Mapping[int, str] | None = None) -> Lines:
    key, rate, energy, replace = zip(*rows, strict=True) if rows else ((), (), (), ())
    columns = (np.array(key, dtype=np.int64), np.array(rate, dtype=np.float64), np.array(energy, dtype=np.float64))
    return Lines(*columns, np.array(replace, dtype=np.bool_), terms or {}, energy_types or {})


def requiring(*alternatives: Requirement) -> Terms:
    return Terms.of(alternatives)


@pytest.fixture
def community(make_community) -> Community:
    return make_community(
        loads={"Load": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])}, batteries={"Battery": ("Grid", {})}
    )


@pytest.fixture
def make_market(community) -> Callable[..., SlotMarket]:
    def make(limits: Mapping[int, float] | None = None, priority: Sequence[int] = (0, 1, 2, 3)) -> SlotMarket:
        limit = np.zeros(2 * len(community.kinds))
        for key, energy in (limits or {BUY: 1.0, SELL: 1.0, OTHER_BUY: 1.0}).items():
            limit[key] = energy
        return SlotMarket(community, 0, Fees.of(community.tree, community.fee), limit, np.array(priority))

    return make


class TestPosting:
    @pytest.mark.parametrize("rate", [np.nan, np.inf, -np.inf, -0.01])
    def test_a_rate_that_is_no_number_from_zero_up_is_refused(self, make_market, rate):
        market = make_market()
        posted = market.post(lines((BUY, rate, 0.5, True), (SELL, 10.0, 0.5, True)), 0)
        taken, errors = posted.taken, posted.errors
        assert taken.tolist() == [False, True]
        assert list(errors) == [0]
        assert "rate" in errors[0]
        assert market.open_kwh()[BUY] == 0.0

    @pytest.mark.parametrize("energy", [np.nan, -np.inf, -1.0, 0.0, 2e-5])
    def test_an_energy_that_is_no_more_than_dust_is_refused(self, make_market, energy):
        market = make_market()
        posted = market.post(lines((BUY, 10.0, energy, True), (SELL, 10.0, 0.5, True)), 0)
        taken, errors = posted.taken, posted.errors
        assert taken.tolist() == [False, True]
        assert list(errors) == [0]
        assert "energy" in errors[0]

    def test_a_rate_of_zero_and_an_energy_just_above_dust_are_taken(self, make_market):
        assert make_market().post(lines((BUY, 0.0, 2.1e-5, True)), 0).taken.all()

    @pytest.mark.parametrize("rows", [1, 2])
    def test_more_than_an_asset_needs_is_refused_and_the_reason_says_how_much_it_can_have(self, make_market, rows):
        market = make_market({BUY: 0.75})
        posted = market.post(lines(*[(BUY, 10.0, 0.8, True)] * rows), 0)
        taken, errors = posted.taken, posted.errors
        assert not taken.any()
        assert errors == dict.fromkeys(range(rows), "0.8 kWh is more than the 0.75 kWh that 'Load' can buy")
        assert market.open_kwh().sum() == 0.0

    def test_who_has_nothing_can_sell_nothing(self, make_market):
        errors = make_market().post(lines((2 * LOAD + 1, 10.0, 0.1, True), (SELL, 10.0, np.inf, True)), 0).errors
        assert errors[0] == "'Load' has nothing to sell in this slot"
        assert errors[1].startswith("inf kWh is more than")

    @pytest.mark.parametrize("extra", [(), ((BUY, np.nan, 1.0, False),)])
    @pytest.mark.parametrize(("excess", "taken"), [(0.9, True), (1.1, False)])
    def test_an_excess_within_the_tolerance_is_cut_off(self, make_market, excess, taken, extra):
        """Rounding in a client is no reason to refuse, and no energy is made from it."""
        market = make_market()
        accepted = market.post(lines((BUY, 10.0, 1.0 + excess * 2e-5, True), *extra), 0).taken
        assert accepted[0] == taken
        assert market.open_kwh()[BUY] == (1.0 if taken else 0.0)

    def test_an_excess_that_is_cut_down_to_dust_leaves_no_order(self, make_market):
        market = make_market({BUY: 1e-5})
        assert market.post(lines((BUY, 10.0, 2.5e-5, True)), 0).taken.all()
        assert market.open_kwh()[BUY] == 0.0

    def test_orders_add_up_to_what_the_asset_needs(self, make_market):
        market = make_market()
        for energy, taken in ((0.6, True), (0.6, False), (0.4, True), (0.1, False)):
            assert market.post(lines((BUY, 10.0, energy, False)), 0).taken.tolist() == [taken]
        assert market.open_kwh()[BUY] == pytest.approx(1.0)

    def test_a_replacing_order_takes_the_place_of_all_that_stands_on_its_side(self, make_market):
        market = make_market({BUY: 1.0, SELL: 1.0, OTHER_BUY: 1.0})
        market.post(lines((BUY, 10.0, 0.6, False), (BUY, 11.0, 0.4, False), (SELL, 40.0, 0.7, False)), 0)
        assert market.post(lines((BUY, 12.0, 0.9, True)), 1).taken.all()
        assert market.open_kwh()[[BUY, SELL]] == pytest.approx([0.9, 0.7])

    @pytest.mark.parametrize("bad", [(BUY, 12.0, 5.0, True), (BUY, np.nan, 0.5, True), (BUY, 12.0, 0.0, True)])
    @pytest.mark.parametrize("more", [(), ((BUY, 12.0, 0.5, False),)])
    def test_a_replacing_order_that_is_refused_leaves_what_stands(self, make_market, bad, more):
        """And what stands still counts for the orders after it."""
        market = make_market()
        market.post(lines((BUY, 10.0, 1.0, True)), 0)
        taken = market.post(lines(bad, *more), 1).taken
        assert not taken.any()
        assert market.open_kwh()[BUY] == 1.0

    def test_several_orders_can_take_the_place_of_one(self, make_market):
        market = make_market()
        market.post(lines((BUY, 10.0, 1.0, True)), 0)
        taken = market.post(lines((BUY, 10.0, 0.3, True), (BUY, 12.0, 0.7, False), (BUY, 14.0, 0.1, False)), 1).taken
        assert taken.tolist() == [True, True, False]
        assert market.open_kwh()[BUY] == pytest.approx(1.0)

    @settings(max_examples=150, deadline=None)
    @given(
        batches=st.lists(
            st.lists(
                st.tuples(
                    st.sampled_from([0, 3]),
                    st.just(10.0),
                    st.sampled_from([-1.0, 0.3, 0.5, 1.0, 1.00001, 4.0]),
                    st.booleans(),
                ),
                max_size=4,
            ),
            max_size=3,
        )
    )
    def test_a_batch_of_orders_does_what_they_would_do_one_by_one(self, batches, make_community):
        """Whatever is replaced, refused or added: never more stands than the asset needs."""
        community = make_community(loads={"Load": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])})
        market, single = (
            SlotMarket(
                community,
                0,
                Fees.of(community.tree, community.fee),
                np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
                np.arange(3),
            )
            for _ in range(2)
        )
        for tick, batch in enumerate(batches):
            taken = market.post(lines(*batch), tick).taken
            one_by_one = [bool(single.post(lines(row), tick).taken[0]) for row in batch]
            assert taken.tolist() == one_by_one
            assert market.open_kwh() == pytest.approx(single.open_kwh())
            assert market.open_kwh().max() <= 1.0 + 1e-9

    @pytest.mark.parametrize(
        "nonsense",
        [
            Requirement(rate=np.inf),
            Requirement(rate=np.nan),
            Requirement(rate=-1.0),
            Requirement(energy_kwh=-0.1),
            Requirement(energy_kwh=np.nan),
        ],
    )
    def test_an_order_with_a_senseless_requirement_is_refused(self, make_market, nonsense):
        """A bid at an endless rate would be on the buyer's bill."""
        market = make_market()
        terms = {0: requiring(Requirement(), nonsense)}
        posted = market.post(lines((BUY, 10.0, 1.0, True), (SELL, 5.0, 1.0, True), terms=terms), 0)
        taken, errors = posted.taken, posted.errors
        assert taken.tolist() == [False, True]
        assert "requirement" in errors[0]

    def test_requirements_and_energy_types_stay_with_their_rows_when_rows_before_them_are_refused(self, make_market):
        market = make_market()
        wish = requiring(Requirement(energy_types=("Wind",)))
        rows = ((BUY, np.nan, 1.0, True), (BUY, 20.0, 1.0, True), (SELL, 10.0, -1.0, True), (SELL, 10.0, 0.5, True))
        market.post(lines(*rows, terms={1: wish}, energy_types={3: "Wind"}), 0)
        market.post(lines((OTHER_BUY, 19.0, 1.0, True)), 0)
        cleared = market.match(1)
        assert (cleared.buyer.tolist(), cleared.energy_kwh.tolist()) == ([LOAD], [0.5])

    def test_no_orders_are_no_problem(self, make_market):
        posted = make_market().post(lines(), 0)
        taken, errors = posted.taken, posted.errors
        assert (len(taken), errors) == (0, {})


class TestLimits:
    def test_withdrawn_orders_are_gone(self, make_market):
        market = make_market()
        market.post(lines((BUY, 20.0, 1.0, True), (SELL, 10.0, 1.0, True)), 0)
        market.withdraw(np.array([BUY]))
        assert market.open_kwh()[[BUY, SELL]].tolist() == [0.0, 1.0]
        assert market.match(1) is None

    @pytest.mark.parametrize(("limit", "stands"), [(0.5, True), (0.5 - 1e-5, True), (0.5 - 3e-5, False), (0.0, False)])
    def test_orders_that_no_longer_fit_a_new_limit_are_deleted(self, make_market, limit, stands):
        market = make_market()
        market.post(lines((BUY, 20.0, 0.2, False), (BUY, 20.0, 0.3, False), (SELL, 30.0, 1.0, False)), 0)
        market.change_limit(BUY, limit)
        assert market.open_kwh()[BUY] == pytest.approx(0.5 if stands else 0.0)
        assert market.open_kwh()[SELL] == 1.0
        taken = market.post(lines((BUY, 20.0, limit + 3e-5, True)), 1).taken
        assert not taken.any()

    def test_what_traded_is_no_longer_needed(self, make_market):
        market = make_market({BUY: 1.0, SELL: 0.4})
        market.post(lines((BUY, 20.0, 1.0, True), (SELL, 10.0, 0.4, True)), 0)
        market.match(1)
        assert market.limit_kwh[[BUY, SELL]] == pytest.approx([0.6, 0.0])
        assert market.bought_kwh[LOAD] == market.sold_kwh[PV] == pytest.approx(0.4)
        assert not market.post(lines((BUY, 20.0, 0.7, True)), 1).taken.any()
        assert market.post(lines((BUY, 20.0, 0.6, True)), 1).taken.all()

    def test_a_full_trade_that_leaves_dust_leaves_nothing(self, make_market):
        market = make_market({BUY: 1.0, SELL: 1.00001})
        market.post(lines((BUY, 20.0, 1.0, True), (SELL, 10.0, 1.00001, True)), 0)
        market.match(1)
        assert market.open_kwh().sum() == 0.0
        assert market.limit_kwh.min() >= 0.0


class TestIds:
    def test_orders_that_are_taken_get_ids_and_refused_ones_none(self, make_market):
        market = make_market()
        first = market.post(lines((BUY, 10.0, 0.4, True), (BUY, np.nan, 0.4, True), (SELL, 10.0, 0.5, True)), 0)
        assert first.ids.tolist() == [0, -1, 1]
        assert market.post(lines((BUY, 11.0, 0.9, False), (OTHER_BUY, 10.0, 0.4, True)), 1).ids.tolist() == [-1, 2]

    def test_open_orders_are_listed_with_what_is_open_of_them(self, make_market):
        market = make_market()
        market.post(lines((BUY, 20.0, 0.4, False), (SELL, 30.0, 0.5, True)), 0)
        market.post(lines((BUY, 21.0, 0.6, False), (OTHER_BUY, 9.0, 0.25, True)), 3)
        market.post(lines((SELL, 21.0, 0.125, True)), 4)
        market.match(5)
        found = market.open_orders(np.array([BUY, OTHER_BUY]))
        assert len(found) == 3
        assert found.id.tolist() == [0, 5, 3]
        assert found.key.tolist() == [BUY, BUY, OTHER_BUY]
        assert found.rate.tolist() == [20.0, 21.0, 9.0]
        assert found.energy_kwh == pytest.approx([0.4, 0.475, 0.25])
        assert found.posted.tolist() == [0, 3, 3]
        assert len(market.open_orders(np.array([], dtype=np.int64))) == len(market.open_orders(np.array([SELL]))) == 0

    def test_withdrawing_tells_what_it_deleted(self, make_market):
        market = make_market()
        market.post(lines((BUY, 20.0, 0.4, False), (BUY, 21.0, 0.4, False), (SELL, 30.0, 0.5, True)), 0)
        assert market.withdraw(np.array([BUY])).tolist() == [0, 1]
        assert market.withdraw(np.array([BUY])).tolist() == []

    def test_one_order_can_be_withdrawn_by_its_id_by_who_posted_it_alone(self, make_market):
        market = make_market()
        market.post(lines((BUY, 20.0, 0.4, False), (BUY, 21.0, 0.5, False)), 0)
        assert not market.withdraw_order(1, OTHER_BUY)
        assert market.withdraw_order(1, BUY)
        assert not market.withdraw_order(1, BUY)
        assert market.open_kwh()[BUY] == 0.4

    def test_trades_name_the_orders_that_traded_and_what_is_left_of_them(self, make_market):
        market = make_market()
        posted = market.post(lines((BUY, 20.0, 1.0, True), (OTHER_BUY, 19.0, 0.5, True), (SELL, 10.0, 1.0, True)), 0)
        assert posted.ids.tolist() == [0, 1, 2]
        cleared = market.match(1)
        assert (cleared.bid.tolist(), cleared.offer.tolist()) == ([0], [2])
        assert (cleared.residual_bid.tolist(), cleared.residual_offer.tolist()) == ([-1], [-1])
        market = make_market({BUY: 1.0, SELL: 2.0, OTHER_BUY: 1.0})
        market.post(lines((BUY, 20.0, 1.0, True), (OTHER_BUY, 19.0, 0.5, True), (SELL, 10.0, 2.0, True)), 0)
        cleared = market.match(1)
        assert (cleared.bid.tolist(), cleared.offer.tolist()) == ([0, 1], [2, 3])
        assert (cleared.residual_bid.tolist(), cleared.residual_offer.tolist()) == ([-1, -1], [3, 4])
        assert cleared.tick.tolist() == [1, 1]


class TestMatching:
    def test_buyers_pay_and_sellers_get_less_by_the_fees_between_them(self, make_community):
        """PROTOCOL.md, Appendix C 2: of a bid of 30 the seller keeps 23."""
        community = make_community(
            {"Grid": (None, 4.0), "House 1": ("Grid", 1.0), "House 2": ("Grid", 2.0)},
            loads={"Load": ("House 1", [1.0])},
            pvs={"PV": ("House 2", [1.0])},
        )
        limits = np.full(6, 1.0)
        market = SlotMarket(community, 0, Fees.of(community.tree, community.fee), limits, np.arange(3))
        market.post(lines((BUY, 30.0, 0.5, True), (SELL, 10.0, 0.5, True)), 0)
        cleared = next(found for tick in range(1, 9) if (found := market.match(tick)) is not None)
        assert cleared.rate.tolist() == [30.0]
        assert market.seller_rate(cleared).tolist() == [23.0]
        assert market.cost_cents[[LOAD, PV]].tolist() == [15.0, 11.5]

    def test_percentages_are_of_what_the_seller_keeps(self, make_community):
        """PROTOCOL.md 6.8: a bid of 20 through 5, 20 and 10 percent leaves 20 / 1.35."""
        community = make_community(
            {"Grid": (None, 20.0), "House 1": ("Grid", 5.0), "House 2": ("Grid", 10.0)},
            loads={"Load": ("House 1", [1.0])},
            pvs={"PV": ("House 2", [1.0])},
            fees="percent",
        )
        fees = Fees.of(community.tree, community.fee, "percent")
        market = SlotMarket(community, 0, fees, np.full(6, 1.0), np.arange(3))
        market.post(lines((BUY, 20.0, 0.5, True), (SELL, 10.0, 0.5, True)), 0)
        cleared = next(found for tick in range(1, 9) if (found := market.match(tick)) is not None)
        assert cleared.rate.tolist() == [20.0]
        assert market.seller_rate(cleared) == pytest.approx([20.0 / 1.35], rel=1e-12)
        assert market.cost_cents[[LOAD, PV]] == pytest.approx([10.0, 0.5 * 20.0 / 1.35])

    @pytest.mark.parametrize(("mode", "bid", "offer"), [("constant", 10.0, 12.0), ("percent", 10.0, 10.2)])
    def test_offers_are_listed_with_the_fee_of_their_home_and_bids_as_they_are(self, make_community, mode, bid, offer):
        """PROTOCOL.md 6.7: executed at home too."""
        community = make_community(
            {"Grid": (None, 5.0), "House": ("Grid", 2.0)}, loads={"Load": ("House", [1.0])}, fees=mode
        )
        market = SlotMarket(community, 0, Fees.of(community.tree, community.fee, mode), np.ones(4), np.arange(2))
        assert market.listed_rate(0, 10.0) == bid
        assert market.listed_rate(1, 10.0) == pytest.approx(offer)

    def test_of_orders_of_one_tick_the_one_with_the_last_place_is_served_first(self, make_market):
        """As of equal orders the latest posted is; the place says who that is."""
        for priority, winner in (((0, 1, 2, 3), OTHER), ((2, 1, 0, 3), LOAD)):
            market = make_market({BUY: 1.0, SELL: 1.0, OTHER_BUY: 1.0}, priority)
            for rows in ((BUY, 20.0, 1.0, True), (OTHER_BUY, 20.0, 1.0, True), (SELL, 10.0, 1.0, True)):
                market.post(lines(rows), 0)
            assert market.match(1).buyer.tolist() == [winner]

    def test_orders_do_not_trade_before_the_next_tick(self, make_market):
        market = make_market()
        market.post(lines((BUY, 20.0, 1.0, True), (SELL, 10.0, 1.0, True)), 3)
        assert market.match(3) is None
        assert len(market.match(4)) == 1
        assert market.match(5) is None

    @settings(max_examples=80, deadline=None)
    @given(data=st.data())
    def test_matching_only_when_something_new_can_have_met_misses_no_trade(self, data, communities):
        """The same orders, cleared at every single tick, trade the same at the same ticks."""
        community = data.draw(communities)
        fees = Fees.of(community.tree, community.fee, community.rules.fees)
        assets = len(community.kinds)
        market = SlotMarket(community, 0, fees, np.full(2 * assets, 1e3), np.arange(assets))
        book = Book()
        posts = data.draw(
            st.lists(
                st.tuples(
                    st.integers(0, 2 * assets - 1),
                    st.integers(0, 30).map(float),
                    st.sampled_from([0.25, 0.5, 1.0]),
                    st.integers(0, 8),
                ),
                max_size=8,
            )
        )
        for tick in range(30):
            expected, found = clear(book, community, fees, tick), market.match(tick)
            if len(expected):
                assert found.buyer.tolist() == expected.buyer.tolist()
                assert found.seller.tolist() == expected.seller.tolist()
                assert found.energy_kwh == pytest.approx(expected.energy_kwh)
            else:
                assert found is None
            for key, rate, energy, posted in posts:
                if posted == tick:
                    market.post(lines((key, rate, energy, False)), tick)
                    columns = (np.array([key]), np.array([rate]), np.array([energy]))
                    book.add(*columns, tick, np.array([key // 2]), {}, {})
