"""Pulse: what the times of events tell."""

import pendulum
import pytest

from gridhook.live.pulse import SlotLength, TickPulse

START = pendulum.datetime(2026, 6, 15)


def slots(*minutes):
    return [START.add(minutes=one) for one in minutes]


def test_the_interval_of_events_is_the_usual_one():
    pulse = TickPulse()
    assert pulse.seconds is None
    for at in (0.0, 10.0, 20.0, 31.0, 90.0):
        pulse.beat(at)
    assert pulse.seconds == 11.0


def test_a_gap_is_no_interval():
    pulse = TickPulse()
    pulse.beat(0.0)
    pulse.beat(10.0)
    pulse.pause()
    pulse.beat(1000.0)
    assert pulse.seconds == 10.0


@pytest.mark.parametrize(
    ("seen", "minutes"),
    [
        (slots(), 15),
        (slots(0, 15, 30), 15),
        (slots(0, 5), 5),
        (slots(0, 60), 15),
        (slots(0, 60, 120), 60),
        (slots(0, 15, 45, 60), 15),
        (slots(15, 0, 15), 15),
    ],
)
def test_slots_tell_their_length(seen, minutes):
    length = SlotLength()
    for slot in seen:
        length.note(slot)
    assert length.value == pendulum.duration(minutes=minutes)


def test_slots_missed_while_the_connection_was_lost_are_no_longer_slots():
    length = SlotLength()
    for slot in slots(0, 60):
        length.note(slot)
    length.pause()
    for slot in slots(120, 180):
        length.note(slot)
    assert length.value == pendulum.duration(minutes=15)


def test_a_given_length_is_believed():
    length = SlotLength(pendulum.duration(minutes=30))
    for slot in slots(0, 15, 30):
        length.note(slot)
    assert length.value == pendulum.duration(minutes=30)
