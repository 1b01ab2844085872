from __future__ import annotations

import pytest

from gridhook.wire.batches import ReceivedBatch
from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.transactions import Transactions


def batch(transaction, aggregator="a"):
    return ReceivedBatch(transaction, aggregator, {})


def answer(commands=0):
    return {"responses": {"area": [{}] * commands}}


def test_batches_wait_in_their_order_and_once():
    transactions = Transactions(10, 10, 10)
    for name in ("x", "y", "x", "z"):
        transactions.add(batch(name))
    transactions.add(batch("x", "b"))
    assert [(one.transaction, one.aggregator) for one in transactions.take()] == [
        ("x", "a"),
        ("y", "a"),
        ("z", "a"),
        ("x", "b"),
    ]
    assert transactions.take() == []


def test_an_aggregator_can_send_so_many_in_a_tick():
    transactions = Transactions(2, 10, 10)
    transactions.add(batch("x"))
    transactions.add(batch("y"))
    with pytest.raises(Refusal) as refusal:
        transactions.add(batch("z"))
    assert refusal.value.why is Why.TOO_MANY
    transactions.add(batch("z", "b"))
    assert transactions.has_sent("a")
    assert len(transactions.take()) == 3
    transactions.begin_tick()
    assert not transactions.has_sent("a")
    transactions.add(batch("z"))
    assert len(transactions.take()) == 1


def test_what_came_in_a_pause_is_sent_in_the_next_tick():
    transactions = Transactions(2, 10, 10)
    transactions.add(batch("x"))
    transactions.begin_tick()
    assert transactions.has_sent("a")
    transactions.add(batch("y"))
    with pytest.raises(Refusal):
        transactions.add(batch("z"))


def test_only_what_waits_of_one_aggregator_is_taken():
    transactions = Transactions(2, 10, 10)
    for name, aggregator in (("x", "a"), ("y", "b"), ("z", "a")):
        transactions.add(batch(name, aggregator))
    assert [one.transaction for one in transactions.take("a")] == ["x", "z"]
    assert [one.transaction for one in transactions.take()] == ["y"]


def test_a_transaction_that_waits_already_is_none_too_many():
    transactions = Transactions(2, 10, 10)
    for name in ("x", "x", "x", "y", "x", "y"):
        transactions.add(batch(name))
    with pytest.raises(Refusal):
        transactions.add(batch("z"))
    transactions.begin_tick()
    transactions.add(batch("x"))
    assert transactions.has_sent("a")
    assert [one.transaction for one in transactions.take()] == ["x", "y"]


def test_answers_are_kept_per_aggregator_up_to_a_number():
    transactions = Transactions(10, 2, 1000)
    for name in ("x", "y", "z"):
        transactions.keep(batch(name), answer())
    transactions.keep(batch("x", "b"), answer(1))
    assert transactions.answer_to(batch("x")) is None
    assert transactions.answer_to(batch("y")) == transactions.answer_to(batch("z")) == answer()
    assert transactions.answer_to(batch("x", "b")) == answer(1)
    assert transactions.answer_to(batch("x", "c")) is None


def test_of_large_batches_fewer_answers_are_kept_and_of_the_newest_always():
    transactions = Transactions(10, 100, 5)
    transactions.keep(batch("x"), answer(3))
    transactions.keep(batch("y"), answer(2))
    assert transactions.answer_to(batch("x"))
    transactions.keep(batch("z"), answer(1))
    assert [bool(transactions.answer_to(batch(name))) for name in "xyz"] == [False, True, True]
    transactions.keep(batch("large"), answer(50))
    assert [bool(transactions.answer_to(batch(name))) for name in ("y", "z", "large")] == [False, False, True]
    transactions.keep(batch("x"), answer(5))
    assert [bool(transactions.answer_to(batch(name))) for name in ("large", "x")] == [False, True]


def test_what_is_forgotten_is_not_answered_again():
    transactions = Transactions(10, 10, 10)
    transactions.keep(batch("x"), answer(9))
    transactions.forget("a")
    transactions.forget("nobody")
    assert transactions.answer_to(batch("x")) is None
    transactions.keep(batch("y"), answer(5))
    transactions.keep(batch("z"), answer(5))
    assert transactions.answer_to(batch("y"))


def test_a_transaction_is_known_while_it_waits_and_as_long_as_its_answer_is_kept():
    transactions = Transactions(10, 1, 10)
    transactions.add(batch("x"))
    assert transactions.has("a", "x")
    transactions.take()
    assert not transactions.has("a", "x")
    transactions.keep(batch("x"), answer())
    assert transactions.has("a", "x")
    for aggregator, transaction in (("b", "x"), ("a", "y"), ([], "x"), ("a", {}), (None, None)):
        assert not transactions.has(aggregator, transaction)
