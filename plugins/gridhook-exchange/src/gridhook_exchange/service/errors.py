"""What is said to a client whose request cannot be granted."""

from __future__ import annotations

from enum import Enum

import attrs

__all__ = ["Refusal", "Why"]


class Why(Enum):
    """Kinds of refusals."""

    UNKNOWN = "unknown"
    CONFLICT = "conflict"
    INVALID = "invalid"
    TOO_MANY = "too many"


@attrs.frozen
class Refusal(Exception):  # noqa: N818 - it is an answer, not a mistake of the exchange
    """A request that is not granted: why, and a sentence for the client."""

    why: Why
    message: str

    def __str__(self) -> str:
        return self.message
