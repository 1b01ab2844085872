"""The simulated community: who trades with whom, at what rates, and what a strategy's author can see of it."""

import math

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook import HOLD, Claim, ConfigError, Requirement, Requirements, UnknownAreaError, hookimpl, per_lot
from gridhook.events import PluginFailed, SlotOpened, Ticked
from gridhook.testing import battery, load, pv, simulate

MM = "id:Market Maker"


@attrs.define
class Rates:
    """A rate by the asset's name and side, or by its side; HOLD without one."""

    by: dict

    @hookimpl
    @per_lot
    def price_energy(self, lot):
        return self.by.get((lot.name, lot.side), self.by.get(lot.name, self.by.get(lot.side, HOLD)))


@attrs.define
class Watch:
    """Keeps all lots that it is asked about, and decides nothing."""

    lots: list = attrs.field(factory=list)
    markets: list = attrs.field(factory=list)

    @hookimpl
    def price_energy(self, lots, market):
        self.lots += lots
        self.markets.append(market)


def rows(day):
    """Trades as buyer, seller, kWh and the rates of both."""
    return [
        (trade.buyer.removeprefix("id:"), trade.seller.removeprefix("id:"), *map(_rounded, trade[5:8]))
        for trade in day.trades
    ]


def _rounded(number):
    return round(number, 9)


def day_of(homes, by, slots=1, **options):
    return simulate(homes, [Rates(by)], slots=slots, **options)


def test_own_orders_meet_and_the_market_maker_takes_and_gives_the_rest():
    homes = {"Home 1": {"Load": load(0.4)}, "Home 2": {"PV": pv(0.3)}}
    assert rows(day_of(homes, {"bid": 30.0, "offer": 8.0})) == [
        ("Home 1/Load", "Home 2/PV", 0.3, 30.0, 30.0),
        ("Home 1/Load", "Market Maker", 0.1, 30.0, 30.0),
    ]
    homes = {"Home 1": {"Load": load(0.1)}, "Home 2": {"PV": pv(0.3)}}
    assert rows(day_of(homes, {"bid": 20.0, "offer": 8.0})) == [
        ("Home 1/Load", "Home 2/PV", 0.1, 20.0, 20.0),
        ("Market Maker", "Home 2/PV", 0.2, 8.0, 8.0),
    ]


def test_nobody_trades_at_a_rate_that_is_worse_than_the_orders():
    homes = {"Home 1": {"Load": load(0.4)}, "Home 2": {"PV": pv(0.3)}}
    day = day_of(homes, {"bid": 15.0, "offer": 16.0})
    assert not len(day.trades)
    assert day.asset("Load").reasons == {"priced": 1, "unchanged": 9}


def test_the_highest_bid_is_served_first_and_the_earlier_of_equals():
    homes = {"Home": {"Early": load(0.2), "Late": load(0.2), "High": load(0.2), "PV": pv(0.3)}}
    assert rows(day_of(homes, {"Early": 20.0, "Late": 20.0, "High": 21.0, "PV": 10.0}))[:2] == [
        ("Home/High", "Home/PV", 0.2, 21.0, 21.0),
        ("Home/Early", "Home/PV", 0.1, 20.0, 20.0),
    ]


def test_the_cheapest_offer_is_taken_first():
    homes = {"Home": {"Load": load(0.3), "Dear": pv(0.2), "Cheap": pv(0.2)}}
    by = {"Load": 20.0, "Dear": 12.0, "Cheap": 11.0}
    assert rows(day_of(homes, by)) == [
        ("Home/Load", "Home/Cheap", 0.2, 20.0, 20.0),
        ("Home/Load", "Home/Dear", 0.1, 20.0, 20.0),
    ]
    # The market maker is dearer than both and cheaper than neither: a bid above its rate still serves its own first.
    assert [row[1] for row in rows(day_of(homes, by | {"Load": 31.0}))] == ["Home/Cheap", "Home/Dear"]


def test_grid_fees_on_the_way_are_the_buyers_bid_less_what_the_seller_gets():
    homes = {"Home 1": {"Load": load(0.4), "PV": pv(0.1)}, "Home 2": {"PV 2": pv(0.1)}}
    day = day_of(homes, {"bid": 40.0, "offer": 8.0}, fees={"Home 1": 1.0, "Home 2": 2.0})
    assert rows(day) == [
        ("Home 1/Load", "Home 1/PV", 0.1, 40.0, 39.0),
        ("Home 1/Load", "Home 2/PV 2", 0.1, 40.0, 37.0),
        ("Home 1/Load", "Market Maker", 0.2, 31.0, 30.0),
    ]
    surplus = day_of({"Home": {"PV": pv(0.1)}}, {"offer": 7.0}, fees=1.0)
    assert rows(surplus) == [("Market Maker", "Home/PV", 0.1, 8.0, 7.0)]
    assert not len(day_of({"Home": {"PV": pv(0.1)}}, {"offer": 7.5}, fees=1.0).trades)


def test_a_home_with_the_name_of_the_grid_has_its_own_fee():
    day = day_of({"Grid": {"PV": pv(0.1)}}, {"offer": 7.0}, fees=1.0)
    assert rows(day) == [("Market Maker", "Grid/PV", 0.1, 8.0, 7.0)]
    assert len(set(day.tree.ids)) == len(day.tree.ids)


def test_lots_carry_the_fee_to_the_market_maker():
    watch = Watch()
    simulate({"Home": {"Load": load(1.0)}}, [watch], slots=1, ticks=1, fees=2.5)
    assert [lot.grid_fee for lot in watch.lots] == [2.5]


def test_profiles_are_per_slot():
    day = day_of({"Home": {"Load": load([0.1, 0.0, 0.3])}}, {"bid": 30.0}, slots=3)
    assert [row[2] for row in rows(day)] == [0.1, 0.3]
    assert day.asset("Load").reasons["no_energy"] == 8 + 1 + 10 - 1 + 10


def test_a_battery_is_kept_to_its_power_room_and_charge():
    homes = {"Home": {"Battery": battery(2.0, power_kw=2.0, charge_kwh=1.0)}}
    buying = day_of(homes, {("Battery", "bid"): 30.0}, slots=4)
    assert [row[2] for row in rows(buying)] == [0.5, 0.5]
    selling = day_of(homes, {("Battery", "offer"): 8.0}, slots=4)
    assert [row[2] for row in rows(selling)] == [0.5, 0.5]


def test_what_a_battery_has_is_told():
    watch, homes = Watch(), {"Home": {"Battery": battery(3.0)}}
    simulate(homes, [Rates({"bid": 30.0}), watch], slots=2, ticks=2)
    offers = [lot for lot in watch.lots if lot.side == "offer"]
    assert not offers
    watch = Watch()
    simulate(homes, [watch, Rates({"bid": 30.0})], slots=2, ticks=2)
    told = [
        (lot.side, *map(_rounded, (lot.used_storage_kwh, lot.free_storage_kwh, lot.energy_kwh))) for lot in watch.lots
    ]
    assert told == [
        ("bid", 1.5, 1.5, 0.375),
        ("offer", 1.5, 1.5, 0.375),
        ("offer", 1.5, 1.125, 0.375),
        ("bid", 1.875, 1.125, 0.375),
        ("offer", 1.875, 1.125, 0.375),
        ("offer", 1.875, 0.75, 0.375),
    ]


def test_a_battery_does_not_trade_with_itself():
    homes = {"Home": {"Battery": battery(2.0)}}
    assert not len(day_of(homes, {("Battery", "bid"): 20.0, ("Battery", "offer"): 10.0}).trades)


def test_progress_goes_from_zero_in_equal_ticks_and_rates_are_told():
    watch = Watch()
    simulate({"Home": {"Load": load(1.0)}}, [watch], slots=1, ticks=4, feed_in_rate=5.0, market_maker_rate=25.0)
    assert [market.progress for market in watch.markets] == [0.0, 0.25, 0.5, 0.75]
    assert {(market.feed_in_rate, market.market_maker_rate) for market in watch.markets} == {(5.0, 25.0)}


def test_orders_that_stand_trade_when_a_counterpart_comes():
    class Late:
        @hookimpl
        @per_lot
        def price_energy(self, lot, market):
            if lot.side == "bid":
                return 15.0
            return 10.0 if market.progress >= 0.5 else HOLD

    day = simulate({"Home": {"Load": load(0.2), "PV": pv(0.2)}}, [Late()], slots=1)
    assert rows(day) == [("Home/Load", "Home/PV", 0.2, 15.0, 15.0)]
    sent = [(order.progress, order.side, order.status) for order in day.orders]
    assert sent == [(0.0, "bid", "accepted"), (0.5, "offer", "accepted")]


def test_a_new_rate_replaces_the_order_and_hold_withdraws_it():
    class Moves:
        @hookimpl
        @per_lot
        def price_energy(self, lot, market):
            return {0.0: 10.0, 0.25: 12.0, 0.5: HOLD}.get(market.progress, 30.0 if lot.side == "offer" else 20.0)

    watch = Watch()
    homes = {"Home": {"Load": load(0.2)}}
    day = simulate(homes, {"watch": watch, "moves": Moves()}, slots=1, ticks=4)
    assert [(order.rate, order.status) for order in day.orders] == [
        (10.0, "accepted"),
        (12.0, "accepted"),
        (20.0, "accepted"),
    ]
    assert [lot.energy_active_kwh for lot in watch.lots] == [0.0, 0.2, 0.2, 0.0]
    assert not len(day.trades)


def test_what_was_traded_in_the_slot_is_told():
    watch = Watch()
    homes = {"Home": {"Load": load(0.2), "PV": pv(0.1)}}
    simulate(homes, {"watch": watch, "rates": Rates({"Load": 20.0, "PV": 10.0})}, slots=1, ticks=2)
    assets = watch.markets[1].grid.assets
    assert assets.energy_traded_kwh.tolist() == pytest.approx([0.1, 0.1])
    assert assets.total_cost_cents.tolist() == pytest.approx([2.0, 2.0])
    assert assets.energy_requirement_kwh[0] == pytest.approx(0.1)


def test_a_trade_inside_a_home_is_no_trade_of_the_grid():
    watch = Watch()
    homes = {"Home": {"Load": load(0.2), "PV": pv(0.2)}}
    simulate(homes, {"watch": watch, "rates": Rates({"bid": 15.0, "offer": 10.0})}, slots=2, ticks=1)
    energy = watch.markets[1].grid.last_market_stats.total_traded_energy_kwh
    assert energy.tolist() == pytest.approx([math.nan, math.nan, 0.2, math.nan, math.nan], nan_ok=True)


def test_statistics_of_the_last_slot_are_told():
    watch = Watch()
    homes = {"Home 1": {"Load": load(0.2)}, "Home 2": {"PV": pv(0.2)}}
    simulate(homes, {"watch": watch, "rates": Rates({"bid": 15.0, "offer": 10.0})}, slots=2, ticks=1)
    first, second = (market.grid for market in watch.markets)
    assert first.last_market_stats is None
    assert second.last_market_stats.total_traded_energy_kwh[:3].tolist() == pytest.approx(
        [0.2, math.nan, 0.2], nan_ok=True
    )
    assert second.last_market_stats.avg_trade_rate[0] == 15.0


def partners(**by_name):
    class Wants:
        @hookimpl
        def require(self, lots):
            return Requirements({row: by_name[lot.name] for row, lot in enumerate(lots) if lot.name in by_name})

    return Wants()


def test_requirements_bind():
    homes = {"Home 1": {"Load": load(0.4)}, "Home 2": {"PV": pv(0.2), "Other": pv(0.2)}}
    rates = Rates({"bid": 31.0, "Other": 9.0, "PV": 10.0})
    with_pv = partners(Load=(Requirement(("id:Home 2/PV",)),))
    day = simulate(homes, [rates, with_pv], slots=1)
    assert rows(day)[0] == ("Home 1/Load", "Home 2/PV", 0.2, 31.0, 31.0)
    assert [trade.with_partner for trade in day.trades if trade.buyer != MM] == [True]
    green = partners(Load=(Requirement(energy_types=("PV",)),))
    assert day.figures.preferences.trades_with_partner == 1
    assert all(trade.buyer == MM for trade in simulate(homes, [rates, green], slots=1, feed_in_rate=20.0).trades)


def test_sellers_choose_their_partners_too():
    homes = {"Home 1": {"Load": load(0.2), "Other": load(0.2)}, "Home 2": {"PV": pv(0.4)}}
    to_other = partners(PV=(Requirement(("id:Home 1/Other",)),))
    day = simulate(homes, [Rates({"bid": 20.0, "offer": 8.0}), to_other], slots=1)
    assert rows(day) == [("Home 1/Other", "Home 2/PV", 0.2, 20.0, 20.0)]


def test_an_alternative_can_limit_the_energy_and_set_a_rate():
    homes = {"Home 1": {"Load": load(0.4)}, "Home 2": {"PV": pv(0.4)}}
    either = (Requirement(("id:Home 2/PV",), energy_kwh=0.1, rate=25.0), Requirement(rate=30.0, energy_kwh=0.2))
    day = simulate(homes, [Rates({"bid": 12.0, "PV": 22.0}), partners(Load=either)], slots=1)
    assert rows(day) == [
        ("Home 1/Load", "Home 2/PV", 0.2, 30.0, 30.0),
        ("Home 1/Load", "Home 2/PV", 0.1, 25.0, 25.0),
    ]


class Forecasts:
    def __init__(self, kwh):
        self.kwh = kwh

    @hookimpl
    def forecast_energy(self, assets, slots):
        return np.full((len(assets), len(slots)), self.kwh)


class Settles:
    def __init__(self, rates=(30.0, 8.0), measured=None):
        self.rates = rates
        self.measured = measured
        self.asked = []

    @hookimpl
    def measure_energy(self, assets, slots):
        return np.full((len(assets), len(slots)), np.nan if self.measured is None else self.measured)

    @hookimpl
    @per_lot
    def settle_deviations(self, deviation):
        slot = deviation.slot.hour * 4 + deviation.slot.minute // 15
        self.asked.append((deviation.name, deviation.side, slot, _rounded(deviation.energy_kwh)))
        return self.rates[deviation.side == "offer"]


def test_forecasts_say_what_may_be_traded_and_deviations_are_settled():
    homes = {"Home": {"Load": load(0.4), "PV": pv(0.4)}}
    settles = Settles()
    day = simulate(homes, [Rates({"bid": 30.0, "offer": 8.0}), Forecasts(0.3), settles], slots=3, ticks=1)
    # The first slot has no forecast, so that it trades what is measured later.
    assert settles.asked == [("Load", "bid", 1, 0.1), ("PV", "offer", 1, 0.1)]
    assert [(trade.market, trade.slot.minute) for trade in day.trades][-2:] == [("settlement", 15)] * 2
    assert rows(day)[-2:] == [
        ("Home/Load", "Market Maker", 0.1, 30.0, 30.0),
        ("Market Maker", "Home/PV", 0.1, 8.0, 8.0),
    ]
    assert (day.asset("Load").settled_kwh, day.asset("Load").bought_kwh) == pytest.approx((0.1, 0.4 + 0.3 + 0.3 + 0.1))
    assert [(one.asset, one.slot.minute, one.kwh) for one in day.forecasts][:2] == [
        ("Grid/Home/Load", 15, 0.3),
        ("Grid/Home/PV", 15, 0.3),
    ]
    assert day.figures.forecasts.sent == 4


def test_only_what_is_forecast_is_sent():
    class Loads:
        @hookimpl
        def forecast_energy(self, assets, slots):
            return np.repeat(np.where(assets.kind == "load", 0.3, np.nan)[:, np.newaxis], len(slots), axis=1)

    day = simulate({"Home": {"Load": load(0.4), "PV": pv(0.4)}}, [Loads()], slots=2, ticks=1, horizon=2)
    assert [one.asset for one in day.forecasts] == ["Grid/Home/Load"] * 4
    assert day.figures.forecasts.sent == 1


def test_settlement_waits_for_a_rate_that_the_market_maker_takes_and_ends_with_its_window():
    homes = {"Home": {"Load": load(0.4)}}
    settles = Settles(rates=(29.0, 9.0))
    day = simulate(homes, [Rates({"bid": 30.0}), Forecasts(0.3), settles], slots=8, ticks=1)
    assert all(trade.market == "spot" for trade in day.trades)
    assert sum(one[2] == 1 for one in settles.asked) == 4


def test_settlement_costs_grid_fees():
    homes = {"Home": {"Load": load(0.4), "PV": pv(0.4)}}
    plugins = [Rates({"bid": 40.0, "offer": 0.0}), Forecasts(0.3), Settles(rates=(32.0, 6.0))]
    day = simulate(homes, plugins, slots=3, ticks=1, fees=2.0)
    settled = [row for row, trade in zip(rows(day), day.trades, strict=True) if trade.market == "settlement"]
    assert settled == [("Home/Load", "Market Maker", 0.1, 32.0, 30.0), ("Market Maker", "Home/PV", 0.1, 8.0, 6.0)]


def test_measurements_go_before_what_the_exchange_measures_itself():
    homes = {"Home": {"Load": load(0.4)}}
    settles = Settles(measured=0.5)
    day = simulate(homes, [Rates({"bid": 30.0}), settles], slots=3, ticks=1)
    assert settles.asked == [("Load", "bid", 0, 0.1), ("Load", "bid", 1, 0.1)]
    assert {one.kwh for one in day.measurements} == {0.5}
    assert not day.failures


class Fees:
    def __init__(self, fee):
        self.fee = fee
        self.told = []

    @hookimpl
    def set_grid_fees(self, markets, slot):
        self.told.append([(row.name, row.imported_kwh, row.exported_kwh) for row in markets])
        return np.where(markets.name == "Home 1", self.fee, np.nan)


def test_grid_fees_take_effect_in_the_next_slot():
    homes = {"Home 1": {"Load": load(0.2)}, "Home 2": {"PV": pv(0.1)}}
    fees = Fees(4.0)
    day = simulate(homes, [Rates({"bid": 40.0, "offer": 8.0}), fees], slots=3, ticks=1)
    assert [row[4] for row in rows(day) if row[1] == "Home 2/PV"] == [40.0, 36.0, 36.0]
    last = {name: (imported, exported) for name, imported, exported in fees.told[-1]}
    assert last == {"Grid": (0.0, 0.0), "Home 1": pytest.approx((0.2, 0.0)), "Home 2": pytest.approx((0.0, 0.1))}
    assert all(math.isnan(imported) for _, imported, _ in fees.told[0])


def test_current_and_last_fees_are_told():
    watch = Watch()
    homes = {"Home 1": {"Load": load(0.2)}}
    simulate(homes, {"watch": watch, "fees": Fees(4.0)}, slots=3, ticks=1, fees=1.0)
    told = [
        (market.grid_fee("Home 1"), market.grid_fee("Home 1", fee_type="last_market_fee")) for market in watch.markets
    ]
    assert [pair[0] for pair in told] == [1.0, 4.0, 4.0]
    assert math.isnan(told[0][1])
    assert [pair[1] for pair in told[1:]] == [1.0, 4.0]


def test_a_registration_plugin_says_what_trades():
    class Claims:
        @hookimpl
        def claim_assets(self):
            return Claim(kinds=["pv"])

    homes = {"Home": {"Load": load(0.2), "PV": pv(0.1)}}
    day = simulate(homes, [Claims(), Rates({"bid": 30.0, "offer": 8.0})], slots=1)
    assert rows(day) == [("Market Maker", "Home/PV", 0.1, 8.0, 8.0)]


def test_routes_are_those_of_a_configuration():
    homes = {"Home 1": {"Load": load(0.2)}, "Home 2": {"Load": load(0.2)}}
    plugins = {"low": Rates({"bid": 30.0}), "high": Rates({"bid": 35.0})}
    day = simulate(homes, plugins, slots=1, ticks=1, routes={"pricing": {"Grid/Home 2/Load": ["high", "low"]}})
    assert [(order.asset, order.rate) for order in day.orders] == [
        ("Grid/Home 1/Load", 30.0),
        ("Grid/Home 2/Load", 35.0),
    ]


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ({"prices": {"load": ["rates"]}}, "no domain with routes is called 'prices'"),
        ({"pricing": {"load": ["rats"]}}, "no plugin for pricing is called 'rats'; there are rates"),
        ({"settlement": {"load": ["rates"]}}, "no plugin for settlement is called 'rates'; there are none"),
        ({"pricing": {"Loda": ["rates"]}}, "did you mean 'Load'"),
    ],
)
def test_a_route_that_leads_nowhere_is_a_mistake(routes, message):
    with pytest.raises(ConfigError, match="routes") as error:
        simulate({"Home": {"Load": load(1.0)}}, [Rates({})], slots=1, routes=routes)
    assert message in str(error.value)


class Misspelt:
    @hookimpl
    def price_enrgy(self):
        """Misspelt."""


class Names(Rates):
    def named_assets(self):
        return {"by": "Lamp"}


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ([Rates], r"Rates is a class; a simulation takes Rates\(…\)"),
        ([Misspelt()], "'misspelt' implements 'price_enrgy', which is no hook"),
        ([Names({})], "plugins.names.by: no asset is called 'Lamp'"),
    ],
)
def test_plugins_that_do_not_fit_are_refused(plugins, message):
    with pytest.raises(ConfigError, match=message):
        simulate({"Home": {"Load": load(1.0)}}, plugins, slots=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: load(-1.0), "energies are numbers of kWh from 0 up"),
        (lambda: pv([]), "energies are numbers of kWh from 0 up"),
        (lambda: battery(-1.0), "does not exist"),
        (lambda: battery(1.0, charge_kwh=2.0), "does not exist"),
        (lambda: day_of({"Home": {"Load": load([1.0, 2.0])}}, {}, slots=3), "has 2 values for 3 slots"),
        (lambda: day_of({"Home": {"Load": load(1.0)}}, {}, slots=0), "at least one slot"),
        (lambda: day_of({"Home": {"Load": load(1.0)}}, {}, fees={"Hom": 1.0}), "did you mean 'Home'"),
        (lambda: day_of({"Home": {"Load": load(1.0)}}, {}, fees=-1.0), "has to be 0 cents/kWh or more"),
        (lambda: day_of({"Home": {"Load": load(1.0)}}, {}, ticks=0), "a slot has at least one tick, not 0"),
        (lambda: day_of({"Home": {}}, {}, feed_in_rate=math.nan), "feed_in_rate has to be a number of cents/kWh"),
        (lambda: day_of({"Home": {}}, {}, market_maker_rate=math.inf), "market_maker_rate has to be a number"),
        (lambda: day_of({"Market Maker": {"Load": load(1.0)}}, {}), "a home cannot be called 'Market Maker'"),
    ],
)
def test_a_community_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_failures_of_plugins_are_told_those_of_observers_too():
    class Fails:
        @hookimpl
        def price_energy(self):
            return "cheap"

        @hookimpl
        def event_received(self, event):
            assert not isinstance(event, SlotOpened)

    day = simulate({"Home": {"Load": load(1.0)}}, [Fails(), Rates({"bid": 30.0})], slots=1, ticks=2)
    assert {(failure.plugin, failure.hook) for failure in day.failures} == {
        ("fails", "price_energy"),
        ("fails", "event_received"),
    }
    assert all(isinstance(failure, PluginFailed) for failure in day.failures)
    assert len(day.trades) == 1


def test_assets_are_found_by_what_they_are_called():
    homes = {"Home 1": {"Load": load(0.1), "PV": pv(0.3)}, "Home 2": {"Load": load(0.2)}}
    day = day_of(homes, {"bid": 30.0, "offer": 31.0})
    for name in ("Home 2/Load", "Grid/Home 2/Load", "id:Home 2/Load"):
        assert day.asset(name).bought_kwh == pytest.approx(0.2)
        assert day.asset(name).paid_cents == pytest.approx(6.0)
    assert day.asset("PV").reasons == {"priced": 1, "unchanged": 9}
    assert [trade.buyer for trade in day.trades_of("Home 1/Load")] == ["id:Home 1/Load"]
    with pytest.raises(UnknownAreaError, match="Lamp"):
        day.asset("Lamp")
    assert day.reasons["priced"] == 3
    assert sum(isinstance(event, Ticked) for event in day.events) == 9


def test_plugins_of_one_class_get_different_names():
    day = day_of({"Home": {"Load": load(1.0)}}, {}, ticks=1)
    two = simulate({"Home": {"Load": load(1.0)}}, [Rates({}), Rates({})], slots=1, ticks=1)
    assert [plugin.name for plugin in day.figures.plugins if plugin.domain == "pricing"] == ["rates"]
    assert [plugin.name for plugin in two.figures.plugins if plugin.domain == "pricing"] == ["rates", "rates-2"]


kwh = st.floats(0.0, 2.0).map(lambda number: round(number, 3))
rate = st.floats(0.0, 50.0).map(lambda number: round(number, 1))


@settings(max_examples=25)
@given(
    loads=st.lists(st.tuples(kwh, rate), min_size=1, max_size=3),
    pvs=st.lists(st.tuples(kwh, rate), max_size=3),
    stored=st.tuples(kwh, rate, rate),
    fee=st.sampled_from([0.0, 1.5]),
)
def test_no_energy_and_no_money_is_lost_and_nobody_trades_worse_than_it_asked(loads, pvs, stored, fee):
    homes = {f"Home {row}": {f"Load {row}": load(energy)} for row, (energy, _) in enumerate(loads)}
    homes |= {f"Roof {row}": {f"PV {row}": pv(energy)} for row, (energy, _) in enumerate(pvs)}
    homes["Cellar"] = {"Battery": battery(stored[0])}
    by = {f"Load {row}": its for row, (_, its) in enumerate(loads)}
    by |= {f"PV {row}": its for row, (_, its) in enumerate(pvs)}
    by |= {("Battery", "bid"): stored[1], ("Battery", "offer"): stored[2]}
    day, again = (day_of(homes, by, slots=2, ticks=2, fees=fee) for _ in range(2))
    assert [*day.trades] == [*again.trades]
    assert not any(order.status == "refused" for order in day.orders)
    bought = {name: day.asset(name).bought_kwh for name in by if isinstance(name, str)}
    for row, (energy, limit) in enumerate(loads):
        assert bought[f"Load {row}"] <= 2 * energy + 1e-6
        if limit >= 30.0 + fee:
            assert bought[f"Load {row}"] == pytest.approx(2 * energy, abs=1e-4)
    for trade in day.trades:
        is_home = trade.buyer.split("/")[0] == trade.seller.split("/")[0]
        markets = 1 if is_home or MM in (trade.buyer, trade.seller) else 2
        assert trade.buyer_rate - trade.seller_rate == pytest.approx(fee * markets)
        buyer, seller = (area.rpartition("/")[2] for area in (trade.buyer, trade.seller))
        assert trade.buyer_rate <= by.get((buyer, "bid"), by.get(buyer, math.inf)) + 1e-9
        assert trade.seller_rate >= by.get((seller, "offer"), by.get(seller, -math.inf)) - 1e-9


def test_a_home_without_appliances_by_their_names_is_told():
    with pytest.raises(TypeError, match="'Load' is a home, and has appliances by their names"):
        simulate({"Load": load(0.4)}, [])


def test_a_plugin_alone_is_told_to_be_one_of_a_list():
    class Plugin: ...

    with pytest.raises(TypeError, match=r"plugins are given as a list, or by their names: \[Plugin\(…\)\]"):
        simulate({"Home": {"Load": load(0.4)}}, Plugin())


def test_a_day_is_shown_in_a_line():
    class Raises:
        @hookimpl
        def price_energy(self, lots):
            raise RuntimeError

    day = simulate({"Home": {"Load": load(0.4)}}, [Raises()], slots=2)
    assert repr(day).startswith(
        "Day(slots=2, orders=0, forecasts=0, measurements=0, trades=0, traded_kwh=0, failures=["
    )
    assert "raises: price_energy: RuntimeError" in repr(day)
    assert len(repr(day)) < 500
