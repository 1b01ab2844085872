"""The outbox: one answer per batch, in however many parts it went out."""

import sys
from itertools import count
from pathlib import Path

import pytest

from gridhook.commands import AskMarketStats, Batch, ClaimAreas, OrderLines, PlaceOrders, SendForecasts, WithdrawOrders
from gridhook.events import Refused
from gridhook.live.outbox import DirectDone, Outbox

sys.path.insert(0, str(Path(__file__).parent))

from live_messages import answer, slot


@pytest.fixture
def make():
    def build(most_commands=100, **options):
        ids = count(1)
        return Outbox(lambda: f"t{next(ids)}", most_commands, **options)

    return build


def orders(*areas, energy=1.0):
    rows = [(area, "bid", slot(), 20.0, energy, True) for area in areas]
    return PlaceOrders(OrderLines(*zip(*rows, strict=True)))


FORECASTS = SendForecasts(("a",), (slot(1),), [[0.5]])


def write(outbox, *commands, number=1, **options):
    return outbox.write(Batch(number, commands), "agg", slot(), **options)


def test_a_batch_goes_out_with_a_transaction_id_and_its_answer_comes_back_under_its_number(make):
    outbox = make()
    outgoing, at_once = write(outbox, orders("a", "b"), FORECASTS)
    (post,) = outgoing.posts
    assert at_once is None
    assert post.transaction == post.body["transaction_id"] == "t1"
    assert post.body["aggregator_uuid"] == "agg"
    answered = outbox.answer(answer(post.body))
    assert (answered.transaction, answered.accepted.tolist(), answered.sent_forecasts) == (1, [True, True], 1)


def test_an_answer_that_comes_twice_or_that_nobody_waits_for_says_nothing(make):
    outbox = make()
    (post,) = write(outbox, orders("a"))[0].posts
    assert outbox.answer(answer(post.body)) is not None
    assert outbox.answer(answer(post.body)) is None
    assert outbox.answer({"command": "batch_commands", "transaction_id": "other"}) is None
    assert outbox.answer({"command": "batch_commands"}) is None


def test_a_large_batch_goes_out_in_parts_that_keep_an_area_together(make):
    outbox = make(most_commands=2)
    outgoing, _ = write(outbox, orders("a", "a", "a", "b", "c", "d"))
    assert [list(post.body["batch_commands"]) for post in outgoing.posts] == [["a"], ["b", "c"], ["d"]]
    first, second, third = outgoing.posts
    assert outbox.answer(answer(third.body)) is None
    assert outbox.answer(answer(first.body, ready=False)) is None
    answered = outbox.answer(answer(second.body))
    assert answered.accepted.tolist() == [False, False, False, True, True, True]
    assert answered.order_errors == dict.fromkeys(range(3), "no")


def test_what_markets_imported_is_told_even_if_it_comes_in_parts(make):
    outbox = make(most_commands=1)
    outgoing, _ = write(outbox, AskMarketStats(("grid", "house")))
    answered = None
    for number, post in enumerate(outgoing.posts):
        (area,) = post.body["batch_commands"]
        stats = {"status": "ready", "market_stats": {"area_throughput": {"import": number, "export": 0.5}}}
        said = {"command": "batch_commands", "transaction_id": post.transaction, "responses": {area: [stats]}}
        answered = outbox.answer(said)
    assert answered.throughput == {"grid": (0.0, 0.5), "house": (1.0, 0.5)}


def test_a_request_that_is_refused_as_a_whole_is_a_refusal_of_each_command(make):
    outbox = make(most_commands=1)
    first, second = write(outbox, orders("a", "b"))[0].posts
    outbox.answer(answer(first.body))
    answered = outbox.refuse(second.transaction, "413: too large")
    assert answered.accepted.tolist() == [True, False]
    assert answered.order_errors == {1: "413: too large"}


def test_what_is_claimed_is_not_part_of_a_request_but_of_the_answer(make):
    outbox = make()
    claim = ClaimAreas(("a",))
    outgoing, at_once = write(outbox, claim)
    assert (outgoing.direct, outgoing.posts, at_once) == ((claim,), (), None)
    answered = outbox.settle(1, DirectDone([Refused("claim", "a", "taken")]))
    assert answered.refused == (Refused("claim", "a", "taken"),)
    assert outbox.settle(1, DirectDone()) is None


def test_energies_can_be_sent_asset_by_asset(make):
    outbox = make(direct_energies=True)
    outgoing, _ = write(outbox, FORECASTS, orders("a"))
    assert outgoing.direct == (FORECASTS,)
    (post,) = outgoing.posts
    assert [one["type"] for one in post.body["batch_commands"]["a"]] == ["bid"]
    assert outbox.answer(answer(post.body)) is None
    answered = outbox.settle(1, DirectDone(forecasts=1, unknown_energies={"b"}))
    assert (answered.sent_forecasts, answered.unknown_energies) == (1, {"b"})
    assert answered.accepted.tolist() == [True]


def test_a_request_that_is_too_large_goes_out_in_halves_and_later_ones_are_no_larger(make):
    outbox = make()
    (whole,) = write(outbox, orders("a", "b", "c", "d"))[0].posts
    first, second = outbox.split(whole.transaction)
    assert [list(post.body["batch_commands"]) for post in (first, second)] == [["a", "b"], ["c", "d"]]
    assert outbox.answer(answer(whole.body)) is None
    assert outbox.answer(answer(second.body)) is None
    quarters = outbox.split(first.transaction)
    outbox.answer(answer(quarters[0].body))
    assert outbox.answer(answer(quarters[1].body)).accepted.all()
    later = write(outbox, orders("a", "b", "c"), number=2)[0].posts
    assert [list(post.body["batch_commands"]) for post in later] == [["a"], ["b"], ["c"]]
    assert outbox.split(later[0].transaction) == outbox.split("another") == ()


def test_a_batch_of_which_nothing_may_be_sent_is_answered_at_once(make):
    outgoing, at_once = write(make(), orders("a", energy=1e-6))
    assert outgoing.posts == ()
    assert at_once.accepted.tolist() == [False]
    assert "2e-05" in at_once.order_errors[0]


def test_orders_that_would_come_into_a_newer_slot_stay_here_and_forecasts_go(make):
    outbox = make()
    gone = WithdrawOrders(["a"], ["bid"], [slot()])
    outgoing, _ = write(outbox, FORECASTS, gone, orders("a", "b"), is_late=True)
    (post,) = outgoing.posts
    assert [one["type"] for one in post.body["batch_commands"]["a"]] == ["set_energy_forecast"]
    answered = outbox.answer(answer(post.body))
    assert answered.sent_forecasts == 1
    assert answered.accepted.tolist() == [False, False]
    assert all("late" in answered.order_errors[row] for row in (0, 1))


def test_orders_and_deletions_for_a_market_that_may_close_first_stay_here_and_the_others_go(make):
    outbox = make()
    lines = [(area, "bid", slot(number), 20.0, 1.0, True) for area, number in (("a", -4), ("a", -3), ("b", 0))]
    gone = WithdrawOrders(["a", "a"], ["bid", "bid"], [slot(-4), slot(-3)])
    placed = PlaceOrders(OrderLines(*zip(*lines, strict=True)))
    outgoing, _ = write(outbox, gone, placed, closing=frozenset({slot(-4)}))
    (post,) = outgoing.posts
    sent = [(one["type"], one.get("time_slot")) for its in post.body["batch_commands"].values() for one in its]
    assert sent == [("delete_bid", "2026-06-15T09:15"), ("bid", "2026-06-15T09:15"), ("bid", None)]
    answered = outbox.answer(answer(post.body))
    assert answered.accepted.tolist() == [False, True, True]
    assert "late" in answered.order_errors[0]


def test_batches_without_an_answer_are_not_kept_for_ever(make):
    outbox = make()
    posts = [write(outbox, orders("a"), number=number)[0].posts[0] for number in range(1, 101)]
    assert outbox.answer(answer(posts[0].body)) is None
    assert outbox.answer(answer(posts[99].body)).transaction == 100
    assert outbox.answer(answer(posts[97].body)).transaction == 98


def test_an_empty_request_has_an_answer_that_nobody_waits_for(make):
    outbox = make()
    post = outbox.empty("agg")
    assert post.body == {"aggregator_uuid": "agg", "batch_commands": {}, "transaction_id": "t1"}
    assert outbox.answer(answer(post.body)) is None
