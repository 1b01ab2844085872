"""Whatever a client says, each command is answered, the market goes on, and the trades of others stay the same."""

import json
import threading

import pytest
from conftest import OWNED, PASSWORDS, build_house, write_community
from gsy_client import Refused
from in_process import InProcessClient
from nonsense import AREAS, BATCHES, BODIES, COMMANDS, batch_of
from trader import COMPLETIONS, Trader

from gridhook_exchange.service.limits import Limits

SLOTS = 2
TICKS = SLOTS * len(COMPLETIONS)


def orders_at(trader, tick):
    """Return what the good user orders in a tick: trades in the first home and with the grid, in each slot."""
    ids = trader.ids
    return {
        0: {
            ids["PV 1"]: [{"type": "offer", "energy": 0.5, "price": 4.0}],
            ids["Load 1"]: [{"type": "bid", "energy": 0.2, "price": 4.0}],
        },
        3: {ids["Load 1"]: [{"type": "bid", "energy": 0.2, "price": 8.0, "replace_existing": False}]},
        5: {ids["Battery 1"]: [{"type": "bid", "energy": 0.3, "price": 3.0 + tick / 100}]},
    }.get(tick % 10, {})


def play(good, bad, nonsense):
    """Trade for the good user in each tick, after the bad one's turn; return what the good one was told of trades."""
    good.client.resume()
    for tick in range(TICKS):
        nonsense(bad, tick)
        # The good one is last, and ends the tick.
        bad.client.send_batch({}, f"bad {tick}")
        transaction = good.client.send_batch(orders_at(good, tick), f"good {tick}")
        answer, before = good.client.answer_to(transaction)
        good.hear(before)
        assert all(one["status"] == "ready" for its in answer["responses"].values() for one in its), answer
    # What was still said, up to the end.
    while (message := good.client.next_message()) is not None:
        good.hear([message])
    assert good.messages[-1]["event"] == "finish"
    return json.dumps(good.trades)


def enter(house):
    """Return a trader per user of an exchange in process."""
    traders = {}
    for user in OWNED:
        traders[user] = Trader(InProcessClient(house, user), name="aggregator")
        traders[user].select(*OWNED[user])
    return traders["good"], traders["bad"]


def quiet(_, __):
    pass


@pytest.fixture(scope="module")
def community(tmp_path_factory):
    return write_community(tmp_path_factory.mktemp("nonsense"), SLOTS)


@pytest.fixture(scope="module")
def undisturbed(community):
    """Return the trades that happen while nobody says anything wrong."""
    trades = play(*enter(build_house(community, OWNED)), quiet)
    assert len(json.loads(trades)) >= 3 * SLOTS
    return trades


def check(responses, commands):
    """Each command has one answer, and that is an error with a reason."""
    for area, given in commands.items():
        answers = responses[area]
        assert len(answers) == (len(given) if isinstance(given, list) else 1)
        for one in answers:
            assert one["status"] == "error", one
            assert one["error_message"], one
            assert one["area_uuid"] == area


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_a_command_that_makes_no_sense_is_an_error_and_nothing_else_changes(community, undisturbed, number):
    name, command = COMMANDS[number]

    def disturb(bad, tick):
        if tick in (2, 14):
            commands = {bad.ids[name]: [command]}
            bad.client.send_batch(commands, f"nonsense {tick}")
            asked.append(commands)

    asked = []
    house = build_house(community, OWNED)
    good, bad = enter(house)
    assert play(good, bad, disturb) == undisturbed
    answers = [one for one in drain(bad) if one.get("transaction_id", "").startswith("nonsense")]
    assert len(answers) == len(asked)
    for answer, commands in zip(answers, asked, strict=True):
        check(answer["responses"], commands)


def drain(trader):
    messages = []
    while (message := trader.client.next_message()) is not None:
        messages.append(message)
    return messages


def test_all_of_it_at_once_is_one_reply_over_sockets_too(serve, community, users_file, undisturbed):
    server = serve(community, "--users", users_file, "--lockstep", "--paused")
    good, bad = (Trader(server.client(user, PASSWORDS[user]), name="aggregator") for user in OWNED)
    good.select(*OWNED["good"])
    bad.select(*OWNED["bad"])
    uuid = bad.client.aggregator
    by_area = {}
    for name, command in COMMANDS:
        by_area.setdefault(bad.ids[name], []).append(command)
    odd = {f"area {number}": given for number, given in enumerate(AREAS)}
    foreign = {good.ids[name]: [{"type": "device_info"}, {"type": "bid"}] for name in OWNED["good"]}
    batch_path = f"/external-connection/aggregator-api/{bad.client.simulation}/batch-commands/"
    refused = []

    def disturb(_, tick):
        if tick % 10 == 2:
            bad.client.send_batch({**by_area, **odd, **foreign}, f"nonsense {tick}")
        if tick == 4:
            for body in (*BODIES, *(batch_of(one, uuid) for one in BATCHES)):
                status, answer = bad.client.request("POST", batch_path, body)
                refused.append((status, answer["error"]))

    assert play(good, bad, disturb) == undisturbed
    answers = [one for one in drain(bad) if one.get("transaction_id", "").startswith("nonsense")]
    assert len(answers) == SLOTS
    for answer in answers:
        check(answer["responses"], {**by_area, **odd, **foreign})
    assert {status for status, _ in refused} == {400, 404}
    assert all(reason for _, reason in refused)
    assert len(refused) == len(BODIES) + len(BATCHES)
    assert server.wait() == 0
    assert not server.complaints()
    good.client.close()
    bad.client.close()


def test_too_much_is_refused_and_the_rest_is_executed(community):
    house = build_house(community, OWNED, limits=Limits(most_commands=7, most_batches=2, most_aggregators=2))
    good, bad = enter(house)
    good.client.leave()
    area, info = bad.ids["Load 2"], {"type": "device_info"}
    bad.client.resume()
    responses, _ = bad.client.ask({area: [info] * 3, bad.ids["PV 2"]: [info] * 4})
    assert [one["status"] for one in responses[area]] == ["ready"] * 3
    assert [one["status"] for one in responses[bad.ids["PV 2"]]] == ["ready"] * 4
    with pytest.raises(Refused, match="8 commands; 7 are the most"):
        bad.client.send_batch({area: [info] * 8})
    with pytest.raises(Refused, match="8 commands; 7 are the most"):
        bad.client.send_batch({str(number): [] for number in range(8)})
    bad.client.create_aggregator("second")
    with pytest.raises(Refused, match="2 aggregators already"):
        bad.client.create_aggregator("third")


def test_the_same_orders_replayed_are_the_same_bytes(community):
    logs = []
    for _ in range(2):
        house = build_house(community, OWNED)
        good, bad = enter(house)

        def disturb(bad, tick):
            if tick % 10 == 1:
                bad.client.send_batch({bad.ids["Load 2"]: [{"type": "bid", "energy": 0.6, "price": 15.0}]}, f"b {tick}")

        play(good, bad, disturb)
        logs.append(house.log)
    assert len(logs[0]) > 10 * TICKS / 3
    assert logs[0] == logs[1]


def test_many_clients_at_once_do_no_harm(serve, community):
    server = serve(community, "--lockstep", "--paused")
    problems = []

    def hammer(number):
        try:
            client = server.client()
            client.create_aggregator(f"client {number}")
            client.listen()
            for name in ("Load 1", "PV 1", "Load 2"):
                try:
                    client.select(server.uuid(name))
                    client.unselect(server.uuid(name))
                except Refused as refused:
                    assert refused.status in (404, 409), refused  # noqa: PT017 - not what is expected, but allowed
            client.delete_aggregator()
            client.close()
        except Exception as problem:  # noqa: BLE001 - of a thread, so that the test can see it
            problems.append(problem)

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    client = server.client()
    assert {node["aggregator_name"] for node in client.areas().values()} == {None}
    client.close()
    server.stop()
    assert not server.complaints()
