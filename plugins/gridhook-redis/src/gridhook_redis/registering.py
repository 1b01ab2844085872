"""Registering: asking assets and markets by name for their ids, since there is no registry (PROTOCOL.md 3.4)."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence

import attrs

from gridhook.live.transport import Registered
from gridhook_redis.asking import Outcome, Request, ask, read_answer
from gridhook_redis.channels import own_events, prefixes_of, registration
from gridhook_redis.server import Server

__all__ = ["Registrar"]

_PAUSE_SECONDS = 0.5


@attrs.define
class _Wanted:
    """An area: what its channels may begin with, which of those is heard, its id, and what speaks against it."""

    prefixes: tuple[str, ...]
    prefix: str = ""
    area: str = ""
    problem: str = ""


class Registrar:
    """Registers areas, and remembers where.

    Who is registered already does not answer. If it has no aggregator either, its own events tell its id.

    :param is_over: set when there is nothing to wait for any more.
    """

    def __init__(self, server: Server, is_over: threading.Event) -> None:
        self._server = server
        self._is_over = is_over
        self._prefixes: dict[str, str] = {}
        self._silent: dict[str, str] = {}
        self._told: dict[str, str] = {}

    def register(self, names: Sequence[str]) -> Registered:
        """Register areas by name.

        An exchange that has just begun may not listen for all of them yet: who nobody listens for is tried again, for
        one timeout in all.

        :raises ExchangeError: the server cannot be reached.
        """
        wanted = {name: _Wanted(prefixes_of(name)) for name in names}
        for one in wanted.values():
            one.prefix = next((prefix for prefix in one.prefixes if prefix in self._told), "")
            one.area = self._told.get(one.prefix, "")
        ends = time.monotonic() + self._server.timeout_seconds
        absent = [one for one in wanted.values() if not one.area]
        while absent:
            absent = self._try(absent)
            if time.monotonic() + _PAUSE_SECONDS > ends or self._is_over.wait(_PAUSE_SECONDS):
                break
        for one in absent:
            one.problem = self._nobody(one.prefixes)
        self._prefixes |= {one.area: one.prefix for one in wanted.values() if one.area}
        silent = [one.prefix for one in wanted.values() if one.prefix and not one.area]
        self._silent = {channel: prefix for prefix in silent for channel in own_events(prefix)}
        return Registered(
            {name: one.area for name, one in wanted.items() if one.area},
            {name: one.problem for name, one in wanted.items() if not one.area},
        )

    @property
    def silent(self) -> tuple[str, ...]:
        """The channels on which those that did not answer may tell their ids."""
        return tuple(self._silent)

    def hear(self, channel: str, data: bytes) -> str:
        """Return what the channels of the area begin with that tells its id by this; empty if none does."""
        prefix = self._silent.get(channel, "")
        area = read_answer(data).get("area_uuid")
        if not prefix or not isinstance(area, str) or not area:
            return ""
        self._told[prefix] = area
        self._silent = {}
        return prefix

    def forget(self) -> None:
        """Forget all ids: the exchange has begun anew."""
        self._told.clear()
        self._prefixes.clear()

    def release(self, area: str) -> None:
        """Register an area no longer, so that it trades for itself again; that is not waited for.

        :raises ExchangeError: the server cannot be reached.
        """
        prefix = self._prefixes.get(area)
        if prefix is not None:
            channel, _ = registration(prefix, ends=True)
            self._server.publish(channel, {"name": prefix, "transaction_id": str(uuid.uuid4())})

    def _try(self, wanted: Sequence[_Wanted]) -> list[_Wanted]:
        """Try one prefix after the other; return those that nobody listens for."""
        for number in range(max(len(one.prefixes) for one in wanted)):
            left = [one for one in wanted if not one.area and number < len(one.prefixes)]
            if left:
                outcomes = ask(self._server, [_request(one.prefixes[number]) for one in left])
                for one, outcome in zip(left, outcomes, strict=True):
                    self._note(one, one.prefixes[number], outcome)
        return [one for one in wanted if not (one.area or one.problem)]

    def _note(self, one: _Wanted, prefix: str, outcome: Outcome) -> None:
        answer = outcome.answer
        area = None if answer is None else answer.get("device_uuid")
        if answer is not None and answer.get("status") == "ready" and isinstance(area, str) and area:
            one.area, one.prefix = area, prefix
        elif answer is not None:
            one.problem = one.problem or str(answer.get("error_message") or "the answer has no 'device_uuid'")
        elif outcome.receivers:
            one.prefix = one.prefix or prefix
            one.problem = (
                f"no answer within {self._server.timeout_seconds:g} s: perhaps it is connected already, and then its "
                "id is found in the next grid tree"
            )

    def _nobody(self, prefixes: Sequence[str]) -> str:
        where = " or ".join(repr(registration(prefix)[0]) for prefix in prefixes)
        return (
            f"nobody listens on {where}: there is no such asset or market, or it is not open to aggregators; "
            "the name has to be exactly the exchange's"
        )


def _request(prefix: str) -> Request:
    channel, answers = registration(prefix)
    return Request(channel, answers, {"name": prefix, "transaction_id": str(uuid.uuid4())})
