"""Examining: whether a Redis server and an exchange on it are there, for ``gridhook doctor``. Nothing is changed."""

from __future__ import annotations

import time

import attrs

from gridhook.checks import Tell, ok, skipped, warning, wrong
from gridhook.errors import ExchangeError
from gridhook.links import Examined
from gridhook_redis.asking import read_answer
from gridhook_redis.channels import HEARTBEAT, LIFECYCLE, Channels
from gridhook_redis.lifecycle import identity
from gridhook_redis.server import Server
from gridhook_redis.subscription import Subscription

__all__ = ["Examination"]

_BEAT_SECONDS = 6.0
"""A heart that beats every five seconds is heard in this time."""

_MOST_SECONDS_OFF = 5.0


@attrs.define
class Examination:
    """What is looked at, one after the other; what depends on something that failed is skipped.

    ``configuration``, ``source``
        id of the exchange's configuration, and where it comes from.
    ``aggregator``
        its name.
    """

    server: Server
    configuration: str
    source: str
    aggregator: str
    tell: Tell

    def run(self) -> Examined:
        """Look at everything; an exchange on Redis does not list its areas."""
        self.tell(ok("address", f"{self.server}, configuration {self.configuration!r} ({self.source})"))
        try:
            is_there = self._see_exchange()
            if is_there:
                self._see_heart()
                self._see_aggregator()
        except ExchangeError as error:
            self.tell(wrong("server", str(error), "start the server, or correct exchange.url or the password"))
            is_there = False
        if not is_there:
            for name in ("clock", "aggregator"):
                self.tell(skipped(name, "there is no exchange to ask"))
        return Examined(lists_areas=False)

    def _see_exchange(self) -> bool:
        listening = self.server.listeners(LIFECYCLE)
        patterns = self.server.patterns()
        self.tell(ok("server", f"{self.server} answers"))
        if listening or patterns:
            # The original listens by a pattern, which cannot be told from those of others.
            sure = "" if listening else "; by a pattern, so that it may be something else"
            self.tell(ok("listening", f"somebody listens on {LIFECYCLE!r}{sure}"))
            return True
        remedy = "start the exchange, with --enable-external-connection, or name the server that it is on"
        self.tell(wrong("listening", f"nobody listens on {LIFECYCLE!r}: there is no exchange on this server", remedy))
        return False

    def _see_heart(self) -> None:
        """Listen for a heartbeat, which has the time."""
        subscription = Subscription(self.server, [HEARTBEAT])
        try:
            heard = None
            ends = time.monotonic() + _BEAT_SECONDS
            while heard is None and (left := ends - time.monotonic()) > 0:
                heard = subscription.hear(left)
        finally:
            subscription.close()
        told = None if heard is None else read_answer(heard[1]).get("time")
        if not isinstance(told, int | float):
            text = f"no heartbeat on {HEARTBEAT!r} within {_BEAT_SECONDS:g} s: the exchange hangs, or has another id"
            self.tell(warning("clock", text, "look at the exchange's log; a run would try all the same"))
            return
        off = time.time() - told
        if abs(off) <= _MOST_SECONDS_OFF:
            self.tell(ok("clock", "the exchange's heart beats, and its clock agrees with this machine's"))
        else:
            text = f"this machine's is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the exchange's"
            self.tell(warning("clock", f"{text}; orders are not affected, times in logs are", "let both use NTP"))

    def _see_aggregator(self) -> None:
        uuid = identity(self.configuration, self.aggregator)
        if self.server.listeners(Channels(self.configuration, uuid).events):
            text = f"an agent is there as {self.aggregator!r} already: both would trade for the same assets"
            self.tell(warning("aggregator", text, "end it, or give this one another name: exchange.aggregator"))
        else:
            self.tell(ok("aggregator", f"{self.aggregator!r}, with the uuid {uuid}"))
