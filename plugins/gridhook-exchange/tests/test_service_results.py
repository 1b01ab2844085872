"""The report of a served run: the log of orders, and what is written in the end."""

from __future__ import annotations

import json
import math

import pytest

from gridhook.assets import ASSET_KINDS
from gridhook_exchange.redis_door.door import Door
from gridhook_exchange.service.errors import Refusal
from gridhook_exchange.service.exchange import Exchange
from gridhook_exchange.service.orderlog import OrderLog
from gridhook_exchange.service.results import write_results

MARKETS = {"Grid": (None, 1.0), "House": ("Grid", 0.5)}
LOAD, PV = "asset load", "asset pv"
FIRST, SECOND = "2026-06-15T10:00:00+00:00", "2026-06-15T10:15:00+00:00"


class Written:
    """Takes what would be written to files."""

    def write(self, trades, orders, assets, summary):
        self.trades, self.orders, self.assets, self.summary = list(trades), list(orders), list(assets), summary


@pytest.fixture
def exchange(make_community):
    community = make_community(
        MARKETS, loads={"load": ("House", [0.4] * 3)}, pvs={"pv": ("House", [0.5] * 3)}, slots=3, retail=30.0
    )
    owned = {"u": frozenset({LOAD, "market Grid"}), "v": frozenset({PV}), "w": frozenset({LOAD, PV})}
    exchange = Exchange(community, lambda user: owned.get(user, frozenset()))
    exchange.orders = OrderLog(exchange.simulation, exchange.registry)
    return exchange


def join(exchange, user, *areas):
    mine = exchange.create_aggregator(user, "x")
    for area in areas:
        exchange.select(user, mine.uuid, area)
    return mine


def submit(exchange, user, commands, transaction="t"):
    (mine,) = exchange.aggregators.of_user(user)
    body = {"transaction_id": transaction, "aggregator_uuid": mine.uuid, "batch_commands": commands}
    return exchange.submit(user, body)


def tick(exchange, count=1):
    for _ in range(count):
        exchange.begin_tick()
        exchange.end_tick()


def order(side="bid", energy=0.25, price=5.0, **more):
    return {"type": side, "energy": energy, "price": price, **more}


def test_each_order_has_a_row_with_what_became_of_it(exchange):
    join(exchange, "u", LOAD, "market Grid")
    tick(exchange, 12)
    exchange.begin_tick()
    commands = {
        LOAD: [
            order(requirements=[{"trading_partners": ["p"], "energy": 0.1}]),
            order(energy=9.0),
            order("offer", energy="x"),
            {"type": "device_info"},
            order(price=1.0, time_slot="2026-06-15T10:00"),
        ],
        PV: [order("offer")],
        "=nowhere\n": [order(energy=0.0, price=0.0), {"type": "frob"}],
        "market Grid": [order()],
    }
    submit(exchange, "u", commands)
    exchange.end_tick()
    first, large, unread, settling, foreign, nowhere, unsupported = exchange.orders.rows
    assert first[:7] == (SECOND, 0.2, SECOND, "Grid/House/load", "bid", 20.0, 0.25)
    assert json.loads(first.requirements)[0]["partners"] == ["p"]
    assert first[8:] == ("accepted", "")
    assert (large.status, large.reason[:28]) == ("refused", "9 kWh is more than the 0.4 k")
    assert (unread.side, unread.status, unread.reason) == (
        "offer",
        "refused",
        "energy: has to be a number, not 'x'",
    )
    assert math.isnan(unread.rate)
    assert math.isnan(unread.energy_kWh)
    assert (settling.sent_in, settling.slot, settling.status) == (SECOND, FIRST, "accepted")
    assert (foreign.asset, foreign.reason) == ("Grid/House/pv", "the aggregator does not have this asset or market")
    assert (nowhere.asset, nowhere.energy_kWh) == ("'=nowhere\\n'", 0.0)
    assert math.isnan(nowhere.rate)
    assert unsupported.asset == "Grid"
    assert "not supported" in unsupported.reason
    assert (exchange.orders.spot_orders, exchange.orders.settlement_orders) == (1, 1)


def test_a_transaction_that_is_answered_again_is_no_second_order(exchange):
    join(exchange, "u", LOAD)
    exchange.begin_tick()
    for _ in range(2):
        assert submit(exchange, "u", {LOAD: [order()]}) == []
    exchange.end_tick()
    assert submit(exchange, "u", {LOAD: [order()]})
    tick(exchange)
    assert len(exchange.orders.rows) == 1


def test_what_a_client_can_make_the_log_keep_has_a_limit(exchange):
    join(exchange, "u", LOAD)
    exchange.begin_tick()
    requirements = [{"trading_partners": [str(number) for number in range(10_000)]}, {}]
    submit(exchange, "u", {LOAD: [order(requirements=requirements)], "x" * 200: [order()]})
    exchange.end_tick()
    large, unknown = exchange.orders.rows
    assert large.status == "accepted"
    assert json.loads(large.requirements) == "2 sets of conditions, which are too long to be kept"
    assert len(unknown.asset) < 70
    assert exchange.orders.orders_with_requirements == 1


def test_orders_and_forecasts_of_single_assets_are_kept_too(exchange):
    door = Door(exchange, "w")

    def say(command, **more):
        (answer,) = door.hear(f"load/{command}", json.dumps({"transaction_id": "t", **more}).encode()).publications
        return answer.content

    early = say("bid", energy=0.1, price=2.0)
    say("register_participant")
    too_early = say("bid", energy=0.1, price=2.0)
    tick(exchange)
    assert say("bid", energy=0.1, price=2.0)["status"] == "ready"
    assert say("bid", energy=0.1, price="\ud800")["status"] == "error"
    rows = exchange.orders.rows
    assert [row.status for row in rows] == ["refused", "refused", "accepted", "refused"]
    assert [row.reason for row in rows[:2]] == [early["error_message"], too_early["error_message"]]
    assert [row.sent_in for row in rows] == ["", "", FIRST, FIRST]
    forecast = {"transaction_id": "t", "energy_forecast": {"2026-06-15T10:15": 0.2, "2026-06-15T10:30": 0.2}}
    exchange.command_area("w", PV, "set-energy-forecast", forecast)
    assert exchange.orders.forecasts == 2


def test_the_results_of_a_run_agree_with_each_other(exchange):
    join(exchange, "u", LOAD)
    join(exchange, "v", PV)
    for number in range(30):
        exchange.begin_tick()
        if number % 10 == 0:
            submit(exchange, "u", {LOAD: [order(energy=0.4, price=8.0)]}, f"t{number}")
            submit(exchange, "v", {PV: [order("offer", energy=0.5, price=4.0)]}, f"t{number}")
        exchange.end_tick()
    written = Written()
    write_results(exchange, written)
    assert [row.status for row in written.orders] == ["accepted"] * 6
    spot = [trade for trade in written.trades if trade.market == "spot"]
    assert {(trade.buyer, trade.seller) for trade in spot} == {("Grid/House/load", "Grid/House/pv")}
    assert (written.summary["orders"], written.summary["trades"]) == (6, 3)
    assert written.summary["traded_kWh"] == pytest.approx(1.2)
    assert written.summary["slots"] == 3
    assert written.assets == sorted(written.assets)
    assert len(written.assets) == 3 * 2
    assert {asset.kind for asset in written.assets} <= set(ASSET_KINDS)
    assert sum(asset.paid_cents for asset in written.assets) == pytest.approx(3 * 8.0)
    (member,) = written.summary["members"]
    assert (member["bought_kWh"], member["sold_kWh"]) == (pytest.approx(1.2), pytest.approx(1.2))
    json.dumps(written.summary, allow_nan=False)


def test_before_the_first_slot_there_is_nothing_to_write_but_the_files(exchange):
    written = Written()
    write_results(exchange, written)
    assert (written.trades, written.orders, written.assets) == ([], [], [])
    assert (written.summary["slots"], written.summary["orders"]) == (0, 0)
    json.dumps(written.summary, allow_nan=False)


def test_without_a_report_nothing_is_kept_or_written(exchange):
    exchange.orders = None
    join(exchange, "u", LOAD)
    exchange.begin_tick()
    submit(exchange, "u", {LOAD: [order()]})
    exchange.end_tick()
    with pytest.raises(Refusal):
        exchange.command_directly("u", PV, {"type": "offer"}, "t")
    written = Written()
    write_results(exchange, written)
    assert not vars(written)
