"""The files of ``gridhook serve --report`` agree with what the clients were told, and with each other."""

import csv
import json
import signal
from collections import Counter, defaultdict

import pytest
from conftest import OWNED, PASSWORDS
from gsy_client import read_frame
from trader import Trader, order_of

FILES = ["assets.csv", "orders.csv", "summary.json", "trades.csv"]
SLOTS = 4
PATHS = {"Load": "Grid/House {n}/Load {n}", "PV": "Grid/House {n}/PV {n}", "Battery": "Grid/House {n}/Battery {n}"}


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def path_of(name):
    kind, number = name.split()
    return PATHS[kind].format(n=number)


def commands_of(trader, home, other):
    """Return orders of a home: good ones, too large ones, some that cannot be read, one for a foreign asset."""
    names = {name: trader.ids[name] for name in home}
    load, pv, battery = (next(name for name in home if name.startswith(kind)) for kind in PATHS)
    infos = {name: trader.node(name)["asset_info"] for name in home}
    partner = {"trading_partners": [trader.ids[other]], "energy_type": []}
    need, have = infos[load]["energy_requirement_kWh"], infos[pv]["available_energy_kWh"]
    bid = {"type": "bid", "energy": need, "price": 20 * need, "requirements": [partner, {"price": 15 * need}]}
    if trader.completion not in ("0%", "50%", "90%"):
        # Orders need time to reach the other home.
        return {names[battery]: [{"type": "offer", "energy": 0.1, "price": 2.5, "replace_existing": False}]}
    return {
        names[load]: [
            *([bid] if need > 1e-4 else []),
            {"type": "bid", "energy": "much", "price": 1.0},
            {"type": "device_info"},
            *settlements(infos[load]),
        ],
        names[pv]: [
            {"type": "offer", "energy": have + (trader.completion == "50%"), "price": 9.0 * have},
            *settlements(infos[pv]),
        ],
        trader.ids[other]: [{"type": "bid", "energy": 0.1, "price": 1.0}],
    }


def settlements(info):
    """Return an order for each slot that deviated."""
    unsettled = {slot: energy or 0.0 for slot, energy in info["unsettled_deviation_kWh"].items()}
    return [
        {"type": side, "energy": abs(energy), "price": rate * abs(energy), "time_slot": slot}
        for slot, energy in unsettled.items()
        for side, rate in (("bid", 20), ("offer", 5))
        if (energy if side == "bid" else -energy) > 1e-4
    ]


def measurements(trader, home):
    """Return that loads and PVs had more in the slot before than they had said."""
    slots = sorted({message["market_slot"] for message in trader.messages if "market_slot" in message})
    if trader.completion != "0%" or len(slots) < 2:
        return {}
    metered = [trader.ids[name] for name in home if not name.startswith("Battery")]
    return {area: [{"type": "set_energy_measurement", "energy_measurement": {slots[-2]: 0.9}}] for area in metered}


class Told:
    """What a client was told: the answers to its orders by when they were sent, and its trades."""

    def __init__(self, trader):
        self.trader = trader
        self.orders = []
        self.forecasts = 0

    def take(self, sent, slot, completion, answer):
        names = {area: name for name, area in self.trader.ids.items()}
        for area, commands in sent.items():
            for command, one in zip(commands, answer["responses"][area], strict=True):
                if command["type"] == "set_energy_forecast":
                    self.forecasts += one["status"] == "ready"
                if command["type"] in ("bid", "offer"):
                    self.orders.append((slot, completion, names[area], command, one))


@pytest.fixture
def traded(serve, users_file, community_file, tmp_path):
    """Let two users trade; return what each was told, and the folder of the report."""
    arguments = ("--users", users_file, "--lockstep", "--paused", "--slots", SLOTS, "--report", "results")
    server = serve(community_file, *arguments)
    traders = {user: Trader(server.client(user, password)) for user, password in PASSWORDS.items()}
    homes = {user: [name for name in OWNED[user] if name.split()[0] in PATHS] for user in traders}
    told = {user: Told(trader) for user, trader in traders.items()}
    for user, trader in traders.items():
        trader.select(*OWNED[user])
    traders["good"].client.resume()
    for trader in traders.values():
        trader.hear(trader.client.events_until(lambda one: one.get("event") == "tick"))
    is_over = False
    while not is_over:
        sent, transactions = {}, {}
        for user, other in (("good", "Load 2"), ("bad", "PV 1")):
            trader = traders[user]
            sent[user] = commands_of(trader, homes[user], other)
            for area, commands in measurements(trader, homes[user]).items():
                sent[user][area] += commands
            if trader.completion == "0%":
                slots = {"2026-06-15T00:45": 0.3, "2026-06-15T08:00": 0.3}
                sent[user][trader.ids[homes[user][0]]].append({"type": "set_energy_forecast", "energy_forecast": slots})
            transactions[user] = trader.client.send_batch(sent[user])
        for user, trader in traders.items():
            answer, before = trader.client.answer_to(transactions[user])
            told[user].take(sent[user], trader.slot, trader.completion, answer)
            rest = trader.client.events_until(lambda one: one.get("event") in {"tick", "finish"})
            trader.hear([*before, *rest])
            is_over = rest[-1]["event"] == "finish"
    for trader in traders.values():
        trader.client.close()
    assert server.wait() == 0
    assert not server.complaints()
    return told, tmp_path / "results"


def test_the_files_say_what_the_clients_were_told(traded):
    told, folder = traded
    assert sorted(path.name for path in folder.iterdir()) == FILES
    orders, trades, assets = (rows_of(folder / f"{name}.csv") for name in ("orders", "trades", "assets"))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    check_orders(told, orders)
    check_trades(told, trades)
    check_assets(trades, assets)
    check_summary(told, orders, trades, assets, summary)


def check_orders(told, orders):
    expected = Counter()
    for one in told.values():
        for slot, completion, name, command, answer in one.orders:
            status = "accepted" if answer["status"] == "ready" else "refused"
            energy = command["energy"] if isinstance(command["energy"], float) else ""
            moment = f"{slot}:00+00:00"
            of = f"{command['time_slot']}:00+00:00" if "time_slot" in command else moment
            progress = int(completion.removesuffix("%")) / 100
            what = (moment, progress, of, path_of(name), command["type"], energy)
            expected[*what, status, answer.get("error_message", "")] += 1
            if status == "accepted":
                assert order_of(answer)["energy"] == energy
    found = Counter(
        (
            order["sent_in"],
            float(order["progress"]),
            order["slot"],
            order["asset"],
            order["side"],
            float(order["energy_kWh"]) if order["energy_kWh"] else "",
            order["status"],
            order["reason"],
        )
        for order in orders
    )
    assert found == expected
    for kind in ("does not have", "has to be a number", "is more than", "late"):
        assert any(kind in order["reason"] for order in orders), kind
    for order in orders:
        if order["requirements"]:
            assert (order["asset"][-6:-2], order["side"]) == ("Load", "bid")
            assert len(json.loads(order["requirements"])) == 2


def check_trades(told, trades):
    rows = {trade["id"]: trade for trade in trades}
    assert len(rows) == len(trades)
    seen = set()
    for one in told.values():
        names = {area: name for name, area in one.trader.ids.items()}
        for side in one.trader.trades:
            row, energy = rows[side["trade_id"]], side["traded_energy"]
            seen.add(side["trade_id"])
            assert float(row["energy_kWh"]) == energy
            assert row["slot"] == side["time_slot"][:16] + ":00+00:00"
            assert row["market"] == side["market_type"].removesuffix(" Market").lower()
            is_buyer = side["bid_id"] != "None"
            cents = side["trade_price"] - (0 if is_buyer else side["total_fee"])
            assert row["buyer" if is_buyer else "seller"] == path_of(names[side["asset_id"]])
            assert float(row["buyer_rate" if is_buyer else "seller_rate"]) * energy == pytest.approx(cents)
    # All assets have an aggregator, so that somebody was told of each trade.
    assert seen == rows.keys()
    assert {trade["market"] for trade in trades} == {"spot", "settlement"}


def check_assets(trades, assets):
    sums = defaultdict(float)
    for trade in trades:
        for side, energy, cents in (("buyer", "bought_kWh", "paid_cents"), ("seller", "sold_kWh", "received_cents")):
            amount = float(trade["energy_kWh"])
            sums[trade["slot"], trade[side], energy] += amount
            sums[trade["slot"], trade[side], cents] += amount * float(trade[f"{side}_rate"])
            sums[trade["slot"], trade[side], "settled_kWh"] += amount * (trade["market"] == "settlement")
    assert len(assets) == SLOTS * 7
    for asset in assets:
        for column in ("bought_kWh", "sold_kWh", "paid_cents", "received_cents", "settled_kWh"):
            assert float(asset[column]) == pytest.approx(sums[asset["slot"], asset["asset"], column])


def check_summary(told, orders, trades, assets, summary):
    accepted = [order for order in orders if order["status"] == "accepted"]
    spot = [trade for trade in trades if trade["market"] == "spot"]
    settled = [trade for trade in trades if trade["market"] == "settlement"]
    assert (summary["slots"], summary["trades"]) == (SLOTS, len(spot))
    assert summary["orders"] + summary["settlement"]["orders"] == len(accepted)
    assert summary["settlement"]["orders"] == sum(order["slot"] != order["sent_in"] for order in accepted) > 0
    assert summary["traded_kWh"] == pytest.approx(sum(float(trade["energy_kWh"]) for trade in spot))
    assert summary["settlement"]["trades"] == len(settled) > 0
    assert summary["settlement"]["settled_kWh"] == pytest.approx(sum(float(one["energy_kWh"]) for one in settled))
    assert summary["preferences"]["orders"] == sum(bool(order["requirements"]) for order in accepted) > 0
    partners = sum(trade["with_partner"] == "true" for trade in trades)
    assert summary["preferences"]["trades_with_partner"] == partners
    assert summary["forecasts"]["sent"] == 2 * sum(one.forecasts for one in told.values()) > 0
    for member in summary["members"]:
        mine = [asset for asset in assets if asset["asset"].split("/")[-2] == member["name"]]
        for column in ("bought_kWh", "sold_kWh"):
            assert member[column] == pytest.approx(sum(float(asset[column]) for asset in mine))
    assert (summary["reasons"], summary["plugins"]) == (None, None)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_does_not_lose_the_report(serve, community_file, tmp_path, number, status):
    server = serve(community_file, "--slot-seconds", 600, "--report", "a/b")
    client = server.client()
    client.create_aggregator("x")
    client.listen()
    area = server.uuid("Load 1")
    client.select(area)
    client.send_batch({area: [{"type": "bid", "energy": 0.2, "price": 3.0}]}, "t")
    # What was asked in the running tick is answered before it ends.
    assert server.stop(number) == status
    messages = []
    while (message := read_frame(client.socket)) is not None:
        messages.append(message)
    (answer,) = [message for message in messages if message.get("command") == "batch_commands"]
    (order,) = rows_of(tmp_path / "a" / "b" / "orders.csv")
    assert answer["responses"][area][0]["status"] == "ready"
    assert (order["asset"], order["rate"], order["status"]) == ("Grid/House 1/Load 1", "15.0", "accepted")
    assert json.loads((tmp_path / "a" / "b" / "summary.json").read_text())["orders"] == 1
    assert not server.complaints()
    client.close()


def test_a_report_of_nothing_is_one_too(serve, community_file, tmp_path):
    server = serve(community_file, "--paused", "--report", "results")
    assert server.stop(signal.SIGINT) == 130
    assert not server.complaints()
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == FILES
    assert json.loads((tmp_path / "results" / "summary.json").read_text())["slots"] == 0
    for name in ("trades", "orders", "assets"):
        assert rows_of(tmp_path / "results" / f"{name}.csv") == []
