"""Serving: one exchange on one port, until it is over or told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import uvicorn

from gridhook_exchange.server.application import build_application
from gridhook_exchange.server.ending import Server, end_quietly
from gridhook_exchange.server.hall import Hall

__all__ = ["SideDoor", "do_nothing", "listen", "run", "serve"]

_LARGEST_FRAME = 64 * 1024
_SECONDS_TO_FLUSH = 5.0
_SWITCH_SECONDS = 0.0005


class SideDoor(Protocol):
    """Another way in than REST and WebSockets."""

    async def open(self) -> None:
        """Let clients in.

        :raises ExchangeError: that cannot be done.
        """
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until cancelled; ``stop`` is set when a client says so."""
        ...

    async def flush(self) -> None:
        """Wait a moment for what has not been said yet."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0: any that is free.

    :raises OSError: the address is taken, or not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends small answers at once; without it each would wait 40 ms for others.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Now, so that whoever is told the address can connect at once: requests wait until they are served.
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def do_nothing() -> None:
    """Do nothing."""


def run(
    hall: Hall,
    listener: socket.socket,
    announce: Callable[[], None] = do_nothing,
    doors: Sequence[SideDoor] = (),
    conclude: Callable[[], None] = do_nothing,
) -> int:
    """Serve until it is over; return the exit status: 0, or 130 and 143 after SIGINT and SIGTERM.

    After a second signal nobody is waited for.

    :param announce: called when clients can come in.
    :param conclude: called when all clients have gone, however it ended; not if nobody could come.
    :raises ExchangeError: a side door cannot be opened.
    """
    # asyncio warns of clients that go while something is sent to them, about which nobody can do anything.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    # What runs in threads is Python, and has to let the server go on more often than it would.
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        return asyncio.run(_run(hall, listener, announce, doors, conclude))
    finally:
        sys.setswitchinterval(before)


async def _run(
    hall: Hall,
    listener: socket.socket,
    announce: Callable[[], None],
    doors: Sequence[SideDoor],
    conclude: Callable[[], None],
) -> int:
    stop, hurry = asyncio.Event(), asyncio.Event()
    caught: list[int] = []

    def note(number: int) -> None:
        caught.append(number)
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, note, number)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listener.close)
        for door in doors:
            stack.push_async_callback(door.close)
            await door.open()
        announce()
        try:
            await serve(hall, listener, stop, doors, hurry)
        finally:
            # Signals are still caught: nobody who is impatient leaves half of it.
            conclude()
    return 128 + caught[0] if caught else 0


async def serve(
    hall: Hall,
    listener: socket.socket,
    stop: asyncio.Event,
    doors: Sequence[SideDoor] = (),
    hurry: asyncio.Event | None = None,
) -> None:
    """Run the exchange and serve it, until it is finished and all has been sent, or ``stop`` is set.

    :param doors: open ones.
    :param hurry: set when nobody is to be waited for any more.
    """
    hurry = hurry or asyncio.Event()
    config = uvicorn.Config(
        end_quietly(build_application(hall)),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws_max_size=_LARGEST_FRAME,
        timeout_graceful_shutdown=2,
        server_header=False,
        # Otherwise anybody on this machine could say to be anywhere.
        proxy_headers=bool(hall.trusted_proxies),
        forwarded_allow_ips=list(hall.trusted_proxies),
    )
    server = Server(config, hurry)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    running = asyncio.create_task(hall.driver.run())
    stopping = asyncio.create_task(stop.wait())
    beside = [asyncio.create_task(door.run(stop)) for door in doors]
    try:
        await asyncio.wait((serving, running, stopping, *beside), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            async with hall.driver.lock:
                running.cancel()
            await asyncio.wait((running,))
            hall.driver.stop()
        # From now on, a signal says that somebody does not want to wait for the slow.
        stop.set()
        await _unless(hurry, [_flush(hall), *(door.flush() for door in doors)])
    finally:
        server.should_exit = True
        for task in (stopping, *beside):
            task.cancel()
        await asyncio.gather(serving, running, stopping, *beside, return_exceptions=True)
    for task in (running, *beside):
        if not task.cancelled():
            task.result()


async def _unless(event: asyncio.Event, work: Sequence[Awaitable[None]]) -> None:
    """Return when all work is done, or the event is set."""
    everything = asyncio.gather(*work)
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((everything, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    everything.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await everything


async def _flush(hall: Hall) -> None:
    """Close all WebSockets after what waits for them, and give slow readers a moment."""
    sockets = hall.driver.sockets
    sockets.end()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS_TO_FLUSH):
            await sockets.ended()
