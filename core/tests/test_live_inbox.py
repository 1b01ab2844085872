"""The inbox: nothing is lost but what is stale."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from gridhook.live.inbox import Heard, Inbox, Lost, Rejoined
from gridhook.wire.errors import WireError

sys.path.insert(0, str(Path(__file__).parent))

from live_messages import JOINED, market, slot, tick


@pytest.fixture
def inbox():
    return Inbox()


def taken(inbox):
    entries = []
    while (entry := inbox.take(0)) is not None:
        entries.append(entry)
    return entries


def test_entries_come_in_their_order(inbox):
    trade = {"event": "trade"}
    inbox.put_message(trade)
    inbox.put(Lost("it broke"))
    inbox.put_message({"command": "batch_commands"})
    first, second, third = taken(inbox)
    assert (first.message, second, third.message) == (trade, Lost("it broke"), {"command": "batch_commands"})


def test_of_market_events_only_the_newest_waits_and_says_how_many_it_replaces(inbox):
    for message in (market(0), tick(0, 10), {"event": "trade"}, tick(0, 20), market(1)):
        inbox.put_message(message)
    assert inbox.newest == (slot(1), 0.0)
    trade, newest = taken(inbox)
    assert trade.message == {"event": "trade"}
    assert (newest.moment, newest.skipped) == ((slot(1), 0.0), 3)
    assert inbox.newest is None


def test_the_tick_that_comes_with_a_market_event_does_not_replace_it(inbox):
    inbox.put_message(market(0))
    inbox.put_message(tick(0, 0))
    (entry,) = taken(inbox)
    assert (entry.message["event"], entry.skipped) == ("market", 0)


def test_the_tick_of_a_market_event_that_was_taken_counts_as_none_that_was_skipped(inbox):
    inbox.put_message(market(0))
    inbox.take()
    for message in (tick(0, 0), tick(0, 10), tick(0, 20)):
        inbox.put_message(message)
    (entry,) = taken(inbox)
    assert (entry.moment, entry.skipped) == ((slot(0), 0.2), 1)


def test_an_older_event_does_not_replace_a_newer_one(inbox):
    inbox.put_message(tick(0, 50))
    inbox.put_message(tick(0, 40))
    (entry,) = taken(inbox)
    assert entry.moment == (slot(0), 0.5)


def test_ten_thousand_events_wait_as_one(inbox):
    for number in range(1000):
        for percent in range(0, 100, 10):
            inbox.put_message(tick(number, percent))
    (entry,) = taken(inbox)
    assert entry.skipped == 9999


def test_whoever_waits_is_woken_by_an_entry(inbox):
    thread = threading.Timer(0.05, inbox.put, [Rejoined(JOINED, 1.0)])
    thread.start()
    entry = inbox.take()
    thread.join()
    assert entry.joined is JOINED


def test_a_signal_handler_ends_the_waiting(inbox):
    before = signal.signal(signal.SIGUSR1, lambda *_: inbox.interrupt())
    thread = threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1])
    try:
        thread.start()
        assert inbox.take() is None
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    assert inbox.is_interrupted
    inbox.put(Lost("it broke"))
    assert inbox.take(0) is None
    inbox.resume()
    assert inbox.take(0) == Lost("it broke")


@pytest.mark.parametrize("message", [[], {**market(), "slot_completion": "much"}, {"event": "tick"}])
def test_a_message_that_makes_no_sense_is_not_taken(inbox, message):
    with pytest.raises(WireError):
        inbox.put_message(message)
    assert taken(inbox) == []


def test_an_entry_may_have_waited_while_nobody_listened(inbox):
    inbox.put(Heard({}))
    assert isinstance(inbox.take(), Heard)
