"""Book-keeping: what answers, refusals and missing answers do to the orders that the agent believes in."""

import numpy as np
import pytest

from gridhook.commands import PlaceOrders, WithdrawOrders
from gridhook.events import Answered, BatchUnanswered, OrdersRefused, Reasoned, Refused
from gridhook.orders import HOLD, Orders, Requirement, Requirements

LADDER = Orders([0, 0, 1], [10.0, 12.0, 8.0], [0.5, 0.25, 1.0])


@pytest.fixture
def waiting(stage):
    """An agent whose first orders, for a load and a PV, are not answered yet."""
    stage.decide.price = 20.0
    return stage.connect().open_slot(stage.load(), stage.pv(0.5))


def test_reasons_are_final_when_the_answer_comes(waiting):
    assert waiting.notice(Reasoned) is None
    reasoned = waiting.answer().notice(Reasoned)
    assert (reasoned.slot, reasoned.progress) == (waiting.slot(0), 0.0)
    assert waiting.reasons == {("Load", "bid"): "priced", ("PV", "offer"): "priced"}


def test_reasons_are_final_at_once_where_nothing_is_sent(waiting):
    waiting.answer().tick(0.1, waiting.load(active=1.0), waiting.pv(0.5, active=0.5))
    assert waiting.notice(Reasoned).progress == 0.1


def test_a_refused_order_is_reported_with_the_exchanges_message(waiting):
    waiting.answer([True, False], {1: "the offer exceeds what the PV has"})
    assert waiting.reasons == {("Load", "bid"): "priced", ("PV", "offer"): "refused"}
    assert waiting.notice(OrdersRefused).refused == (Refused("offer", "id:PV", "the offer exceeds what the PV has"),)
    assert waiting.rows["PV", "offer"].text == "pricer: the exchange refused the order (20 cents/kWh)"


def test_a_refused_order_is_sent_again_at_the_next_tick_and_the_others_are_not(waiting):
    waiting.answer([True, False]).tick(0.1, waiting.load(active=1.0), waiting.pv(0.5, active=0.5))
    assert waiting.orders == [("PV", "offer", 20.0, 0.5)]


def test_one_refused_order_of_a_ladder_sends_all_of_it_again(stage):
    stage.decide.price = LADDER
    stage.connect().open_slot(stage.load(), stage.pv()).answer([True, False, True])
    assert stage.reasons == {("Load", "bid"): "refused", ("PV", "offer"): "priced"}
    stage.tick(0.1, stage.load(active=0.75), stage.pv(active=1.0))
    assert stage.orders == [("Load", "bid", 10.0, 0.5), ("Load", "bid", 12.0, 0.25)]


def test_an_answer_that_names_fewer_orders_than_were_sent_refuses_the_rest(waiting):
    waiting.step(Answered(waiting.state.transactions, np.array([True]), {}))
    assert waiting.reasons == {("Load", "bid"): "priced", ("PV", "offer"): "refused"}


def test_an_answer_that_names_more_orders_than_were_sent_does_no_harm(waiting):
    waiting.step(Answered(waiting.state.transactions, np.ones(5, dtype=bool), {4: "no such order"}))
    assert waiting.reasons == {("Load", "bid"): "priced", ("PV", "offer"): "priced"}
    assert waiting.notice(OrdersRefused) is None


def test_other_refused_commands_are_reported_and_harm_no_order(waiting):
    refused = Refused("forecast", "id:Load", "the slot has begun")
    waiting.answer(refused=[refused])
    assert waiting.notice(OrdersRefused).refused == (refused,)
    assert set(waiting.reasons.values()) == {"priced"}


def test_refused_claims_of_the_first_batch_are_reported(stage):
    """That batch has no orders, and still its user wants to know why an asset is not traded."""
    refused = Refused("claim", "id:Load", "somebody else has it")
    stage.connect().answer(refused=[refused])
    assert stage.notice(OrdersRefused).refused == (refused,)


def test_an_answer_to_another_batch_makes_no_reason_final(waiting):
    assert waiting.answer(transaction=1).commands == ()
    assert waiting.answer().reasons == {("Load", "bid"): "priced", ("PV", "offer"): "priced"}


def test_an_answer_that_comes_twice_counts_once(waiting):
    waiting.answer()
    assert waiting.answer(False).commands == ()
    waiting.tick(0.1, waiting.load(active=1.0), waiting.pv(0.5, active=0.5))
    assert set(waiting.reasons.values()) == {"unchanged"}


def test_a_batch_without_an_answer_is_unknown_and_the_next_tick_replaces_its_orders(waiting):
    transaction = waiting.state.transactions
    waiting.tick(0.1, waiting.load(active=1.0), waiting.pv(0.5))
    assert waiting.notice(BatchUnanswered) == BatchUnanswered(transaction)
    assert waiting.reasons == {("Load", "bid"): "unknown", ("PV", "offer"): "unknown"}
    assert waiting.notice(Reasoned).progress == 0.0
    assert waiting.orders == [("Load", "bid", 20.0, 1.0), ("PV", "offer", 20.0, 0.5)]
    assert waiting.command(PlaceOrders).lines.replace.all()


def test_only_what_was_sent_is_unknown(stage):
    stage.decide.price = lambda lots, market: np.array([20.0, np.nan, HOLD])
    stage.connect().open_slot(stage.load(), stage.pv(), stage.battery(1.0, 0.0), stage.asset("Meter", "smart-meter"))
    stage.tick(0.1, stage.load(), stage.pv(), stage.battery(1.0, 0.0), stage.asset("Meter", "smart-meter"))
    assert stage.reasons == {
        ("Load", "bid"): "unknown",
        ("PV", "offer"): "declined",
        ("Battery", "bid"): "held",
        ("Battery", "offer"): "no_energy",
        ("Meter", "bid"): "no_energy",
        ("Meter", "offer"): "no_energy",
    }


def test_an_answer_that_comes_after_the_next_event_is_too_late(waiting):
    transaction = waiting.state.transactions
    waiting.tick(0.1, waiting.load(), waiting.pv(0.5))
    assert waiting.answer(transaction=transaction).commands == ()
    assert waiting.answer(True).reasons == {("Load", "bid"): "priced", ("PV", "offer"): "priced"}


def test_unanswered_orders_of_the_last_slot_are_unknown_when_the_next_opens(waiting):
    waiting.open_slot(waiting.load(), waiting.pv(0.5), slot=1)
    assert waiting.notice(Reasoned).slot == waiting.slot(0)
    assert set(waiting.reasons.values()) == {"unknown"}


def test_the_end_of_the_exchange_makes_the_last_reasons_final(waiting):
    waiting.finish()
    assert set(waiting.reasons.values()) == {"unknown"}
    assert waiting.finish().commands == ()


def test_an_unanswered_withdrawal_is_repeated_if_the_order_is_reported(waiting):
    waiting.answer()
    waiting.decide.price = HOLD
    waiting.tick(0.1, waiting.load(active=1.0), waiting.pv(0.5, active=0.5))
    waiting.tick(0.2, waiting.load(active=1.0), waiting.pv(0.5, active=0.0))
    assert waiting.withdrawn == [("Load", "bid")]
    assert waiting.reasons == {("Load", "bid"): "held", ("PV", "offer"): "held"}


def test_an_unanswered_withdrawal_is_repeated_where_the_exchange_reports_nothing(stage):
    stage.decide.settle = HOLD
    stage.connect().open_slot(stage.load(0.0), deviations={-1: [0.5]})
    assert stage.withdrawn == [("Load", "bid")]
    stage.open_slot(stage.load(0.0), slot=1, deviations={-1: [0.5]})
    assert stage.command(WithdrawOrders).slot.tolist() == [stage.slot(-1)]
    stage.answer().open_slot(stage.load(0.0), slot=2, deviations={-1: [0.5]})
    assert not stage.withdrawn


def test_accepted_orders_are_counted_by_market_and_by_requirements(stage):
    stage.decide.price = LADDER
    stage.decide.settle = 5.0
    stage.decide.requirements = Requirements({0: (Requirement(partners=("id:PV",)),)})
    stage.connect().open_slot(stage.load(), stage.pv(), deviations={-1: [0.5, np.nan]})
    reasoned = stage.answer().notice(Reasoned)
    assert (reasoned.spot_orders, reasoned.settlement_orders, reasoned.orders_with_requirements) == (3, 1, 1)


def test_refused_orders_are_not_counted(stage):
    stage.decide.price = LADDER
    stage.decide.settle = 5.0
    stage.decide.requirements = Requirements({0: (Requirement(partners=("id:PV",)),)})
    stage.connect().open_slot(stage.load(), stage.pv(), deviations={-1: [0.5, np.nan]})
    reasoned = stage.answer([False, False, True, True]).notice(Reasoned)
    assert (reasoned.spot_orders, reasoned.settlement_orders, reasoned.orders_with_requirements) == (2, 0, 0)


def test_unanswered_orders_are_not_counted(waiting):
    waiting.finish()
    reasoned = waiting.notice(Reasoned)
    assert (reasoned.spot_orders, reasoned.settlement_orders, reasoned.orders_with_requirements) == (0, 0, 0)
