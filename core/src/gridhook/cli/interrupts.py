"""Interrupts while a run ends: a second Ctrl-C does not take away the figures."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["figures_come_first"]


@contextmanager
def figures_come_first() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM but while the session has handlers of its own, which turn them into its end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
