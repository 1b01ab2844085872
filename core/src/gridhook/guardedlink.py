"""The guarded link: a link of others, whose mistakes end a session as a lost exchange does, with its figures."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, get_args

from gridhook.commands import Batch
from gridhook.errors import ExchangeError
from gridhook.events import Connected, ExchangeEvent
from gridhook.figures import Accounts
from gridhook.linkcalls import blame, call_link, link_failed
from gridhook.links import Link, Restoring
from gridhook.plugins.guard import Failure

__all__ = ["GuardedLink", "guard_link", "missing_parts"]

_log = logging.getLogger(__name__)

_NOTHING = object()
_EVENTS: tuple[type, ...] = get_args(ExchangeEvent)

T = TypeVar("T")


def guard_link(link: Link, url: str) -> GuardedLink:
    """Return an open link guarded.

    :param url: the address that it was opened for.
    :raises ExchangeError: it is no link.
    """
    missing = missing_parts(link)
    if missing:
        raise link_failed(url, "open", f"{type(link).__name__} has no {', '.join(missing)}")
    return _GuardedRestoringLink(link, url) if isinstance(link, Restoring) else GuardedLink(link, url)


def missing_parts(link: object) -> list[str]:
    """Return what an object lacks to be a :class:`~gridhook.links.Link`."""
    named = {*inspect.get_annotations(Link), *vars(Link)}
    return sorted(name for name in named if not name.startswith("_") and not _has(link, name))


def _has(link: object, name: str) -> bool:
    """Tell what is there without asking for it: a property may fail; and what is only there when asked for."""
    return inspect.getattr_static(link, name, _NOTHING) is not _NOTHING or hasattr(link, name)


class GuardedLink:
    """Hands everything on; what the link may not do is an :class:`~gridhook.errors.ExchangeError`, or a warning.

    Only a warning is what comes too late to matter: the figures of a session are there, whatever its link does.
    """

    def __init__(self, link: Link, url: str) -> None:
        self._link = link
        self._url = url
        self._failed_interrupt: Failure | None = None

    @property
    def slots(self) -> int | None:
        """How many slots there will be, if that is known."""
        slots: object = self._or_warn("slots", lambda: self._link.slots)
        if slots is None or isinstance(slots, int):
            return slots
        self._warn("slots", f"{slots!r} is no number of slots")
        return None

    @slots.setter
    def slots(self, slots: int | None) -> None:
        self._link.slots = slots

    @property
    def tick_seconds(self) -> float | None:
        """How often the exchange tells of the market."""
        seconds: object = self._call("tick_seconds", lambda: self._link.tick_seconds)
        if seconds is None or (isinstance(seconds, int | float) and seconds > 0):
            return seconds
        raise link_failed(self._url, "tick_seconds", f"{seconds!r} is no number of seconds")

    def events(self) -> Iterator[ExchangeEvent]:
        """Yield the link's events, if they are some.

        :raises ExchangeError: the exchange is gone, or the link failed.
        """
        events = self._call("events", lambda: iter(self._link.events()))
        first = self._call("events", lambda: next(events, _NOTHING))
        if not isinstance(first, Connected):
            came = "nothing came" if first is _NOTHING else f"{type(first).__name__} came first"
            raise link_failed(self._url, "events", f"{came}, and not Connected")
        event: object = first
        while isinstance(event, _EVENTS):
            yield event  # type: ignore[misc]
            event = self._call("events", lambda: next(events, _NOTHING))
        if event is not _NOTHING:
            raise link_failed(self._url, "events", f"{type(event).__name__} is not an event")

    def send(self, batch: Batch) -> None:
        """Send one batch."""
        self._call("send", lambda: self._link.send(batch))

    def accounts(self) -> Accounts | None:
        """Return what the exchange tells of all members."""
        accounts: object = self._or_warn("accounts", self._link.accounts)
        if accounts is None or isinstance(accounts, Accounts):
            return accounts
        self._warn("accounts", f"{type(accounts).__name__} is no Accounts")
        return None

    def interrupt(self) -> None:
        """Let :meth:`events` end soon."""
        answer = call_link(self._link.interrupt, (ExchangeError,))
        if isinstance(answer, Failure):
            # A signal handler calls this: whoever has the log may be waiting for it.
            self._failed_interrupt = answer

    def close(self) -> None:
        """Let go of the exchange."""
        if self._failed_interrupt is not None:
            _log.warning("%s", blame(self._url, "interrupt", self._failed_interrupt))
            self._failed_interrupt = None
        self._or_warn("close", self._link.close)

    def _call(self, what: str, function: Callable[[], T]) -> T:
        answer = call_link(function, (ExchangeError,))
        if isinstance(answer, Failure):
            raise link_failed(self._url, what, answer)
        return answer

    def _or_warn(self, what: str, function: Callable[[], T]) -> T | None:
        answer = call_link(function, ())
        if isinstance(answer, Failure):
            self._warn(what, answer)
            return None
        return answer

    def _warn(self, what: str, why: Failure | str) -> None:
        _log.warning("%s", blame(self._url, what, why))


class _GuardedRestoringLink(GuardedLink):
    """That of a link which can give areas back."""

    def hold_at_end(self, ids: Sequence[str]) -> None:
        """Have just these areas when the session ends."""
        link = self._link
        assert isinstance(link, Restoring)
        self._call("hold_at_end", lambda: link.hold_at_end(ids))
