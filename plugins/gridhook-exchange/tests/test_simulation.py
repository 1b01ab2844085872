from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.market.slotmarket import Lines
from gridhook_exchange.market.statistics import passages

LOAD, PV = 0, 1
BUY, SELL = 2 * LOAD, 2 * PV + 1
EDGE = 2e-5 + 1e-9
"""What rounding and the tolerance may add up to."""


def order(key: int, rate: float, energy: float) -> Lines:
    return Lines(np.array([key]), np.array([rate]), np.array([energy]), np.array([True]))


def spot_of(entries: Entries, slot: int) -> Entries:
    return entries.take(entries.is_spot & (entries.slot == slot))


def total(entries: Entries, asset: int) -> tuple[float, float]:
    """Return what an asset bought and sold."""
    bought = entries.energy_kwh[entries.buyer == asset].sum()
    sold = entries.energy_kwh[entries.seller == asset].sum()
    return float(bought), float(sold)


def content(entries: Entries) -> list[bytes]:
    return [getattr(entries, field.name).tobytes() for field in attrs.fields(Entries)]


@pytest.fixture
def make_settled(make_community, make_run) -> Callable[..., Simulation]:
    """Return a function that runs two loads, of which one used as much more as the other used less than it bought."""

    def make(*markets, slots: int = 2, settlement: int = 4, fee_after_first_slot: float | None = None) -> Simulation:
        rest = [0.0] * (slots - 1)
        community = make_community(
            *markets,
            loads={"More": ("Grid", [0.9, *rest]), "Less": ("Grid", [0.1, *rest])},
            pvs={"PV": ("Grid", [1.0, *rest])},
            forecast={"More": [0.5, *rest], "Less": [0.5, *rest]},
            slots=slots,
            settlement=settlement,
        )
        run = make_run(community).go(1)
        if fee_after_first_slot is not None:
            run.simulation.next_fee[0] = fee_after_first_slot
        return run.go().simulation

    return make


@pytest.fixture
def settled(make_settled) -> Simulation:
    return make_settled(settlement=1)


class TestBooksBalance:
    """Whatever anybody orders, in any community: energy and money come from somewhere and go somewhere."""

    @settings(max_examples=25, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_in_each_market_and_slot_as_much_is_bought_as_is_sold(
        self, data, seed, ruled_communities, run_wildly, path_between
    ):
        """Of what an asset buys, each market on the way from the seller hands on just as much to the next."""
        community = data.draw(ruled_communities)
        simulation = run_wildly(community, seed).simulation
        entries = simulation.ledger.entries()
        for slot in range(community.slots):
            trades = spot_of(entries, slot)
            passed = passages(trades, community.tree, simulation.slot_fees[slot])
            # Bought and sold in a market, by its own assets and by the markets next door.
            balance = np.zeros(len(community.market_names))
            turnover = np.zeros(len(community.market_names))
            ways = [path_between(community, b, s) for b, s in zip(trades.buyer, trades.seller, strict=True)]
            for way, energy in zip(ways, trades.energy_kwh, strict=True):
                for market in way:
                    turnover[market] += energy
            np.add.at(balance, passed.market, passed.energy_kwh)
            assert balance == pytest.approx(turnover)
            net = np.zeros(len(community.market_names))
            np.add.at(net, community.tree.home[trades.buyer], trades.energy_kwh)
            np.add.at(net, community.tree.home[trades.seller], -trades.energy_kwh)
            assert net.sum() == pytest.approx(0.0, abs=1e-9)

    @settings(max_examples=25, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_what_buyers_pay_is_what_sellers_and_markets_get(self, data, seed, ruled_communities, run_wildly):
        community = data.draw(ruled_communities)
        simulation = run_wildly(community, seed).simulation
        entries = simulation.ledger.entries()
        for slot in range(community.slots):
            for is_spot in (True, False):
                trades = entries.take((entries.is_spot == is_spot) & (entries.slot == slot))
                if not len(trades):
                    continue
                # An ended slot is settled with the fees of the slot in which its settlement began.
                passed = passages(trades, community.tree, simulation.slot_fees[slot + (not is_spot)])
                fees = (passed.fee * passed.energy_kwh).sum()
                paid = (trades.energy_kwh * trades.buyer_rate).sum()
                received = (trades.energy_kwh * trades.seller_rate).sum()
                assert paid == pytest.approx(received + fees, abs=1e-6)

    @settings(max_examples=25, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_imports_less_exports_and_fees_of_the_last_slot_are_those_of_its_trades(
        self, data, seed, ruled_communities, run_wildly
    ):
        """What the assets below a market bought more than they sold is what it imported more than it exported."""
        community = data.draw(ruled_communities)
        simulation = run_wildly(community, seed).simulation
        trades, last = spot_of(simulation.ledger.entries(), community.slots - 1), simulation.last_statistics
        tree = community.tree
        for market in range(len(tree.parent)):
            is_below = tree.ancestor[tree.depth[market]][tree.home] == market
            bought = (trades.energy_kwh * is_below[trades.buyer]).sum()
            sold = (trades.energy_kwh * is_below[trades.seller]).sum()
            assert last.import_kwh[market] - last.export_kwh[market] == pytest.approx(bought - sold, abs=1e-9)
            assert 0.0 <= last.import_kwh[market] <= bought + 1e-9
        paid = (trades.energy_kwh * (trades.buyer_rate - trades.seller_rate)).sum()
        assert last.revenue_cents.sum() == pytest.approx(paid, abs=1e-6)

    @settings(max_examples=25, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_no_asset_trades_more_than_it_needs_or_has(self, data, seed, ruled_communities, run_wildly):
        community = data.draw(ruled_communities)
        simulation = run_wildly(community, seed).simulation
        entries = simulation.ledger.entries()
        for slot in range(community.slots):
            spot = spot_of(entries, slot)
            for asset in range(community.market_maker):
                bought, sold = total(spot, asset)
                if community.is_load[asset]:
                    assert bought <= simulation.forecast_kwh[asset, slot] + EDGE
                    assert sold == 0.0
                elif community.is_pv[asset]:
                    assert sold <= simulation.forecast_kwh[asset, slot] + EDGE
                    assert bought == 0.0
                elif community.is_smart_meter[asset]:
                    assert bought <= max(simulation.forecast_kwh[asset, slot], 0.0) + EDGE
                    assert sold <= max(-simulation.forecast_kwh[asset, slot], 0.0) + EDGE

    @settings(max_examples=25, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_no_battery_leaves_its_limits_or_its_power(self, data, seed, ruled_communities, run_wildly):
        community = data.draw(ruled_communities)
        simulation = run_wildly(community, seed).simulation
        entries, battery = simulation.ledger.entries(), community.batteries
        for row, asset in enumerate(battery.asset.tolist()):
            for slot in range(community.slots):
                bought, sold = total(spot_of(entries, slot), asset)
                before, after = simulation.charge_kwh[row, slot : slot + 2]
                assert max(bought, sold) <= battery.power_kw[row] * community.hours + EDGE
                assert battery.min_charge_kwh[row] - EDGE <= after <= battery.capacity_kwh[row] + EDGE
                stored = bought * battery.charge_efficiency[row]
                drawn = sold / battery.discharge_efficiency[row]
                assert after == pytest.approx(before + stored - drawn, abs=1e-6)
                # Neither may count on the other: both happen at any time in the slot.
                assert before + stored <= battery.capacity_kwh[row] + EDGE
                assert before - drawn >= battery.min_charge_kwh[row] - EDGE / battery.discharge_efficiency[row]

    @settings(max_examples=25, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_settlements_have_the_right_sign_and_never_exceed_the_deviation(
        self, data, seed, ruled_communities, run_wildly
    ):
        community = data.draw(ruled_communities)
        simulation = run_wildly(community, seed).simulation
        entries = simulation.ledger.entries()
        late = entries.take(~entries.is_spot)
        assert np.all(late.traded_in > late.slot)
        assert np.all(late.traded_in <= late.slot + community.rules.settlement_slots)
        for slot in range(community.slots):
            settled, spot = late.take(late.slot == slot), spot_of(entries, slot)
            for asset in range(len(community.kinds)):
                bought, sold = total(settled, asset)
                if not (community.is_load[asset] or community.is_pv[asset]):
                    assert bought == sold == 0.0
                    continue
                measured = simulation.measured_kwh[asset, slot]
                sign = 1.0 if community.is_load[asset] else -1.0
                deviation = sign * (measured - sum(total(spot, asset)))
                assert bought <= max(deviation, 0.0) + EDGE
                assert sold <= max(-deviation, 0.0) + EDGE

    @settings(max_examples=15, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_the_same_community_seed_and_commands_give_the_same_bytes(self, data, seed, ruled_communities, run_wildly):
        community = data.draw(ruled_communities)
        one, other = (run_wildly(community, seed).simulation for _ in range(2))
        assert content(one.ledger.entries()) == content(other.ledger.entries())
        assert one.charge_kwh.tobytes() == other.charge_kwh.tobytes()

    @settings(max_examples=20, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_no_one_pays_more_than_was_bid_or_gets_less_than_nothing(self, data, seed, ruled_communities, run_wildly):
        """All rates are numbers from 0 up, whatever was ordered; client bids end at 100."""
        entries = run_wildly(data.draw(ruled_communities), seed).simulation.ledger.entries()
        assert np.isfinite(entries.energy_kwh).all()
        assert (entries.energy_kwh > 2e-5).all()
        assert (entries.seller_rate >= -2e-5).all()
        assert (entries.buyer_rate <= 100.0).all()
        assert (entries.buyer != entries.seller).all()

    @settings(max_examples=20, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_each_order_id_trades_once_and_its_residual_is_the_same_assets_and_slots(
        self, data, seed, ruled_communities, run_wildly
    ):
        """PROTOCOL.md 6.2, over all slots and markets of a run."""
        community = data.draw(ruled_communities)
        entries = run_wildly(community, seed).simulation.ledger.entries()
        traded: dict[int, tuple] = {}
        born: dict[int, tuple] = {}
        for row in range(len(entries)):
            for asset, order_id, residual in (
                (entries.buyer, entries.bid, entries.residual_bid),
                (entries.seller, entries.offer, entries.residual_offer),
            ):
                whose = (int(asset[row]), int(entries.slot[row]), bool(entries.is_spot[row]), asset is entries.buyer)
                number = int(order_id[row])
                if number < 0:
                    # In a one-sided spot market the buyer takes an offer without a bid.
                    assert asset is entries.buyer
                    assert residual[row] == -1
                    assert whose[2]
                    assert community.rules.market == "one-sided"
                    continue
                assert number not in traded
                assert born.get(number, whose) == whose
                traded[number] = whose
                if residual[row] >= 0:
                    assert residual[row] > number
                    assert int(residual[row]) not in born
                    born[int(residual[row])] = whose
        assert np.all(np.diff(entries.tick) >= 0)


class TestSlots:
    def test_a_community_trades_from_the_start_without_any_client(self, make_community, make_run):
        community = make_community(
            loads={"Load": ("Grid", [1.0, 1.0])}, pvs={"PV": ("Grid", [0.4, 0.0])}, slots=2, settlement=0
        )
        entries = make_run(community).go().simulation.ledger.entries()
        assert total(spot_of(entries, 0), LOAD) == pytest.approx((0.4, 0.0))
        assert total(spot_of(entries, 0), PV) == pytest.approx((0.0, 0.4))
        assert len(spot_of(entries, 1)) == 0

    def test_orders_die_with_their_slot(self, make_community, make_run):
        community = make_community(loads={"Load": ("Grid", [1.0, 1.0])}, slots=2, retail=30.0)
        run = make_run(community)
        run.claim("asset Load")
        run.open().ticks(9)
        run.simulation.post(run.simulation.spot, order(BUY, 40.0, 1.0))
        run.simulation.close_slot()
        run.go()
        assert len(run.simulation.ledger) == 0

    def test_the_market_goes_by_the_forecast_and_not_by_what_is_measured_later(self, make_community, make_run):
        community = make_community(
            loads={"Load": ("Grid", [1.0])}, pvs={"PV": ("Grid", [1.0])}, forecast={"Load": [0.3], "PV": [0.7]}
        )
        limits = make_run(community).open().simulation.spot.limit_kwh
        assert limits.tolist() == [0.3, 0.0, 0.0, 0.7, np.inf, np.inf]

    def test_batteries_can_trade_what_their_charge_power_and_losses_allow(self, make_community, make_run):
        features = {"charge_efficiency": 0.5, "discharge_efficiency": 0.8, "initial_charge_kwh": 1.5, "power_kw": 2.0}
        community = make_community(batteries={"Battery": ("Grid", features)}, minutes=30)
        assert make_run(community).open().simulation.spot.limit_kwh[:2].tolist() == [1.0, 0.4]

    def test_a_battery_starts_each_slot_with_what_it_traded_in_the_one_before(self, make_community, make_run):
        community = make_community(
            loads={"Load": ("Grid", [0.5, 0.5])},
            batteries={"Battery": ("Grid", {"initial_charge_kwh": 1.7, "discharge_efficiency": 1.0})},
            slots=2,
            feed_in=0.0,
            retail=80.0,
        )
        run = make_run(community).go(1)
        assert run.simulation.charge_kwh[0] == pytest.approx([1.7, 1.2, 1.7])
        run.open()
        assert run.simulation.spot.limit_kwh[3] == pytest.approx(0.2)

    def test_the_market_maker_buys_and_sells_any_amount_at_the_rates_of_the_slot(self, make_community, make_run):
        community = make_community(
            loads={"Load": ("Grid", [1e6, 0.0])},
            pvs={"PV": ("Grid", [0.0, 1e6])},
            slots=2,
            feed_in=[5.0, 7.0],
            retail=[25.0, 35.0],
        )
        run = make_run(community)
        run.claim("asset Load", "asset PV")

        def act(slot: int, tick: int) -> None:
            key, rate = ((BUY, 25.0), (SELL, 7.0))[slot]
            if tick == 2:
                assert run.simulation.post(run.simulation.spot, order(key, rate, 1e6)).taken.all()

        entries = run.go(at_tick=act).simulation.ledger.entries()
        assert entries.buyer_rate.tolist() == [25.0, 7.0]
        assert entries.energy_kwh.tolist() == [1e6, 1e6]

    @pytest.mark.parametrize("rates", [(-3.0, 30.0), (-5.0, -1.0)])
    def test_negative_tariffs_are_orders_at_zero(self, make_community, make_run, rates):
        """A rate below zero is no order; the market maker is there all the same."""
        feed_in, retail = rates
        community = make_community(pvs={"PV": ("Grid", [1.0])}, feed_in=feed_in, retail=retail)
        entries = make_run(community).go().simulation.ledger.entries()
        assert (entries.buyer_rate >= 0.0).all()
        assert entries.energy_kwh.sum() in {0.0, 1.0}

    def test_assets_that_a_client_controls_wait_for_it(self, make_community, make_run):
        community = make_community(
            loads={"Load": ("Grid", [1.0]), "Other": ("Grid", [1.0])}, pvs={"PV": ("Grid", [2.0])}
        )
        run = make_run(community)
        run.claim("asset Load")
        entries = run.go().simulation.ledger.entries()
        assert total(entries, 0) == (0.0, 0.0)
        assert total(entries, 1) == pytest.approx((1.0, 0.0))

    def test_of_equal_orders_of_one_tick_nobody_is_always_first(self, make_community, make_run):
        """And whose turn it is, is drawn from the seed."""

        def winners(seed: int) -> list[int]:
            community = make_community(
                loads={"One": ("Grid", [1.0] * 12), "Two": ("Grid", [1.0] * 12)},
                pvs={"PV": ("Grid", [1.0] * 12)},
                slots=12,
                feed_in=0.0,
                retail=0.0,
                seed=seed,
                settlement=0,
            )
            run = make_run(community)
            run.claim("asset One", "asset Two", "asset PV")

            def act(slot: int, tick: int) -> None:
                if tick == 0:
                    for key, rate in ((0, 20.0), (2, 20.0), (5, 10.0)):
                        run.simulation.post(run.simulation.spot, order(key, rate, 1.0))

            return run.go(at_tick=act).simulation.ledger.entries().buyer.tolist()

        assert winners(1) == winners(1)
        assert set(winners(1)) == {0, 1}
        assert winners(1) != winners(2)

    def test_each_closed_slot_has_its_own_statistics(self, make_community, make_run):
        community = make_community(loads={"Load": ("Grid", [1.0, 2.0, 0.0])}, slots=3, retail=20.0, settlement=0)
        run = make_run(community)
        run.claim("asset Load")
        assert run.simulation.last_statistics is None

        def act(slot: int, tick: int) -> None:
            if tick == 0 and slot < 2:
                run.simulation.post(run.simulation.spot, order(BUY, 30.0 + slot, 1.0 + slot))

        for energy, rate in ((1.0, 30.0), (2.0, 31.0), (np.nan, np.nan)):
            found = run.go(1, at_tick=act).simulation.last_statistics
            assert found.energy_kwh == pytest.approx([energy], nan_ok=True)
            assert found.max_rate == pytest.approx([rate], nan_ok=True)

    def test_settlements_do_not_count_in_the_statistics_of_the_slot_in_which_they_happen(self, settled):
        assert not settled.ledger.entries().is_spot.all()
        assert np.isnan(settled.last_statistics.energy_kwh).all()

    def test_fees_change_with_the_next_slot(self, make_community, make_run):
        community = make_community(
            {"Grid": (None, 0.0), "House": ("Grid", 1.0)}, loads={"Load": ("House", [1.0] * 2)}, slots=2, retail=20.0
        )
        run = make_run(community)
        run.claim("asset Load")

        def act(slot: int, tick: int) -> None:
            if tick == 2:
                run.simulation.next_fee[1] = 5.0
                run.simulation.post(run.simulation.spot, order(BUY, 40.0, 1.0))

        entries = run.go(at_tick=act).simulation.ledger.entries()
        assert entries.seller_rate.tolist() == [39.0, 35.0]
        assert community.fee.tolist() == [0.0, 1.0]


class TestOneSidedSlots:
    HOUSES = {"Grid": (None, 1.0), "House 1": ("Grid", 0.5), "House 2": ("Grid", 0.5)}

    @pytest.fixture
    def run(self, make_community, make_run):
        community = make_community(
            self.HOUSES,
            loads={"Load": ("House 1", [1.0, 1.0])},
            pvs={"PV": ("House 2", [0.4, 0.4])},
            forecast={"Load": [1.0, 1.0], "PV": [0.4, 0.4]},
            slots=2,
            ticks=60,
            market="one-sided",
        )
        return make_run(community)

    def test_loads_take_offers_at_the_rate_at_which_these_come_to_their_home(self, run):
        """Both rates move towards each other; the load pays what the offer asks and the fees of three markets."""
        run.go()
        entries = run.simulation.ledger.entries()
        for slot in range(2):
            spot = spot_of(entries, slot)
            assert total(spot, LOAD) == pytest.approx((0.4, 0.0))
            assert total(spot, PV) == pytest.approx((0.0, 0.4))
            assert spot.buyer_rate == pytest.approx(spot.seller_rate + 2.0)
            # At 60 % of the slot the load would pay 21.5, and the panel asks 16.5.
            assert spot.seller_rate == pytest.approx([16.5])
            assert spot.market.tolist() == [0]

    def test_sellers_keep_what_they_asked(self, run):
        asked = {}

        def act(slot, tick):
            run.simulation.post(run.simulation.spot, order(SELL, 7.0 + slot, 0.25)) if tick == 0 else None
            asked[slot] = 7.0 + slot

        run.claim("asset PV")
        run.go(at_tick=act)
        entries = run.simulation.ledger.entries()
        sold = entries.take((entries.seller == PV) & entries.is_spot)
        assert sold.seller_rate == pytest.approx([asked[slot] for slot in sold.slot.tolist()])
        assert sold.buyer_rate == pytest.approx(sold.seller_rate + 2.0)

    def test_nobody_can_bid_in_a_spot_market_but_in_a_settlement(self, run):
        run.claim("asset Load")
        run.go(1).open()
        posted = run.simulation.post(run.simulation.spot, order(BUY, 40.0, 0.1))
        assert (posted.taken.tolist(), posted.ids.tolist()) == ([False], [-1])
        assert posted.errors == {0: "the market is one-sided: it takes offers and no bids"}
        run.simulation.measure(LOAD, 0, 0.5)
        assert run.simulation.post(run.simulation.market_of(0), order(BUY, 40.0, 0.1)).taken.all()

    def test_what_assets_would_take_is_no_order(self, run):
        run.open().ticks(1)
        assert run.simulation.spot.open_kwh()[BUY] == 0.0
        assert len(run.simulation.spot.open_orders(np.array([BUY]))) == 0
        assert len(run.simulation.spot.withdraw(np.array([BUY]))) == 0
        run.ticks(59)
        assert run.simulation.spot.bought_kwh[LOAD] > 0

    def test_an_asset_that_a_client_has_claimed_takes_nothing_any_more(self, run):
        run.open().ticks(3)
        run.claim("asset Load")
        run.ticks(57)
        assert run.simulation.spot.bought_kwh[LOAD] == 0.0

    def test_the_market_maker_takes_what_is_offered_at_the_feed_in_rate(self, make_community, make_run):
        community = make_community(self.HOUSES, pvs={"PV": ("House 2", [0.4])}, market="one-sided")
        run = make_run(community)
        run.claim("asset PV")
        rates = iter([6.6, 6.4])

        def act(slot, tick):
            if tick in (0, 5):
                run.simulation.post(run.simulation.spot, order(1, next(rates), 0.4))

        entries = run.go(at_tick=act).simulation.ledger.entries()
        assert (entries.buyer.tolist(), entries.seller_rate.tolist()) == ([1], [pytest.approx(6.4)])
        assert entries.buyer_rate.tolist() == [pytest.approx(7.9)]


class TestSettlement:
    @pytest.fixture
    def run(self, make_community, make_run):
        """A load that buys 1.0 of its 1.2 kWh in the first slot and uses 1.23; a PV that sells nothing but has 0.87."""
        community = make_community(
            loads={"Load": ("Grid", [1.23, 0.0, 0.0, 0.0, 0.0, 0.0])},
            pvs={"PV": ("Grid", [0.87, 0.0, 0.0, 0.0, 0.0, 0.0])},
            forecast={"Load": [1.2, 0.0, 0.0, 0.0, 0.0, 0.0], "PV": [0.5, 0.0, 0.0, 0.0, 0.0, 0.0]},
            slots=6,
            settlement=4,
        )
        run = make_run(community)
        run.claim("asset Load", "asset PV")

        def act(slot: int, tick: int) -> None:
            if tick == 2:
                run.simulation.post(run.simulation.spot, order(BUY, 40.0, 1.0))

        return run.go(1, at_tick=act)

    def test_the_golden_example_of_the_protocol(self, run):
        """PROTOCOL.md, Appendix C 5: +0.23 and -0.87; after settling 0.1 of each +0.13 and -0.77."""
        simulation = run.open().simulation
        assert simulation.unsettled_kwh()[[LOAD, PV], 0] == pytest.approx([0.23, -0.87])
        market = simulation.market_of(0)
        run.ticks(1)
        simulation.post(market, order(BUY, 20.0, 0.1))
        simulation.post(market, order(SELL, 10.0, 0.1))
        run.ticks(1)
        assert simulation.unsettled_kwh()[[LOAD, PV], 0] == pytest.approx([0.13, -0.77])
        entries = simulation.ledger.entries()
        late = entries.take(~entries.is_spot)
        assert (late.slot.tolist(), late.traded_in.tolist(), late.energy_kwh.tolist()) == ([0], [1], [0.1])

    def test_gates_open_by_the_sign_of_the_deviation(self, run):
        """Who used more than it bought may bid and not offer, who produced more than it sold may offer and not bid."""
        simulation = run.open().simulation
        market = simulation.market_of(0)
        run.ticks(1)
        for key, taken in ((BUY, True), (BUY + 1, False), (SELL, True), (SELL - 1, False)):
            assert simulation.post(market, order(key, 10.0, 0.1)).taken.tolist() == [taken]

    def test_no_more_than_the_deviation_can_be_ordered(self, run):
        simulation = run.open().simulation
        run.ticks(1)
        assert not simulation.post(simulation.market_of(0), order(BUY, 10.0, 0.24)).taken.any()
        assert simulation.post(simulation.market_of(0), order(BUY, 10.0, 0.23)).taken.all()

    def test_a_slot_is_settled_during_the_four_slots_after_it_and_no_longer(self, run):
        simulation = run.simulation
        for _ in range(4):
            run.open()
            assert 0 in simulation.settlements
            simulation.close_slot()
        run.open()
        assert 0 not in simulation.settlements
        assert list(simulation.settlements) == [1, 2, 3, 4]
        assert simulation.market_of(0) is None
        assert simulation.market_of(5) is simulation.spot
        assert simulation.market_of(6) is None

    def test_nothing_is_unsettled_where_nothing_deviates(self, run):
        run.open()
        run.simulation.close_slot()
        run.open()
        assert list(run.simulation.settlements) == [0, 1]
        assert np.isnan(run.simulation.unsettled_kwh()[:, 1]).all()
        assert np.isnan(run.simulation.unsettled_kwh()[run.community.market_maker]).all()

    def test_a_measurement_changes_what_is_left_and_what_was_settled_counts(self, run):
        simulation = run.open().simulation
        market = simulation.market_of(0)
        run.ticks(1)
        simulation.post(market, order(BUY, 20.0, 0.1))
        simulation.post(market, order(SELL, 10.0, 0.1))
        run.ticks(1)
        assert simulation.measure(LOAD, 0, 1.5) is None
        assert simulation.measure(PV, 0, 0.3) is None
        assert simulation.unsettled_kwh()[[LOAD, PV], 0] == pytest.approx([0.4, -0.2])
        assert simulation.measure(LOAD, 0, 1.05) is None
        assert np.isnan(simulation.unsettled_kwh()[LOAD, 0])

    def test_a_measurement_deletes_orders_that_no_longer_fit(self, run):
        simulation = run.open().simulation
        market = simulation.market_of(0)
        run.ticks(1)
        simulation.post(market, order(BUY, 10.0, 0.2))
        simulation.post(market, order(SELL, 40.0, 0.2))
        simulation.measure(LOAD, 0, 1.1)
        assert market.open_kwh()[[BUY, SELL]].tolist() == [0.0, 0.2]

    def test_a_measurement_of_the_running_slot_counts_when_it_has_ended(self, run):
        simulation = run.open().simulation
        assert simulation.measure(PV, 1, 0.4) is None
        simulation.close_slot()
        run.open()
        assert simulation.unsettled_kwh()[PV, 1] == pytest.approx(-0.4)

    @pytest.mark.parametrize(("slot", "words"), [(5, "not begun"), (99, "not begun"), (-1, "no longer")])
    def test_measurements_of_other_slots_are_refused(self, run, slot, words):
        before = run.open().simulation.measured_kwh.copy()
        assert words in run.simulation.measure(LOAD, slot, 9.0)
        assert (run.simulation.measured_kwh == before).all()

    def test_nothing_can_be_measured_or_traded_before_the_first_slot(self, make_community, make_run):
        """The slot before the first is not the last one, although it is number -1."""
        community = make_community(loads={"Load": ("Grid", [1.0, 2.0])}, slots=2)
        simulation = make_run(community).simulation
        for slot in (-1, 0):
            assert simulation.measure(LOAD, slot, 9.0) is not None
            assert simulation.market_of(slot) is None
        assert simulation.measured_kwh[LOAD].tolist() == [1.0, 2.0]

    def test_a_slot_that_ended_too_long_ago_is_refused(self, run):
        for _ in range(5):
            run.open()
            run.simulation.close_slot()
        assert run.simulation.measure(LOAD, 0, 9.0) == "the slot can no longer be settled"

    def test_settlement_can_be_off(self, make_community, make_run):
        community = make_community(
            loads={"Load": ("Grid", [1.0, 1.0])}, forecast={"Load": [0.5, 0.5]}, slots=2, settlement=0
        )
        simulation = make_run(community).go().simulation
        assert simulation.settlements == {}
        assert simulation.ledger.entries().is_spot.all()
        assert simulation.unsettled_kwh().shape == (2, 0)

    def test_assets_without_a_client_settle_by_themselves(self, settled):
        """One load used more, another less than both bought."""
        entries = settled.ledger.entries()
        late = entries.take(~entries.is_spot)
        assert (late.buyer.tolist(), late.seller.tolist()) == ([0], [1])
        assert late.energy_kwh == pytest.approx([0.4])

    def test_settlement_rates_of_the_built_in_strategy_move_over_all_its_slots(self, make_settled):
        """With a longer window both sides wait longer before they agree."""

        def traded_in(window: int) -> int:
            entries = make_settled(slots=6, settlement=window).ledger.entries()
            return int(entries.traded_in[~entries.is_spot][0])

        assert traded_in(1) == 1
        assert traded_in(4) == 3

    def test_settlement_uses_the_fees_configured_when_it_opens(self, make_settled):
        entries = make_settled({"Grid": (None, 1.0)}, fee_after_first_slot=3.0, settlement=1).ledger.entries()
        assert (entries.buyer_rate - entries.seller_rate)[entries.is_spot] == pytest.approx([1.0, 1.0])
        assert (entries.buyer_rate - entries.seller_rate)[~entries.is_spot] == pytest.approx([3.0])

    def test_batteries_are_not_changed_by_settlements(self, make_community, make_run):
        """In the original settlements were free arbitrage for storages."""
        community = make_community(
            loads={"Load": ("Grid", [0.9, 0.0])},
            forecast={"Load": [0.5, 0.0]},
            batteries={"Battery": ("Grid", {})},
            slots=2,
        )
        run = make_run(community).go(1).open()
        assert run.simulation.market_of(0).limit_kwh[2:].tolist() == [0.0, 0.0, 0.0, 0.0]


class TestForecasts:
    def test_a_forecast_in_time_is_what_the_market_goes_by(self, make_community, make_run):
        community = make_community(loads={"Load": ("Grid", [1.0, 1.0])}, slots=2)
        simulation = make_run(community).go(1).simulation
        assert simulation.forecast(LOAD, 1, 0.6) is None
        simulation.open_slot()
        assert simulation.spot.limit_kwh[BUY] == 0.6
        assert simulation.is_forecast_received.tolist() == [[False, True], [False, False]]
        assert community.forecast_kwh[LOAD].tolist() == [1.0, 1.0]

    @pytest.mark.parametrize("slot", [0, -1])
    def test_a_forecast_for_a_slot_that_has_begun_is_refused(self, make_community, make_run, slot):
        """The original answered 'ready' and dropped it."""
        simulation = make_run(make_community(loads={"Load": ("Grid", [1.0])})).open().simulation
        assert "begun" in simulation.forecast(LOAD, slot, 0.6)
        assert simulation.forecast_kwh[LOAD].tolist() == [1.0]
        assert not simulation.is_forecast_received.any()

    def test_a_forecast_beyond_the_run_does_no_harm(self, make_community, make_run):
        simulation = make_run(make_community(loads={"Load": ("Grid", [1.0])})).open().simulation
        assert simulation.forecast(LOAD, 5, 0.6) is None
        assert not simulation.is_forecast_received.any()

    def test_the_last_forecast_counts(self, make_community, make_run):
        simulation = make_run(make_community(loads={"Load": ("Grid", [1.0])})).simulation
        simulation.forecast(LOAD, 0, 0.6)
        simulation.forecast(LOAD, 0, 0.7)
        assert simulation.forecast_kwh[LOAD].tolist() == [0.7]


def test_a_community_can_be_run_again(make_community):
    """A run changes nothing of the community it was made from."""
    community = make_community(
        loads={"Load": ("Grid", [1.0, 1.0])}, batteries={"Battery": ("Grid", {})}, slots=2, feed_in=0.0, retail=60.0
    )
    contents = []
    for _ in range(2):
        simulation = Simulation(community)
        for _ in range(2):
            simulation.open_slot()
            for _ in range(10):
                simulation.begin_tick()
                simulation.end_tick()
            simulation.close_slot()
        contents.append(content(simulation.ledger.entries()))
    assert contents[0] == contents[1]
    assert len(contents[0][0])
