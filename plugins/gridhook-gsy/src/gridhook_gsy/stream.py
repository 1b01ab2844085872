"""The stream: an aggregator's WebSocket (PROTOCOL.md 2)."""

from __future__ import annotations

import logging
import ssl
import threading

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect

from gridhook.errors import ExchangeError
from gridhook.live.transport import ConnectionBrokenError
from gridhook_gsy.address import is_loopback
from gridhook_gsy.failures import masked

__all__ = ["Stream"]

_LARGEST_BYTES = 256 * 1024 * 1024
_SECONDS_TO_CLOSE = 1.0
_PACE_HEADER = "Gridhook-Pace"

# The library logs headers, and with them the token, and a traceback for each ping that does not come back. What is to
# be known about a connection is in the errors here.
_log = logging.getLogger(f"{__name__}.websockets")
_log.setLevel(logging.CRITICAL)


class Stream:
    """A WebSocket that is open.

    :param ping_seconds: a connection over which nothing comes back for so long is broken.
    :raises ExchangeError: it cannot be opened.
    """

    def __init__(
        self, url: str, token: str, timeout_seconds: float, ping_seconds: float, ca_file: str | None = None
    ) -> None:
        self._token = token
        try:
            context = ssl.create_default_context(cafile=ca_file) if url.startswith("wss:") else None
            self._connection = connect(
                url,
                additional_headers={"Authorization": f"JWT {token}"},
                ssl=context,
                # On this machine it costs more than it saves.
                compression=None if is_loopback(url) else "deflate",
                open_timeout=timeout_seconds,
                ping_interval=ping_seconds,
                ping_timeout=ping_seconds,
                close_timeout=_SECONDS_TO_CLOSE,
                max_size=_LARGEST_BYTES,
                # Another thread takes frames at once: a full queue would hold up pings.
                max_queue=None,
                logger=_log,
                # Connecting again is for whoever holds this.
                legacy=True,
            )
        except InvalidStatus as error:
            msg = f"{url}: the WebSocket is refused with {error.response.status_code}"
            raise ExchangeError(msg) from None
        except TimeoutError:
            msg = f"{url}: no WebSocket within {timeout_seconds:g} s"
            raise ExchangeError(msg) from None
        except (OSError, WebSocketException) as error:
            why = masked(getattr(error, "strerror", None) or str(error), [token])
            msg = f"{url}: no WebSocket: {why}"
            raise ExchangeError(msg) from None
        self._url = url

    @property
    def is_lockstep(self) -> bool:
        """Whether the exchange says that it waits for a batch after each market event."""
        response = self._connection.response
        return response is not None and response.headers.get(_PACE_HEADER) == "lockstep"

    def receive(self) -> bytes | str:
        """Return the next frame.

        :raises ConnectionBrokenError: there will be no more.
        """
        try:
            return self._connection.recv()
        except ConnectionClosed as error:
            raise ConnectionBrokenError(masked(_why(error), [self._token])) from None

    def close(self) -> None:
        """Close it, without waiting for whoever does not answer."""
        threading.Thread(target=self._connection.close, daemon=True).start()


def _why(closed: ConnectionClosed) -> str:
    frame = closed.rcvd or closed.sent
    if frame is None:
        return "it broke without a word"
    side = "the exchange" if closed.rcvd_then_sent or closed.sent is None else "this side"
    return f"{side} closed it with {frame.code}{f' ({frame.reason})' if frame.reason else ''}"
