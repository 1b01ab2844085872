"""Asking: requests on Redis, each with an answer that somebody publishes, or nobody."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import attrs

from gridhook.live.decoding import decode
from gridhook.wire.errors import WireError
from gridhook_redis.server import Server
from gridhook_redis.subscription import Subscription

__all__ = ["Outcome", "Request", "ask", "read_answer"]


@attrs.frozen(eq=False)
class Request:
    """A message with a ``transaction_id``, the channel that it goes to, and the one on which that is answered."""

    channel: str
    answers: str
    body: Mapping[str, Any]


@attrs.frozen(eq=False)
class Outcome:
    """How many heard a request, and its answer; None: there was none in time."""

    receivers: int
    answer: Mapping[str, object] | None = None


def ask(server: Server, requests: Sequence[Request]) -> list[Outcome]:
    """Publish requests, and return what becomes of each; all are waited for together, for one timeout at most.

    Answers to others' requests are heard too, and mean nothing; of several to one, the first counts.

    :raises ExchangeError: the server cannot be reached, or has gone.
    """
    with closing(Subscription(server, [one.answers for one in requests])) as subscription:
        counts = server.publish_all([(one.channel, one.body) for one in requests])
        waiting = {
            (one.answers, one.body["transaction_id"]): at
            for at, (one, count) in enumerate(zip(requests, counts, strict=True))
            if count
        }
        answers: dict[int, Mapping[str, object]] = {}
        ends = time.monotonic() + server.timeout_seconds
        while waiting and (left := ends - time.monotonic()) > 0:
            heard = subscription.hear(left)
            if heard is None:
                continue
            answer = read_answer(heard[1])
            at = waiting.pop((heard[0], str(answer.get("transaction_id"))), None)
            if at is not None:
                answers[at] = answer
    return [Outcome(count, answers.get(at)) for at, count in enumerate(counts)]


def read_answer(data: bytes) -> Mapping[str, object]:
    """Return what is published as an answer; nothing, if it is none: it may be anybody's."""
    try:
        value = decode(data)
    except WireError:
        return {}
    return value if isinstance(value, dict) else {}
