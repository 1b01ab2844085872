"""Hearing: each slot is opened once, in whichever order and number messages come."""

import sys
from pathlib import Path

import pendulum
import pytest

from gridhook.events import Finished, SlotOpened, Ticked
from gridhook.live.hearing import Hearing
from gridhook.testing import make_tree
from gridhook.wire.errors import WireError
from gridhook.wire.events import Selected

sys.path.insert(0, str(Path(__file__).parent))

from live_messages import TREE, market, slot, tick


@pytest.fixture
def hearing():
    return Hearing(TREE)


def heard(hearing, *messages):
    """Return kind, slot and progress of each event that is one."""
    events = [hearing.hear(message) for message in messages]
    return [(type(one).__name__, one.slot, one.progress) for one in events if one is not None]


def test_the_tick_that_comes_with_a_market_event_says_nothing_new(hearing):
    assert heard(hearing, market(0), tick(0, 0), tick(0, 10)) == [
        ("SlotOpened", slot(0), 0.0),
        ("Ticked", slot(0), 0.1),
    ]


def test_a_slot_whose_market_event_was_missed_is_opened_by_its_first_tick(hearing):
    assert heard(hearing, market(0), tick(1, 40), tick(1, 50)) == [
        ("SlotOpened", slot(0), 0.0),
        ("SlotOpened", slot(1), 0.4),
        ("Ticked", slot(1), 0.5),
    ]


def test_a_market_event_after_its_tick_opens_nothing_again(hearing):
    assert heard(hearing, tick(0, 0), market(0)) == [("SlotOpened", slot(0), 0.0)]


def test_an_event_of_the_past_stays_what_it_is_and_moves_nothing_back(hearing):
    events = heard(hearing, market(1), tick(1, 50), tick(1, 20), market(0), tick(1, 60))
    assert [one for one in events if one[0] == "SlotOpened"] == [
        ("SlotOpened", slot(1), 0.0),
        ("SlotOpened", slot(0), 0.0),
    ]
    assert hearing.moment == (slot(1), 0.6)


def test_the_length_of_slots_is_learned_before_it_is_told(hearing):
    hearing.hear(market(0))
    event = hearing.hear({**market(0), "market_slot": slot().add(minutes=5).format("YYYY-MM-DDTHH:mm")})
    assert event.slot_length == pendulum.duration(minutes=5)


def test_the_tree_is_kept_as_long_as_the_same_areas_are_told(hearing):
    first, second = hearing.hear(market(0)), hearing.hear(tick(0, 10))
    assert first.grid.tree is second.grid.tree is hearing.tree is TREE


def test_in_the_first_slot_the_registry_is_the_tree(hearing):
    event = hearing.hear(market(0, grid={}))
    assert event.grid.tree is TREE
    assert len(event.grid.assets) == 0


def test_the_same_registry_again_changes_nothing_and_another_one_counts(hearing):
    areas = {"Grid": {"House": {"Load": "load", "PV": "pv"}}}
    hearing.meet_again(make_tree(areas))
    assert hearing.tree is TREE
    other = make_tree({"Grid": {"House": {"Load": "load"}}})
    hearing.meet_again(other)
    assert hearing.tree is other


def test_other_events_are_told_as_they_are(hearing):
    assert isinstance(hearing.hear({"event": "finish"}), Finished)
    assert hearing.hear({"event": "selected_by_device", "device_uuid": "a"}) == Selected("a")
    assert hearing.hear({"command": "batch_commands"}) is None


@pytest.mark.parametrize("message", [[], {"event": "party"}, {**market(), "slot_completion": 10}, {"event": "tick"}])
def test_what_makes_no_sense_is_an_error_and_moves_nothing(hearing, message):
    with pytest.raises(WireError):
        hearing.hear(message)
    assert hearing.moment is None
    assert isinstance(hearing.hear(market(0)), SlotOpened)
    assert isinstance(hearing.hear(tick(0)), Ticked)


def test_an_exchange_that_begins_its_time_anew_is_heard_from_its_first_event_on(hearing):
    heard(hearing, market(5), tick(5, 50))
    hearing.meet_again(TREE)
    assert heard(hearing, tick(0, 30), market(0), tick(0, 40)) == [
        ("SlotOpened", slot(0), 0.3),
        ("SlotOpened", slot(0), 0.0),
        ("Ticked", slot(0), 0.4),
    ]


def test_an_exchange_that_began_anew_has_no_tree_until_it_tells():
    hearing = Hearing(make_tree({}), is_listed=False)
    hearing.hear(market(0))
    tree = hearing.tree
    assert len(tree) == len(TREE)
    assert tree.registered.all()
    hearing.meet_again(make_tree({}))
    assert hearing.tree is tree
    hearing.meet_again(make_tree({}), is_new=True)
    assert len(hearing.tree) == 0
