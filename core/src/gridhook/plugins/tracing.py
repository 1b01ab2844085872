"""Tracing: what each plugin's hooks cost, and how much of what they were asked they answered."""

from __future__ import annotations

import time

import attrs
import numpy as np

from gridhook.orders import Orders

__all__ = ["Trace", "Traced"]


@attrs.define
class Traced:
    """All calls of one hook of one plugin.

    ``seconds``, ``slowest_seconds``
        by the clock, with the check of the answer: all calls together, and the longest.
    ``asked``, ``answered``
        rows (lots, assets, orders or markets) that it was asked about, and those that it decided.
    """

    plugin: str
    hook: str
    calls: int = 0
    failures: int = 0
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    asked: int = 0
    answered: int = 0

    @property
    def share(self) -> float | None:
        """The share of the rows that it answered; None where a hook is not asked about rows."""
        return self.answered / self.asked if self.asked else None


class Trace:
    """Collects calls, in the order of their first ones."""

    def __init__(self) -> None:
        self._traced: dict[tuple[str, str], Traced] = {}

    @property
    def rows(self) -> tuple[Traced, ...]:
        """What was called so far."""
        return tuple(self._traced.values())

    def start(self) -> float:
        """Return when a call begins, for :meth:`add`."""
        return time.perf_counter()

    def add(self, plugin: str, hook: str, start: float, asked: int, answer: object, *, failed: bool) -> None:
        """Take note of a call that is over.

        :param answer: as it was checked; None: it decided nothing.
        """
        seconds = time.perf_counter() - start
        traced = self._traced.setdefault((plugin, hook), Traced(plugin, hook))
        traced.calls += 1
        traced.failures += failed
        traced.seconds += seconds
        traced.slowest_seconds = max(traced.slowest_seconds, seconds)
        traced.asked += asked
        traced.answered += 0 if failed else _answered(answer, asked)


def _answered(answer: object, asked: int) -> int:
    if answer is None:
        return 0
    if isinstance(answer, Orders):
        return len(np.unique(answer.lot))
    if isinstance(answer, np.ndarray):
        decided = ~np.isnan(answer)
        return int(decided.sum() if decided.ndim == 1 else decided.any(axis=1).sum())
    return asked
