"""The link: what a session sees of an exchange elsewhere, whatever the connection does."""

import itertools
import random
import sys
from pathlib import Path

import attrs
import pytest

from gridhook.commands import Batch, ClaimAreas, OrderLines, PlaceOrders, SendForecasts
from gridhook.errors import ExchangeError
from gridhook.events import (
    Answered,
    AreasLost,
    Connected,
    ConnectionLost,
    Finished,
    MessageUnreadable,
    Refused,
    SlotOpened,
    Ticked,
    TicksSkipped,
)
from gridhook.live.link import LiveLink
from gridhook.live.settings import LiveSettings
from gridhook.live.transport import EnergiesSent, Joined, Registered, RequestTooLargeError
from gridhook.tables import concatenate
from gridhook.testing import make_tree
from gridhook.wire.errors import WireError

sys.path.insert(0, str(Path(__file__).parent))

from live_messages import BROKEN, DOWN, JOINED, REFUSED, FakeTransport, answer, market, slot, tick

FINISH = {"event": "finish"}
TOO_LARGE = RequestTooLargeError("413: too large")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Take almost all of each delay off."""
    monkeypatch.setattr("gridhook.live.backoff._FIRST_SECONDS", 0.001)
    monkeypatch.setattr(random, "random", lambda: 1.0)


@pytest.fixture
def open_link():
    links = []

    def open_it(transport, capability="unsupported", **settings):
        links.append(LiveLink(transport, LiveSettings(**settings), capability))
        return links[-1]

    yield open_it
    for link in links:
        link.close()


def bids(*areas, number=1, in_slot=0):
    rows = [(area, "bid", slot(in_slot), 20.0, 0.5, True) for area in areas]
    return Batch(number, (PlaceOrders(OrderLines(*zip(*rows, strict=True))),))


def names(events):
    return [type(event).__name__ for event in events]


def test_the_events_of_an_exchange_come_in_their_order_until_it_finishes(open_link):
    transport = FakeTransport()
    link = open_link(transport, "stripped")
    events = link.events()
    connected = next(events)
    assert (connected.tree, connected.requirements) == (JOINED.tree, "stripped")
    transport.say(market(0))
    assert isinstance(next(events), SlotOpened)
    transport.say(tick(0, 10), FINISH)
    assert names(events) == ["Ticked", "Finished"]
    assert (link.slots, link.accounts()) == (None, None)


def test_areas_are_selected_and_left_as_claimed_and_a_refusal_is_an_answer(open_link):
    transport = FakeTransport(attrs.evolve(JOINED, held=frozenset({"id:PV", "id:Old"})))
    transport.refusals["id:Load"] = REFUSED
    link = open_link(transport)
    events = link.events()
    next(events)
    link.send(Batch(1, (ClaimAreas(("id:Load", "id:PV", "id:House")),)))
    assert transport.areas == [
        ("unselect", "agg", "id:Old"),
        ("select", "agg", "id:Load"),
        ("select", "agg", "id:House"),
    ]
    answered = next(events)
    assert answered.refused == (Refused("claim", "id:Load", "409: taken"),)


def test_claims_that_nobody_answers_are_tried_again_when_the_next_slot_opens(open_link):
    transport = FakeTransport()
    transport.refusals["id:Load"] = DOWN
    link = open_link(transport)
    events = link.events()
    next(events)
    link.send(Batch(1, (ClaimAreas(("id:Load", "id:PV")),)))
    assert transport.areas == [("select", "agg", "id:Load")]
    (refused,) = next(events).refused
    assert "it is down; it and 1 more are tried again" in refused.message
    transport.refusals.clear()
    transport.say(market(0), FINISH)
    list(events)
    assert transport.areas[1:] == [("select", "agg", "id:Load"), ("select", "agg", "id:PV")]


def test_the_answer_to_a_batch_comes_as_an_event(open_link):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(market(0))
    next(events)
    link.send(bids("id:Load"))
    body = transport.posted()
    assert body["batch_commands"]["id:Load"][0]["time_slot"] is None
    transport.say(answer(body), answer(body), FINISH)
    answered, *rest = events
    assert answered.accepted.tolist() == [True]
    assert names(rest) == ["Finished"]


def test_a_batch_that_is_refused_is_answered_and_one_that_may_not_have_come_is_not(open_link):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(market(0))
    next(events)
    transport.refusals["post"] = REFUSED
    link.send(bids("id:Load"))
    assert next(events).order_errors == {0: "409: taken"}
    transport.refusals["post"] = DOWN
    link.send(bids("id:Load", number=2))
    transport.say(FINISH)
    assert names(events) == ["Finished"]


def test_orders_are_not_sent_into_a_slot_that_they_were_not_made_for(open_link):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(market(0))
    next(events)
    transport.say(market(1))
    while link._inbox.newest is None:
        pass
    link.send(bids("id:Load"))
    assert "late" in next(events).order_errors[0]
    assert transport.posts.empty()
    assert next(events).slot == slot(1)


def with_deviations(message, *slots):
    """Say that these ended slots can be settled."""
    house = message["grid_tree"]["id:Grid"]["children"]["id:House"]["children"]
    its = {slot(number).format("YYYY-MM-DDTHH:mm"): 0.5 for number in slots}
    house["id:Load"]["asset_info"]["unsettled_deviation_kWh"] = its
    return message


@pytest.mark.parametrize(("percent", "sent"), [(70, [-2, -1]), (80, [-1])])
def test_at_the_end_of_a_slot_no_order_is_sent_whose_settlement_market_may_close_first(open_link, percent, sent):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(with_deviations(market(0), -2, -1))
    next(events)
    transport.say(tick(0, percent))
    while link._inbox.newest is None:
        pass
    old, new = (bids("id:Load", in_slot=number).commands[0].lines for number in (-2, -1))
    link.send(Batch(1, (PlaceOrders(concatenate(old, new)),)))
    commands = transport.posted()["batch_commands"]["id:Load"]
    assert [one["time_slot"] for one in commands] == [slot(number).format("YYYY-MM-DDTHH:mm") for number in sent]


def test_after_a_lost_connection_markets_may_close_earlier_than_before(open_link):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(with_deviations(market(0), -4, -1), BROKEN)
    assert names(itertools.islice(events, 4)) == ["SlotOpened", "ConnectionLost", "ConnectionRestored", "Connected"]
    transport.say(with_deviations(market(1, 90), -1))
    next(events)
    link.send(bids("id:Load", in_slot=-1))
    assert transport.posts.empty()
    assert "late" in next(events).order_errors[0]


def test_at_the_end_no_order_is_deleted_whose_settlement_market_may_close_first(open_link):
    transport = FakeTransport()
    link = open_link(transport, withdraw_at_end=True)
    events = link.events()
    next(events)
    transport.say(with_deviations(market(0), -1))
    next(events)
    link.send(bids("id:Load", in_slot=-1))
    transport.say(answer(transport.posted()), tick(0, 90))
    assert names(itertools.islice(events, 2)) == ["Answered", "Ticked"]
    link.interrupt()
    assert list(events) == []
    link.close()
    assert transport.posts.empty()


def test_a_slow_agent_is_told_the_newest_event_and_how_many_it_missed(open_link):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(*(tick(0, percent) for percent in (10, 20, 30)), {"event": "selected_by_device", "device_uuid": "x"})
    transport.say(tick(1, 40), [])
    while not any("Unreadable" in type(one).__name__ for one in list(link._inbox._entries)):
        pass
    skipped, opened, unreadable = itertools.islice(events, 3)
    assert skipped == TicksSkipped(3)
    assert (type(opened), opened.slot, opened.progress) == (SlotOpened, slot(1), 0.4)
    assert isinstance(unreadable, MessageUnreadable)


def test_what_makes_no_sense_is_passed_over_and_said(open_link):
    transport = FakeTransport()
    events = open_link(transport).events()
    next(events)
    transport.say({"event": "party"}, WireError("", "is no JSON"), {"command": "register"}, market(0), FINISH)
    assert names(events) == ["MessageUnreadable", "MessageUnreadable", "SlotOpened", "Finished"]


def test_a_lost_connection_is_restored_and_all_is_claimed_again(open_link):
    again = attrs.evolve(JOINED, aggregator="new")
    transport = FakeTransport(JOINED, DOWN, DOWN, again)
    link = open_link(transport)
    events = link.events()
    first = next(events)
    link.send(Batch(1, (ClaimAreas(("id:Load",)),)))
    transport.say(market(0), BROKEN)
    told = list(itertools.islice(events, 5))
    assert names(told) == ["Answered", "SlotOpened", "ConnectionLost", "ConnectionRestored", "Connected"]
    assert told[2] == ConnectionLost("it broke")
    assert told[3].gap_seconds > 0
    assert told[4].tree is first.tree
    link.send(Batch(2, (ClaimAreas(("id:Load",)),)))
    assert transport.areas == [("select", "agg", "id:Load"), ("select", "new", "id:Load")]
    transport.say(tick(0, 50))
    assert isinstance(next(events), Answered)
    assert isinstance(next(events), Ticked)
    link.send(bids("id:Load", number=3))
    assert transport.posted()["aggregator_uuid"] == "new"


def test_another_registry_after_a_gap_is_the_tree_from_then_on(open_link):
    tree = make_tree({"Grid": {"House": {"Load": "load"}}})
    transport = FakeTransport(JOINED, attrs.evolve(JOINED, tree=tree))
    events = open_link(transport).events()
    next(events)
    transport.say(BROKEN)
    *_, connected = itertools.islice(events, 3)
    assert isinstance(connected, Connected)
    assert connected.tree is tree


NEW_AREAS = {"Grid": {"House": {"Load": "load", "PV": "pv"}, "Annex": {"Battery": "storage"}}}


def with_annex(number):
    """Return a market event that tells of a home which was not there before; of its battery it tells the name."""
    event = market(number)
    (grid,) = event["grid_tree"].values()
    grid["children"]["id:Annex"] = {"area_name": "Annex", "children": {"id:Battery": {"area_name": "Battery"}}}
    return event


def test_areas_that_appear_are_looked_up_in_the_registry_once_and_can_be_claimed_in_the_next_slot(open_link):
    transport = FakeTransport()
    transport.registry = make_tree(NEW_AREAS)
    link = open_link(transport)
    events = link.events()
    next(events)
    reads = []
    read = transport.read_areas
    transport.read_areas = lambda: reads.append(1) or read()
    trees = []
    for event in (market(0), with_annex(1), with_annex(2), with_annex(3)):
        transport.say(event)
        trees.append(next(events).grid.tree)
    battery = trees[1].find("Battery")
    assert not trees[1].registered[battery]
    assert (trees[2].kinds[battery], bool(trees[2].registered[battery])) == ("storage", True)
    assert trees[2] is trees[3]
    assert len(reads) == 1


def test_a_registry_that_cannot_be_read_costs_no_slot(open_link, caplog):
    transport = FakeTransport()
    transport.registry = DOWN
    events = open_link(transport).events()
    next(events)
    for number in range(3):
        transport.say(with_annex(number))
        assert isinstance(next(events), SlotOpened)
    assert [one.getMessage() for one in caplog.records if "new areas" in one.getMessage()] == [
        "there are new areas; what they are could not be read: it is down"
    ]


def test_a_connection_that_cannot_be_restored_in_the_given_time_ends_the_session(open_link):
    transport = FakeTransport(JOINED, DOWN)
    events = open_link(transport, reconnect_seconds=0.05).events()
    next(events)
    transport.say(BROKEN)
    assert isinstance(next(events), ConnectionLost)
    with pytest.raises(ExchangeError, match="could not be restored: it is down"):
        next(events)


def test_an_exchange_that_cannot_be_reached_at_all_is_an_error_at_once():
    with pytest.raises(ExchangeError, match="it is down"):
        LiveLink(FakeTransport(DOWN), LiveSettings(), "unsupported")


def test_a_connection_over_which_nothing_comes_is_made_anew_once_and_that_is_said(open_link, monkeypatch):
    monkeypatch.setattr("gridhook.live.pulse._SHORTEST_SILENCE", 0.05)
    monkeypatch.setattr("gridhook.live.pulse._SILENT_SLOTS", 0)
    transport = FakeTransport()
    events = open_link(transport).events()
    next(events)
    silent, lost, restored, connected = itertools.islice(events, 4)
    assert silent.seconds >= 0.05
    assert lost.reason.startswith("nothing was heard over it")
    assert names([silent, restored, connected]) == ["ExchangeSilent", "ConnectionRestored", "Connected"]
    transport.say(BROKEN)
    assert next(events) == ConnectionLost("it broke")


def test_a_batch_that_is_too_large_is_sent_in_parts(open_link):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(market(0))
    next(events)

    def post(body):
        if len(body["batch_commands"]) > 1:
            raise TOO_LARGE
        transport.say(answer(body))

    transport.post = post
    link.send(bids("id:Load", "id:PV", "id:House"))
    assert next(events).accepted.all()


def test_one_asset_whose_commands_alone_are_too_large_is_refused_and_the_others_are_not(open_link):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)

    def post(body):
        if "id:PV" in body["batch_commands"]:
            raise TOO_LARGE
        transport.say(answer(body))

    transport.post = post
    link.send(bids("id:Load", "id:PV"))
    answered = next(events)
    assert (answered.accepted.tolist(), answered.order_errors) == ([True, False], {1: "413: too large"})


def test_energies_of_which_nobody_knows_are_told_as_such(open_link):
    transport = FakeTransport()
    transport.sent = EnergiesSent(1, (Refused("set_energy_forecast", "id:PV", "no"),), ("id:Load",), "it is down")
    link = open_link(transport, energies="asset")
    events = link.events()
    next(events)
    link.send(Batch(1, (SendForecasts(("id:House", "id:PV", "id:Load"), (slot(1),), [[0.5]] * 3),)))
    answered = next(events)
    assert (answered.sent_forecasts, answered.unknown_energies) == (1, {"id:Load"})
    assert [one.asset for one in answered.refused] == ["id:PV"]


def test_areas_that_the_exchange_takes_away_are_told_and_those_that_were_left_are_not(open_link):
    transport = FakeTransport()
    link = open_link(transport)
    events = link.events()
    next(events)
    link.send(Batch(1, (ClaimAreas(("id:Load", "id:PV")),)))
    next(events)
    link.send(Batch(2, (ClaimAreas(("id:Load",)),)))
    next(events)
    for area in ("id:PV", "id:Load"):
        transport.say({"event": "unselected_by_device", "device_uuid": area})
    transport.say(FINISH)
    assert list(events) == [AreasLost(("id:Load",)), Finished()]


def test_in_lockstep_each_market_event_has_one_batch_and_the_tick_beside_it_none(open_link):
    transport = FakeTransport(attrs.evolve(JOINED, is_lockstep=True))
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(market(0), tick(0, 0))
    next(events)
    transport.say(tick(0, 10))
    assert next(events).progress == 0.1
    assert transport.posted()["batch_commands"] == {}
    link.send(bids("id:Load"))
    transport.say(tick(0, 20), FINISH)
    assert names(events) == ["Ticked", "Finished"]
    assert [list(transport.posted()["batch_commands"]) for _ in range(2)] == [["id:Load"], []]
    assert transport.posts.empty()


def test_how_often_ticks_come_is_told_where_nobody_waits(open_link):
    for is_lockstep in (False, True):
        transport = FakeTransport(attrs.evolve(JOINED, is_lockstep=is_lockstep))
        link = open_link(transport)
        assert link.tick_seconds is None
        transport.say(*(tick(0, percent) for percent in (10, 20, 30)), FINISH)
        list(link.events())
        assert (link.tick_seconds is None) == is_lockstep


def test_without_lockstep_nothing_is_sent_that_is_not_needed(open_link):
    transport = FakeTransport()
    events = open_link(transport).events()
    transport.say(market(0), FINISH)
    list(events)
    assert transport.posts.empty()


def test_energies_go_asset_by_asset_where_that_is_wanted(open_link):
    transport = FakeTransport()
    link = open_link(transport, energies="asset")
    events = link.events()
    next(events)
    forecasts = SendForecasts(("id:Load",), (slot(1),), [[0.5]])
    link.send(Batch(1, (forecasts,)))
    assert transport.energies == [forecasts]
    assert next(events).sent_forecasts == 1


def test_at_the_end_open_orders_are_deleted_and_areas_left_if_that_is_wanted(open_link):
    transport = FakeTransport(attrs.evolve(JOINED, held=frozenset({"id:Load"})))
    link = open_link(transport, withdraw_at_end=True, unselect_at_end=True)
    events = link.events()
    next(events)
    transport.say(market(0))
    next(events)
    link.send(bids("id:Load"))
    transport.say(answer(transport.posted()))
    link.interrupt()
    assert list(events) == []

    def answer_it(body):
        transport.posts.put(body)
        transport.say(answer(body))

    transport.post = answer_it
    link.close()
    (command,) = transport.posted()["batch_commands"]["id:Load"]
    assert (command["type"], command["time_slot"]) == ("delete_bid", None)
    assert transport.areas == [("unselect", "agg", "id:Load")]
    link.close()
    assert transport.hung_up == 1


def test_at_the_end_nothing_is_done_that_is_not_wanted(open_link):
    transport = FakeTransport(attrs.evolve(JOINED, held=frozenset({"id:Load"})))
    link = open_link(transport)
    link.close()
    assert transport.areas == []
    assert transport.posts.empty()


@pytest.mark.parametrize("unselect_at_end", [False, True])
def test_at_the_end_just_those_areas_are_held_that_are_asked_for(open_link, unselect_at_end):
    transport = FakeTransport(attrs.evolve(JOINED, held=frozenset({"id:PV"})))
    link = open_link(transport, unselect_at_end=unselect_at_end)
    connected = next(link.events())
    assert connected.held == frozenset({"id:PV"})
    link.hold_at_end(connected.held)
    link.send(Batch(1, (ClaimAreas(("id:Load",)),)))
    link.interrupt()
    transport.areas.clear()
    link.close()
    assert sorted(transport.areas) == [("select", "agg", "id:PV"), ("unselect", "agg", "id:Load")]


def test_areas_that_were_being_claimed_when_the_end_came_are_left_too(open_link):
    transport = FakeTransport()
    link = open_link(transport, unselect_at_end=True)
    next(link.events())
    select = transport.select

    def select_and_be_interrupted(*its):
        for done in list(select(*its)):
            link.interrupt()
            yield done

    transport.select = select_and_be_interrupted
    link.send(Batch(1, (ClaimAreas(("id:Load", "id:PV")),)))
    transport.areas.clear()
    link.close()
    assert transport.areas == [("unselect", "agg", "id:Load"), ("unselect", "agg", "id:PV")]


def test_of_an_exchange_that_has_finished_nothing_is_left_to_clean_up(open_link):
    transport = FakeTransport(attrs.evolve(JOINED, held=frozenset({"id:Load"})))
    link = open_link(transport, withdraw_at_end=True, unselect_at_end=True)
    transport.say(FINISH)
    assert names(link.events()) == ["Connected", "Finished"]
    link.close()
    assert transport.areas == []


def test_a_thousand_slots_leave_nothing_behind(open_link):
    transport = FakeTransport()
    link = open_link(transport, withdraw_at_end=True)
    events = link.events()
    next(events)
    for number in range(1, 1001):
        transport.say(market(number))
        next(events)
        link.send(bids("id:Load", number=number, in_slot=number))
        transport.posted()
    assert len(link._conversation._outbox._waiting) < 10
    assert len(link._conversation._placed) == 1
    assert len(link._inbox._entries) == 0
    transport.say(FINISH)
    assert names(events) == ["Finished"]


UNLISTED = Joined("agg", make_tree({}))


@pytest.fixture
def open_unlisted():
    """Open a link to an exchange that tells an id only to who asks for a name; what is asked for is in ``asked``."""
    links = []

    def open_it(transport, outcomes):
        asked = []

        def register(names):
            asked.append(list(names))
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        links.append(LiveLink(transport, LiveSettings(), "unsupported", register))
        return links[-1], asked

    yield open_it
    for link in links:
        link.close()


def test_areas_are_asked_for_by_name_once_and_selected(open_unlisted):
    transport = FakeTransport(UNLISTED)
    link, asked = open_unlisted(transport, [Registered({"Load": "id:Load"}, {"PV": "nobody"}), Registered({}, {})])
    events = link.events()
    connected = next(events)
    assert (len(connected.tree), connected.lists_areas) == (0, False)
    link.send(Batch(1, (ClaimAreas((), ("Load", "PV")),)))
    assert next(events).refused == (Refused("register", "PV", "nobody"),)
    link.send(Batch(2, (ClaimAreas((), ("Load", "PV")),)))
    assert asked == [["Load", "PV"], ["PV"]]
    assert transport.areas == [("select", "agg", "id:Load")]


def test_names_that_could_not_be_asked_for_are_asked_for_again_and_so_are_all_of_an_exchange_that_began_anew(
    open_unlisted,
):
    transport = FakeTransport(UNLISTED, attrs.evolve(UNLISTED, is_new=True))
    link, asked = open_unlisted(
        transport, [DOWN, Registered({"Load": "id:Load"}, {}), Registered({"Load": "id:Other"}, {})]
    )
    events = link.events()
    next(events)
    link.send(Batch(1, (ClaimAreas((), ("Load",)),)))
    assert "it is down" in next(events).refused[0].message
    transport.say(market(0), BROKEN)
    told = list(itertools.islice(events, 4))
    assert len(told[0].grid.tree) == 4
    assert len(told[-1].tree) == 0
    link.send(Batch(2, (ClaimAreas((), ("Load",)),)))
    assert asked == [["Load"]] * 3
    # By then the first event had told what is held.
    assert transport.areas == [("unselect", "agg", "id:PV"), ("select", "agg", "id:Other")]


def test_what_is_held_from_before_is_told_by_the_first_event_with_own_assets(open_unlisted):
    transport = FakeTransport(UNLISTED)
    link, _ = open_unlisted(transport, [])
    events = link.events()
    next(events)
    for message, own in ((market(0, grid={}), 0), (market(1), 2)):
        transport.say(message)
        assert len(next(events).grid.assets) == own
    link.send(Batch(1, (ClaimAreas(("id:PV", "id:House")),)))
    assert transport.areas == [("unselect", "agg", "id:Load"), ("select", "agg", "id:House")]


def test_an_exchange_with_a_lease_hears_once_in_a_slot_that_somebody_is_there(open_link):
    transport = FakeTransport(attrs.evolve(JOINED, has_lease=True))
    link = open_link(transport)
    events = link.events()
    next(events)
    transport.say(market(0))
    next(events)
    transport.say(tick(0, 10))
    next(events)
    transport.say(tick(0, 20), FINISH)
    list(events)
    assert transport.posted()["batch_commands"] == {}
    assert transport.posts.empty()


def test_whoever_leaves_an_exchange_in_lockstep_keeps_nobody_waiting(open_link):
    """What it would have answered may have been told, and not been heard."""
    transport = FakeTransport(attrs.evolve(JOINED, is_lockstep=True))
    link = open_link(transport)
    next(link.events())
    transport.say(market(0))
    link.close()
    assert transport.posted()["batch_commands"] == {}
    link.close()
    assert transport.posts.empty()


def test_after_it_is_closed_a_link_tells_no_more(open_link):
    link = open_link(FakeTransport())
    events = link.events()
    next(events)
    link.close()
    assert list(events) == []
    assert names(link.events()) == ["Connected"]
