"""The guard: whatever a plugin does, the call comes back."""

import contextlib
import re
import signal
import sys
import threading
import time

import pytest

from gridhook.plugins.guard import Failure, Guard, WrongAnswerError

HERE = "core/tests/test_plugins_guard.py"

needs_timer = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="calls are not timed on this platform")


@pytest.fixture
def guard():
    """Return a guard that cuts off after a fifth of a second, armed where the platform can."""
    guard = Guard(0.2)
    with guard.armed():
        yield guard


def raising(error):
    def plugin():
        raise error

    return plugin


def loop():
    while True:
        pass


def sleep():
    time.sleep(30)


def swallow():
    while True:
        with contextlib.suppress(Exception):
            time.sleep(30)


def test_an_answer_is_returned_as_it_is(guard):
    answer = object()
    assert guard.call(lambda: answer) is answer
    assert guard.call(lambda: None) is None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("too cold"), "ValueError: too cold"),
        (KeyError("rate"), "KeyError: 'rate'"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (MemoryError(), "MemoryError"),
        (WrongAnswerError("has to answer a Claim"), "has to answer a Claim"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_is_raised_becomes_a_failure(guard, error, message):
    failure = guard.call(raising(error))
    assert isinstance(failure, Failure)
    place = "" if isinstance(error, WrongAnswerError) else f" ({HERE}, line 29)"
    assert failure.message == message + place


def test_a_failure_has_the_traceback_into_the_plugin(guard):
    failure = guard.call(raising(ValueError("too cold")))
    assert "raise error" in failure.traceback
    assert failure.traceback.endswith("ValueError: too cold\n")


def test_an_exit_of_the_plugin_ends_nothing(guard):
    assert isinstance(guard.call(sys.exit), Failure)


def test_an_error_that_cannot_be_shown_is_a_failure_too(guard):
    class SpeechlessError(Exception):
        def __str__(self):
            raise RuntimeError

    assert guard.call(raising(SpeechlessError())).message.startswith("SpeechlessError")


def test_endless_recursion_is_a_failure():
    def plugin():
        return plugin()

    assert Guard(10.0).call(plugin).message.startswith("RecursionError")


@needs_timer
@pytest.mark.parametrize("plugin", [loop, sleep, swallow])
def test_a_call_that_hangs_is_cut_off(guard, plugin):
    failure = guard.call(plugin)
    assert re.fullmatch(rf"did not answer within 0.2 s and was cut off \({HERE}, line \d+\)", failure.message)
    assert plugin.__name__ in failure.traceback


@needs_timer
def test_a_plugin_that_swallows_the_first_cut_gets_another(guard):
    cuts = []

    def plugin():
        while True:
            try:
                time.sleep(30)
            except BaseException:
                cuts.append(1)
                if len(cuts) > 1:
                    raise

    assert "cut off" in guard.call(plugin).message
    assert len(cuts) == 2


@needs_timer
@pytest.mark.parametrize(("tick_seconds", "limit"), [(0.15, "0.15"), (60.0, "0.2"), (0.001, "0.1"), (None, "0.2")])
def test_a_call_has_no_longer_than_a_tick(guard, tick_seconds, limit):
    guard.tick_seconds = tick_seconds
    assert guard.call(loop).message.startswith(f"did not answer within {limit} s")


@needs_timer
def test_after_a_cut_the_next_call_has_all_its_time(guard):
    assert isinstance(guard.call(loop), Failure)
    assert guard.call(lambda: "answer") == "answer"


@needs_timer
def test_no_timer_runs_after_a_call(guard):
    for plugin in (lambda: None, raising(ValueError()), loop):
        guard.call(plugin)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@needs_timer
def test_no_timer_runs_after_a_call_that_was_over_before_it_began():
    """A cut can come before the plugin's first line: it must not leave a timer that fires in the core later."""
    guard = Guard(1e-6)
    with guard.armed():
        for _ in range(100):
            guard.call(lambda: None)
            assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@needs_timer
def test_an_alarm_between_calls_harms_nobody(guard):
    guard.call(lambda: None)
    signal.raise_signal(signal.SIGALRM)


@needs_timer
def test_the_alarm_handler_of_others_is_restored():
    def theirs(number, frame): ...

    def use(guard):
        with guard.armed():
            assert signal.getsignal(signal.SIGALRM) is not theirs
            guard.call(loop)
            raise LookupError

    before = signal.signal(signal.SIGALRM, theirs)
    try:
        with pytest.raises(LookupError):
            use(Guard(0.2))
        assert signal.getsignal(signal.SIGALRM) is theirs
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_guard_that_is_not_armed_does_not_time():
    guard = Guard(0.01)
    assert guard.call(lambda: time.sleep(0.05) or "late") == "late"


def test_in_another_thread_calls_are_guarded_and_not_timed():
    answers = []

    def work():
        guard = Guard(0.01)
        with guard.armed():
            answers.append(guard.call(lambda: time.sleep(0.05) or "late"))
            answers.append(guard.call(raising(ValueError("too cold"))))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers[0] == "late"
    assert answers[1].message.startswith("ValueError: too cold (")


@needs_timer
def test_a_user_who_wants_to_stop_does_not_wait_for_a_plugin():
    guard = Guard(30.0)

    def plugin():
        guard.hurry(0.1)  # as a signal handler does while a plugin is running
        time.sleep(30)

    with guard.armed():
        assert "cut off" in guard.call(plugin).message


@needs_timer
def test_hurry_between_calls_starts_nothing():
    guard = Guard(30.0)
    with guard.armed():
        guard.hurry(0.1)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@needs_timer
def test_a_plugin_that_wants_the_timers_signal_for_itself_takes_it_from_nobody(guard):
    assert guard.call(lambda: signal.signal(signal.SIGALRM, signal.SIG_DFL)) is not None
    assert guard.call(sleep).message.startswith("did not answer within 0.2 s")


@needs_timer
def test_a_timer_of_somebody_else_goes_on_afterwards():
    calls = []
    before = signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
    signal.setitimer(signal.ITIMER_REAL, 50.0)
    try:
        guard = Guard(0.2)
        with guard.armed():
            assert "did not answer" in guard.call(sleep).message
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 40.0 < left < 49.9
        assert not calls
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
