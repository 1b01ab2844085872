"""Listening: what an exchange tells an aggregator, and whether it is still there, over one connection after another."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping

from gridhook.errors import ExchangeError
from gridhook.live.transport import ConnectionBrokenError
from gridhook_redis.asking import read_answer
from gridhook_redis.channels import HEARTBEAT, LIFECYCLE, LIFECYCLE_ANSWERS, NOBODY, Channels
from gridhook_redis.lifecycle import Created, read_created, write_create
from gridhook_redis.registering import Registrar
from gridhook_redis.server import Server
from gridhook_redis.subscription import Subscription
from gridhook_redis.watch import Watch

__all__ = ["Listener"]

_log = logging.getLogger(__name__)


class Listener:
    """Listens for one aggregator; all but :meth:`ring` is called by one thread at a time.

    :param name: of the aggregator.
    :param registrar: hears of areas that are registered already.
    :param silence_seconds, heartbeat_seconds: see :class:`~gridhook_redis.watch.Watch`.
    :param is_over: set when nobody listens any more.
    """

    def __init__(
        self,
        server: Server,
        channels: Channels,
        name: str,
        registrar: Registrar,
        *,
        silence_seconds: float,
        heartbeat_seconds: float,
        is_over: threading.Event,
    ) -> None:
        self._server = server
        self._channels = channels
        self._name = name
        self._registrar = registrar
        self._limits = (silence_seconds, heartbeat_seconds)
        self._is_over = is_over
        # A message on it lets ``hear`` look around.
        self._bell = f"gridhook/{uuid.uuid4()}"
        self._gone = ""
        self._is_forgotten = False
        self._is_deafness_told = False
        self._early: deque[tuple[str, bytes]] = deque()
        self._subscription: Subscription | None = None
        self._watch = Watch(0.0, *self._limits)

    def open(self) -> Created:
        """Subscribe, and then create the aggregator, or find that the exchange knows it.

        It is new, too, if that was found out while the last connection held, or in an attempt that failed later.

        :raises ExchangeError: the server cannot be reached, or there is no exchange, or it refuses us.
        """
        self.close()
        own = (self._channels.events, self._channels.answers)
        self._subscription = Subscription(self._server, (*own, LIFECYCLE_ANSWERS, HEARTBEAT, self._bell))
        self._early.clear()
        try:
            created = self._create(self._subscription)
        except ExchangeError:
            self.close()
            raise
        self._watch = Watch(time.monotonic(), *self._limits)
        is_new, self._is_forgotten, self._gone = self._is_forgotten, False, ""
        return Created(is_new, created.is_lockstep, created.has_lease)

    def hear(self) -> bytes:
        """Return the next event or answer to a batch; wait for it as long as it takes.

        :raises ConnectionBrokenError: there will be no more.
        """
        try:
            while True:
                data = self._hear()
                if data is not None:
                    return data
                self._look_around()
        except ConnectionBrokenError:
            self.close()
            raise

    def ring(self, gone: str = "") -> None:
        """Let ``hear`` look around; if the exchange is ``gone``, it ends for that reason."""
        self._gone = gone or self._gone
        # Without a server, nobody waits for anything.
        with contextlib.suppress(ExchangeError):
            self._server.publish(self._bell, {})

    def close(self) -> None:
        """Let go of the connection."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    def _create(self, subscription: Subscription) -> Created:
        """Ask for the aggregator; what is heard meanwhile waits for ``hear``."""
        self._ask()
        ends = time.monotonic() + self._server.timeout_seconds
        while (left := ends - time.monotonic()) > 0 and not self._is_over.is_set():
            heard = subscription.hear(left)
            answer = self._own_answer(heard)
            if answer is not None:
                created = read_created(answer, self._channels.aggregator)
                self._is_forgotten = self._is_forgotten or created.is_new
                return created
            if heard is not None:
                self._early.append(heard)
        msg = (
            f"no answer on {LIFECYCLE_ANSWERS!r} within {self._server.timeout_seconds:g} s, though somebody listens on "
            f"{LIFECYCLE!r}: an exchange that hears nothing any more has to be started again"
        )
        raise ExchangeError(msg)

    def _ask(self) -> None:
        """Ask for the aggregator: whoever listens says that it is new, or known."""
        request = write_create(self._channels.configuration, self._name, self._channels.aggregator)
        if not self._server.publish(LIFECYCLE, request):
            raise ExchangeError(NOBODY.format(LIFECYCLE))

    def _hear(self) -> bytes | None:
        """Return the next event or answer to a batch; None for anything else, and after a while without any."""
        subscription = self._subscription
        if subscription is None:
            msg = "there is no connection"
            raise ConnectionBrokenError(msg)
        heard = self._early.popleft() if self._early else subscription.hear(self._watch.wait(time.monotonic()))
        if heard is None:
            return None
        channel, data = heard
        if channel in (self._channels.events, self._channels.answers):
            self._watch.hear(time.monotonic())
            return data
        if channel == HEARTBEAT:
            self._watch.beat(time.monotonic())
        elif channel == self._bell and self._registrar.silent:
            subscription.add(self._registrar.silent)
        elif told := self._registrar.hear(channel, data):
            # Claims are made when a connection is new.
            msg = f"{told!r} was registered already, and has now told its id: all is claimed again"
            raise ConnectionBrokenError(msg)
        self._hear_answer(heard)
        return None

    def _hear_answer(self, heard: tuple[str, bytes]) -> None:
        answer = self._own_answer(heard)
        if answer is None:
            return
        self._watch.hear(time.monotonic())
        if answer.get("status") == "ready":
            self._is_forgotten = True
            msg = "the exchange has begun anew, and knows nothing of this aggregator any more"
            raise ConnectionBrokenError(msg)

    def _own_answer(self, heard: tuple[str, bytes] | None) -> Mapping[str, object] | None:
        """Return the answer to our CREATE, if that is one; answers to all others are heard too."""
        if heard is None or heard[0] != LIFECYCLE_ANSWERS:
            return None
        answer = read_answer(heard[1])
        return answer if answer.get("transaction_id") == self._channels.aggregator else None

    def _look_around(self) -> None:
        """Find out whether the exchange is gone, or has begun anew; a silence alone says neither.

        :raises ConnectionBrokenError: it is gone.
        """
        now = time.monotonic()
        gone = "the session is over" if self._is_over.is_set() else self._gone
        if not gone and self._watch.is_dead(now):
            gone = f"the exchange is gone: its heartbeat was not heard for {self._watch.heartbeat_seconds:g} s"
        if gone:
            raise ConnectionBrokenError(gone)
        if not self._watch.is_silent(now):
            return
        if self._watch.is_waiting and not self._is_deafness_told:
            self._is_deafness_told = True
            _log.warning("the exchange says nothing; if it is not busy, it may hear nothing any more: start it again")
        self._watch.ask(now)
        if self._subscription is not None:
            self._subscription.ask()
        try:
            self._ask()
        except ExchangeError as error:
            raise ConnectionBrokenError(str(error)) from None
