"""The link on a real Redis server, with an exchange that does what the original one does."""

import signal
import threading
import time
import uuid

import pytest
from fake_exchange import SLOT, FakeExchange, wait_until

from gridhook.commands import Batch, ClaimAreas, OrderLines, PlaceOrders
from gridhook.errors import ConfigError, ExchangeError
from gridhook.events import Answered, Connected, ConnectionLost, ConnectionRestored, Finished, SlotOpened, Ticked
from gridhook.links import LinkRequest
from gridhook.live.transport import ConnectionBrokenError
from gridhook.settings import read_settings
from gridhook.wire.times import read_time
from gridhook_redis.address import read_address
from gridhook_redis.credentials import Credentials
from gridhook_redis.exchange import OverRedis, OverTlsRedis
from gridhook_redis.server import Server
from gridhook_redis.subscription import Subscription

NO_ANSWER = {"timeout_seconds": 0.3}


def claim(*names, ids=(), number=1):
    return Batch(number, (ClaimAreas(tuple(ids), names),))


def bid(area, number=2):
    slot = read_time(SLOT, "")
    return Batch(number, (PlaceOrders(OrderLines([area], ["bid"], [slot], [20.0], [0.5], [True])),))


def started(link):
    """Return the events of a link after the first."""
    events = link.events()
    assert isinstance(next(events), Connected)
    return events


def answered(events):
    answer = next(events)
    assert isinstance(answer, Answered)
    return answer


def test_areas_are_registered_by_name_selected_and_traded(start_exchange, open_link):
    exchange = start_exchange(assets=("Load", "PV [1]*"), markets={"North Market": "north-market"})
    link = open_link()
    events = link.events()
    connected = next(events)
    assert (len(connected.tree), connected.requirements, connected.lists_areas) == (0, "unsupported", False)
    link.send(claim("Load", "PV [1]*", "North Market"))
    assert answered(events).refused == ()
    assert [body["name"] for body in exchange.asked("register_participant")] == ["Load", "PV [1]*", "north-market"]
    assert set(exchange.owners) == set(exchange.ids.values())
    assert set(exchange.owners.values()) == {exchange.aggregator}
    exchange.say("market", grid_tree={}, feed_in_tariff_rate=None, market_maker_rate=None)
    assert len(next(events).grid.tree) == 0
    exchange.say("market", slot="2026-06-15T10:15")
    opened = next(events)
    assert isinstance(opened, SlotOpened)
    assert opened.grid.tree.names == ("Root", "Load", "PV [1]*", "North Market")
    assert opened.grid.tree.registered.all()
    link.send(bid(exchange.ids["Load"]))
    wait_until(lambda: exchange.asked("batch_commands"))
    (body,) = exchange.asked("batch_commands")
    assert body.keys() == {"type", "transaction_id", "aggregator_uuid", "batch_commands"}
    assert (body["type"], body["aggregator_uuid"]) == ("BATCHED", exchange.aggregator)
    exchange.answer(body)
    assert answered(events).accepted.tolist() == [True]
    exchange.say("tick", 10, slot="2026-06-15T10:15")
    assert isinstance(next(events), Ticked)
    exchange.publish(f"external-aggregator//{exchange.aggregator}/events/all", {"event": "finish"})
    assert isinstance(next(events), Finished)


def test_who_starts_again_has_its_areas_back_though_nobody_answers_to_registrations(start_exchange, open_link):
    exchange = start_exchange(assets=("Load", "Old"))
    first = open_link()
    first.send(claim("Load", "Old"))
    before = exchange.aggregator
    first.close()
    link = open_link(**NO_ANSWER)
    assert exchange.aggregator == before
    events = started(link)
    link.send(claim("Load"))
    (refused,) = answered(events).refused
    assert (refused.command, refused.asset) == ("register", "Load")
    assert "its id is found in the next grid tree" in refused.message
    exchange.say("tick", 30)
    opened = next(events)
    assert opened.grid.assets.name.tolist() == ["Load", "Old"]
    # It held both before, and now wants one.
    link.send(claim(ids=(exchange.ids["Load"],), number=2))
    assert answered(events).refused == ()
    assert [body["device_uuid"] for body in exchange.asked("UNSELECT")] == [exchange.ids["Old"]]
    assert list(exchange.owners) == [exchange.ids["Load"]]


def test_an_area_that_is_selected_already_is_held(start_exchange, open_link):
    exchange = start_exchange()
    open_link().send(claim("Load"))
    link = open_link()
    events = started(link)
    link.send(claim(ids=exchange.ids.values()))
    assert answered(events).refused == ()
    link.send(claim(ids=exchange.ids.values(), number=2))
    assert answered(events).refused == ()
    assert len(exchange.asked("SELECT")) == 2


def test_an_area_of_another_aggregator_is_refused_with_the_reason(start_exchange, open_link):
    exchange = start_exchange()
    exchange.owners[exchange.ids["Load"]] = "somebody"
    link = open_link()
    events = started(link)
    link.send(claim("Load"))
    (refused,) = answered(events).refused
    assert refused.message == "Device already have selected somebody"


def test_a_name_that_nobody_has_is_said_with_where_it_was_looked_for(start_exchange, open_link):
    exchange = start_exchange()
    link = open_link(**NO_ANSWER)
    events = started(link)
    link.send(claim("House 1/Laod X", "Load"))
    (refused,) = answered(events).refused
    assert refused.asset == "House 1/Laod X"
    for prefix in ("House 1/Laod X", "Laod X", "laod-x"):
        assert f"'{prefix}/register_participant'" in refused.message
    assert list(exchange.owners) == [exchange.ids["Load"]]


def test_an_exchange_that_has_just_begun_is_given_time_to_listen_for_its_assets(start_exchange, open_link, monkeypatch):
    exchange = start_exchange(assets=())
    link = open_link()
    events = started(link)
    monkeypatch.setattr("gridhook_redis.registering._PAUSE_SECONDS", 0.05)
    timer = threading.Timer(0.2, exchange.add, ["Load"])
    timer.start()
    link.send(claim("Load"))
    timer.join()
    assert answered(events).refused == ()
    assert list(exchange.owners) == [exchange.ids["Load"]]


def test_a_path_registers_the_asset_at_its_end(start_exchange, open_link):
    exchange = start_exchange()
    link = open_link()
    link.send(claim("Grid/House 1/Load"))
    assert list(exchange.owners) == [exchange.ids["Load"]]


def test_answers_to_others_and_garbage_mean_nothing(start_exchange, open_link):
    exchange = start_exchange()
    link = open_link()
    events = started(link)
    for garbage in (b"{", b"[]", b'"x"', b"\xff", {"status": "ready", "transaction_id": str(uuid.uuid4())}, {}):
        exchange.publish("aggregator-response", garbage)
        exchange.publish("gsy-e-heartbeat/", garbage)
    exchange.say("market")
    assert isinstance(next(events), SlotOpened)
    exchange.publish(f"external-aggregator//{exchange.aggregator}/events/all", b"{")
    assert "is not JSON" in next(events).problem
    exchange.say("tick", 10)
    assert isinstance(next(events), Ticked)


def test_what_is_left_trades_for_itself_again(start_exchange, open_link):
    exchange = start_exchange()
    link = open_link(unselect_at_end=True)
    link.send(claim("Load"))
    link.close()
    wait_until(lambda: not exchange.connected)
    assert not exchange.owners


def test_leaving_what_the_exchange_does_not_know_of_is_not_waited_for_for_ever(start_exchange, open_link):
    exchange = start_exchange()
    link = open_link(**NO_ANSWER)
    events = started(link)
    link.send(claim("Load"))
    answered(events)
    exchange.owners.clear()
    link.send(claim(number=2))
    (refused,) = answered(events).refused
    assert refused.message == "not answered within 0.3 s; perhaps it was lost before"


@pytest.mark.thorough
def test_a_large_event_is_heard(start_exchange, open_link):
    exchange = start_exchange()
    events = started(open_link())
    exchange.say("market", bulk=400_000)
    assert len(next(events).grid.tree) == 400_002


def test_an_exchange_without_assets_held_is_silent_and_that_is_no_loss(start_exchange, open_link, monkeypatch):
    """It is asked whether it is still there, and between that nothing is done."""
    exchange = start_exchange()
    waits = []
    hear = Subscription.hear
    monkeypatch.setattr(Subscription, "hear", lambda *args: waits.append(args[1]) or hear(*args))
    link = open_link(silence_seconds=0.1)
    events = started(link)
    wait_until(lambda: len(exchange.asked("CREATE")) > 5)
    # Each silence is one wait, and each question wakes for its two answers.
    assert len(waits) < 5 * len(exchange.asked("CREATE"))
    exchange.say("market")
    assert isinstance(next(events), SlotOpened)


def test_an_exchange_that_hears_nothing_any_more_is_not_taken_for_gone_but_said(start_exchange, open_link, caplog):
    exchange = start_exchange()
    events = started(open_link(silence_seconds=0.05))
    exchange.is_deaf = True
    wait_until(lambda: "it may hear nothing any more" in caplog.text)
    exchange.say("market")
    assert isinstance(next(events), SlotOpened)


def restored(events, reason):
    """Return the first event after a loss for this reason and a new connection."""
    lost = next(events)
    assert isinstance(lost, ConnectionLost)
    assert reason in lost.reason
    assert isinstance(next(events), ConnectionRestored)
    connected = next(events)
    assert isinstance(connected, Connected)
    return connected


def test_what_is_told_while_the_aggregator_is_made_is_not_lost(start_exchange, open_link):
    start_exchange().is_early = True
    assert isinstance(next(started(open_link(silence_seconds=3600.0))), SlotOpened)


def test_a_server_that_does_not_answer_any_more_is_noticed_even_if_another_connection_holds(
    start_exchange, open_link, monkeypatch
):
    start_exchange()
    events = started(open_link(silence_seconds=0.05))
    monkeypatch.setattr(Subscription, "hear", lambda _, seconds: time.sleep(seconds))
    assert "does not answer" in next(events).reason


@pytest.mark.parametrize("is_away", [False, True])
def test_an_exchange_that_has_begun_anew_is_asked_for_areas_anew(start_exchange, open_link, is_away):
    exchange = start_exchange()
    link = open_link(silence_seconds=0.1)
    events = started(link)
    link.send(claim("Load"))
    answered(events)
    exchange.say("market")
    assert len(next(events).grid.tree) == 2
    exchange.close()
    exchange.close = lambda: None
    if is_away:
        assert "nobody listens" in next(events).reason
        other = start_exchange()
        assert isinstance(next(events), ConnectionRestored)
        connected = next(events)
    else:
        other = start_exchange()
        connected = restored(events, "")
    assert len(connected.tree) == 0
    link.send(claim("Load", number=2))
    assert answered(events).refused == ()
    assert list(other.owners) == [other.ids["Load"]]


def test_an_exchange_that_knows_us_still_keeps_its_tree(start_exchange, open_link, server):
    exchange = start_exchange()
    link = open_link()
    events = started(link)
    link.send(claim("Load"))
    answered(events)
    exchange.say("market")
    tree = next(events).grid.tree
    with exchange.client.client() as admin:
        admin.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    exchange.thread.join()
    exchange.listen()
    assert restored(events, "client-output-buffer-limit").tree is tree
    link.send(claim(ids=exchange.ids.values(), number=2))
    assert answered(events).refused == ()


def test_a_batch_that_nobody_hears_is_refused_and_the_exchange_is_gone(start_exchange, open_link):
    exchange = start_exchange()
    link = open_link(silence_seconds=3600.0)
    events = started(link)
    exchange.say("market")
    next(events)
    exchange.close()
    exchange.close = lambda: None
    link.send(bid("load"))
    heard = [next(events), next(events)]
    (answer,) = [one for one in heard if isinstance(one, Answered)]
    (lost,) = [one for one in heard if isinstance(one, ConnectionLost)]
    for reason in (*answer.order_errors.values(), lost.reason):
        assert "nobody listens on 'external-aggregator//batch_commands'" in reason
    start_exchange()
    assert isinstance(next(events), ConnectionRestored)


def test_a_heart_that_stops_is_the_end_of_an_exchange(start_exchange, open_link):
    exchange = start_exchange()
    events = started(open_link(heartbeat_seconds=0.2, silence_seconds=3600.0))
    exchange.beat()
    assert "its heartbeat was not heard for 0.2 s" in next(events).reason


def test_a_redis_server_that_goes_and_comes_back_is_waited_for(start_redis, open_link):
    server = start_redis()
    exchange = FakeExchange(server.url)
    events = started(open_link(url=server.url))
    server.end()
    lost = next(events)
    assert isinstance(lost, ConnectionLost)
    assert server.url in lost.reason
    assert "client-output-buffer-limit" not in lost.reason
    server.start()
    exchange.thread.join()
    exchange.listen()
    assert isinstance(next(events), ConnectionRestored)
    exchange.close()


@pytest.mark.parametrize(
    ("told", "percents"), [({"pace": "lockstep"}, [0, 10, 20]), ({"lease_slots": 4}, [0]), ({}, [])]
)
def test_an_exchange_that_wants_to_hear_something_hears_it(start_exchange, open_link, told, percents):
    exchange = start_exchange(**told)
    events = started(open_link())
    counts = []
    for percent in (0, 10, 20):
        before = len(exchange.asked("batch_commands"))
        exchange.say("tick" if percent else "market", percent)
        next(events)
        exchange.publish(f"external-aggregator//{exchange.aggregator}/events/all", b"{")
        next(events)
        if percent in percents:
            wait_until(lambda before=before: len(exchange.asked("batch_commands")) > before)
            counts.append(exchange.asked("batch_commands")[-1]["batch_commands"])
        assert len(exchange.asked("batch_commands")) == before + (percent in percents)
    assert counts == [{}] * len(percents)


def test_the_configuration_is_a_setting_or_in_the_environment(start_exchange, open_link, monkeypatch):
    exchange = start_exchange(configuration="conf")
    monkeypatch.setenv("CONFIGURATION_ID", "conf")
    link = open_link()
    events = started(link)
    exchange.say("market")
    next(events)
    link.send(bid("load"))
    wait_until(lambda: exchange.asked("batch_commands"))
    first = exchange.aggregator
    monkeypatch.delenv("CONFIGURATION_ID")
    open_link(configuration="other")
    assert len(exchange.aggregators.keys() - {first}) == 1


def test_without_an_exchange_or_a_server_it_is_said_which(open_link, server):
    with pytest.raises(ExchangeError, match="nobody listens on 'aggregator-commands'"):
        open_link()
    with pytest.raises(ExchangeError, match=r"Redis at redis://127.0.0.1:1: .*refused"):
        open_link(url="redis://127.0.0.1:1")


def test_an_exchange_that_does_not_answer_is_waited_for_no_longer_than_said(start_exchange, open_link):
    start_exchange().is_deaf = True
    with pytest.raises(ExchangeError, match=r"no answer on 'aggregator-response' within 0.3 s"):
        open_link(**NO_ANSWER)


def test_an_exchange_that_wants_no_more_aggregators_says_so(start_exchange, open_link):
    exchange = start_exchange(msg="you have 100 aggregators already; delete one first")
    open_link()
    with pytest.raises(ExchangeError, match="does not take the aggregator: you have 100"):
        open_link()
    assert len(exchange.aggregators) == 1


def test_a_password_is_taken_from_the_environment_or_a_file_and_never_shown(
    start_redis, open_link, monkeypatch, tmp_path, caplog
):
    server = start_redis("--requirepass", "s3cret")
    file = tmp_path / "credentials.toml"
    for text, said in (("", "Authentication required"), ('password = "wr0ng"', "invalid username-password")):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ExchangeError, match=said) as caught:
            open_link(url=server.url, **({"credentials_file": file} if text else {}))
        assert "REDISCLI_AUTH" in str(caught.value)
        assert "wr0ng" not in str(caught.value) + caplog.text
    file.write_text('password = "s3cret"', encoding="utf-8")
    with pytest.raises(ExchangeError, match="nobody listens"):
        open_link(url=server.url, credentials_file=file)
    monkeypatch.setenv("REDISCLI_AUTH", "s3cret")
    with pytest.raises(ExchangeError, match="nobody listens"):
        open_link(url=server.url)


def test_what_is_wrong_is_found_before_anything_is_connected(tmp_path):
    request = LinkRequest("//localhost", "oracle", None, tmp_path)
    assert OverRedis().known_areas(request) is None
    with pytest.raises(ConfigError, match="ca_file"):
        OverTlsRedis(ca_file=tmp_path / "none.pem").known_areas(request)
    with pytest.raises(ConfigError, match="rediss://localhost:6379"):
        OverTlsRedis().known_areas(LinkRequest("//localhost/x", "oracle", None, tmp_path))
    assert OverRedis.base_config("//localhost") is None


def test_energies_of_single_assets_would_never_end(tmp_path):
    settings, (problem,) = read_settings(OverRedis, {"energies": "asset"}, base=tmp_path, at="exchange")
    assert (settings, problem.path) == (None, "exchange.energies")
    assert "has to be 'batch'" in problem.message


def test_a_name_in_any_script_is_a_channel(start_exchange, open_link):
    exchange = start_exchange(assets=("Wärmepumpe 1",))
    link = open_link()
    link.send(claim("Wärmepumpe 1"))
    assert list(exchange.owners) == [exchange.ids["Wärmepumpe 1"]]


def test_an_asset_that_was_registered_and_not_selected_tells_its_id_with_its_own_events(start_exchange, open_link):
    """As it is when an agent ends between both."""
    exchange = start_exchange(assets=("Load", "PV"))
    exchange.connected.update(exchange.ids.values())
    link = open_link(silence_seconds=0.1, **NO_ANSWER)
    events = started(link)
    link.send(claim("Load", "PV"))
    assert len(answered(events).refused) == 2
    wait_until(lambda: link._transport._server.listeners("Load/events/tick"))
    exchange.publish("Load/events/market", b"{")
    exchange.publish("Load/events/tick", {"event": "tick", "area_uuid": exchange.ids["Load"]})
    restored(events, "'Load' was registered already")
    link.send(claim("Load", "PV", number=2))
    (refused,) = answered(events).refused
    assert refused.asset == "PV"
    assert list(exchange.owners) == [exchange.ids["Load"]]
    exchange.aggregators.clear()
    restored(events, "has begun anew")
    exchange.connected.clear()
    exchange.ids["Load"] = "another id"
    link.send(claim("Load", number=3))
    assert answered(events).refused == ()
    assert list(exchange.owners)[1:] == ["another id"]


def test_two_agents_of_one_name_are_warned_of(start_exchange, open_link, caplog):
    start_exchange()
    open_link()
    open_link(name="other")
    assert "another agent" not in caplog.text
    open_link()
    assert "another agent is aggregator 'oracle'" in caplog.text


def test_a_server_that_is_frozen_is_noticed_and_waited_out(start_redis, open_link):
    server = start_redis()
    exchange = FakeExchange(server.url)
    events = started(open_link(url=server.url, silence_seconds=0.1, **NO_ANSWER))
    server.process.send_signal(signal.SIGSTOP)
    lost = next(events)
    server.process.send_signal(signal.SIGCONT)
    assert isinstance(lost, ConnectionLost)
    assert isinstance(next(events), ConnectionRestored)
    exchange.close()


def test_a_subscription_over_which_nothing_comes_back_is_broken(server):
    subscription = Subscription(Server(read_address("redis", server.url[6:]), Credentials(), 5.0), ["a"])
    subscription.ask()
    assert subscription.hear(5.0) is None
    subscription.ask()
    with pytest.raises(ConnectionBrokenError, match="does not answer"):
        subscription.ask()
