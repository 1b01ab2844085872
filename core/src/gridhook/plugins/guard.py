"""The guard: one plugin's failure is its own.

The place that catches everything that plugins raise. A call that takes too long is cut off by an interval timer, which
exists in the main thread of POSIX systems only; elsewhere calls are not timed. Code that swallows every exception in a
loop, or that never returns from C, cannot be cut off.
"""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import attrs

from gridhook.failures import describe, where

__all__ = ["Failure", "Guard", "WrongAnswerError"]

_SHORTEST_SECONDS = 0.1
_AGAIN_SECONDS = 0.5
"""A plugin that swallowed the first cut gets the next one after this."""


class WrongAnswerError(Exception):
    """A plugin answered something else than its hook asks for."""


class _CutOffError(BaseException):
    """Raised inside a plugin that takes too long. Not an ``Exception``, so that plugins do not catch it."""


@attrs.frozen
class Failure:
    """Why a call has no answer; ``traceback`` starts in the plugin."""

    message: str
    traceback: str


class Guard:
    """Calls plugins.

    ``tick_seconds``
        how long a tick lasts where the exchange does not wait; an answer that takes longer is worth nothing, so that
        such a call is cut off, too. None: it waits, or it is not known.

    :param timeout_seconds: a call that takes longer is cut off.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self.tick_seconds: float | None = None
        self._inside = False
        self._was_cut = False
        self._armed = False

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Time the calls that are made inside this context, where the platform can."""
        if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGALRM, self._cut_off)
        rest, interval = signal.setitimer(signal.ITIMER_REAL, 0.0)
        began = time.monotonic()
        self._armed = True
        try:
            yield
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
            if rest:  # somebody times us, as test runners do
                left = rest - (time.monotonic() - began)
                signal.setitimer(signal.ITIMER_REAL, max(left, _SHORTEST_SECONDS), interval)

    def hurry(self, seconds: float = 1.0) -> None:
        """Give a call that is running only this long: the user wants to stop."""
        if self._inside and self._armed:
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)

    def call(self, function: Callable[[], Any]) -> Any | Failure:  # noqa: ANN401 - whatever the plugin answers
        """Return what ``function`` returns, or the :class:`Failure` that it ended in."""
        try:
            try:
                self._start()
                answer = function()
            finally:
                self._stop()
        except _CutOffError as error:
            self._stop()  # where the cut came when the plugin had just returned
            message = f"did not answer within {self._limit:g} s and was cut off{where(error)}"
            return Failure(message, _trace(error))
        except WrongAnswerError as error:
            return Failure(str(error), _trace(error))
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of a plugin end nothing
            return Failure(_describe(error), _trace(error))
        if self._was_cut:
            return Failure(f"did not answer within {self._limit:g} s, and swallowed what cut it off", "")
        return answer

    @property
    def _limit(self) -> float:
        if self.tick_seconds is None:
            return self.timeout_seconds
        return min(self.timeout_seconds, max(self.tick_seconds, _SHORTEST_SECONDS))

    def _start(self) -> None:
        self._inside, self._was_cut = True, False
        if self._armed:
            if signal.getsignal(signal.SIGALRM) != self._cut_off:  # a plugin wanted the signal for itself
                signal.signal(signal.SIGALRM, self._cut_off)
            signal.setitimer(signal.ITIMER_REAL, self._limit, _AGAIN_SECONDS)

    def _stop(self) -> None:
        self._inside = False
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _cut_off(self, _signal: int, _frame: FrameType | None) -> None:
        if self._inside:
            self._was_cut = True
            raise _CutOffError


def _describe(error: BaseException) -> str:
    try:
        return describe(error)
    except BaseException:  # noqa: BLE001 - an error that cannot be shown is the plugin's, too
        return type(error).__name__


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
