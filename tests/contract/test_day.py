"""A whole trading day over real sockets, and what is left of it when somebody sends nonsense all day."""

import pytest
from gsy_client import read_frame
from trader import Trader, order_of

SLOTS = 96


@pytest.mark.thorough
def test_a_whole_day_is_traded_over_sockets(serve):
    server = serve("demo", "--slots", SLOTS, "--lockstep", "--paused")
    trader = Trader(server.client())
    loads, pvs, batteries = (
        [one["name"] for one in server.facts["assets"] if one["kind"] == kind] for kind in ("load", "pv", "storage")
    )
    trader.select(*loads, *pvs, *batteries, "Grid")
    asset_socket = trader.client.open(f"{trader.ids[loads[0]]}/")
    client = trader.client
    client.resume()
    slots, answers = [], []
    while True:
        message = client.next_message()
        assert message is not None
        if message.get("event") == "finish":
            break
        trader.hear([message])
        if message.get("command") == "batch_commands":
            answers += [one for its in message["responses"].values() for one in its]
        if message.get("event") == "market":
            slots.append(message["market_slot"])
        if message.get("event") == "tick":
            client.send_batch(commands_at(trader, (*loads, *pvs)))
    assert len(slots) == len(set(slots)) == SLOTS
    assert client.next_message() is None
    while (last := read_frame(asset_socket)) is not None:
        assert (last["event"], last["area_uuid"]) == ("finish", trader.ids[loads[0]])
    assert server.wait() == 0
    assert not server.complaints()
    client.close()

    check(answers, trader.trades)


def commands_at(trader, names):
    """Return what is done at a tick event: orders when a slot begins, and settlements of past ones."""
    if trader.completion != "0%":
        return {}
    infos = {trader.ids[name]: trader.node(name)["asset_info"] for name in names}
    return {
        trader.ids["Grid"]: [{"type": "dso_market_stats"}],
        **{area: order(info) + settle(info) for area, info in infos.items()},
    }


def check(answers, sides):
    """Nearly all orders stood, there were trades and settlements, and each side of a trade is of an own order."""
    trades = {}
    assert all(one["status"] in {"ready", "error"} for one in answers)
    orders = [one for one in answers if one["command"] in {"bid", "offer"}]
    assert sum(one["status"] == "ready" for one in orders) > 0.9 * len(orders)
    for trade in sides:
        trades.setdefault(trade["trade_id"], []).append(trade)
    spot = [its for its in trades.values() if its[0]["market_type"] == "Spot Market"]
    settled = [its for its in trades.values() if its[0]["market_type"] == "Settlement Market"]
    assert len(spot) > SLOTS
    assert len(settled) > SLOTS / 4
    made = {order_of(one)["id"] for one in orders if one["status"] == "ready"}
    residuals = {one[key] for one in sides for key in ("residual_bid_id", "residual_offer_id")}
    for its in trades.values():
        assert len({one["traded_energy"] for one in its}) == 1
        for one in its:
            traded = {one["bid_id"], one["offer_id"]} - {"None"}
            assert len(traded) == 1
            assert traded <= made | residuals


def order(info):
    """Buy all that is required, and sell all that is available."""
    if energy := info.get("energy_requirement_kWh"):
        return [{"type": "bid", "energy": energy, "price": energy * 32}] if energy > 1e-4 else []
    energy = info.get("available_energy_kWh") or 0.0
    return [{"type": "offer", "energy": energy, "price": energy * 5}] if energy > 1e-4 else []


def settle(info):
    """Settle what deviated in the past slots, each at a price that somebody takes."""
    unsettled = {slot: energy for slot, energy in info["unsettled_deviation_kWh"].items() if energy is not None}
    return [
        {
            "type": "bid" if energy > 0 else "offer",
            "energy": abs(energy),
            "price": abs(energy) * (30 if energy > 0 else 2),
            "time_slot": slot,
        }
        for slot, energy in unsettled.items()
        if abs(energy) > 1e-4
    ]
