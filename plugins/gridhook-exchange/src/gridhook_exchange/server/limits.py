"""Limits: how often somebody may guess."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

__all__ = ["FailedLogins"]

_MOST_NAMES = 10_000


class FailedLogins:
    """Counts failed logins per name; successful ones are not limited.

    :param most: failures within ``seconds`` after which a name has to wait.
    :param now: seconds of any clock that never goes back.
    """

    def __init__(self, most: int, seconds: float, now: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._now = now
        self._failures: dict[str, deque[float]] = {}

    def wait_seconds(self, name: str) -> float:
        """Return how long a name has to wait before its next try; 0 if not at all."""
        failures = self._failures.get(name)
        if failures is None or len(failures) < self._most:
            return 0.0
        return max(0.0, failures[0] + self._seconds - self._now())

    def add(self, name: str) -> None:
        """Count a failure."""
        failures = self._failures.pop(name, deque(maxlen=self._most))
        failures.append(self._now())
        self._failures[name] = failures
        while len(self._failures) > _MOST_NAMES:
            del self._failures[next(iter(self._failures))]
