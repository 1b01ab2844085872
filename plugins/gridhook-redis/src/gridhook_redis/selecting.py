"""Selecting areas and leaving them: many requests at a time, and what becomes of each (PROTOCOL.md 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from gridhook.errors import ExchangeError
from gridhook.live.transport import AreaDone, RequestRefusedError
from gridhook_redis.asking import Outcome, Request, ask
from gridhook_redis.channels import LIFECYCLE, LIFECYCLE_ANSWERS, NOBODY
from gridhook_redis.lifecycle import check_selected, check_unselected, write_select
from gridhook_redis.registering import Registrar
from gridhook_redis.server import Server

__all__ = ["Selector"]

_AT_ONCE = 500
"""So that an end does not wait for all of them."""


class Selector:
    """Selects areas for aggregators.

    :param configuration: id of the exchange's configuration.
    :param registrar: who registered areas; those that are left are no longer registered.
    """

    def __init__(self, server: Server, configuration: str, registrar: Registrar) -> None:
        self._server = server
        self._configuration = configuration
        self._registrar = registrar

    def select(self, aggregator: str, areas: Sequence[str]) -> Iterator[AreaDone]:
        """Put areas under the aggregator; those of which nobody knows come last."""

        def check(_: str, answer: Mapping[str, object]) -> None:
            check_selected(answer, aggregator)

        return self._for_each(aggregator, areas, check, ends=False)

    def unselect(self, aggregator: str, areas: Sequence[str]) -> Iterator[AreaDone]:
        """Take areas from the aggregator; those of which nobody knows come last."""

        def check(area: str, answer: Mapping[str, object]) -> None:
            check_unselected(answer)
            self._registrar.release(area)

        return self._for_each(aggregator, areas, check, ends=True)

    def _for_each(
        self,
        aggregator: str,
        areas: Sequence[str],
        check: Callable[[str, Mapping[str, object]], None],
        *,
        ends: bool,
    ) -> Iterator[AreaDone]:
        for start in range(0, len(areas), _AT_ONCE):
            some = areas[start : start + _AT_ONCE]
            bodies = [write_select(self._configuration, aggregator, area, ends=ends) for area in some]
            try:
                outcomes = ask(self._server, [Request(LIFECYCLE, LIFECYCLE_ANSWERS, body) for body in bodies])
            except ExchangeError as error:
                yield some[0], error
                return
            done = sorted(zip(some, outcomes, strict=True), key=lambda one: one[1].answer is None)
            for area, outcome in done:
                yield area, self._problem(area, outcome, check, ends=ends)

    def _problem(
        self, area: str, outcome: Outcome, check: Callable[[str, Mapping[str, object]], None], *, ends: bool
    ) -> ExchangeError | None:
        if outcome.answer is None:
            if not outcome.receivers:
                return ExchangeError(NOBODY.format(LIFECYCLE))
            unanswered = f"not answered within {self._server.timeout_seconds:g} s"
            # An aggregator that does not have the area is not answered, either.
            return (
                RequestRefusedError(f"{unanswered}; perhaps it was lost before") if ends else ExchangeError(unanswered)
            )
        try:
            check(area, outcome.answer)
        except ExchangeError as error:
            return error
        return None
