"""The line: the thread that listens to an exchange, and that calls again when the connection breaks."""

from __future__ import annotations

import logging
import random
import threading
import time

from gridhook.errors import ExchangeError
from gridhook.live.backoff import Backoff
from gridhook.live.inbox import GaveUp, Inbox, Lost, Rejoined, Unreadable
from gridhook.live.pulse import Pulse
from gridhook.live.transport import ConnectionBrokenError, Joined, Transport
from gridhook.wire.errors import WireError

__all__ = ["Line"]

_log = logging.getLogger(__name__)

_SECONDS_TO_END = 5.0


class Line:
    """Listens until it is ended; what it hears comes into an inbox.

    :param transport: connected.
    :param inbox: gets everything.
    :param most_seconds: give up when the connection could not be restored for so long; None: never.
    """

    def __init__(self, transport: Transport, inbox: Inbox, most_seconds: float | None = None) -> None:
        self._transport = transport
        self._inbox = inbox
        self._most_seconds = most_seconds
        self._backoff = Backoff(random.random)
        self._pulse = Pulse()
        self._renewal = ""
        self._ended = threading.Event()
        self._is_up = threading.Event()
        self._is_up.set()
        self._thread = threading.Thread(target=self._run, name="gridhook-line", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    @property
    def is_up(self) -> bool:
        """Whether the connection holds, as far as is known."""
        return self._is_up.is_set()

    @property
    def tick_seconds(self) -> float | None:
        """The usual time between two ticks; None while unknown."""
        return self._pulse.seconds

    @property
    def is_ended(self) -> bool:
        """Whether :meth:`end` was called."""
        return self._ended.is_set()

    def renew(self, reason: str) -> None:
        """Break the connection, and make a new one."""
        self._renewal = reason
        self._transport.drop()

    def end(self) -> None:
        """Listen no more."""
        self._ended.set()
        self._transport.hang_up()
        if self._thread.is_alive():
            self._thread.join(_SECONDS_TO_END)

    def _run(self) -> None:
        try:
            self._keep_listening()
        finally:
            # Whatever it was: a session that hears nothing more has to know.
            if not self._ended.is_set():
                self._inbox.put(GaveUp("nobody listens any more"))

    def _keep_listening(self) -> None:
        begun = time.monotonic()
        while True:
            broken = self._listen()
            if self._ended.is_set():
                return
            reason, self._renewal = self._renewal or broken, ""
            lost_at = time.monotonic()
            self._is_up.clear()
            self._inbox.put(Lost(reason))
            self._pulse.pause()
            self._backoff.note_end(lost_at - begun)
            joined = self._call_again(lost_at, reason)
            if joined is None:
                return
            begun = time.monotonic()
            self._is_up.set()
            self._inbox.put(Rejoined(joined, begun - lost_at))

    def _listen(self) -> str:
        """Return why there is nothing more to hear."""
        while True:
            try:
                message = self._transport.receive()
                self._inbox.put_message(message)
            except ConnectionBrokenError as error:
                return str(error)
            except WireError as error:
                self._inbox.put(Unreadable(str(error)))
                continue
            if isinstance(message, dict) and message.get("event") == "tick":
                self._pulse.beat(time.monotonic())
                self._backoff.tick_seconds = self._pulse.seconds or self._backoff.tick_seconds

    def _call_again(self, lost_at: float, reason: str) -> Joined | None:
        while not self._ended.wait(self._backoff.next_delay()):
            try:
                return self._transport.connect()
            except ExchangeError as error:
                _log.info("the exchange cannot be reached again yet: %s", error)
                reason = str(error)
            if self._most_seconds is not None and time.monotonic() - lost_at > self._most_seconds:
                self._inbox.put(GaveUp(reason))
                return None
        return None
