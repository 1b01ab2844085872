"""The watch: when an exchange is asked, and when it counts as gone."""

from gridhook_redis.watch import Watch


def watch():
    return Watch(100.0, silence_seconds=5.0, heartbeat_seconds=16.0)


def test_an_exchange_is_asked_after_each_silence():
    one = watch()
    assert (one.wait(101.0), one.is_silent(101.0)) == (4.0, False)
    assert (one.wait(106.0), one.is_silent(105.0)) == (0.0, True)
    one.ask(105.0)
    assert (one.is_waiting, one.is_silent(106.0), one.wait(106.0)) == (True, False, 4.0)
    one.hear(107.0)
    assert (one.is_waiting, one.wait(107.0)) == (False, 5.0)


def test_an_exchange_whose_heart_never_beat_may_be_silent_for_ever():
    assert not watch().is_dead(1e9)


def test_a_heart_that_beat_once_has_to_go_on():
    one = watch()
    one.beat(101.0)
    one.ask(112.0)
    assert not one.is_dead(116.9)
    assert one.wait(116.0) == 1.0
    assert one.is_dead(117.0)


def test_a_heartbeat_is_no_sign_that_the_exchange_knows_us():
    one = watch()
    one.beat(104.0)
    assert one.is_silent(105.0)
