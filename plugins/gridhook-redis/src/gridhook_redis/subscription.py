"""A subscription: a connection on which a Redis server says what is published."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from gridhook.errors import ExchangeError
from gridhook.live.transport import ConnectionBrokenError
from gridhook_redis.server import FAILURES, Server

__all__ = ["Subscription"]

_SLOW = (
    "closed this subscription, though it is there: somebody ended it, or messages were read too slowly, or are too "
    "large; then raise the limit: redis-cli config set client-output-buffer-limit 'pubsub 0 0 0'"
)


class Subscription:
    """Channels by their names: characters that are patterns elsewhere are none here.

    :raises ExchangeError: the server cannot be reached, or does not subscribe us.
    """

    def __init__(self, server: Server, channels: Sequence[str]) -> None:
        self._server = server
        self._pubsub = server.pubsub()
        self._is_asked = False
        try:
            self._pubsub.subscribe(*channels)
            is_done = self._confirm(len(set(channels)), time.monotonic() + server.timeout_seconds)
        except FAILURES as error:
            self.close()
            raise server.failed(error) from None
        if not is_done:
            self.close()
            msg = f"{server}: not subscribed within {server.timeout_seconds:g} s"
            raise ExchangeError(msg)

    def hear(self, timeout_seconds: float) -> tuple[str, bytes] | None:
        """Return channel and content of the next message; wait for it, but no longer than that, and then return None.

        :raises ConnectionBrokenError: there will be no more.
        """
        try:
            message = self._pubsub.get_message(timeout=timeout_seconds)
        except FAILURES as error:
            self.close()
            raise ConnectionBrokenError(self._why(error)) from None
        if message is None:
            return None
        self._is_asked = False
        if message["type"] != "message":
            return None
        return message["channel"].decode("utf-8", "replace"), message["data"]

    def add(self, channels: Sequence[str]) -> None:
        """Hear more channels.

        :raises ConnectionBrokenError: nothing can be heard any more.
        """
        try:
            self._pubsub.subscribe(*channels)
        except FAILURES as error:
            self.close()
            raise ConnectionBrokenError(self._why(error)) from None

    def ask(self) -> None:
        """Ask the server for a sign of life, after a silence.

        :raises ConnectionBrokenError: the last one never came.
        """
        reason = f"{self._server} does not answer"
        try:
            if not self._is_asked:
                self._is_asked = True
                self._pubsub.ping()
                return
        except FAILURES as error:
            reason = self._why(error)
        self.close()
        raise ConnectionBrokenError(reason)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(*FAILURES):
            self._pubsub.close()

    def _confirm(self, left: int, ends: float) -> bool:
        """Return whether so many channels are subscribed to in time: they are confirmed before anything else comes."""
        while left:
            if self._pubsub.get_message(timeout=max(0.0, ends - time.monotonic())) is None:
                return False
            left -= 1
        return True

    def _why(self, error: Exception) -> str:
        return f"{self._server} {_SLOW}" if self._server.answers() else str(self._server.failed(error))
