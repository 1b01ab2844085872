"""Asking: what a distribution provides is called once, outside of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gridhook.config import GuardSection
from gridhook.plugins.guard import Failure, Guard
from gridhook.plugins.interrupts import interruptible

__all__ = ["ask_once"]


def ask_once(function: Callable[[], Any]) -> Any | Failure:  # noqa: ANN401 - whatever the distribution provides
    """Return what ``function`` returns, or the :class:`Failure` that it ended in.

    A call that takes longer than ``[guard] timeout_seconds`` is by default is cut off.

    :raises KeyboardInterrupt: Ctrl-C came meanwhile.
    """
    guard = Guard(GuardSection().timeout_seconds)
    with interruptible(), guard.armed():
        return guard.call(function)
