"""Tokens: what a user shows after logging in."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import jwt

__all__ = ["Tokens"]

_ALGORITHM = "HS256"


class Tokens:
    """Makes and reads tokens that expire. The key is this process's own: a new server knows no old tokens.

    :param lifetime_seconds: after which a token is worth nothing.
    :param now: seconds since 1970.
    """

    def __init__(self, lifetime_seconds: float, now: Callable[[], float]) -> None:
        self._key = secrets.token_bytes(32)
        self._lifetime = lifetime_seconds
        self._now = now

    def make(self, user: str) -> str:
        """Return a new token for a user."""
        claims = {"sub": user, "exp": int(self._now() + self._lifetime), "jti": secrets.token_hex(8)}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def user_of(self, header: str | None) -> str | None:
        """Return the user of an ``Authorization: JWT …`` header (PROTOCOL.md 1.1); None if it is worth nothing."""
        scheme, _, token = (header or "").partition(" ")
        if scheme != "JWT":
            return None
        try:
            # Expiry is checked by this clock, not by the library's.
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM], options={"verify_exp": False})
        except jwt.InvalidTokenError:
            return None
        return str(claims["sub"]) if claims["exp"] > self._now() else None
