"""The driver: runs an exchange tick by tick, at a pace, and sends what it says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from anyio import to_thread

from gridhook_exchange.server.sockets import Sockets
from gridhook_exchange.service.exchange import Exchange, Message

__all__ = ["FEW_COMMANDS", "Driver", "Lockstep", "Outlet", "Pace", "Paced", "encode_content", "encode_message"]


FEW_COMMANDS = 1000
"""So many commands are read or executed at once; more of them in a thread, so that the server goes on meanwhile."""


class Pace(Protocol):
    """How long a tick lasts."""

    async def wait(self, driver: Driver, *, is_event: bool) -> None:
        """Return when the running tick is to end; ``is_event``: aggregators were told something in it."""
        ...


class Outlet(Protocol):
    """A way by which clients hear of messages: WebSockets, Redis."""

    def publish(self, message: Message) -> None:
        """Queue a message for those whom it concerns, if any."""
        ...

    def expects(self, aggregator: str) -> bool:
        """Return whether an aggregator is connected this way, so that its batch can be waited for."""
        ...

    def hears(self, aggregator: str) -> bool:
        """Return whether an aggregator listens this way now, so that it is there even if it sends nothing."""
        ...


class Driver:
    """Runs an exchange to its end.

    ``resumed``
        set while the exchange runs; cleared while it is paused.
    ``outlets``
        where messages go: the WebSockets, and what was added.
    ``lock``
        held while commands are executed: who asks the exchange for anything that changes it waits for it.
    """

    def __init__(self, exchange: Exchange, sockets: Sockets, pace: Pace) -> None:
        self.exchange = exchange
        self.sockets = sockets
        self.resumed = asyncio.Event()
        self.submitted = asyncio.Condition()
        self.lock = asyncio.Lock()
        self.outlets: list[Outlet] = [_WebSockets(sockets)]
        self._pace = pace
        self._is_in_tick = False

    async def run(self) -> None:
        """Run all ticks, then tell everybody that it is over."""
        while not self.exchange.is_finished:
            await self.resumed.wait()
            self._is_in_tick = True
            self._keep_leases()
            self.publish(self.exchange.begin_tick())
            # Again: who is there is so in a slot that has just begun, too.
            self._keep_leases()
            await self._pace.wait(self, is_event=self.exchange.is_event_tick)
            async with self.lock:
                self._is_in_tick = False
                is_much = self.exchange.intake.commands > FEW_COMMANDS
                end = self.exchange.end_tick
                self.publish(await to_thread.run_sync(end) if is_much else end())
        self.publish(self.exchange.finish())

    def stop(self) -> None:
        """Answer what was asked in the running tick, and tell everybody that it is over; ``run`` must not run.

        Who cancels ``run`` holds the lock then.
        """
        if self._is_in_tick:
            self._is_in_tick = False
            self.publish(self.exchange.end_tick())
        self.publish(self.exchange.finish())

    def publish(self, messages: Iterable[Message]) -> None:
        """Queue messages for those who listen."""
        for message in messages:
            for outlet in self.outlets:
                outlet.publish(message)

    async def note_batch(self) -> None:
        """Say that a batch has come."""
        async with self.submitted:
            self.submitted.notify_all()

    def _keep_leases(self) -> None:
        for aggregator in self.exchange.aggregators:
            if any(outlet.hears(aggregator.uuid) for outlet in self.outlets):
                self.exchange.keep_lease(aggregator)


class _WebSockets:
    """The outlet of WebSockets."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets

    def publish(self, message: Message) -> None:
        """Queue a message for those who listen to its channel; answers wait for them a while, events are missed."""
        if self._sockets.is_open(message.channel):
            self._sockets.send(message.channel, encode_message(message))
        elif not message.is_market_event:
            self._sockets.keep(message.channel, encode_message(message))

    def expects(self, aggregator: str) -> bool:
        """Return whether an aggregator has a WebSocket open."""
        return self._sockets.is_open(aggregator)

    hears = expects


class Paced:
    """Ticks of equal length on the wall clock; one that took longer shortens the next.

    :param tick_seconds: length of a tick.
    """

    def __init__(self, tick_seconds: float) -> None:
        self._tick_seconds = tick_seconds
        self._ends: float | None = None

    async def wait(self, driver: Driver, *, is_event: bool) -> None:
        """Return at the end of the tick."""
        del driver, is_event
        now = asyncio.get_running_loop().time()
        # After a pause, or when the machine is too slow, the clock starts anew.
        begun = now if self._ends is None or now - self._ends > self._tick_seconds else self._ends
        self._ends = begun + self._tick_seconds
        await asyncio.sleep(max(0.0, self._ends - now))


class Lockstep:
    """A tick that told aggregators something ends when each that is connected has sent a batch; others at once.

    :param most_seconds: after which it ends in any case.
    """

    def __init__(self, most_seconds: float = 5.0) -> None:
        self._most_seconds = most_seconds

    async def wait(self, driver: Driver, *, is_event: bool) -> None:
        """Return when all have sent their batches."""
        if not is_event:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(self._most_seconds), driver.submitted:
                await driver.submitted.wait_for(lambda: _all_sent(driver))
        except TimeoutError:
            pass


def encode_message(message: Message) -> bytes:
    """Return the frame of a message: JSON."""
    return encode_content(message.content)


def encode_content(content: Mapping[str, Any]) -> bytes:
    """Return JSON in UTF-8."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _all_sent(driver: Driver) -> bool:
    connected = [
        one for one in driver.exchange.aggregators if any(outlet.expects(one.uuid) for outlet in driver.outlets)
    ]
    # Who has no areas is told nothing, and waited for only while nobody else is there.
    told = [one for one in connected if one.areas] or connected
    return bool(told) and all(driver.exchange.has_sent(one) for one in told)
