"""What a client may rely on (the sections are the protocol's), over sockets and in process alike."""

import uuid
from datetime import datetime, timedelta

import pytest
from gsy_client import Refused
from trader import COMPLETIONS, Trader, order_of

LAST = COMPLETIONS[-1]
ALL = ("Load 1", "PV 1", "Battery 1", "Load 2", "PV 2", "Battery 2")
QUARTER = timedelta(minutes=15)
ORDER = {"type", "id", "energy", "energy_rate", "price", "original_price", "creation_time", "time_slot"}
PARTY = {"name", "uuid", "origin", "origin_uuid"}
FIGURES = {"min_trade_rate", "max_trade_rate", "avg_trade_rate", "median_trade_rate", "total_traded_energy_kWh"}


@pytest.fixture
def trade(join):
    """Start to trade for some assets and markets, at the beginning of a slot."""
    traders = []

    def begin(*names, run=True):
        trader = Trader(join())
        traders.append(trader)
        trader.select(*names)
        if run:
            trader.start()
        return trader

    yield begin
    for trader in traders:
        trader.leave()


def later(slot, quarters):
    return (datetime.fromisoformat(slot) + quarters * QUARTER).strftime("%Y-%m-%dT%H:%M")


def refused(answer, *words, command=None):
    assert answer["status"] == "error"
    assert answer["transaction_id"]
    if command is not None:
        assert answer["command"] == command
    for word in words:
        assert word in answer["error_message"], answer
    return True


# 1.4, 3.8: what is there


def test_the_registry_has_every_area_with_its_type(join):
    client = join()
    areas = client.areas()
    assert {node["type"] for node in areas.values()} == {"Area", "Load", "PV", "Storage", "SmartMeter", "InfiniteBus"}
    for node in areas.values():
        assert set(node) == {"name", "type", "uuid", "registered", "aggregator_name", "attributes", "children"}
        assert node["registered"] is (node["type"] in {"Area", "Load", "PV", "Storage"})
        assert uuid.UUID(node["uuid"])
    client.close()


def test_an_aggregator_of_the_same_name_is_the_same(join):
    client, again = join(), join()
    assert client.create_aggregator("twice") == again.create_aggregator("twice")
    assert client.create_aggregator("other") != again.aggregator
    client.delete_aggregator()
    again.delete_aggregator()
    with pytest.raises(Refused, match="no aggregator"):
        again.delete_aggregator()
    client.close()
    again.close()


def test_a_selected_area_says_so_and_belongs_to_the_aggregator(join):
    client, other = join(), join()
    client.create_aggregator("first")
    client.listen()
    other.create_aggregator("second")
    load = client.areas()["Load 1"]["uuid"]
    client.select(load)
    client.select(load)
    assert [client.next_message() for _ in range(2)] == [{"event": "selected_by_device", "device_uuid": load}] * 2
    assert client.areas()["Load 1"]["aggregator_name"] == "first"
    with pytest.raises(Refused, match=client.aggregator):
        other.select(load)
    client.unselect(load)
    assert client.next_message() == {"event": "unselected_by_device", "device_uuid": load}
    assert client.areas()["Load 1"]["aggregator_name"] is None
    with pytest.raises(Refused, match="does not have"):
        client.unselect(load)
    for area in ("nobody", str(uuid.uuid4())):
        with pytest.raises(Refused, match="no asset or market"):
            client.select(area)
    client.delete_aggregator()
    other.delete_aggregator()
    client.close()
    other.close()


def test_events_have_what_the_protocol_says(trade):
    trader = trade("Load 1", "PV 1", "Battery 1", "House 1")
    trader.next_slot()
    market, tick = (
        next(one for one in trader.messages[::-1] if one.get("event") == name) for name in ("market", "tick")
    )
    keys = {"event", "simulation_id", "num_ticks", "slot_completion", "market_slot", "grid_tree"}
    assert set(market) == set(tick) == keys | {"feed_in_tariff_rate", "market_maker_rate"}
    assert (market["num_ticks"], market["slot_completion"]) == (10.0, "0%")
    assert (market["feed_in_tariff_rate"], market["market_maker_rate"]) == (8.0, 30.0)
    completions = []
    for _ in COMPLETIONS:
        completions.append(trader.completion)
        trader.step()
    assert completions == COMPLETIONS
    (later_market,) = [one for one in trader.messages[trader.messages.index(market) + 1 :] if one["event"] == "market"]
    assert later_market["market_slot"] == later(market["market_slot"], 1)


def test_the_tree_tells_all_about_own_assets_and_only_names_of_others(trade):
    trader = trade("Load 1", "PV 1", "Battery 1")
    for name in ALL[:3]:
        node = trader.node(name)
        assert set(node) == {"asset_info", "last_slot_asset_info", "asset_bill", "area_name"}
        assert set(node["last_slot_asset_info"]) == {"energy_traded", "total_cost"}
    for name in (*ALL[3:], "Market Maker"):
        assert trader.node(name) == {"area_name": name}
    trader.next_slot()
    for name in ("Grid", "House 1", "House 2"):
        node = trader.node(name)
        assert set(node["last_market_stats"]) == FIGURES
        assert set(node["last_market_bill"]) == {"accumulated_trades", "external_trades"}
        assert {"last_market_fee", "current_market_fee", "area_name", "children"} < set(node)
    assert list(trader.tree) == [trader.ids["Grid"]]


# 4.2 to 4.4: commands


def test_a_bid_stands_and_its_order_is_told(trade):
    trader = trade("Load 1")
    answer = trader.give("Load 1", type="bid", energy=0.2, price=5.0, replace_existing=True, time_slot=None)
    assert set(answer) == {"command", "status", "bid", "area_uuid", "transaction_id", "market_type", "message"}
    assert (answer["command"], answer["status"], answer["message"]) == ("bid", "ready", "")
    assert (answer["area_uuid"], answer["market_type"]) == (trader.ids["Load 1"], "Spot Market")
    order = order_of(answer)
    assert set(order) == ORDER | {"buyer"}
    assert set(order["buyer"]) == PARTY
    assert (order["type"], order["energy"], order["price"], order["energy_rate"]) == ("Bid", 0.2, 5.0, 25.0)
    assert order["original_price"] == 5.0
    assert order["buyer"]["name"] == order["buyer"]["origin"] == "Load 1"
    assert order["buyer"]["uuid"] == order["buyer"]["origin_uuid"] == trader.ids["Load 1"]
    assert order["time_slot"] == f"{trader.slot}:00"
    assert order["creation_time"] == f"{trader.slot[:-2]}{int(trader.slot[-2:]) + 1:02d}:30"
    assert uuid.UUID(order["id"])


def test_the_price_of_an_offer_includes_the_local_fee(trade):
    trader = trade("PV 1")
    order = order_of(trader.give("PV 1", type="offer", energy=0.4, price=4.0))
    assert set(order) == ORDER | {"seller"}
    assert (order["type"], order["energy_rate"]) == ("Offer", 10.5)
    assert (order["price"], order["original_price"]) == (pytest.approx(4.2), pytest.approx(4.0))
    listed = trader.give("PV 1", type="list_offers")
    assert listed["offer_list"] == [{"id": order["id"], "price": pytest.approx(4.2), "energy": 0.4}]


def test_the_running_slot_can_be_named(trade):
    trader = trade("Load 1")
    slot = trader.slot
    for text in (slot, f"{slot}:00"):
        assert trader.give("Load 1", type="bid", energy=0.1, price=0.1, time_slot=text)["market_type"] == "Spot Market"
    assert len(trader.give("Load 1", type="list_bids", time_slot=slot)["bid_list"]) == 1


@pytest.mark.parametrize(
    ("name", "command", "word"),
    [
        ("Load 1", {"type": "bid", "energy": 0.41, "price": 1.0}, "0.41 kWh"),
        ("PV 1", {"type": "offer", "energy": 0.51, "price": 1.0}, "0.51 kWh"),
        ("Battery 1", {"type": "bid", "energy": 999, "price": 1.0}, "999 kWh"),
        ("Battery 1", {"type": "offer", "energy": 999, "price": 1.0}, "999 kWh"),
        ("PV 1", {"type": "bid", "energy": 0.1, "price": 1.0}, "nothing to buy"),
        ("Load 1", {"type": "offer", "energy": 0.1, "price": 1.0}, "nothing to sell"),
        ("Load 1", {"type": "bid", "energy": 2e-5, "price": 0.0}, "not above"),
        ("Load 1", {"type": "bid", "energy": 0.1, "price": 1e6}, "rate"),
        ("Load 1", {"type": "bid", "energy": 0.1, "price": 1e308}, "high"),
        ("House 1", {"type": "bid", "energy": 0.1, "price": 1.0}, "not supported"),
        ("House 1", {"type": "list_bids"}, "not supported"),
        ("House 1", {"type": "device_info"}, "not supported"),
        ("Load 1", {"type": "grid_fees", "data": {"fee_const": 1}}, "not supported"),
        ("Load 1", {"type": "dso_market_stats", "data": {}}, "not supported"),
        ("Load 1", {"type": "list_offers"}, "List offers command not supported"),
        ("Load 1", {"type": "delete_offer"}, "Delete offer command not supported"),
        ("PV 1", {"type": "delete_bid", "bid_id": "x"}, "Delete bid command not supported"),
        ("PV 1", {"type": "list_bids"}, "List bids command not supported"),
        ("Battery 1", {"type": "set_energy_forecast", "energy_forecast": {}}, "not supported"),
        ("Meter", {"type": "set_energy_forecast", "energy_forecast": {}}, "not supported"),
        ("Meter", {"type": "set_energy_measurement", "energy_measurement": {}}, "not supported"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_the_reason(trade, name, command, word):
    trader = trade("Load 1", "PV 1", "Battery 1", "House 1", "Meter")
    answer = trader.give(name, **command)
    assert refused(answer, word, command=command["type"])
    assert set(answer) <= {"command", "status", "area_uuid", "transaction_id", "error_message", "market_type"}
    assert answer["area_uuid"] == trader.ids[name]


def test_a_smart_meter_buys_what_its_home_needs_and_sells_what_it_has_too_much(trade):
    trader = trade("Meter")
    info = {"type": "device_info"}
    for needs, has, side, other, verb in ((0.05, 0.0, "bid", "offer", "sell"), (0.0, 0.02, "offer", "bid", "buy")):
        while trader.node("Meter")["asset_info"]["energy_requirement_kWh"] != needs:
            trader.next_slot()
        order = {"energy": 0.02, "price": 0.01 if side == "bid" else 2.0, "replace_existing": False}
        made, listed, _, cannot, asked = trader.step(
            Meter=[
                {"type": side, **order},
                {"type": f"list_{side}s"},
                {"type": f"list_{other}s"},
                {"type": other, **order},
                info,
            ]
        )["Meter"]
        assert [one["id"] for one in listed[f"{side}_list"]] == [order_of(made)["id"]]
        assert refused(cannot, f"nothing to {verb}", command=other)
        assert asked["device_info"] == {"energy_requirement_kWh": needs, "available_energy_kWh": has}
        assert trader.give("Meter", type=f"delete_{side}")[f"deleted_{side}s"] == [order_of(made)["id"]]


def test_a_smart_meter_settles_nothing(trade):
    trader = trade("Meter")
    ended = trader.slot
    trader.next_slot()
    assert "unsettled_deviation_kWh" not in trader.node("Meter")["asset_info"]
    for side in ("bid", "offer"):
        answer = trader.give("Meter", type=side, energy=0.01, price=0.1, time_slot=ended)
        assert refused(answer, command=side)


def test_orders_add_up_unless_they_replace(trade):
    trader = trade("Load 1")
    bid = {"type": "bid", "price": 0.001, "replace_existing": False}
    first, second, third, fourth = trader.step(
        Load_1=[
            {**bid, "energy": 0.3},
            {**bid, "energy": 0.3},
            {**bid, "energy": 0.1},
            {**bid, "energy": 0.4, "replace_existing": True},
        ]
    )["Load_1"]
    assert [one["status"] for one in (first, third, fourth)] == ["ready"] * 3
    assert refused(second, "0.1 kWh")
    (left,) = trader.give("Load 1", type="list_bids")["bid_list"]
    assert left["id"] == order_of(fourth)["id"]


def test_orders_are_deleted_one_by_one_or_all(trade):
    trader = trade("Battery 1")
    command = {"type": "bid", "energy": 0.1, "price": 0.01, "replace_existing": False}
    made = [order_of(one)["id"] for one in trader.step(Battery_1=[command] * 4)["Battery_1"]]
    for key, number in (("bid_id", 1), ("bid", 0)):
        answer = trader.give("Battery 1", type="delete_bid", time_slot=None, **{key: made[number]})
        assert (answer["command"], answer["status"]) == ("delete_bid", "ready")
        assert answer["deleted_bids"] == [made[number]]
        assert refused(trader.give("Battery 1", type="delete_bid", **{key: made[number]}), "no open bid")
    listed = trader.give("Battery 1", type="list_bids")
    assert set(listed) == {"command", "status", "bid_list", "area_uuid", "transaction_id"}
    assert listed["bid_list"] == [{"id": one, "price": pytest.approx(0.01), "energy": 0.1} for one in made[2:]]
    everything = trader.give("Battery 1", type="delete_bid", bid_id=None)
    assert sorted(everything["deleted_bids"]) == sorted(made[2:])
    assert trader.give("Battery 1", type="delete_bid")["deleted_bids"] == []
    assert refused(trader.give("Battery 1", type="delete_offer", offer_id="nonexistent"), "no open offer")


def test_nobody_deletes_the_orders_of_another_asset(trade):
    trader = trade("Battery 1", "Battery 2")
    made = order_of(trader.give("Battery 1", type="bid", energy=0.1, price=0.01))["id"]
    assert refused(trader.give("Battery 2", type="delete_bid", bid_id=made), "no open bid")
    assert len(trader.give("Battery 1", type="list_bids")["bid_list"]) == 1


def test_device_info_tells_what_the_same_batch_did_before(trade):
    trader = trade("Load 1", "PV 1", "Battery 1")
    info = {"type": "device_info"}
    answers = trader.step(
        Load_1=[info, {"type": "bid", "energy": 0.1, "price": 0.01}, info],
        PV_1=[{"type": "offer", "energy": 0.2, "price": 8.0}, info],
        Battery_1=[{"type": "bid", "energy": 0.3, "price": 0.01}, {"type": "offer", "energy": 0.4, "price": 20}, info],
    )
    before, _, after = answers["Load_1"]
    assert set(after) == {"command", "status", "device_info", "transaction_id", "area_uuid"}
    assert before["device_info"]["energy_active_in_bids"] == 0.0
    load, pv, battery = (answers[name][-1]["device_info"] for name in ("Load_1", "PV_1", "Battery_1"))
    deviation = {"unsettled_deviation_kWh", "energy_traded", "total_cost"}
    assert set(load) == deviation | {"energy_requirement_kWh", "energy_active_in_bids"}
    assert set(pv) == deviation | {"available_energy_kWh", "energy_active_in_offers"}
    assert (load["energy_requirement_kWh"], load["energy_active_in_bids"]) == (0.4, 0.1)
    assert (pv["available_energy_kWh"], pv["energy_active_in_offers"]) == (0.5, 0.2)
    assert set(battery) == {
        "energy_to_sell",
        "energy_active_in_bids",
        "energy_to_buy",
        "energy_active_in_offers",
        "free_storage",
        "used_storage",
        "energy_traded",
        "total_cost",
    }
    assert (battery["energy_active_in_bids"], battery["energy_active_in_offers"]) == (0.3, 0.4)
    assert battery["free_storage"] + battery["used_storage"] == pytest.approx(10.0)
    assert battery["energy_to_buy"] == pytest.approx(1.0 - 0.3)


def test_a_grid_fee_is_that_of_the_next_slot(trade):
    trader = trade("House 2", "Load 2")
    answer = trader.give("House 2", type="grid_fees", data={"fee_const": 7})
    assert set(answer) - {"transaction_id"} == {
        "command",
        "status",
        "area_uuid",
        "market_fee_const",
        "market_fee_percent",
    }
    assert (answer["status"], answer["market_fee_const"], answer["market_fee_percent"]) == ("ready", "7", "None")
    assert trader.node("House 2")["current_market_fee"] == 7
    trader.next_slot()
    assert trader.node("House 2")["last_market_fee"] == 0.5
    trader.next_slot()
    assert trader.node("House 2")["last_market_fee"] == 7
    for data in ({"fee_percent": 7}, {"fee_const": -7}, {"fee_const": None}, {"fee_const": "abc"}, {"fee_const": 1e9}):
        assert refused(trader.give("House 2", type="grid_fees", data=data), command="grid_fees")
    assert refused(trader.give("House 2", type="grid_fees", fee_const=5), command="grid_fees")
    assert trader.give("House 2", type="grid_fees", data={"fee_const": 0.5})["market_fee_const"] == "0.5"
    trader.next_slot()


def trade_in_house_1(trader):
    """Sell 0.3 kWh of PV 1 to Load 1 for 20 cents/kWh, and buy 0.1 kWh more from the market maker."""
    trader.step(
        PV_1=[{"type": "offer", "energy": 0.3, "price": 0.3 * 10}],
        Load_1=[{"type": "bid", "energy": 0.3, "price": 0.3 * 20}],
    )
    trader.step(Load_1=[{"type": "bid", "energy": 0.1, "price": 0.1 * 40, "replace_existing": False}])
    trader.next_slot()


def test_market_statistics_have_trades_revenue_import_and_export(trade):
    trader = trade(*ALL, "House 1", "House 2", "Grid")
    trader.next_slot()
    trade_in_house_1(trader)
    answer = trader.give("House 1", type="dso_market_stats", data={})
    assert {"status", "name", "area_uuid", "command", "market_stats"} == set(answer) - {"transaction_id"}
    assert (answer["status"], answer["name"]) == ("ready", "House 1")
    stats = answer["market_stats"]
    assert FIGURES | {
        "market_bill",
        "market_fee_revenue",
        "area_throughput",
        "self_sufficiency",
        "self_consumption",
        "market_energy_deviance",
    } == set(stats)
    assert stats["total_traded_energy_kWh"] == pytest.approx(0.4)
    assert (stats["min_trade_rate"], stats["max_trade_rate"]) == (pytest.approx(20), pytest.approx(40))
    assert stats["avg_trade_rate"] == stats["median_trade_rate"] == pytest.approx(30)
    assert stats["market_fee_revenue"] == pytest.approx(0.4 * 0.5)
    assert stats["area_throughput"] == {"import": pytest.approx(0.1), "export": 0.0}
    grid = trader.give("Grid", type="dso_market_stats")["market_stats"]
    assert grid["total_traded_energy_kWh"] == pytest.approx(0.1)
    assert grid["market_fee_revenue"] == pytest.approx(0.1 * 1.0)
    assert grid["area_throughput"] == {"import": 0.0, "export": 0.0}
    # Now House 2 sells to the market maker.
    trader.next_slot()
    trader.give("PV 2", type="offer", energy=0.3, price=0.3)
    trader.next_slot()
    sold = trader.give("House 2", type="dso_market_stats")["market_stats"]
    assert sold["area_throughput"] == {"import": 0.0, "export": pytest.approx(0.3)}
    assert trader.give("House 1", type="dso_market_stats")["market_stats"]["area_throughput"]["import"] == 0.0


def test_trades_are_told_with_the_ids_of_their_orders(trade):
    trader = trade(*ALL, "Meter")
    answers = trader.step(
        PV_1=[{"type": "offer", "energy": 0.5, "price": 0.5 * 10}],
        Load_1=[{"type": "bid", "energy": 0.3, "price": 0.3 * 20}],
    )
    offer, bid = order_of(answers["PV_1"][0]), order_of(answers["Load_1"][0])
    trader.step()
    trader.step()
    sold, bought = sorted(trader.trades, key=lambda one: one["asset_id"] != trader.ids["PV 1"])[:2]
    keys = {
        "event",
        "asset_id",
        "trade_id",
        "time",
        "trade_price",
        "traded_energy",
        "total_fee",
        "local_market_fee",
        "seller",
        "buyer",
        "seller_origin",
        "buyer_origin",
        "bid_id",
        "offer_id",
        "residual_bid_id",
        "residual_offer_id",
    }
    assert keys <= set(sold)
    assert set(sold) - keys == {"time_slot", "market_type", "with_partner"}
    assert (bought["event"], bought["asset_id"]) == ("trade", trader.ids["Load 1"])
    assert bought["trade_id"] == sold["trade_id"]
    assert (bought["bid_id"], sold["offer_id"]) == (bid["id"], offer["id"])
    assert (bought["offer_id"], sold["bid_id"], bought["residual_bid_id"]) == ("None",) * 3
    assert (bought["buyer"], bought["seller"]) == ("Load 1", "anonymous")
    assert (sold["buyer_origin"], sold["seller_origin"]) == ("anonymous", "PV 1")
    assert bought["trade_price"] == pytest.approx(0.3 * 20)
    assert bought["total_fee"] == pytest.approx(0.3 * 0.5)
    assert (bought["traded_energy"], bought["time_slot"]) == (pytest.approx(0.3), bid["time_slot"][:-3])
    assert bought["time"] == f"{bid['creation_time']}+00:00"
    (left,) = trader.give("PV 1", type="list_offers")["offer_list"]
    assert (left["id"], left["energy"]) == (sold["residual_offer_id"], pytest.approx(0.2))
    assert left["id"] != offer["id"]
    info = trader.give("Load 1", type="device_info")["device_info"]
    assert (info["energy_traded"], info["total_cost"]) == (pytest.approx(0.3), pytest.approx(6.0))
    event = next(one for one in trader.messages if one.get("event") == "trade")
    assert {"trade_list", "grid_tree", "feed_in_tariff_rate", "market_maker_rate", "simulation_id"} <= set(event)
    assert not {"market_slot", "slot_completion"} & set(event)


def test_an_offer_can_be_replaced_after_a_complete_sale(trade):
    trader = trade(*ALL)
    trader.step(
        PV_1=[{"type": "offer", "energy": 0.2, "price": 2}], Load_1=[{"type": "bid", "energy": 0.2, "price": 4}]
    )
    trader.step()
    assert trader.give("PV 1", type="offer", energy=0.3, price=3)["status"] == "ready"
    assert refused(trader.give("PV 1", type="offer", energy=0.31, price=3), "0.3 kWh")


def test_only_requirements_that_are_met_trade(trade):
    trader = trade(*ALL)
    wants = [{"trading_partners": [trader.ids["PV 2"]]}, {"energy_type": ["Wind"]}]
    bid = trader.step(
        Load_1=[{"type": "bid", "energy": 0.3, "price": 9.0, "requirements": wants}],
        PV_1=[{"type": "offer", "energy": 0.3, "price": 0.3, "attributes": {"energy_type": "PV"}}],
    )["Load_1"][0]
    assert (bid["status"], bid["message"]) == ("ready", "")
    trader.to_tick(LAST)
    assert trader.ids["Load 1"] not in {one["asset_id"] for one in trader.trades}


# 7: settlement


def test_what_deviated_is_settled_by_sign_and_amount_for_a_while(trade):
    trader = trade(*ALL)
    trader.next_slot()
    slot = trader.slot
    for name, energy in (("Load 1", 0.5), ("PV 1", 0.3)):
        answer = trader.give(name, type="set_energy_measurement", energy_measurement={slot: energy})
        assert answer["status"] == "ready"
        assert answer["set_energy_measurement"]["energy_measurement"] == {slot: energy}
    # Load 2 buys more than it consumes.
    trader.step(
        Load_2=[
            {"type": "bid", "energy": 0.6, "price": 24},
            {"type": "set_energy_measurement", "energy_measurement": {slot: 0.1}},
        ]
    )
    trader.next_slot()

    def unsettled(name):
        return trader.node(name)["asset_info"]["unsettled_deviation_kWh"][slot]

    assert (unsettled("Load 1"), unsettled("PV 1")) == (pytest.approx(0.5), pytest.approx(-0.3))
    assert unsettled("Load 2") == pytest.approx(-0.5)
    bid = {"type": "bid", "energy": 0.1, "price": 2.0, "time_slot": slot}
    offer = {**bid, "type": "offer", "price": 0.5}
    answers = trader.step(
        Load_1=[offer, {**bid, "energy": 0.51}, {**bid, "energy": 0.5, "price": 10.0}],
        PV_1=[bid, {**offer, "energy": 0.31}, {**offer, "energy": 0.3}],
        Load_2=[bid, offer],
        Battery_1=[bid, offer],
    )
    assert all(refused(one) for one in (*answers["Load_1"][:2], *answers["PV_1"][:2], answers["Load_2"][0]))
    assert all(refused(one) for one in answers["Battery_1"])
    for one in (answers["Load_1"][2], answers["PV_1"][2], answers["Load_2"][1]):
        assert (one["status"], one["market_type"]) == ("ready", "Settlement Market")
        assert order_of(one)["time_slot"] == f"{slot}:00"
    assert trader.give("Load 1", type="list_bids")["bid_list"] == []
    trader.next_slot()
    traded = {one["asset_id"]: one for one in trader.trades if one["market_type"] == "Settlement Market"}
    assert traded[trader.ids["Load 1"]]["time_slot"] == slot
    assert unsettled("Load 1") == pytest.approx(0.1)
    assert unsettled("PV 1") is None
    assert unsettled("Load 2") == pytest.approx(-0.4)
    for _ in range(2):
        trader.next_slot()
        assert slot in trader.node("Load 1")["asset_info"]["unsettled_deviation_kWh"]
    assert trader.give("Load 1", type="list_bids", time_slot=slot)["status"] == "ready"
    trader.next_slot()
    open_slots = list(trader.node("Load 1")["asset_info"]["unsettled_deviation_kWh"])
    assert open_slots == [later(slot, quarters) for quarters in range(1, 5)]
    assert refused(trader.give("Load 1", **bid), "late", slot)


# 8: forecasts and measurements


def test_a_forecast_of_a_slot_to_come_is_what_the_asset_may_trade(trade):
    trader = trade("Load 1", "PV 1")
    slot = later(trader.slot, 1)
    answer = trader.give("Load 1", type="set_energy_forecast", energy_forecast={slot: 0.9, later(slot, 1): 0.0})
    assert set(answer) == {"command", "status", "set_energy_forecast", "area_uuid", "transaction_id"}
    assert trader.give("PV 1", type="set_energy_forecast", energy_forecast={slot: 0.7})["status"] == "ready"
    trader.next_slot()
    assert trader.node("Load 1")["asset_info"]["energy_requirement_kWh"] == 0.9
    assert trader.node("PV 1")["asset_info"]["available_energy_kWh"] == 0.7
    trader.next_slot()
    assert trader.node("Load 1")["asset_info"]["energy_requirement_kWh"] == 0.0


def test_energies_that_cannot_take_effect_are_refused_with_the_reason(trade):
    trader = trade("Load 1")
    now, following, past = (later(trader.slot, quarters) for quarters in (0, 1, -7))
    cases = [
        ("forecast", {now: 1.0}, "has begun"),
        ("forecast", {past: 1.0}, "has begun"),
        ("forecast", {following: 1.0, now: 1.0}, "has begun"),
        ("forecast", {f"{following[:-1]}7": 1.0}, "no slot starts"),
        ("forecast", {"2099-01-01T00:00": 1.0}, "ends before"),
        ("forecast", {following: 1e300}, "kWh"),
        ("forecast", {following: -1.0}, "0 or more"),
        ("forecast", {following: "1"}, "number"),
        ("forecast", {"garbage": 1.0}, "time"),
        ("forecast", {}, "no slot"),
        ("measurement", {following: 1.0}, "has not begun"),
        ("measurement", {past: 1.0}, "settled"),
        ("measurement", {now: "abc"}, "number"),
    ]
    commands = [{"type": f"set_energy_{what}", f"energy_{what}": energies} for what, energies, _ in cases]
    answers = trader.step(Load_1=commands)["Load_1"]
    assert all(refused(one, word) for one, (_, _, word) in zip(answers, cases, strict=True))
    assert refused(trader.give("Load 1", type="set_energy_forecast"), "missing")
    trader.next_slot()
    assert trader.node("Load 1")["asset_info"]["energy_requirement_kWh"] == 0.4


# 3.6, 10 E: batches


def test_a_transaction_is_executed_once_and_answered_each_time(trade):
    trader = trade("Battery 1")
    client, area = trader.client, trader.ids["Battery 1"]
    commands = {area: [{"type": "bid", "energy": 0.1, "price": 0.01, "replace_existing": False}]}
    transaction = str(uuid.uuid4())
    client.send_batch(commands, transaction)
    first, _ = client.answer_to(transaction)
    for other in (commands, {area: []}):
        client.send_batch(other, transaction)
        again, _ = client.answer_to(transaction)
        assert again == first
    assert len(trader.give("Battery 1", type="list_bids")["bid_list"]) == 1


def test_each_batch_has_one_reply_with_an_answer_per_command(trade):
    trader = trade("Load 1")
    other = trade("PV 1", run=False)
    info = {"type": "device_info"}
    areas = [trader.ids["Load 1"], trader.ids["PV 1"], trader.ids["Load 2"], "nobody", trader.ids["Market Maker"]]
    other.client.leave()
    answer, _ = trader.client.answer_to(trader.client.send_batch({area: [info, info] for area in areas}))
    own, *rest = (answer["responses"][area] for area in areas)
    assert [one["status"] for one in own] == ["ready", "ready"]
    for its in rest:
        assert [refused(one, "does not have") for one in its] == [True, True]
    assert trader.client.ask({})[0] == {}


def test_a_batch_in_the_name_of_nobody_is_refused_at_once(trade):
    trader = trade("Load 1")
    own = trader.client.aggregator
    body = {"transaction_id": "t", "aggregator_uuid": own, "batch_commands": {}}
    for key in body:
        with pytest.raises(Refused, match=key):
            trader.client.post_batch({name: value for name, value in body.items() if name != key})
        with pytest.raises(Refused):
            trader.client.post_batch({**body, key: 7})
    with pytest.raises(Refused, match="no aggregator"):
        trader.client.post_batch({**body, "aggregator_uuid": str(uuid.uuid4())})
    assert trader.give("Load 1", type="device_info")["status"] == "ready"


def test_a_late_order_is_refused_and_not_for_the_next_slot(trade):
    trader = trade("Load 1")
    trader.to_tick(LAST)
    slot = trader.slot
    for command in ({}, {"time_slot": slot}):
        trader.to_tick(LAST)
        command = dict.fromkeys(command, trader.slot)  # noqa: PLW2901 - the slot goes on
        assert refused(trader.give("Load 1", type="bid", energy=0.1, price=1.0, **command), "late")
        assert trader.completion == "0%"
        assert trader.give("Load 1", type="list_bids")["bid_list"] == []
    assert refused(trader.give("Load 1", type="bid", energy=0.1, price=1, time_slot=later(trader.slot, 1)), "not begun")
    assert refused(trader.give("Load 1", type="bid", energy=0.1, price=1, time_slot=later(trader.slot, -9)), "late")
    assert refused(trader.give("Load 1", type="bid", energy=0.1, price=1, time_slot=f"{slot[:-1]}7"), "no slot starts")


# 10 E6, E8: control


def bought_in(trader, house):
    return trader.node(house)["last_market_stats"]["total_traded_energy_kWh"] or 0.0


def test_what_is_unselected_trades_for_itself_again(trade):
    trader = trade(*ALL)

    def sell_cheaply():
        """Offer what only Load 2 and the market maker could buy; return what the market maker bought."""
        trader.next_slot()
        trader.give("PV 2", type="offer", energy=0.3, price=0.3)
        trader.next_slot()
        return bought_in(trader, "Grid")

    assert sell_cheaply() == pytest.approx(0.3)
    trader.give("Load 2", type="bid", energy=0.6, price=0.0)
    trader.client.unselect(trader.ids["Load 2"])
    assert trader.client.areas()["Load 2"]["aggregator_name"] is None
    assert refused(trader.give("Load 2", type="list_bids"), "does not have")
    assert sell_cheaply() == 0.0
    # Selected again, it has no order of its own making.
    trader.select("Load 2")
    assert trader.give("Load 2", type="list_bids")["bid_list"] == []


def test_the_assets_of_a_deleted_aggregator_trade_for_themselves_again(trade):
    rest = trade(*ALL[:3], "Battery 2")
    second = trade("Load 2", "PV 2", run=False)
    second.client.leave()
    rest.next_slot()
    rest.next_slot()
    assert bought_in(rest, "House 2") == 0.0
    second.client.delete_aggregator()
    rest.next_slot()
    rest.next_slot()
    assert bought_in(rest, "House 2") == pytest.approx(0.3)
    rest.select("Load 2", "PV 2")
    second.client.create_aggregator("again")


def test_an_aggregator_that_is_silent_loses_its_assets(trade):
    watcher = trade(*ALL[:3], "Battery 2")
    silent = trade("Load 2", "PV 2", run=False)
    silent.client.leave()
    for _ in range(4):
        watcher.next_slot()
        with pytest.raises(Refused, match=silent.client.aggregator):
            watcher.select("Load 2")
    watcher.next_slot()
    assert watcher.client.areas()["Load 2"]["aggregator_name"] is None
    watcher.next_slot()
    assert bought_in(watcher, "House 2") == pytest.approx(0.3)
    watcher.select("Load 2", "PV 2")
