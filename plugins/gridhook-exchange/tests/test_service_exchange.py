from __future__ import annotations

import json
import uuid

import pytest

from gridhook_exchange.service.direct import DIRECT_COMMANDS, registration, wire_value
from gridhook_exchange.service.errors import Refusal, Why
from gridhook_exchange.service.exchange import Exchange
from gridhook_exchange.service.limits import Limits
from gridhook_exchange.service.showing import tick_moment

MARKETS = {"Grid": (None, 1.0), "House": ("Grid", 0.5)}


@pytest.fixture
def build(make_community):
    def build(slots=3, limits=None, owned=None, **said):
        community = make_community(
            MARKETS,
            loads={"load": ("House", [0.4] * slots)},
            pvs={"pv": ("House", [0.5] * slots)},
            batteries={"battery": ("House", {})},
            slots=slots,
            **said,
        )
        everything = frozenset((*community.asset_ids[:-1], *community.market_ids))
        return Exchange(community, lambda user: everything if owned is None else owned.get(user, frozenset()), limits)

    return build


def run(exchange, ticks=1, send=None):
    """Let ticks pass; return all that is said. ``send`` is called in each tick."""
    said = []
    for _ in range(ticks):
        said += exchange.begin_tick()
        if send is not None:
            said += send() or []
        said += exchange.end_tick()
    return said


def batch(exchange, commands, transaction="t"):
    (aggregator,) = exchange.aggregators
    return {"transaction_id": transaction, "aggregator_uuid": aggregator.uuid, "batch_commands": commands}


def test_each_message_is_json(build):
    exchange = build()
    mine = exchange.create_aggregator("u", "x")
    for area in ("asset load", "asset pv", "asset battery", "market House"):
        assert exchange.select("u", mine.uuid, area)[0].channel == mine.uuid
    said = run(exchange, 30)
    assert exchange.is_finished
    for message in (*said, *exchange.finish()):
        json.dumps(message.content, allow_nan=False)
    with pytest.raises(Refusal) as refusal:
        exchange.submit("u", batch(exchange, {}))
    assert refusal.value.why is Why.CONFLICT


def test_batches_are_answered_at_the_end_of_their_tick_in_their_order(build):
    exchange = build()
    mine = exchange.create_aggregator("u", "x")
    exchange.select("u", mine.uuid, "asset load")
    run(exchange)
    exchange.begin_tick()
    for transaction in "abc":
        body = batch(exchange, {"asset load": [{"type": "device_info"}, 5]}, transaction)
        assert exchange.submit("u", body) == []
    assert exchange.has_sent(mine)
    answers = [message.content for message in exchange.end_tick()]
    assert [one["transaction_id"] for one in answers] == list("abc")
    assert [one["status"] for one in answers[0]["responses"]["asset load"]] == ["ready", "error"]
    again = exchange.submit("u", batch(exchange, {}, "b"))
    assert [message.content for message in again] == [answers[1]]


def test_who_has_markets_alone_is_waited_for_only_when_a_slot_begins(build):
    exchange = build()
    mine = exchange.create_aggregator("u", "x")
    exchange.begin_tick()
    assert not exchange.has_sent(mine)
    exchange.select("u", mine.uuid, "market House")
    assert not exchange.has_sent(mine)
    exchange.end_tick()
    exchange.begin_tick()
    assert exchange.has_sent(mine)
    exchange.select("u", mine.uuid, "asset load")
    assert not exchange.has_sent(mine)


def test_an_asset_that_registered_hears_of_itself_until_somebody_trades_for_it(build):
    exchange = build()
    exchange.command_area("u", "asset pv", "register", {"transaction_id": "t"})
    exchange.command_area("u", "market House", "register", {"transaction_id": "t"})
    said = [message for message in run(exchange, 10) if message.channel == "asset pv"]
    events = [message.content["event"] for message in said]
    assert events[:2] == ["market", "tick"]
    assert events.count("tick") == 10
    assert "trade" in events
    trade = next(message.content for message in said if message.content["event"] == "trade")
    assert (trade["event_type"], trade["area_uuid"]) == ("sell", "asset pv")
    assert uuid.UUID(trade["offer_id"])
    assert trade["device_info"]["energy_traded"] > 0
    assert [message.content["slot_completion"] for message in said if message.content["event"] == "tick"] == [
        f"{ten * 10}%" for ten in range(10)
    ]
    mine = exchange.create_aggregator("u", "x")
    exchange.select("u", mine.uuid, "asset pv")
    assert not [message for message in run(exchange, 10) if message.channel == "asset pv"]
    exchange.unselect("u", mine.uuid, "asset pv")
    assert [message for message in run(exchange) if message.channel == "asset pv"]
    exchange.command_area("u", "asset pv", "unregister", {"transaction_id": "t"})
    assert not [message for message in run(exchange) if message.channel == "asset pv"]


def test_the_end_is_told_on_all_channels(build):
    exchange = build()
    mine = exchange.create_aggregator("u", "x")
    told = {message.channel: message.content for message in exchange.finish()}
    assert set(told) == {mine.uuid, *exchange.simulation.community.asset_ids, "market Grid", "market House"}
    assert {content["event"] for content in told.values()} == {"finish"}
    assert told["asset pv"]["area_uuid"] == "asset pv"


def test_the_registry_shows_what_is_owned_and_by_whom_it_is_traded(build):
    exchange = build(owned={"u": frozenset({"asset load"}), "v": frozenset({"asset pv", "market House"})})
    mine = exchange.create_aggregator("v", "the other's")
    exchange.select("v", mine.uuid, "asset pv")

    def flat(node):
        return {node["uuid"]: node, **{area: one for child in node["children"] for area, one in flat(child).items()}}

    seen = flat(exchange.registry_of("u"))
    assert {area for area, node in seen.items() if node["registered"]} == {"asset load"}
    assert {node["aggregator_name"] for node in seen.values()} == {None}
    assert flat(exchange.registry_of("v"))["asset pv"]["aggregator_name"] == "the other's"
    for user, area in (("u", "asset pv"), ("v", "asset load"), ("nobody", "asset load"), ("u", "x")):
        with pytest.raises(Refusal) as refusal:
            exchange.command_area(user, area, "register", {"transaction_id": "t"})
        assert refusal.value.why is Why.UNKNOWN


def test_a_lease_is_renewed_by_batches(build):
    exchange = build(slots=8, limits=Limits(lease_slots=2))
    mine = exchange.create_aggregator("u", "x")
    exchange.select("u", mine.uuid, "asset load")
    for slot in range(4):
        run(exchange)
        exchange.submit("u", batch(exchange, {}, str(slot)))
        run(exchange, 9)
        assert exchange.simulation.is_controlled[0]
    said = run(exchange, 20)
    assert exchange.simulation.is_controlled[0]
    said = run(exchange, 1)
    assert not exchange.simulation.is_controlled[0]
    assert {"event": "unselected_by_device", "device_uuid": "asset load"} in [message.content for message in said]


@pytest.mark.parametrize("ending", ["unselect", "delete"])
def test_orders_of_somebody_who_trades_no_more_are_withdrawn(build, ending):
    exchange = build()
    mine = exchange.create_aggregator("u", "x")
    exchange.select("u", mine.uuid, "asset load")
    bid = {"type": "bid", "energy": 0.4, "price": 0.1}
    run(exchange, 1, lambda: exchange.submit("u", batch(exchange, {"asset load": [bid]})))
    assert exchange.simulation.spot.open_kwh()[0] == 0.4
    if ending == "unselect":
        exchange.unselect("u", mine.uuid, "asset load")
    else:
        exchange.delete_aggregator("u", mine.uuid)
    assert exchange.simulation.spot.open_kwh()[0] == 0.0
    assert not exchange.simulation.is_controlled[0]


def test_a_batch_of_who_was_deleted_meanwhile_is_answered(build):
    exchange = build()
    mine = exchange.create_aggregator("u", "x")
    exchange.select("u", mine.uuid, "asset load")
    exchange.begin_tick()
    exchange.submit("u", batch(exchange, {"asset load": [{"type": "device_info"}]}))
    (message,) = exchange.delete_aggregator("u", mine.uuid)
    (answer,) = message.content["responses"]["asset load"]
    assert (message.channel, answer["command"], answer["status"]) == (mine.uuid, "device_info", "error")
    assert "deleted" in answer["error_message"]
    assert exchange.end_tick() == []


def test_what_waits_when_it_is_stopped_is_answered(build):
    exchange = build()
    mine = exchange.create_aggregator("u", "x")
    exchange.select("u", mine.uuid, "asset load")
    exchange.submit("u", batch(exchange, {"asset load": [{"type": "device_info"}, 5]}))
    answer, finish, *_ = [message.content for message in exchange.finish()]
    assert [one["status"] for one in answer["responses"]["asset load"]] == ["error", "error"]
    assert "the run is over" in answer["responses"]["asset load"][0]["error_message"]
    assert finish["event"] == "finish"
    with pytest.raises(Refusal, match="over"):
        exchange.submit("u", batch(exchange, {}))


def test_a_transaction_that_was_answered_before_counts_as_a_batch_of_the_tick(build):
    exchange = build()
    mine = exchange.create_aggregator("u", "x")
    exchange.select("u", mine.uuid, "asset load")
    run(exchange, 1, lambda: exchange.submit("u", batch(exchange, {})))
    exchange.begin_tick()
    assert not exchange.has_sent(mine)
    assert exchange.submit("u", batch(exchange, {}))
    assert exchange.has_sent(mine)


def test_statistics_are_of_markets_in_which_a_user_trades_or_that_it_owns(build):
    """A home's are the figures of its assets."""
    owned = {"inside": {"asset load"}, "operator": {"market House"}, "outside": {"market Grid"}}
    exchange = build(owned={user: frozenset(areas) for user, areas in owned.items()})
    for user, areas in owned.items():
        for area in areas:
            exchange.select(user, exchange.create_aggregator(user, "x").uuid, area)
    said = run(exchange, 11)
    for user, sees in {"inside": True, "operator": True, "outside": False}.items():
        (mine,) = exchange.aggregators.of_user(user)
        tree = [one.content for one in said if one.channel == mine.uuid and one.content["event"] == "market"][-1]
        house = tree["grid_tree"]["market Grid"]["children"]["market House"]
        energy = house["last_market_stats"]["total_traded_energy_kWh"]
        assert (energy is not None) == sees, user


def test_percentage_fees_are_set_as_percentages(build):
    exchange = build(fees="percent")
    body = {"transaction_id": "t", "fee_percent": 5}
    (message,) = exchange.command_area("u", "market House", "grid-fee", body)
    assert (message.content["market_fee_const"], message.content["market_fee_percent"]) == ("None", "5")
    for wrong in ({"fee_const": 5}, {"fee_percent": 101}, {"fee_percent": 5, "fee_const": 1}):
        (message,) = exchange.command_area("u", "market House", "grid-fee", {"transaction_id": "t", **wrong})
        assert message.content["status"] == "error"


def test_direct_commands_are_those_of_a_batch():
    assert wire_value("grid-fee", {"fee_const": 1, "x": 2}) == {"type": "grid_fees", "data": {"fee_const": 1}}
    assert wire_value("set-energy-forecast", {})["energy_forecast"] is None
    for command in DIRECT_COMMANDS:
        assert (registration(command, "a") is None) is (command not in ("register", "unregister"))
    assert registration("unregister", "a")["unregistered"] is True
    with pytest.raises(Refusal, match="set-live-generation"):
        wire_value("set-live-generation", {})


@pytest.mark.parametrize("transaction", [None, "", 5, "x" * 201])
def test_a_direct_command_has_a_transaction_id(build, transaction):
    with pytest.raises(Refusal, match="transaction_id"):
        build().command_area("u", "market House", "dso-market-stats", {"transaction_id": transaction})


def test_ticks_have_times(build):
    exchange = build()
    assert tick_moment(exchange.simulation, 0).isoformat() == "2026-06-15T10:00:00+00:00"
    assert tick_moment(exchange.simulation, 13).isoformat() == "2026-06-15T10:19:30+00:00"


def test_the_same_orders_are_the_same_messages(build):
    def play():
        exchange = build()
        mine = exchange.create_aggregator("u", "x")
        said = [*exchange.select("u", mine.uuid, "asset load"), *exchange.select("u", mine.uuid, "asset pv")]
        for tick in range(30):
            said += exchange.begin_tick()
            commands = {
                "asset load": [{"type": "bid", "energy": 0.01, "price": 0.2, "replace_existing": False}],
                "asset pv": [{"type": "offer", "energy": 0.01, "price": 0.1}],
            }
            exchange.submit("u", batch(exchange, commands, str(tick)))
            said += exchange.end_tick()
        return json.dumps([[message.channel, message.content] for message in (*said, *exchange.finish())])

    first = play()
    assert "trade_list" in first
    assert first == play()


@pytest.mark.parametrize(
    ("area", "command", "more"),
    [
        ("asset load", "set-energy-forecast", {"energy_forecast": {"2026-06-15T10:15": 0.1}}),
        ("asset load", "set-energy-measurement", {"energy_measurement": {"2026-06-15T10:00": 0.1}}),
        ("market House", "grid-fee", {"fee_const": 3.0}),
        ("market House", "dso-market-stats", {}),
    ],
)
def test_an_area_of_somebody_elses_aggregator_is_not_commanded_directly(build, area, command, more):
    """Several users may own an area; only one of them trades for it at a time."""
    exchange = build()
    run(exchange)
    theirs = exchange.create_aggregator("ann", "hers")
    exchange.select("ann", theirs.uuid, area)
    body = {"transaction_id": "t", **more}
    before = exchange.simulation.forecast_kwh.copy(), exchange.simulation.next_fee.copy()
    with pytest.raises(Refusal, match=f"Device already have selected {theirs.uuid}") as refusal:
        exchange.command_area("ben", area, command, body)
    assert refusal.value.why is Why.CONFLICT
    assert (exchange.simulation.forecast_kwh == before[0]).all()
    assert (exchange.simulation.next_fee == before[1]).all()
    assert exchange.command_area("ben", area, "register", body)[0].content["registered"] is True
    assert exchange.command_area("ann", area, command, body)[0].content["status"] == "ready"
    exchange.unselect("ann", theirs.uuid, area)
    assert exchange.command_area("ben", area, command, body)[0].content["status"] == "ready"
