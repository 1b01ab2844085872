"""Pulse: what the times of events tell."""

import pendulum
import pytest

from gridhook.live.pulse import Pulse, Silence, SlotLength

START = pendulum.datetime(2026, 6, 15)


def slots(*minutes):
    return [START.add(minutes=one) for one in minutes]


def test_the_interval_of_events_is_the_usual_one():
    pulse = Pulse()
    assert pulse.seconds is None
    for at in (0.0, 10.0, 20.0, 31.0, 90.0):
        pulse.beat(at)
    assert pulse.seconds == 11.0


def test_a_gap_is_no_interval():
    pulse = Pulse()
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


def test_an_exchange_is_silent_after_two_slots_and_then_after_twice_as_long_each_time():
    silence = Silence(900.0, since=100.0)
    assert silence.ends == 1900.0
    silence.report()
    assert silence.ends == 3700.0
    silence.heard(2000.0, is_new_slot=True)
    assert silence.ends == 3800.0


def test_slots_that_were_observed_say_how_long_they_take_whatever_the_exchange_calls_them():
    silence = Silence(900.0, since=0.0)
    silence.heard(0.0, is_new_slot=True)
    silence.heard(50.0, is_new_slot=False)
    silence.heard(60.0, is_new_slot=True)
    assert silence.ends == 60.0 + 120.0
    silence.pause()
    silence.heard(10_000.0, is_new_slot=True)
    assert silence.ends == 10_000.0 + 120.0


def test_a_fast_simulation_may_take_a_breath():
    silence = Silence(1.0, since=0.0)
    assert silence.ends == 30.0
