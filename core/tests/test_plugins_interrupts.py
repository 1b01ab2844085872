"""Interrupts: Ctrl-C while plugins are being loaded ends the loading, and nothing else does."""

import contextlib
import os
import signal
import threading

import pytest

from gridhook.plugins.interrupts import interruptible


def interrupt():
    """Press Ctrl-C, and let nobody notice, as a guard does."""
    with contextlib.suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_what_was_swallowed_is_raised_at_the_next_check():
    done = []

    def load():
        with interruptible() as check:
            check()
            interrupt()
            done.append("loaded")
            check()
            done.append("another")

    with pytest.raises(KeyboardInterrupt):
        load()
    assert done == ["loaded"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_swallowed_last_is_raised_at_the_end():
    def load():
        with interruptible():
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        load()


def test_without_one_nothing_is_raised():
    with interruptible() as check:
        check()


def test_a_handler_of_somebody_else_is_left_alone(monkeypatch):
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        with interruptible() as check:
            interrupt()
            check()
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [True]


def test_in_another_thread_signals_are_left_alone():
    ran = []

    def work():
        with interruptible() as check:
            check()
            ran.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [True]
