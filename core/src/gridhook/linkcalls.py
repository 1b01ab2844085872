"""Calls of links: what a link raises without having said so is told in one line, with the distribution it is from."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import TypeVar

from gridhook.errors import ConfigError, ExchangeError, GridhookError
from gridhook.plugins.discovery import EXCHANGES, find_installed
from gridhook.plugins.guard import Failure, Guard
from gridhook.plugins.interrupts import interruptible

__all__ = ["blame", "call_link", "link_failed", "provider", "wrong_answer"]

_log = logging.getLogger(__name__)

T = TypeVar("T")


def call_link(
    function: Callable[[], T], meant: tuple[type[GridhookError], ...] = (ConfigError, ExchangeError)
) -> T | Failure:
    """Return what ``function``, a link's, returns, or the failure that it ended in; the call is not timed.

    :param meant: what it may raise.
    :raises GridhookError: it raised one of these.
    :raises KeyboardInterrupt: Ctrl-C came meanwhile.
    """
    raised: list[GridhookError] = []

    def call() -> T | None:
        try:
            return function()
        except meant as error:
            raised.append(error)
            return None

    with interruptible():
        answer: T | Failure = Guard(math.inf).call(call)
    if raised:
        raise raised[0]
    return answer


def provider(url: str) -> str:
    """Return the distribution that the link of an address is from."""
    scheme = url.partition(":")[0]
    found = find_installed(EXCHANGES).get(scheme)
    return scheme if found is None else found.distribution


def blame(url: str, what: str, why: Failure | str) -> str:
    """Return the message about a link that did ``what`` wrongly; the log has its traceback."""
    if isinstance(why, Failure):
        _log.debug("%s", why.traceback)
        return f"the link of {provider(url)} failed in {what}: {why.message}"
    return f"the link of {provider(url)} failed in {what}: {why}"


def wrong_answer(answer: object, wanted: str) -> Failure | str:
    """Return what is wrong with an answer that is not what was ``wanted``."""
    return answer if isinstance(answer, Failure) else f"{answer!r} is no {wanted}"


def link_failed(url: str, what: str, why: Failure | str) -> ExchangeError:
    """Return the error of a session that a link ended."""
    hint = "; --log-level debug has the traceback, for its authors" if isinstance(why, Failure) else ""
    return ExchangeError(blame(url, what, why) + hint)
