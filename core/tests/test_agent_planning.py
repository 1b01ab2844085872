"""Planning: only what differs from what stands is sent, and every lot gets a reason."""

import numpy as np
import pytest

from gridhook.commands import PlaceOrders
from gridhook.deciding import Required
from gridhook.events import Reasoned, RequirementsUnkept
from gridhook.orders import HOLD, Orders, Requirement, Requirements
from gridhook.reasons import Reason

GREEN = (Requirement(energy_types=("PV",)),)
FRIENDS = (Requirement(partners=("id:PV",)), Requirement(partners=("id:Battery",), rate=12.0))


def rates(*values):
    return lambda lots, market: np.array(values)


def orders(*rows):
    """Orders (lot, rate, kWh)."""
    return Orders(*zip(*rows, strict=True))


@pytest.fixture
def trading(stage):
    """An agent whose bid of 1 kWh at 20 cents stands."""
    stage.decide.price = 20.0
    return stage.connect().open_slot(stage.load()).answer()


def test_a_rate_becomes_an_order_for_the_whole_lot(stage):
    stage.decide.price = rates(20.0, 15.0, 10.0)
    stage.connect().open_slot(stage.load(1.25), stage.battery(2.0, 3.0))
    assert stage.orders == [
        ("Load", "bid", 20.0, 1.25),
        ("Battery", "bid", 15.0, 2.0),
        ("Battery", "offer", 10.0, 3.0),
    ]
    assert stage.command(PlaceOrders).lines.replace.all()
    assert set(stage.answer().reasons.values()) == {"priced"}


def test_only_lots_with_energy_are_asked_about(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load(0.0), stage.pv(2e-5), stage.battery(0.5, 0.0))
    assert stage.decide.rows_of("price_energy").name.tolist() == ["Battery"]
    assert stage.orders == [("Battery", "bid", 20.0, 0.5)]
    stage.answer()
    assert stage.reasons == {
        ("Load", "bid"): "no_energy",
        ("PV", "offer"): "no_energy",
        ("Battery", "bid"): "priced",
        ("Battery", "offer"): "no_energy",
    }
    assert stage.rows["PV", "offer"].number == 2e-5


def test_plugins_are_not_asked_when_no_lot_has_energy(stage):
    stage.connect().open_slot(stage.load(0.0))
    assert not any(asked[0] in ("price_energy", "require") for asked in stage.decide.asked)
    assert stage.reasons == {("Load", "bid"): "no_energy"}


def test_an_order_that_stands_is_not_sent_again(trading):
    trading.tick(0.1, trading.load(active=1.0))
    assert not trading.batch
    assert trading.reasons == {("Load", "bid"): "unchanged"}
    assert trading.rows["Load", "bid"].number == 20.0


def test_an_order_that_stands_shows_its_rate_to_the_strategy(trading):
    trading.tick(0.1, trading.load(active=1.0))
    assert trading.decide.rows_of("price_energy").open_rate.tolist() == [20.0]


def test_a_partial_trade_keeps_the_rest_of_the_order(trading):
    trading.tick(0.1, trading.load(0.75, active=0.75))
    assert not trading.batch
    assert trading.reasons == {("Load", "bid"): "unchanged"}


def test_more_energy_at_the_same_rate_is_a_new_order(trading):
    trading.tick(0.1, trading.load(1.5, active=1.0))
    assert trading.orders == [("Load", "bid", 20.0, 1.5)]


def test_an_order_that_the_exchange_does_not_report_is_sent_again(trading):
    trading.tick(0.1, trading.load(active=0.0))
    assert trading.orders == [("Load", "bid", 20.0, 1.0)]


def test_another_rate_replaces_the_order(trading):
    trading.decide.price = 21.0
    trading.tick(0.1, trading.load(active=1.0))
    assert trading.orders == [("Load", "bid", 21.0, 1.0)]
    assert not trading.withdrawn


def test_only_lots_that_changed_are_sent(stage):
    stage.decide.price = rates(20.0, 10.0)
    stage.connect().open_slot(stage.load(), stage.pv()).answer()
    stage.decide.price = rates(20.0, 9.0)
    stage.tick(0.1, stage.load(active=1.0), stage.pv(active=1.0))
    assert stage.orders == [("PV", "offer", 9.0, 1.0)]
    assert stage.answer().reasons == {("Load", "bid"): "unchanged", ("PV", "offer"): "priced"}


def test_an_order_of_the_last_slot_does_not_stand_in_the_next(trading):
    trading.open_slot(trading.load(), slot=1)
    assert trading.orders == [("Load", "bid", 20.0, 1.0)]


def test_hold_withdraws_what_stands(trading):
    trading.decide.price = HOLD
    trading.tick(0.1, trading.load(active=1.0))
    assert trading.withdrawn == [("Load", "bid")]
    assert not trading.orders
    assert trading.answer().reasons == {("Load", "bid"): "held"}


def test_hold_withdraws_once(trading):
    trading.decide.price = HOLD
    trading.tick(0.1, trading.load(active=1.0)).answer().tick(0.2, trading.load(active=0.0))
    assert not trading.batch
    assert trading.reasons == {("Load", "bid"): "held"}


def test_hold_withdraws_what_the_exchange_reports_although_nothing_is_known_of_it(stage):
    stage.decide.price = HOLD
    stage.connect().open_slot(stage.load(active=0.5))
    assert stage.withdrawn == [("Load", "bid")]


def test_hold_goes_by_the_agents_own_books_where_the_exchange_reports_nothing(stage):
    meter = stage.asset("Meter", "smart-meter", energy_requirement_kwh=1.0, available_energy_kwh=1.0)
    stage.decide.price = rates(20.0, HOLD)
    stage.connect().open_slot(meter).answer().open_slot(meter, slot=1).answer()
    stage.decide.price = HOLD
    stage.tick(0.1, meter)
    assert stage.withdrawn == [("Meter", "bid")]


def test_a_declined_lot_leaves_what_stands(trading):
    trading.decide.price = None
    trading.tick(0.1, trading.load(active=1.0))
    assert not trading.batch
    assert trading.reasons == {("Load", "bid"): "declined"}
    trading.decide.price = 20.0
    assert trading.tick(0.2, trading.load(active=1.0)).reasons == {("Load", "bid"): "unchanged"}


def test_a_rate_below_zero_is_not_sent_and_withdraws_what_stands(trading):
    trading.decide.price = -1.0
    trading.tick(0.1, trading.load(active=1.0))
    assert not trading.orders
    assert trading.withdrawn == [("Load", "bid")]
    assert trading.answer().reasons == {("Load", "bid"): "below_zero"}
    assert trading.rows["Load", "bid"].number == -1.0


def test_a_rate_of_zero_is_a_rate(stage):
    stage.decide.price = 0.0
    assert stage.connect().open_slot(stage.load()).orders == [("Load", "bid", 0.0, 1.0)]


def test_a_ladder_is_several_orders_of_which_only_the_first_replaces(stage):
    stage.decide.price = orders((0, 10.0, 0.5), (0, 12.0, 0.25), (1, 8.0, 1.0))
    stage.connect().open_slot(stage.load(), stage.pv())
    assert stage.orders == [("Load", "bid", 10.0, 0.5), ("Load", "bid", 12.0, 0.25), ("PV", "offer", 8.0, 1.0)]
    assert stage.command(PlaceOrders).lines.replace.tolist() == [True, False, True]


def test_a_ladder_that_stands_is_not_sent_again(stage):
    stage.decide.price = orders((0, 10.0, 0.5), (0, 12.0, 0.25))
    stage.connect().open_slot(stage.load()).answer().tick(0.1, stage.load(active=0.75))
    assert not stage.batch
    assert stage.reasons == {("Load", "bid"): "unchanged"}


@pytest.mark.parametrize(
    "other",
    [((0, 10.0, 0.5),), ((0, 10.0, 0.5), (0, 13.0, 0.25)), ((0, 10.0, 0.25), (0, 12.0, 0.5))],
    ids=["fewer", "another rate", "other energies"],
)
def test_a_ladder_that_changed_is_sent_as_a_whole(stage, other):
    stage.decide.price = orders((0, 10.0, 0.5), (0, 12.0, 0.25))
    stage.connect().open_slot(stage.load()).answer()
    stage.decide.price = orders(*other)
    stage.tick(0.1, stage.load(active=0.75))
    assert [row[2:] for row in stage.orders] == [row[1:] for row in other]


def test_a_ladder_has_no_open_rate(stage):
    stage.decide.price = orders((0, 10.0, 0.5), (0, 12.0, 0.25))
    stage.connect().open_slot(stage.load()).answer().tick(0.1, stage.load(active=0.75))
    assert np.isnan(stage.decide.rows_of("price_energy").open_rate).all()


def test_one_step_of_a_ladder_below_zero_leaves_the_others(stage):
    stage.decide.price = orders((0, -5.0, 0.5), (0, 12.0, 0.25))
    stage.connect().open_slot(stage.load())
    assert stage.orders == [("Load", "bid", 12.0, 0.25)]
    assert stage.answer().reasons == {("Load", "bid"): "priced"}


def test_orders_for_dust_are_not_sent_and_say_how_little_it_was(stage):
    stage.decide.price = orders((0, 10.0, 1e-6))
    stage.connect().open_slot(stage.load())
    assert not stage.orders
    assert stage.reasons == {("Load", "bid"): "no_energy"}
    assert stage.rows["Load", "bid"].text == "pricer: there was nothing to trade (1e-06 kWh)"


def test_requirements_are_asked_for_with_one_row_per_order(stage):
    stage.decide.price = orders((0, 10.0, 0.5), (0, 12.0, 0.25), (2, 8.0, 1.0))
    stage.connect().open_slot(stage.load(), stage.battery())
    _, lots, its_rates = next(asked for asked in stage.decide.asked if asked[0] == "require")
    assert list(zip(lots.name, lots.side, its_rates, strict=True)) == [
        ("Load", "bid", 10.0),
        ("Load", "bid", 12.0),
        ("Battery", "offer", 8.0),
    ]


def test_requirements_go_with_their_order(stage):
    stage.decide.price = rates(-1.0, 15.0, 10.0)
    stage.decide.requirements = Requirements({0: FRIENDS}, energy_types={1: "PV"})
    stage.connect("binding").open_slot(stage.load(), stage.battery())
    placed = stage.command(PlaceOrders)
    assert stage.orders == [("Battery", "bid", 15.0, 1.0), ("Battery", "offer", 10.0, 1.0)]
    assert dict(placed.requirements) == {0: FRIENDS}
    assert dict(placed.energy_types) == {1: "PV"}


def test_requirements_stay_with_their_order_when_others_are_left_out(stage):
    stage.decide.price = rates(20.0, 15.0, 10.0)
    stage.connect().open_slot(stage.load(), stage.battery()).answer()
    stage.decide.price = rates(20.0, 15.0, 11.0)
    stage.decide.requirements = Requirements({2: FRIENDS}, energy_types={2: "PV"})
    stage.tick(0.1, stage.load(active=1.0), stage.battery(buy=0.0, sell=0.0, bids=1.0, offers=1.0))
    placed = stage.command(PlaceOrders)
    assert stage.orders == [("Battery", "offer", 11.0, 1.0)]
    assert (dict(placed.requirements), dict(placed.energy_types)) == ({0: FRIENDS}, {0: "PV"})


def test_an_order_with_the_same_requirements_is_not_sent_again_even_after_a_partial_trade(stage):
    stage.decide.price = 20.0
    stage.decide.requirements = Requirements({0: GREEN})
    stage.connect().open_slot(stage.load()).answer().tick(0.1, stage.load(0.5, active=0.5))
    assert not stage.batch
    assert stage.reasons == {("Load", "bid"): "unchanged"}


@pytest.mark.parametrize("changed", [Requirements(), Requirements({0: FRIENDS}), Requirements(energy_types={0: "PV"})])
def test_other_requirements_at_the_same_rate_are_a_new_order(stage, changed):
    stage.decide.price = 20.0
    stage.decide.requirements = Requirements({0: GREEN})
    stage.connect().open_slot(stage.load()).answer()
    stage.decide.requirements = changed
    stage.tick(0.1, stage.load(active=1.0))
    assert dict(stage.command(PlaceOrders).requirements) == dict(changed.alternatives)


def test_what_requirements_hold_is_withdrawn(trading):
    trading.decide.requirements = Requirements(held=frozenset({0}))
    trading.tick(0.1, trading.load(active=1.0))
    assert trading.withdrawn == [("Load", "bid")]
    assert trading.answer().reasons == {("Load", "bid"): "held"}


def test_one_held_order_holds_the_whole_ladder(stage):
    stage.decide.price = orders((0, 10.0, 0.5), (0, 12.0, 0.25), (1, 8.0, 1.0))
    stage.decide.requirements = Requirements({2: GREEN}, held=frozenset({1}))
    stage.connect().open_slot(stage.load(), stage.pv())
    assert stage.orders == [("PV", "offer", 8.0, 1.0)]
    assert dict(stage.command(PlaceOrders).requirements) == {0: GREEN}
    assert stage.answer().reasons == {("Load", "bid"): "held", ("PV", "offer"): "priced"}


def test_requirements_that_failed_hold_the_order_and_name_the_plugin(trading):
    trading.decide.requirements = Required(Requirements(held=frozenset({0})), {0: "preferences"})
    trading.tick(0.1, trading.load(active=1.0))
    assert trading.withdrawn == [("Load", "bid")]
    trading.answer()
    assert trading.reasons == {("Load", "bid"): "plugin_failed"}
    assert trading.rows["Load", "bid"].text == "preferences: the plugin failed"


@pytest.mark.parametrize("capability", ["stripped", "unsupported"])
def test_an_exchange_that_does_not_keep_to_requirements_never_gets_the_order(stage, capability):
    stage.decide.price = 20.0
    stage.decide.requirements = Requirements({0: GREEN}, energy_types={1: "PV"})
    stage.connect(capability).open_slot(stage.load(active=0.5), stage.pv())
    placed = stage.command(PlaceOrders)
    assert stage.orders == [("PV", "offer", 20.0, 1.0)]
    assert stage.withdrawn == [("Load", "bid")]
    assert (dict(placed.requirements), dict(placed.energy_types)) == ({}, {})
    assert stage.answer().reasons == {("Load", "bid"): "requirements_unsupported", ("PV", "offer"): "priced"}


@pytest.mark.parametrize("capability", ["stripped", "unsupported"])
def test_waivable_requirements_let_the_order_go_without_them(stage, capability):
    stage.decide.price = 20.0
    stage.decide.requirements = Requirements({0: GREEN, 1: GREEN}, waivable=frozenset({0}))
    stage.connect(capability).open_slot(stage.load(), stage.pv())
    assert stage.orders == [("Load", "bid", 20.0, 1.0)]
    assert dict(stage.command(PlaceOrders).requirements) == {}
    assert stage.answer().reasons == {("Load", "bid"): "priced", ("PV", "offer"): "requirements_unsupported"}


def test_waivable_requirements_bind_where_the_exchange_keeps_to_them(stage):
    stage.decide.price = 20.0
    stage.decide.requirements = Requirements({0: GREEN}, waivable=frozenset({0}))
    stage.connect().open_slot(stage.load())
    assert dict(stage.command(PlaceOrders).requirements) == {0: GREEN}


def test_it_is_told_once_per_asset_that_requirements_are_not_kept_to(stage):
    stage.decide.price = 20.0
    load, battery = Requirements({0: GREEN}), Requirements(dict.fromkeys(range(3), GREEN), waivable=frozenset({1, 2}))
    told = []
    for slot, (requirements, assets) in enumerate(
        [(load, [stage.load()]), (battery, [stage.load(), stage.battery(1.0, 1.0)]), (load, [stage.load()])]
    ):
        stage.decide.requirements = requirements
        stage.connect("stripped").open_slot(*assets, slot=slot)
        told += [notice for notice in stage.notices if isinstance(notice, RequirementsUnkept)]
    assert told == [
        RequirementsUnkept("stripped", ("id:Load",), ()),
        RequirementsUnkept("stripped", (), ("id:Battery",)),
    ]


def test_settlement_orders_come_before_spot_orders_and_are_reasoned_about_together(stage):
    stage.decide.price = 20.0
    stage.decide.settle = rates(5.0, HOLD, np.nan)
    stage.decide.requirements = Requirements({0: GREEN})
    deviations = {-2: [0.5, 0.25], -1: [np.nan, -0.125]}
    stage.connect().open_slot(stage.load(), stage.pv(0.0), deviations=deviations)
    placed = stage.command(PlaceOrders)
    assert [(row.asset, row.side, row.slot, row.rate, row.energy_kwh) for row in placed.lines] == [
        ("id:Load", "bid", stage.slot(-2), 5.0, 0.5),
        ("id:Load", "bid", stage.slot(0), 20.0, 1.0),
    ]
    assert dict(placed.requirements) == {1: GREEN}
    stage.answer()
    reasoned = stage.notices[-1].reasons
    assert [(row.asset, row.side, row.slot, row.text) for row in reasoned] == [
        ("id:Load", "bid", stage.slot(-2), "pricer: an order was sent at 5 cents/kWh"),
        ("id:PV", "bid", stage.slot(-2), "pricer: held: no order shall stand"),
        ("id:PV", "offer", stage.slot(-1), "no plugin decided; what stood was left standing"),
        ("id:Load", "bid", stage.slot(0), "pricer: an order was sent at 20 cents/kWh"),
        ("id:PV", "offer", stage.slot(0), "there was nothing to trade (0 kWh)"),
    ]


def test_settlement_orders_have_no_requirements(stage):
    stage.decide.settle = 5.0
    stage.decide.requirements = Requirements({0: GREEN})
    stage.connect().open_slot(stage.load(0.0), deviations={-1: [0.5]})
    assert dict(stage.command(PlaceOrders).requirements) == {}
    assert stage.orders == [("Load", "bid", 5.0, 0.5)]


def test_a_settlement_order_below_zero_is_not_sent(stage):
    stage.decide.settle = -5.0
    stage.connect().open_slot(stage.load(0.0), deviations={-1: [0.5]})
    assert not stage.orders


def test_a_settlement_order_that_stands_is_not_sent_again_in_the_next_slot(stage):
    stage.decide.settle = 5.0
    stage.connect().open_slot(stage.load(0.0), deviations={-1: [0.5]}).answer()
    stage.tick(0.5, stage.load(0.0), deviations={-1: [0.5]})
    stage.open_slot(stage.load(0.0), slot=1, deviations={-1: [0.5], 0: [0.25]})
    placed = stage.command(PlaceOrders)
    assert [(row.slot, row.energy_kwh) for row in placed.lines] == [(stage.slot(0), 0.25)]


def test_a_settlement_order_for_what_is_left_replaces_the_one_that_stands(stage):
    """The exchange does not report what stands in settlement markets, so the agent goes by its own books."""
    stage.decide.settle = 5.0
    stage.connect().open_slot(stage.load(0.0), deviations={-1: [0.5]}).answer()
    stage.open_slot(stage.load(0.0), slot=1, deviations={-1: [0.25]})
    assert stage.orders == [("Load", "bid", 5.0, 0.25)]


def test_plans_are_joined_with_their_ladders_in_place(stage):
    stage.decide.settle = orders((0, 5.0, 0.25), (0, 6.0, 0.25))
    stage.decide.price = orders((0, 10.0, 0.5), (0, 12.0, 0.5))
    stage.connect().open_slot(stage.load(), deviations={-1: [0.5]}).answer()
    stage.tick(0.5, stage.load(active=1.0), deviations={-1: [0.5]})
    assert not stage.batch
    stage.decide.price = orders((0, 10.0, 0.5), (0, 12.0, 0.5))
    stage.open_slot(stage.load(), slot=1, deviations={-1: [0.5]})
    assert [row[2] for row in stage.orders] == [10.0, 12.0]


def test_at_the_end_of_a_slot_nothing_is_done_about_one_whose_market_may_close_first(stage):
    """PROTOCOL.md 4.5: an order that comes after that ends the original exchange."""
    stage.decide.settle = 5.0
    stage.connect().open_slot(stage.load(0.0), progress=0.8, deviations={-2: [0.5], -1: [0.25]})
    assert stage.orders == [("Load", "bid", 5.0, 0.25)]
    assert stage.decide.rows_of("settle_deviations").slot.tolist() == [stage.slot(-1)]
    rows = [(row.slot, Reason(row.reason).label) for row in stage.answer().notice(Reasoned).reasons]
    assert rows[:2] == [(stage.slot(-2), "late"), (stage.slot(-1), "priced")]


def test_what_stands_for_a_slot_whose_market_may_close_first_is_not_withdrawn(stage):
    stage.decide.settle = 5.0
    stage.connect().open_slot(stage.load(0.0), slot=1, deviations={0: [0.5]}).answer()
    stage.decide.settle = HOLD
    stage.open_slot(stage.load(0.0), slot=2, progress=0.9, deviations={0: [0.5]})
    assert not stage.withdrawn
    rows = stage.notice(Reasoned).reasons
    assert [Reason(row.reason).label for row in rows if row.slot == stage.slot(0)] == ["late"]


def test_when_nothing_is_left_that_can_be_settled_in_time_plugins_are_not_asked(stage):
    stage.connect().open_slot(stage.load(0.0), progress=0.9, deviations={-1: [0.5]})
    assert "settle_deviations" not in {asked[0] for asked in stage.decide.asked}
    assert not stage.batch


def test_a_slot_that_can_be_settled_in_the_next_one_too_is_settled_at_any_time(stage):
    stage.decide.settle = 5.0
    stage.connect().open_slot(stage.load(0.0), deviations={-3: [np.nan], -2: [np.nan]}).answer()
    stage.open_slot(stage.load(0.0), slot=1, progress=0.9, deviations={-1: [0.5], 0: [np.nan]})
    assert stage.orders == [("Load", "bid", 5.0, 0.5)]


def test_an_exchange_that_begins_its_time_anew_may_close_its_markets_earlier(stage):
    stage.decide.settle = 5.0
    stage.connect().open_slot(stage.load(0.0), slot=9, deviations={5: [np.nan], 8: [np.nan]}).answer()
    stage.connect().open_slot(stage.load(0.0), slot=2, progress=0.9, deviations={0: [0.5], 1: [0.25]})
    assert stage.orders == [("Load", "bid", 5.0, 0.25)]
