"""Passwords: how they are kept, and how they are checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import NamedTuple

__all__ = ["Passwords", "hash_password", "is_hash"]

_COST, _BLOCK, _PARALLEL = 2**14, 8, 1
_MEMORY = 64 * 1024 * 1024
# Of r times p, says scrypt.
_MOST_BLOCKS = 2**30
_PARTS = 6
_LONGEST_NUMBER = 10


def hash_password(password: str) -> str:
    """Return ``scrypt$COST$BLOCK$PARALLEL$SALT$DIGEST``; salt and digest in base64."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=_MEMORY)
    texts = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(["scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), *texts])


def is_hash(text: str) -> bool:
    """Return whether a text is what :func:`hash_password` makes. Fast: nothing is hashed."""
    try:
        _read(text)
    except ValueError:
        return False
    return True


class Passwords:
    """Checks passwords against their hashes.

    A password that was right once is remembered as a digest under a key that only this process has, since a client of
    the original logs in three times per asset, and scrypt is slow on purpose.

    :param hashes: the hash of each user's password.
    """

    def __init__(self, hashes: dict[str, str]) -> None:
        self._hashes = hashes
        self._key = secrets.token_bytes(32)
        self._known: dict[str, bytes] = {}
        self._nobody = hash_password(secrets.token_hex())

    def __contains__(self, user: object) -> bool:
        return user in self._hashes

    def is_known(self, user: str, password: str) -> bool:
        """Return whether this password was right before. Fast."""
        known = self._known.get(user)
        return known is not None and hmac.compare_digest(known, self._quick(user, password))

    def is_right(self, user: str, password: str) -> bool:
        """Return whether a password is right. Slow, for users that do not exist, too."""
        kept = self._hashes.get(user, self._nobody)
        is_right = hmac.compare_digest(*_digest(password, kept)) and user in self._hashes
        if is_right:
            self._known[user] = self._quick(user, password)
        return is_right

    def _quick(self, user: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{user}\0{password}".encode(), "sha256")


class _Hash(NamedTuple):
    """What a hash says."""

    cost: int
    block: int
    parallel: int
    salt: bytes
    digest: bytes


def _read(text: str) -> _Hash:
    """Return what a hash says.

    :raises ValueError: it is none, or one that scrypt would refuse.
    """
    parts = text.split("$")
    if len(parts) != _PARTS or parts[0] != "scrypt":
        msg = "not a hash of a password"
        raise ValueError(msg)
    try:
        cost, block, parallel = (int(part) for part in parts[1:4] if part.isdecimal() and len(part) < _LONGEST_NUMBER)
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[4:])
    except ValueError as error:  # binascii.Error is one
        msg = "not a hash of a password"
        raise ValueError(msg) from error
    is_cost = cost > 1 and cost & (cost - 1) == 0 and cost.bit_length() <= 16 * block
    memory = 128 * block * (cost + parallel + 2)
    if not (is_cost and 0 < block * parallel < _MOST_BLOCKS and memory <= _MEMORY and digest):
        msg = "a hash of a password that cannot be checked"
        raise ValueError(msg)
    return _Hash(cost, block, parallel, salt, digest)


def _digest(password: str, text: str) -> tuple[bytes, bytes]:
    """Return the digest of a password with the parameters of a hash, and the hash's own."""
    kept = _read(text)
    computed = hashlib.scrypt(
        password.encode(),
        salt=kept.salt,
        n=kept.cost,
        r=kept.block,
        p=kept.parallel,
        maxmem=_MEMORY,
        dklen=len(kept.digest),
    )
    return computed, kept.digest
