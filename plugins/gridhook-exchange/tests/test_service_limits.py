"""How much a batch is, and how much users and areas may ask for in a tick."""

from __future__ import annotations

import pytest

from gridhook.wire.batches import receiving
from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.exchange import Exchange
from gridhook_exchange.service.limits import LONGEST_ID, Budgets, Limits, Size, measure


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ({}, (0, 1)),
        ({"transaction_id": 5, "batch_commands": []}, (0, 1)),
        ({"batch_commands": {}}, (0, 1)),
        ({"batch_commands": {"x": [], "y": 5, "z": None}}, (3, 1)),
        ({"transaction_id": "x" * LONGEST_ID, "batch_commands": {"x" * LONGEST_ID: [{}] * 4, "y": [5]}}, (5, 4)),
        ({"batch_commands": {"x": [{"requirements": [{}, {}], "attributes": {"energy_type": "PV"}}]}}, (3, 1)),
        ({"batch_commands": {"x": [{"energy_forecast": dict.fromkeys(map(str, range(59)), 1)}]}}, (6, 1)),
        ({"transaction_id": "x" * (LONGEST_ID + 1)}, Why.INVALID),
        ({"transaction_id": ""}, Why.INVALID),
        ({"batch_commands": {"x" * (LONGEST_ID + 1): []}}, Why.INVALID),
        ({"batch_commands": {"x": [{}] * 4, "y": [{}] * 3}}, Why.TOO_MANY),
        ({"batch_commands": {"x": [{}] * 5}}, Why.TOO_MANY),
        ({"batch_commands": {str(number): [] for number in range(7)}}, Why.TOO_MANY),
        ({"batch_commands": dict.fromkeys(map(str, range(7)), 5)}, Why.TOO_MANY),
        ({"batch_commands": {"x": [{"requirements": [{}] * 6}]}}, Why.TOO_MANY),
        ({"batch_commands": {"x": [{"energy_forecast": dict.fromkeys(map(str, range(60)), 1)}]}}, Why.TOO_MANY),
    ],
)
def test_a_batch_has_a_size(body, size):
    limits = Limits(most_commands=6, most_in_turn=4)
    if isinstance(size, tuple):
        assert measure(body, limits) == size
        return
    with pytest.raises(Refusal) as refusal:
        measure(body, limits)
    assert refusal.value.why is size


def test_an_aggregator_of_ten_thousand_assets_can_give_each_ten_commands_in_a_tick():
    limits = Limits()
    commands = {str(number): [{"type": "bid", "energy": 1, "price": 1}] * 10 for number in range(10_000)}
    Budgets(limits).check("u", measure({"batch_commands": commands}, limits))


def test_a_user_has_a_budget_per_tick_and_so_has_an_area():
    budgets = Budgets(Limits(most_commands=10, most_in_turn=4, most_direct=2))
    budgets.check("u", Size(10, 4))
    budgets.spend("u", Size(6, 1))
    budgets.check("u", Size(4, 3))
    budgets.check("v", Size(10, 4))
    for size, word in ((Size(5, 1), "11 commands; 10 are the most"), (Size(1, 4), "5 commands together; 4 are")):
        with pytest.raises(Refusal, match=word) as refusal:
            budgets.check("u", size)
        assert refusal.value.why is Why.TOO_MANY
    for user, area in ("ux", "ux", "uy", "vx"):
        budgets.spend_directly(user, area)
    with pytest.raises(Refusal, match="2 commands for x"):
        budgets.spend_directly("u", "x")
    budgets.begin_tick()
    budgets.check("u", Size(10, 4))
    budgets.spend_directly("u", "x")


INFO = {"type": "device_info"}


@pytest.fixture
def exchange(make_community):
    community = make_community(loads={"load": ("Grid", [0.4] * 2)}, pvs={"pv": ("Grid", [0.4] * 2)}, slots=2)
    exchange = Exchange(
        community,
        lambda _: frozenset((*community.asset_ids[:-1], *community.market_ids)),
        Limits(most_commands=4, most_in_turn=4, most_direct=3),
    )
    for user, area in (("u", "asset load"), ("v", "asset pv")):
        exchange.select(user, exchange.create_aggregator(user, "x").uuid, area)
    exchange.begin_tick()
    return exchange


def submit(exchange, user, area, commands, transaction):
    (mine,) = exchange.aggregators.of_user(user)
    body = {"transaction_id": transaction, "aggregator_uuid": mine.uuid, "batch_commands": {area: commands}}
    return exchange.submit(user, body)


def test_a_batch_that_is_too_large_is_refused_before_its_commands_are_read(exchange, monkeypatch):
    read = []
    monkeypatch.setattr(receiving, "read_command", read.append)
    with pytest.raises(Refusal, match="5 commands; 4 are the most"):
        submit(exchange, "u", "asset load", [{}] * 5, "a")
    assert read == []
    assert exchange.end_tick() == []


def test_batches_of_a_user_share_what_a_tick_allows_and_come_again_for_nothing(exchange):
    submit(exchange, "u", "asset load", [INFO] * 3, "a")
    submit(exchange, "u", "asset load", [INFO] * 3, "a")
    with pytest.raises(Refusal, match="5 commands"):
        submit(exchange, "u", "asset load", [INFO] * 2, "b")
    submit(exchange, "u", "asset load", [INFO], "c")
    submit(exchange, "u", "asset load", [INFO] * 3, "a")
    submit(exchange, "v", "asset pv", [INFO] * 4, "a")
    assert len(exchange.end_tick()) == 3
    (again,) = submit(exchange, "u", "asset load", [INFO] * 3, "a")
    assert [one["status"] for one in again.content["responses"]["asset load"]] == ["ready"] * 3
    exchange.begin_tick()
    submit(exchange, "u", "asset load", [INFO] * 4, "b")


def test_what_waits_is_counted_until_it_is_taken(exchange):
    submit(exchange, "u", "asset load", [INFO] * 3, "a")
    submit(exchange, "u", "asset load", [INFO] * 3, "a")
    submit(exchange, "u", "asset load", [INFO], "b")
    submit(exchange, "v", "asset pv", [INFO] * 2, "a")
    assert exchange.intake.commands == 6
    (mine,) = exchange.aggregators.of_user("u")
    exchange.delete_aggregator("u", mine.uuid)
    assert exchange.intake.commands == 2
    exchange.end_tick()
    assert exchange.intake.commands == 0


def test_direct_commands_of_an_area_are_limited_per_tick(exchange):
    body = {"transaction_id": "t"}
    for command in ("register", "unregister", "dso-market-stats"):
        exchange.command_area("u", "market Grid", command, body)
    for direct in (
        lambda: exchange.command_area("u", "market Grid", "dso-market-stats", body),
        lambda: exchange.command_directly("u", "market Grid", {"type": "dso_market_stats"}, "t"),
    ):
        with pytest.raises(Refusal) as refusal:
            direct()
        assert refusal.value.why is Why.TOO_MANY
    exchange.command_area("u", "asset load", "register", body)
    exchange.end_tick()
    exchange.begin_tick()
    exchange.command_area("u", "market Grid", "dso-market-stats", body)


def test_an_unreadable_command_keeps_nothing_but_the_reason():
    body = {"transaction_id": "t", "aggregator_uuid": "a", "batch_commands": {"x": [{"type": "bid", "energy": "y"}]}}
    (error,) = receiving.read_batch(body).commands["x"]
    assert "energy" in str(error)
    assert error.__traceback__ is error.__context__ is None
