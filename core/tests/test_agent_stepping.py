"""The step: one event in, the next state and the commands that follow out."""

import numpy as np
import pytest

from gridhook.agent import AgentSettings, initial_state, step
from gridhook.claims import Claim
from gridhook.commands import Batch, PlaceOrders
from gridhook.events import (
    BatchUnanswered,
    ConnectionLost,
    PluginFailed,
    Reasoned,
    SlotsMissed,
    Ticked,
    TickLate,
    Traded,
)
from gridhook.orders import HOLD, Requirement, Requirements
from gridhook.testing import make_tree
from gridhook.trades import Trades


def asked(stage):
    return [call[0] for call in stage.decide.asked]


def test_the_commands_of_a_slot_have_one_order(stage):
    """What is claimed and metered comes first, and room is made before orders are placed."""
    stage.decide.claims = (("claim", Claim(kinds=["load", "market"])),)
    stage.decide.forecast = stage.decide.measure = stage.decide.settle = 1.0
    stage.decide.fees = [1.0, 2.0]
    stage.connect().open_slot(stage.load(active=0.5), stage.pv(active=0.5)).answer()
    stage.decide.price = lambda lots, market: np.array([20.0, HOLD])
    tree = make_tree({"Grid": {"House": {"Load": "load", "PV": "pv"}}})
    assets = stage.load(active=0.5), stage.pv(active=0.5)
    stage.open_slot(*assets, slot=1, deviations={0: [0.5, 0.5]}, tree=tree)
    assert stage.sent == [
        "ClaimAreas",
        "SendForecasts",
        "SendMeasurements",
        "AskMarketStats",
        "SetGridFees",
        "WithdrawOrders",
        "PlaceOrders",
    ]
    assert stage.command(PlaceOrders).lines.slot.tolist() == [stage.slot(0), stage.slot(0), stage.slot(1)]


def test_plugins_are_asked_in_the_order_of_the_commands(stage):
    stage.decide.claims = (("claim", Claim(kinds=["market"])),)
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load())
    stage.decide.asked.clear()
    stage.open_slot(stage.load(), slot=1, deviations={0: [0.5]})
    assert asked(stage) == [
        "begin_slot",
        "forecast_energy",
        "measure_energy",
        "set_grid_fees",
        "settle_deviations",
        "price_energy",
        "require",
    ]


def test_a_tick_asks_for_rates_and_requirements_only(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load())
    stage.decide.asked.clear()
    stage.tick(0.1, stage.load(), deviations={-1: [0.5]})
    assert asked(stage) == ["price_energy", "require"]


def test_batches_are_counted_from_one_and_only_if_they_are_sent(stage):
    stage.decide.price = 20.0
    numbers = [one.transaction for one in stage.connect().commands if isinstance(one, Batch)]
    for energy in (1.0, 0.0, 0.5):
        stage.open_slot(stage.load(energy), slot=stage.slot_number + 1)
        numbers += [one.transaction for one in stage.commands if isinstance(one, Batch)]
    assert numbers == [1, 2, 3]


def test_the_strategy_sees_the_market_of_the_event(stage):
    stage.connect().open_slot(stage.load()).tick(0.25, stage.load())
    market = stage.decide.asked[-1][2]
    assert (market.slot, market.progress, market.slot_length.in_minutes()) == (stage.slot(0), 0.25, 15)
    assert (market.feed_in_rate, market.market_maker_rate) == (8.0, 30.0)
    assert market.grid_fee("Load", "Market Maker") == 3.0


def test_failures_of_plugins_are_told_first_and_once(stage):
    failure = PluginFailed("ramp", "price_energy", "ValueError: no")
    stage.decide.failures.append(failure)
    stage.connect()
    assert stage.notices[0] == failure
    stage.open_slot(stage.load())
    assert stage.notice(PluginFailed) is None


def test_a_trade_is_for_observers_only(stage):
    one = [[value] for value in ("t", "spot", stage.slot(0), "id:Load", "id:PV", 0.5, 20.0, 20.0, False)]
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load())
    before = stage.state
    assert stage.step(Traded(Trades(*one))).commands == ()
    assert stage.state is before


def test_the_tick_that_comes_with_the_market_event_is_ignored(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load())
    stage.decide.asked.clear()
    assert stage.tick(0.0, stage.load()).commands == ()
    assert asked(stage) == []
    assert stage.answer().reasons == {("Load", "bid"): "priced"}


@pytest.mark.parametrize(("slot", "progress"), [(1, 0.1), (0, 0.9)])
def test_a_tick_of_the_past_is_late_and_changes_nothing(stage, slot, progress):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load(), slot=1).answer().tick(0.2, stage.load(active=1.0))
    stage.decide.price = 25.0
    stage.tick(progress, stage.load(active=1.0), stage.battery(), slot=slot)
    assert not stage.batch
    assert stage.notice(TickLate) == TickLate(stage.slot(slot), progress)
    assert stage.reasons == {("Load", "bid"): "late", ("Battery", "bid"): "late", ("Battery", "offer"): "late"}
    assert stage.notice(Reasoned).slot == stage.slot(slot)
    stage.decide.price = 20.0
    assert stage.tick(0.3, stage.load(active=1.0), slot=1).reasons == {("Load", "bid"): "unchanged"}


def test_a_market_event_of_the_past_is_late(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load(), slot=2).answer()
    stage.decide.asked.clear()
    stage.open_slot(stage.load(), slot=1)
    assert stage.notice(TickLate) == TickLate(stage.slot(1), 0.0)
    assert stage.reasons == {("Load", "bid"): "late"}
    assert asked(stage) == []


def test_a_market_event_that_comes_after_a_tick_of_its_slot_is_late(stage):
    stage.decide.price = 20.0
    stage.connect().tick(0.1, stage.load(), slot=0).answer()
    assert stage.open_slot(stage.load()).reasons == {("Load", "bid"): "late"}
    assert not stage.batch


def test_a_market_event_that_comes_twice_is_acted_on_once(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load()).answer().open_slot(stage.load())
    assert not stage.batch
    assert stage.notice(Reasoned) is None


def test_missed_slots_are_told(stage):
    stage.connect().open_slot(stage.load()).open_slot(stage.load(), slot=1)
    assert stage.notice(SlotsMissed) is None
    stage.open_slot(stage.load(), slot=4)
    assert stage.notice(SlotsMissed).slots == (stage.slot(2), stage.slot(3))


def test_a_tick_whose_market_event_never_came_trades_in_what_is_left_of_the_slot(stage):
    stage.decide.price = 20.0
    stage.decide.forecast = stage.decide.settle = 1.0
    stage.connect().open_slot(stage.load()).answer()
    stage.decide.asked.clear()
    stage.tick(0.3, stage.load(), slot=2, deviations={0: [0.5]})
    assert stage.notice(SlotsMissed).slots == (stage.slot(1), stage.slot(2))
    assert asked(stage) == ["begin_slot", "price_energy", "require"]
    assert stage.command(PlaceOrders).lines.slot.tolist() == [stage.slot(2)]


def test_a_session_that_starts_within_a_slot_trades_in_what_is_left_of_it(stage):
    stage.decide.price = 20.0
    stage.connect().tick(0.3, stage.load(), slot=0)
    assert stage.notice(SlotsMissed).slots == (stage.slot(0),)
    assert stage.orders == [("Load", "bid", 20.0, 1.0)]


def test_what_was_not_answered_when_the_connection_broke_is_unknown_and_the_next_tick_replaces_it(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load())
    assert stage.step(ConnectionLost("it broke")).reasons == {("Load", "bid"): "unknown"}
    stage.connect()
    assert stage.tick(0.5, stage.load(active=1.0)).orders == [("Load", "bid", 20.0, 1.0)]


def test_after_a_gap_in_a_slot_what_stands_is_left_standing(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load()).answer().step(ConnectionLost("it broke")).connect()
    assert stage.tick(0.5, stage.load(active=1.0)).reasons == {("Load", "bid"): "unchanged"}


@pytest.mark.parametrize("is_answered", [True, False])
def test_an_exchange_that_begins_its_time_anew_is_traded_on_from_its_first_event_on(stage, is_answered):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load(), slot=5)
    if is_answered:
        stage.answer()
    stage.connect().open_slot(stage.load(), slot=1, progress=0.3)
    assert stage.orders == [("Load", "bid", 20.0, 1.0)]
    assert stage.notice(SlotsMissed) is None
    assert stage.answer().tick(0.2, stage.load(), slot=1).notice(TickLate) is not None


def test_benched_plugins_may_try_again_in_each_slot_and_not_at_each_tick(stage):
    stage.connect().open_slot(stage.load()).tick(0.1, stage.load()).tick(0.2, stage.load())
    stage.open_slot(stage.load(), slot=1).tick(0.1, stage.load())
    assert asked(stage).count("begin_slot") == 2


def test_an_asset_that_takes_the_place_of_another_gets_orders_of_its_own(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load()).answer().tick(0.1, stage.load(active=1.0, name="Other Load"))
    assert stage.orders == [("Other Load", "bid", 20.0, 1.0)]


def test_assets_that_are_added_or_reordered_leave_nothing_that_is_thought_to_stand(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load(), stage.pv()).answer()
    stage.tick(0.1, stage.pv(active=1.0), stage.load(active=1.0)).answer()
    assert set(stage.reasons.values()) == {"priced"}
    assert np.isnan(stage.decide.rows_of("price_energy").open_rate).all()
    stage.tick(0.2, stage.pv(active=1.0), stage.load(active=1.0), stage.load(name="Other Load")).answer()
    assert set(stage.reasons.values()) == {"priced"}


def test_assets_that_are_gone_need_no_orders(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load(), stage.pv()).answer().tick(0.1)
    assert not stage.batch
    assert stage.reasons == {}


def test_new_assets_pay_the_fees_of_their_place(stage):
    stage.connect().open_slot(stage.load())
    stage.tick(0.1, stage.load(), stage.pv())
    assert stage.decide.rows_of("price_energy").grid_fee.tolist() == [3.0, 3.0]


def test_the_configuration_knows_better_than_the_exchange_what_it_does_with_requirements(stage):
    stage.settings = AgentSettings(requirements="stripped")
    stage.decide.price = 20.0
    stage.decide.requirements = Requirements({0: (Requirement(energy_types=("PV",)),)})
    stage.connect("binding").open_slot(stage.load())
    assert stage.reasons == {("Load", "bid"): "requirements_unsupported"}


def test_areas_are_claimed_again_when_the_exchange_is_reached_again(stage):
    stage.decide.claims = (("claim", Claim(kinds=["load"])),)
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load()).connect()
    assert stage.sent == ["ClaimAreas"]


def test_the_answer_to_a_claim_leaves_the_orders_before_it_pending(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load()).connect().answer(True)
    assert stage.notice(Reasoned) is None
    stage.tick(0.1, stage.load())
    assert stage.notice(BatchUnanswered) is not None
    assert stage.reasons == {("Load", "bid"): "unknown"}


def test_a_step_leaves_the_earlier_state_as_it_was(stage):
    stage.decide.price = 20.0
    before = stage.connect().open_slot(stage.load()).answer().state
    event = stage.market_event(0, 0.1, stage.grid(stage.load(0.5)), Ticked)
    (_, first), (_, second) = step(before, event, stage.decide), step(before, event, stage.decide)
    assert repr(first) == repr(second)
    assert before.progress == 0.0


def test_the_first_state_knows_nothing():
    state = initial_state(AgentSettings(horizon=4))
    assert (state.slot, state.tree, state.pending, state.transactions) == (None, None, None, 0)
    assert state.settings.horizon == 4
