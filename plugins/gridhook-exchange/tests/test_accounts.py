from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook.figures import Accounts, MemberFigures
from gridhook_exchange.market.accounts import close_accounts, greedy_self_consumption
from gridhook_exchange.market.battery import Batteries
from gridhook_exchange.market.slotmarket import Lines

HOUSES = {"Grid": (None, 4.0), "House 1": ("Grid", 1.0), "House 2": ("Grid", 2.0)}

Post = tuple[int, float, float]
"""Key, rate and energy of an order."""


@pytest.fixture
def trade(make_community, make_run) -> Callable[..., Accounts]:
    """Return a function that runs a community in which nobody trades but by the given orders, posted at tick 0."""

    def make(
        *markets, orders: tuple[Post, ...] = (), settle: tuple[Post, ...] = (), slots: int = 1, **said
    ) -> Accounts:
        community = make_community(*markets, slots=slots, **said)
        run = make_run(community)
        run.claim(*community.asset_ids)

        def act(slot: int, tick: int) -> None:
            late = run.simulation.market_of(0) if slot == 1 else None
            for market, posts in ((run.simulation.spot if slot == 0 else None, orders), (late, settle)):
                for key, rate, energy in posts if tick == 0 and market is not None else ():
                    line = Lines(np.array([key]), np.array([rate]), np.array([energy]), np.array([False]))
                    assert run.simulation.post(market, line).taken.all()

        return close_accounts(run.go(at_tick=act).simulation)

    return make


def by_name(accounts: Accounts) -> dict[str, MemberFigures]:
    return {member.name: member for member in accounts.members}


class TestBills:
    def test_without_any_trade_all_energy_comes_at_the_retail_rate_and_its_grid_fees(self, trade):
        home = by_name(trade(HOUSES, loads={"Load": ("House 1", [2.0])}))["House 1"]
        assert home.bill_cents == pytest.approx(2.0 * (30.0 + 1.0 + 4.0))
        assert home.bill_without_market_cents == pytest.approx(home.bill_cents)
        assert home.saving_cents == pytest.approx(0.0)
        assert (home.bought_kwh, home.sold_kwh) == (0.0, 0.0)

    def test_without_any_trade_all_surplus_goes_at_the_feed_in_rate_less_its_grid_fees(self, trade):
        home = by_name(trade(HOUSES, pvs={"PV": ("House 2", [2.0])}))["House 2"]
        assert home.bill_cents == pytest.approx(-2.0 * (8.0 - 2.0 - 4.0))
        assert home.saving_cents == pytest.approx(0.0)

    def test_feeding_in_can_cost_more_than_it_brings(self, trade):
        home = by_name(trade(HOUSES, pvs={"PV": ("House 2", [2.0])}, feed_in=5.0))["House 2"]
        assert home.bill_cents == pytest.approx(2.0)

    def test_what_a_home_uses_of_its_own_energy_costs_nothing(self, trade):
        accounts = trade(HOUSES, loads={"Load": ("House 1", [2.0])}, pvs={"PV": ("House 1", [1.5])})
        home = by_name(accounts)["House 1"]
        assert home.bill_cents == pytest.approx(0.5 * 35.0)
        assert home.bill_without_market_cents == pytest.approx(0.5 * 35.0)

    def test_each_slot_is_netted_for_itself_at_its_own_rates(self, trade):
        """Surplus at noon does not pay for the evening."""
        accounts = trade(
            loads={"Load": ("Grid", [2.0, 2.0])},
            pvs={"PV": ("Grid", [3.0, 0.5])},
            slots=2,
            feed_in=[5.0, 6.0],
            retail=[20.0, 25.0],
        )
        assert by_name(accounts)["Grid"].bill_cents == pytest.approx(-1.0 * 5.0 + 1.5 * 25.0)

    def test_a_trade_between_neighbours_is_on_both_bills(self, trade):
        """The buyer pays its bid, the seller gets it less the fees of three markets; the rest is at the tariff."""
        accounts = trade(
            HOUSES,
            loads={"Load": ("House 1", [2.0])},
            pvs={"PV": ("House 2", [1.0])},
            feed_in=8.0,
            orders=((0, 20.0, 0.8), (3, 5.0, 0.8)),
        )
        buyer, seller = by_name(accounts)["House 1"], by_name(accounts)["House 2"]
        assert buyer.bill_cents == pytest.approx(0.8 * 20.0 + 1.2 * 35.0)
        assert buyer.saving_cents == pytest.approx(0.8 * (35.0 - 20.0))
        assert seller.bill_cents == pytest.approx(-0.8 * (20.0 - 7.0) - 0.2 * 2.0)
        assert seller.saving_cents == pytest.approx(0.8 * (13.0 - 2.0))
        assert (buyer.bought_kwh, buyer.sold_kwh) == pytest.approx((0.8, 0.0))
        assert (seller.bought_kwh, seller.sold_kwh) == pytest.approx((0.0, 0.8))

    def test_what_a_smart_meter_draws_is_consumed_and_what_it_feeds_in_is_produced(self, trade):
        accounts = trade(HOUSES, meters={"Meter": ("House 1", [2.0, -1.0])}, slots=2)
        home = by_name(accounts)["House 1"]
        assert home.bill_cents == pytest.approx(2.0 * (30.0 + 1.0 + 4.0) - 1.0 * (8.0 - 1.0 - 4.0))
        assert home.saving_cents == pytest.approx(0.0)
        assert (accounts.community.self_sufficiency, accounts.community.self_consumption) == (0.0, 0.0)

    def test_nothing_is_clamped(self, trade):
        """Who bids a euro where the tariff asks 30 cents loses by it, and the bill says so."""
        accounts = trade(loads={"Load": ("Grid", [1.0])}, orders=((0, 100.0, 1.0),))
        home = by_name(accounts)["Grid"]
        assert home.bill_cents == pytest.approx(100.0)
        assert home.saving_cents == pytest.approx(-70.0)

    def test_buying_more_than_is_used_means_selling_the_rest_at_the_tariff(self, trade):
        accounts = trade(loads={"Load": ("Grid", [0.4])}, forecast={"Load": [1.0]}, orders=((0, 30.0, 1.0),))
        assert by_name(accounts)["Grid"].bill_cents == pytest.approx(30.0 - 0.6 * 8.0)

    def test_selling_more_than_is_produced_means_buying_the_rest_at_the_tariff(self, trade):
        accounts = trade(pvs={"PV": ("Grid", [0.4])}, forecast={"PV": [1.0]}, orders=((1, 5.0, 1.0),))
        assert by_name(accounts)["Grid"].bill_cents == pytest.approx(-8.0 + 0.6 * 30.0)

    def test_settled_deviations_are_paid_at_their_own_rate_and_no_longer_at_the_tariff(self, trade):
        """A load used 0.3 kWh more than it bought, a neighbour 0.3 kWh less; they settle at 15."""
        accounts = trade(
            {"Grid": (None, 0.0), "House 1": ("Grid", 1.0), "House 2": ("Grid", 0.0)},
            loads={"More": ("House 1", [1.3, 0.0]), "Less": ("House 2", [0.7, 0.0])},
            forecast={"More": [1.0, 0.0], "Less": [1.0, 0.0]},
            slots=2,
            orders=((0, 31.0, 1.0), (2, 30.0, 1.0)),
            settle=((0, 15.0, 0.3), (3, 10.0, 0.3)),
        )
        more, less = by_name(accounts)["House 1"], by_name(accounts)["House 2"]
        assert more.bill_cents == pytest.approx(31.0 + 0.3 * 15.0)
        assert less.bill_cents == pytest.approx(30.0 - 0.3 * 14.0)
        assert more.saving_cents == pytest.approx(0.3 * (31.0 - 15.0))
        assert less.saving_cents == pytest.approx(0.7 * 30.0 - 30.0 + 0.3 * 14.0)
        assert more.bought_kwh == pytest.approx(1.3)

    def test_percentages_of_the_tariff_are_of_what_the_seller_gets(self, trade):
        """What is not traded costs what a trade with the market maker costs."""
        percent = {"Grid": (None, 20.0), "House": ("Grid", 5.0)}
        said = {"loads": {"Load": ("House", [1.0])}, "fees": "percent"}
        idle, buys = by_name(trade(percent, **said))["House"], 30.0 * 1.2 / 0.95
        assert idle.bill_cents == idle.bill_without_market_cents == pytest.approx(buys)
        trades = by_name(trade(percent, orders=((0, buys + 1e-9, 1.0),), **said))["House"]
        assert (trades.bought_kwh, trades.bill_cents) == pytest.approx((1.0, buys))
        sells = by_name(trade(percent, pvs={"PV": ("House", [1.0])}, fees="percent"))["House"]
        assert sells.bill_cents == pytest.approx(-8.0 / 1.25)

    def test_fees_count_as_they_were_in_each_slot(self, make_community, make_run):
        community = make_community({"Grid": (None, 1.0)}, loads={"Load": ("Grid", [1.0, 1.0])}, slots=2)
        run = make_run(community)
        run.claim("asset Load")
        run.go(1).simulation.next_fee[0] = 3.0
        (home,) = close_accounts(run.go().simulation).members
        assert home.bill_cents == pytest.approx(31.0 + 33.0)


class TestBatteries:
    def test_an_idle_battery_is_worth_its_charge_at_the_feed_in_rate(self, trade):
        home = by_name(trade(batteries={"Battery": ("Grid", {})}))["Grid"]
        assert home.bill_cents == pytest.approx(-5.0 * 8.0)
        assert home.saving_cents == pytest.approx(0.0)

    def test_without_the_market_a_battery_serves_its_home(self, trade):
        """At 80 % each way: 1 kWh of surplus stores 0.8; of the load of 1 kWh 0.6 comes from 0.75 of charge."""
        features = {
            "min_charge_kwh": 0.0,
            "initial_charge_kwh": 0.0,
            "charge_efficiency": 0.8,
            "discharge_efficiency": 0.8,
            "power_kw": 2.4,
        }
        accounts = trade(
            loads={"Load": ("Grid", [0.0, 1.0])},
            pvs={"PV": ("Grid", [1.0, 0.0])},
            batteries={"Battery": ("Grid", {**features, "power_kw": 4.0})},
            slots=2,
        )
        home = by_name(accounts)["Grid"]
        assert home.bill_without_market_cents == pytest.approx((1.0 - 0.64) * 30.0)
        assert home.bill_cents == pytest.approx(-8.0 + 30.0)
        slow = trade(
            loads={"Load": ("Grid", [0.0, 1.0])},
            pvs={"PV": ("Grid", [1.0, 0.0])},
            batteries={"Battery": ("Grid", features)},
            slots=2,
        )
        stored = 0.6 * 0.8
        expected = -0.4 * 8.0 + (1.0 - stored * 0.8) * 30.0
        assert by_name(slow)["Grid"].bill_without_market_cents == pytest.approx(expected)

    def test_a_battery_that_buys_on_the_market_is_worth_more_afterwards(self, trade):
        accounts = trade(batteries={"Battery": ("Grid", {"charge_efficiency": 0.5})}, orders=((0, 30.0, 1.0),))
        home = by_name(accounts)["Grid"]
        assert home.bill_cents == pytest.approx(30.0 - (5.0 + 0.5) * 8.0)
        assert home.saving_cents == pytest.approx(0.5 * 8.0 - 30.0)

    def test_what_a_battery_trades_is_no_metered_energy(self, trade):
        """Its load is bought at the tariff as if the battery were not there."""
        accounts = trade(
            loads={"Load": ("Grid", [1.0])}, batteries={"Battery": ("Grid", {})}, orders=((3, 5.0, 1.0),), feed_in=8.0
        )
        assert by_name(accounts)["Grid"].bill_cents == pytest.approx(30.0 - 8.0 - 4.0 * 8.0)

    def test_two_batteries_of_one_home_share_the_work(self, trade):
        """The second takes what the first has no room for."""
        small = {"capacity_kwh": 0.3, "min_charge_kwh": 0.0, "initial_charge_kwh": 0.0}
        accounts = trade(
            loads={"Load": ("Grid", [0.0, 1.0])},
            pvs={"PV": ("Grid", [1.0, 0.0])},
            batteries={"One": ("Grid", small), "Two": ("Grid", small)},
            slots=2,
        )
        assert by_name(accounts)["Grid"].bill_without_market_cents == pytest.approx(-0.4 * 8.0 + 0.4 * 30.0)

    def test_greedy_batteries_charge_from_surplus_and_discharge_into_need(self):
        battery = Batteries(np.array([0]), *(np.array([value]) for value in (2.0, 0.5, 4.0, 1.0, 1.0)))
        net = np.array([[-0.6, -3.0, 0.4, 5.0, -0.1]])
        left, charge = greedy_self_consumption(battery, np.array([0.5]), net, 0.25)
        assert left == pytest.approx(np.array([[0.0, -2.1, 0.0, 4.0, 0.0]]))
        assert charge == pytest.approx([0.5 + 0.6 + 0.9 - 0.4 - 1.0 + 0.1])
        assert net[0, 0] == -0.6


class TestMembers:
    def test_a_member_is_a_market_with_assets_and_the_market_maker_is_none(self, trade):
        accounts = trade(
            {**HOUSES, "Empty": ("Grid", 0.0)},
            loads={"Load": ("House 2", [1.0])},
            pvs={"PV": ("House 2", [1.0])},
            batteries={"Battery": ("House 1", {})},
        )
        assert [(member.name, member.kinds) for member in accounts.members] == [
            ("House 1", ("storage",)),
            ("House 2", ("load", "pv")),
        ]

    def test_only_slots_that_have_ended_count(self, make_community, make_run):
        community = make_community(loads={"Load": ("Grid", [1.0, 5.0])}, slots=2)
        run = make_run(community)
        run.claim("asset Load")
        assert close_accounts(run.simulation).members[0].bill_cents == 0.0
        run.go(1).open().ticks(3)
        assert close_accounts(run.simulation).members[0].bill_cents == pytest.approx(30.0)

    @settings(max_examples=40, deadline=None)
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def test_bills_are_what_one_gets_by_adding_up_receipt_by_receipt(
        self, data, seed, communities, run_wildly, path_between
    ):
        """Trade by trade and kWh by kWh, in any community and whatever was ordered."""
        community = data.draw(communities)
        simulation = run_wildly(community, seed).simulation
        entries, maker = simulation.ledger.entries(), community.market_maker
        accounts = by_name(close_accounts(simulation))
        for market, name in enumerate(community.market_names):
            assets = [asset for asset in range(maker) if community.tree.home[asset] == market]
            if not assets:
                assert name not in accounts
                continue
            bill = 0.0
            for slot in range(community.slots):
                untraded = 0.0
                for asset in assets:
                    sign = -1.0 if community.is_pv[asset] else 1.0
                    untraded += sign * simulation.measured_kwh[asset, slot]
                for row in np.flatnonzero(entries.slot == slot):
                    energy = entries.energy_kwh[row]
                    if entries.buyer[row] in assets:
                        bill += energy * entries.buyer_rate[row]
                        untraded -= 0.0 if community.is_storage[entries.buyer[row]] else energy
                    if entries.seller[row] in assets:
                        bill -= energy * entries.seller_rate[row]
                        untraded += 0.0 if community.is_storage[entries.seller[row]] else energy
                way = path_between(community, assets[0], maker)
                own = [simulation.slot_fees[slot].own[one] for one in way]
                bill += untraded * tariff(community, slot, untraded > 0, own, way)
            stored = simulation.charge_kwh[[home in assets for home in community.batteries.asset], community.slots]
            bill -= stored.sum() * community.feed_in_rate[-1]
            assert accounts[name].bill_cents == pytest.approx(bill, abs=1e-6)
            saving = accounts[name].bill_without_market_cents - accounts[name].bill_cents
            assert accounts[name].saving_cents == pytest.approx(saving)


def tariff(community, slot: int, buys: bool, fees: list[float], way: list[int]) -> float:
    """Return the rate at which energy is bought or sold without a trade; fees and markets from home to the maker."""
    retail, feed_in = community.retail_rate[slot], community.feed_in_rate[slot]
    if community.rules.fees == "constant":
        return retail + sum(fees) if buys else feed_in - sum(fees)
    if not buys:
        return feed_in / (1.0 + sum(fees) / 100.0)
    # What a bid has to be for the market maker's offer to be reached where the two meet.
    up = way.index(min(way, key=lambda one: community.tree.depth[one]))
    return retail * (1.0 + sum(fees[up:]) / 100.0) / (1.0 - sum(fees[:up]) / 100.0)


class TestCommunity:
    def test_self_sufficiency_and_self_consumption_within_a_home(self, trade):
        accounts = trade(loads={"Load": ("Grid", [2.0])}, pvs={"PV": ("Grid", [0.5])})
        assert accounts.community.self_sufficiency == pytest.approx(0.25)
        assert accounts.community.self_consumption == pytest.approx(1.0)
        accounts = trade(loads={"Load": ("Grid", [0.5])}, pvs={"PV": ("Grid", [2.0])})
        assert accounts.community.self_sufficiency == pytest.approx(1.0)
        assert accounts.community.self_consumption == pytest.approx(0.25)

    def test_energy_that_neighbours_trade_stays_inside(self, trade):
        said = {"loads": {"Load": ("House 1", [2.0])}, "pvs": {"PV": ("House 2", [1.0])}}
        apart = trade(HOUSES, **said).community
        assert (apart.self_sufficiency, apart.self_consumption) == pytest.approx((0.0, 0.0))
        together = trade(HOUSES, orders=((0, 20.0, 0.8), (3, 5.0, 0.8)), **said).community
        assert (together.self_sufficiency, together.self_consumption) == pytest.approx((0.4, 0.8))

    def test_energy_that_passes_through_the_market_maker_does_not_stay_inside(self, trade):
        """Not even if orders have bought and sold it."""
        bought = trade(HOUSES, loads={"Load": ("House 1", [2.0])}, orders=((0, 35.0, 2.0),)).community
        assert bought.self_sufficiency == pytest.approx(0.0)
        sold = trade(HOUSES, pvs={"PV": ("House 2", [1.0])}, orders=((1, 1.0, 1.0),)).community
        assert sold.self_consumption == pytest.approx(0.0)

    def test_there_is_no_share_of_nothing(self, trade):
        found = trade(batteries={"Battery": ("Grid", {})}).community
        assert (found.self_sufficiency, found.self_consumption) == (None, None)


class TestWape:
    @pytest.fixture
    def simulation(self, make_community, make_run):
        community = make_community(
            loads={"Load": ("Grid", [1.0, 2.0, 4.0])}, pvs={"PV": ("Grid", [1.0, 1.0, 1.0])}, slots=3
        )
        return make_run(community).simulation

    def finish(self, simulation) -> float | None:
        for _ in range(3):
            simulation.open_slot()
            simulation.close_slot()
        return close_accounts(simulation).wape

    def test_errors_and_measurements_of_received_forecasts_are_summed_before_they_are_divided(self, simulation):
        simulation.forecast(0, 0, 1.5)
        simulation.forecast(0, 2, 3.0)
        simulation.forecast(1, 1, 1.25)
        assert self.finish(simulation) == pytest.approx((0.5 + 1.0 + 0.25) / (1.0 + 4.0 + 1.0))

    def test_the_last_forecast_before_the_gate_counts(self, simulation):
        simulation.forecast(0, 0, 9.0)
        simulation.forecast(0, 0, 1.5)
        simulation.open_slot()
        simulation.forecast(0, 0, 7.0)
        simulation.close_slot()
        assert close_accounts(simulation).wape == pytest.approx(0.5)

    def test_the_measurement_counts_that_was_sent(self, simulation):
        simulation.forecast(0, 0, 1.5)
        simulation.open_slot()
        simulation.measure(0, 0, 3.0)
        simulation.close_slot()
        assert close_accounts(simulation).wape == pytest.approx(0.5)

    def test_without_forecasts_there_is_no_error(self, simulation):
        assert self.finish(simulation) is None
