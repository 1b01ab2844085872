"""Backoff: how long to wait before the next attempt."""

from gridhook.live.backoff import Backoff


def delays(backoff, count):
    return [backoff.next_delay() for _ in range(count)]


def test_delays_double_from_half_a_second_to_thirty():
    assert delays(Backoff(lambda: 0.0), 9) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_chance_takes_up_to_half_of_a_delay():
    assert delays(Backoff(lambda: 1.0), 3) == [0.25, 0.5, 1.0]


def test_no_delay_is_longer_than_half_a_tick():
    assert delays(Backoff(lambda: 0.0, tick_seconds=3.0), 4) == [0.5, 1.0, 1.5, 1.5]


def test_an_exchange_with_very_short_ticks_is_not_called_without_pause():
    assert delays(Backoff(lambda: 0.0, tick_seconds=0.001), 2) == [0.1, 0.1]


def test_a_connection_that_held_starts_the_delays_anew_and_one_that_did_not_goes_on():
    backoff = Backoff(lambda: 0.0)
    delays(backoff, 4)
    backoff.note_end(29.0)
    assert backoff.next_delay() == 8.0
    backoff.note_end(31.0)
    assert backoff.next_delay() == 0.5


def test_months_of_failures_do_no_harm():
    assert delays(Backoff(lambda: 0.0), 5000)[-1] == 30.0
