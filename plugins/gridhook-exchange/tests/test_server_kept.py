from __future__ import annotations

import asyncio

import pytest
from starlette.websockets import WebSocketDisconnect

from gridhook_exchange.server.driver import Driver, Paced
from gridhook_exchange.server.kept import KeptFrames
from gridhook_exchange.server.sockets import Sockets
from gridhook_exchange.service.exchange import Exchange, Message


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_frames_are_kept_in_their_order_and_taken_once(clock):
    kept = KeptFrames(clock=clock)
    for frame in (b"1", b"2"):
        kept.add("a", frame)
    kept.add("b", b"3")
    assert kept.take("a") == [b"1", b"2"]
    assert kept.take("a") == []
    assert kept.take("b") == [b"3"]


def test_frames_are_not_kept_for_long(clock):
    kept = KeptFrames(seconds=60.0, clock=clock)
    kept.add("a", b"old")
    clock.now += 50.0
    kept.add("a", b"new")
    clock.now += 20.0
    assert kept.take("a") == [b"new"]


def test_frames_for_which_nobody_comes_are_forgotten(clock):
    kept = KeptFrames(seconds=60.0, clock=clock)
    for number in range(1000):
        kept.add(str(number), b"x")
        clock.now += 1.0
    assert len(kept._frames) <= 61


@pytest.mark.parametrize(("sizes", "left"), [([1] * 5, 3), ([6, 6], 1), ([4, 4, 4], 2), ([11], 0)])
def test_the_oldest_go_when_there_are_too_many(clock, sizes, left):
    kept = KeptFrames(most_frames=3, most_bytes=10, clock=clock)
    frames = [bytes([number]) * size for number, size in enumerate(sizes)]
    for frame in frames:
        kept.add("a", frame)
    assert kept.take("a") == frames[len(frames) - left :]


class Socket:
    """The server's end of a WebSocket, which its client leaves when it is told to."""

    def __init__(self):
        self.frames = []
        self.left = asyncio.Event()

    async def accept(self, headers=()):
        pass

    async def receive(self):
        await self.left.wait()
        return {"type": "websocket.disconnect"}

    async def send_bytes(self, frame):
        if self.left.is_set():
            raise WebSocketDisconnect
        self.frames.append(frame)

    async def close(self, *_):
        self.left.set()


def test_who_comes_a_little_late_has_the_answers_and_no_old_events(make_community):
    """Clients select their assets while their WebSocket is being opened (PROTOCOL.md 10, A10)."""

    async def check():
        community = make_community(loads={"load": ("Grid", [0.4])})
        exchange = Exchange(community, lambda _: frozenset(community.asset_ids[:-1]))
        driver = Driver(exchange, Sockets(10), Paced(0.0))
        mine = exchange.create_aggregator("u", "x")
        driver.publish(exchange.select("u", mine.uuid, "asset load"))
        driver.publish(exchange.begin_tick())
        driver.publish([Message("asset load", {"command": "register"})])
        sockets = {channel: Socket() for channel in (mine.uuid, "asset load")}
        tasks = [asyncio.create_task(driver.sockets.serve(one, channel, "u")) for channel, one in sockets.items()]
        for _ in range(10):
            await asyncio.sleep(0)
        assert [b"selected_by_device" in frame for frame in sockets[mine.uuid].frames] == [True]
        assert [b"register" in frame for frame in sockets["asset load"].frames] == [True]
        for one in sockets.values():
            one.left.set()
        await asyncio.gather(*tasks)

    asyncio.run(check())
