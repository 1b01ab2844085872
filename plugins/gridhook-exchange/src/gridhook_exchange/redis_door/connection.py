"""The connection: the door on a real Redis server. The only module that imports ``redis``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import attrs
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gridhook.errors import ExchangeError
from gridhook_exchange.redis_door.address import Address
from gridhook_exchange.redis_door.channels import BATCHES, CONTROLS, HEARTBEAT, LIFECYCLE, PATTERNS, Publication
from gridhook_exchange.redis_door.door import Door
from gridhook_exchange.redis_door.outbox import Outbox
from gridhook_exchange.server.driver import Driver, encode_content
from gridhook_exchange.service.exchange import Message

__all__ = ["RedisDoor", "Waits"]

_CHANNELS = (*LIFECYCLE, BATCHES, *CONTROLS)
_MOST_BYTES = 64 * 1024 * 1024
_FAILURES = (RedisError, OSError, TimeoutError)

_LOG = logging.getLogger(__name__)


@attrs.frozen
class Waits:
    """Seconds to wait, by what for.

    ``answer``
        of the server, before it counts as gone.
    ``first_retry``, ``longest_retry``
        before connecting again: each time twice as long.
    ``silence``
        after which the server is asked whether it is still there.
    ``heartbeat``
        from one heartbeat to the next.
    ``flush``, ``gone``
        at the end, for what has not been published yet; and if the server is away.
    """

    answer: float = 5.0
    first_retry: float = 0.1
    longest_retry: float = 5.0
    silence: float = 30.0
    heartbeat: float = 5.0
    flush: float = 5.0
    gone: float = 1.0


class RedisDoor:
    """Lets the clients of a Redis server in.

    ``subscribed``
        set while the server delivers what clients publish.

    :param address: of the server.
    :param driver: runs the exchange.
    :param door: translates.
    """

    def __init__(self, address: Address, driver: Driver, door: Door, waits: Waits | None = None) -> None:
        self.subscribed = asyncio.Event()
        self._address = address
        self._driver = driver
        self._door = door
        self._waits = waits or Waits()
        self._outbox = Outbox(_MOST_BYTES)
        self._is_away = False
        self._pubsub: PubSub | None = None
        self._early: deque[tuple[str, bytes]] = deque()
        self._writer = self._client(self._waits.answer)
        # What is heard may come after any time.
        self._reader = self._client(None)

    async def open(self) -> None:
        """Subscribe, so that nothing that is published from now on is missed.

        :raises ExchangeError: nobody answers there.
        """
        try:
            async with asyncio.timeout(self._waits.answer):
                await self._subscribe()
        except _FAILURES as error:
            await self.close()
            reason = str(error) or "no answer"
            msg = f"--redis: Redis at {self._address} cannot be reached: {reason}"
            raise ExchangeError(msg) from error

    async def run(self, stop: asyncio.Event) -> None:
        """Listen and publish until cancelled, whatever comes or breaks; ``stop`` is set when a client says so."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(stop))
            group.create_task(self._write())
            group.create_task(self._beat())

    async def flush(self) -> None:
        """Wait a moment for what has not been published yet."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._waits.gone if self._is_away else self._waits.flush):
                await self._outbox.emptied()

    async def close(self) -> None:
        """Disconnect."""
        await self._unsubscribe()
        for client in (self._reader, self._writer):
            with contextlib.suppress(*_FAILURES):
                await client.aclose()

    def publish(self, message: Message) -> None:
        """Publish what concerns Redis clients of something that the exchange says."""
        publication = self._door.tell(message)
        if publication is not None:
            self._put(publication)

    def expects(self, aggregator: str) -> bool:
        """Return whether an aggregator can be waited for: it is one of ours, and has sent a batch."""
        return self._door.has_sent(aggregator)

    def hears(self, aggregator: str) -> bool:
        """Return False: who listens over Redis is not known, so that only batches tell that an aggregator is there."""
        del aggregator
        return False

    def _client(self, answer: float | None) -> Redis:
        return Redis.from_url(
            self._address.url,
            password=self._address.password,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=self._waits.answer,
            socket_timeout=answer,
        )

    async def _subscribe(self) -> None:
        """Subscribe anew, and return when the server has confirmed all of it."""
        await self._unsubscribe()
        self._pubsub = pubsub = self._reader.pubsub()
        await pubsub.subscribe(*_CHANNELS)
        await pubsub.psubscribe(*PATTERNS)
        left = len(_CHANNELS) + len(PATTERNS)
        while left:
            message = await pubsub.get_message(timeout=None)
            left -= message is not None and message["type"] in ("subscribe", "psubscribe")
            self._early.extend(_heard(message))
        self.subscribed.set()

    async def _unsubscribe(self) -> None:
        pubsub: Any = self._pubsub  # whose ``aclose`` has no types
        self._pubsub = None
        if pubsub is not None:
            with contextlib.suppress(*_FAILURES):
                await pubsub.aclose()

    async def _listen(self, stop: asyncio.Event) -> None:
        while True:
            try:
                async for channel, data in self._messages():
                    await self._hear(channel, data, stop)
            except _FAILURES as error:
                self.subscribed.clear()
                self._note_away(error)
                await self._come_back()

    async def _messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """Yield what clients publish.

        :raises RedisError: or OSError: the connection is gone.
        """
        is_asked = False
        while self._pubsub is not None:
            while self._early:
                yield self._early.popleft()
            message = await self._pubsub.get_message(timeout=self._waits.silence)
            if message is not None:
                is_asked = False
                self._early.extend(_heard(message))
            elif is_asked:
                msg = "no answer"
                raise TimeoutError(msg)
            else:
                # A connection that was cut somewhere on the way just says nothing any more.
                is_asked = True
                await self._pubsub.ping()

    async def _hear(self, channel: str, data: bytes, stop: asyncio.Event) -> None:
        async with self._driver.lock:
            heard = self._door.hear(channel, data)
        if heard.problem:
            _LOG.warning("Redis: %s", heard.problem)
        for publication in heard.publications:
            self._put(publication)
        if heard.is_batch:
            await self._driver.note_batch()
        match heard.order:
            case "pause":
                self._driver.resumed.clear()
            case "resume":
                self._driver.resumed.set()
            case "stop":
                stop.set()
        # Those who publish without a break may not keep the exchange from its ticks.
        await asyncio.sleep(0)

    async def _come_back(self) -> None:
        """Return when all is subscribed again."""
        delay = self._waits.first_retry
        while not self.subscribed.is_set():
            await asyncio.sleep(delay)
            delay = min(2 * delay, self._waits.longest_retry)
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(self._waits.answer):
                    await self._subscribe()
        # Those for publishing have probably gone, too.
        await self._writer.connection_pool.disconnect(inuse_connections=False)
        self._note_back()

    async def _write(self) -> None:
        while True:
            channel, frame = await self._outbox.take()
            delay = self._waits.first_retry
            while True:
                try:
                    await self._writer.publish(channel, frame)
                except _FAILURES as error:
                    # Perhaps it was published; to hear something twice does less harm than not to hear it.
                    self._note_away(error)
                    await asyncio.sleep(delay)
                    delay = min(2 * delay, self._waits.longest_retry)
                else:
                    break
            self._outbox.done()
            if self.subscribed.is_set():
                self._note_back()

    async def _beat(self) -> None:
        while True:
            self._put(Publication(HEARTBEAT, {"time": int(time.time())}))
            await asyncio.sleep(self._waits.heartbeat)

    def _put(self, publication: Publication) -> None:
        dropped = self._outbox.put(publication.channel.encode("utf-8", "replace"), encode_content(publication.content))
        if dropped:
            _LOG.warning("Redis at %s is too slow or away: dropped %d messages", self._address, dropped)

    def _note_away(self, error: Exception) -> None:
        if not self._is_away:
            self._is_away = True
            _LOG.warning("Redis at %s is away, trying again: %s", self._address, error)

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            _LOG.warning("Redis at %s is back", self._address)


def _heard(message: dict[str, Any] | None) -> Iterator[tuple[str, bytes]]:
    """Yield channel and data of something that a client published."""
    if message is not None and message["type"] in ("message", "pmessage"):
        yield message["channel"].decode("utf-8", "replace"), message["data"]
