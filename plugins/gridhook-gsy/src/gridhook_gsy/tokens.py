"""Tokens: how long one is worth something, and when to ask for the next (PROTOCOL.md 1.2)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import attrs
import jwt

from gridhook.errors import ExchangeError

__all__ = ["Tokens", "lifetime_of"]

_USUAL_LIFETIME = 48 * 3600.0
_LONGEST_USE = 12 * 3600.0
_SECONDS_TO_RETRY = 60.0


def lifetime_of(token: str, server_time: float) -> float:
    """Return for how many seconds a new token is valid; 48 hours where it does not say.

    It is measured by the server's clock: this machine's may be wrong.

    :param server_time: seconds since 1970 when it was given.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    except jwt.InvalidTokenError:
        return _USUAL_LIFETIME
    ends, begins = claims.get("exp"), claims.get("iat", server_time)
    if not all(isinstance(one, int | float) for one in (ends, begins)):
        return _USUAL_LIFETIME
    lifetime = float(ends - begins)
    return lifetime if lifetime > 0 else _USUAL_LIFETIME


@attrs.define
class _Held:
    token: str = attrs.field(repr=False)
    renew_at: float


class Tokens:
    """The token of one user: renewed well before it expires, and kept where that fails.

    May be used by several threads.

    :param log_in: returns a new token and how long it is valid, seconds.
    :param clock: seconds that only pass.
    """

    def __init__(self, log_in: Callable[[], tuple[str, float]], clock: Callable[[], float]) -> None:
        self._log_in = log_in
        self._clock = clock
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def current(self) -> str:
        """Return a token that should be valid.

        :raises ExchangeError: there is none yet, and none is given.
        """
        with self._lock:
            held = self._held
            if held is None or self._clock() >= held.renew_at:
                try:
                    held = self._renew()
                except ExchangeError:
                    if held is None:
                        raise
                    # It is valid for a while: a later request tries again.
                    held.renew_at = self._clock() + _SECONDS_TO_RETRY
            return held.token

    def renew(self, refused: str | None = None) -> str:
        """Return a new token.

        :param refused: the token that was not good enough; if another thread has renewed it, that one is returned.
        :raises ExchangeError: none is given.
        """
        with self._lock:
            if refused is not None and self._held is not None and self._held.token != refused:
                return self._held.token
            return self._renew().token

    def _renew(self) -> _Held:
        token, lifetime = self._log_in()
        # At a quarter of its life, as the original does, so that there is time for many failed attempts.
        self._held = _Held(token, self._clock() + min(lifetime / 4, _LONGEST_USE))
        return self._held

    @property
    def secret(self) -> str:
        """The token as it is held, to be masked in texts; empty without one."""
        held = self._held
        return "" if held is None else held.token
