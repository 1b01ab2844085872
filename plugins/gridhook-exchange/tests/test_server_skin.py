"""Bodies, WebSockets, paces, look-ups and the description of the endpoints."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.websockets import WebSocketDisconnect

from gridhook_exchange.server.bodies import LARGEST_OTHER, Bodies
from gridhook_exchange.server.building import Wishes, build_hall
from gridhook_exchange.server.command import _reachable
from gridhook_exchange.server.driver import Driver, Lockstep, Paced
from gridhook_exchange.server.endpoints import BODIES, ROUTES
from gridhook_exchange.server.graphql import LOOK_UPS
from gridhook_exchange.server.listening import listen_to_aggregator
from gridhook_exchange.server.openapi import description
from gridhook_exchange.server.serving import listen
from gridhook_exchange.server.sockets import Sockets
from gridhook_exchange.service.errors import Refusal
from gridhook_exchange.service.exchange import Exchange
from gridhook_exchange.service.limits import Limits


def request(*chunks, length=None, leaves=False):
    headers = [] if length is None else [(b"content-length", str(length).encode())]
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.disconnect"} if leaves else {"type": "http.request", "body": b""})

    async def receive():
        return waiting.pop(0)

    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


def read(*arguments, **named):
    return asyncio.run(Bodies().read(request(*arguments, **named), 20))


def test_a_body_is_read_up_to_its_limit():
    assert read(b'{"a": ', b"1}") == {"a": 1}
    assert read(b'{"a": "%s"}' % (b"x" * 11)) == {"a": "x" * 11}
    for large in ({"length": 21}, {"length": "9" * 5000}):
        with pytest.raises(HTTPException) as refused:
            read(b"{}", **large)
        assert refused.value.status_code == 413
    with pytest.raises(HTTPException) as refused:
        read(b'{"a": "', b"x" * 20)
    assert refused.value.status_code == 413
    with pytest.raises(Refusal, match="not JSON"):
        read(b"{", length="²")
    with pytest.raises(ClientDisconnect):
        read(b"{", leaves=True)


def test_a_body_that_does_not_come_is_waited_for_no_longer():
    async def check():
        half = request(b"{")
        half._receive = asyncio.Event().wait
        with pytest.raises(HTTPException) as refused:
            await Bodies(most_seconds=0.0).read(half, 20)
        assert refused.value.status_code == 408

    run(check())


def test_of_a_user_two_large_bodies_are_read_at_a_time_and_any_number_of_small_ones():
    async def check():
        bodies = Bodies()
        is_done = asyncio.Event()
        begun = []

        async def work(user, length):
            async with bodies.turn(request(length=length), user):
                begun.append((user, length))
                await is_done.wait()

        small, large = LARGEST_OTHER, LARGEST_OTHER + 1
        asked = [("u", large)] * 4 + [("v", large)] + [("u", small)] * 3
        tasks = [asyncio.create_task(work(*one)) for one in [*asked, ("u", None)]]
        await settle()
        assert begun == [("u", large)] * 2 + [("v", large)] + [("u", small)] * 3
        is_done.set()
        await asyncio.gather(*tasks)

    run(check())


def run(check):
    """Run a check; what would wait for ever fails."""
    asyncio.run(asyncio.wait_for(check, 60))


class Reader:
    """The server's end of a WebSocket whose client reads when it is let."""

    def __init__(self):
        self.frames = []
        self.may_read = asyncio.Event()
        self.left = asyncio.Event()
        self.code = None

    async def receive(self):
        await self.left.wait()
        return {"type": "websocket.disconnect"}

    async def send_bytes(self, frame):
        await self.may_read.wait()
        if self.left.is_set():
            raise WebSocketDisconnect
        self.frames.append(frame)

    async def accept(self, headers=()):
        pass

    async def close(self, code, reason=None):
        self.code = code


async def settle():
    """Let all tasks go as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_frames_go_to_all_who_listen_and_to_nobody_else():
    async def check():
        sockets = Sockets(10)
        readers = [Reader() for _ in range(3)]
        tasks = [
            asyncio.create_task(sockets.serve(reader, channel, "u"))
            for reader, channel in zip(readers, ("a", "a", "b"), strict=True)
        ]
        await settle()
        assert (len(sockets), sockets.is_open("a"), sockets.is_open("c")) == (3, True, False)
        for reader in readers:
            reader.may_read.set()
        for frame in (b"1", b"2"):
            sockets.send("a", frame)
        sockets.send("c", b"3")
        sockets.end(["a", "c"])
        await asyncio.gather(*tasks[:2])
        assert [reader.frames for reader in readers] == [[b"1", b"2"], [b"1", b"2"], []]
        assert [reader.code for reader in readers] == [1000, 1000, None]
        assert not sockets.is_open("a")
        sockets.end()
        await sockets.ended()
        await tasks[2]
        assert len(sockets) == 0

    run(check())


@pytest.mark.parametrize("limits", [(5, 1000), (1000, 50)])
def test_who_reads_too_slowly_is_dropped_and_holds_nobody_up(limits):
    async def check():
        sockets = Sockets(*limits)
        slow, fast = Reader(), Reader()
        fast.may_read.set()
        tasks = [asyncio.create_task(sockets.serve(reader, "a", "u")) for reader in (slow, fast)]
        await settle()
        for _ in range(20):
            sockets.send("a", b"x" * 10)
            await settle()
        await tasks[0]
        assert (slow.code, slow.frames) == (1013, [])
        assert len(fast.frames) == 20
        assert len(sockets) == 1
        sockets.end()
        await asyncio.gather(sockets.ended(), tasks[1])

    run(check())


def test_who_is_too_slow_is_waited_for_no_more_at_once():
    async def check():
        sockets = Sockets(1)
        reader = Reader()
        task = asyncio.create_task(sockets.serve(reader, "a", "u"))
        await settle()
        sockets.send("a", b"1")
        assert sockets.is_open("a")
        sockets.send("a", b"2")
        assert not sockets.is_open("a")
        await asyncio.gather(task, sockets.ended())
        assert reader.code == 1013

    run(check())


def test_what_has_been_read_waits_no_more():
    async def check():
        sockets = Sockets(1000, 50)
        reader = Reader()
        reader.may_read.set()
        task = asyncio.create_task(sockets.serve(reader, "a", "u"))
        for _ in range(10):
            await settle()
            for _ in range(2):
                sockets.send("a", b"x" * 10)
        sockets.end()
        await task
        assert (len(reader.frames), reader.code) == (20, 1000)

    run(check())


def test_what_waits_for_all_readers_of_a_user_has_a_limit_and_the_slowest_is_dropped():
    async def check():
        sockets = Sockets(1000, 50)
        slow, slower, other = readers = [Reader() for _ in range(3)]
        tasks = [
            asyncio.create_task(sockets.serve(reader, channel, user))
            for reader, channel, user in zip(readers, "abc", "uuv", strict=True)
        ]
        await settle()
        sockets.send("b", b"x" * 11)
        for _ in range(2):
            sockets.send("a", b"x" * 10)
            sockets.send("b", b"x" * 10)
            sockets.send("c", b"x" * 25)
        await tasks[1]
        assert slower.code == 1013
        assert len(sockets) == 2
        for reader in (slow, other):
            reader.may_read.set()
        sockets.end()
        await asyncio.gather(*tasks)
        assert [len(reader.frames) for reader in readers] == [2, 0, 2]

    run(check())


def test_a_user_has_so_many_sockets_and_others_have_their_own():
    async def check():
        sockets = Sockets(5, most_of_user=2)
        readers = [Reader() for _ in range(4)]
        tasks = [
            asyncio.create_task(sockets.serve(reader, "a", user)) for reader, user in zip(readers, "uuuv", strict=True)
        ]
        await settle()
        assert [reader.code for reader in readers] == [None, None, 1008, None]
        readers[0].left.set()
        await settle()
        again = Reader()
        tasks.append(asyncio.create_task(sockets.serve(again, "a", "u")))
        await settle()
        assert (again.code, len(sockets)) == (None, 3)
        sockets.end()
        for reader in readers:
            reader.may_read.set()
        await asyncio.gather(*tasks)

    run(check())


def test_one_frame_may_be_larger_than_all_that_may_wait():
    async def check():
        sockets = Sockets(5, 10)
        reader = Reader()
        task = asyncio.create_task(sockets.serve(reader, "a", "u"))
        await settle()
        sockets.send("a", b"x" * 100)
        reader.may_read.set()
        await settle()
        sockets.send("a", b"y" * 100)
        await settle()
        assert len(reader.frames) == 2
        sockets.end()
        await task

    run(check())


@pytest.mark.parametrize("is_reading", [True, False])
def test_who_leaves_is_forgotten(is_reading):
    async def check():
        sockets = Sockets(5)
        reader = Reader()
        if is_reading:
            reader.may_read.set()
        task = asyncio.create_task(sockets.serve(reader, "a", "u"))
        await settle()
        sockets.send("a", b"x")
        reader.left.set()
        await task
        await sockets.ended()
        assert not sockets.is_open("a")
        sockets.send("a", b"y")

    run(check())


@pytest.fixture
def exchange(make_community):
    community = make_community(loads={"load": ("Grid", [0.4] * 2)}, pvs={"pv": ("Grid", [0.0] * 2)}, slots=2)
    return Exchange(community, lambda _: frozenset(community.asset_ids[:-1]))


def test_a_paced_run_ends_by_itself(exchange):
    async def check():
        driver = Driver(exchange, Sockets(5), Paced(0.0))
        driver.resumed.set()
        await driver.run()

    run(check())
    assert exchange.is_finished


def test_nothing_runs_before_it_is_resumed(exchange):
    async def check():
        driver = Driver(exchange, Sockets(5), Paced(0.0))
        running = asyncio.create_task(driver.run())
        await settle()
        assert exchange.simulation.tick == -1
        driver.resumed.set()
        await running

    run(check())
    assert exchange.is_finished


def test_in_lockstep_nobody_waits_for_who_has_no_areas(exchange):
    async def check():
        sockets = Sockets(1000)
        driver = Driver(exchange, sockets, Lockstep(most_seconds=3600.0))
        made = [exchange.create_aggregator("u", name) for name in "ab"]
        tasks = [asyncio.create_task(sockets.serve(Reader(), one.uuid, "u")) for one in made]
        await settle()
        driver.resumed.set()
        running = asyncio.create_task(driver.run())
        await settle()
        # Nobody has anything yet: the market waits until somebody has.
        assert exchange.simulation.tick == 0
        exchange.select("u", made[0].uuid, "asset load")
        body = {"transaction_id": "t", "aggregator_uuid": made[0].uuid, "batch_commands": {}}
        exchange.submit("u", body)
        await driver.note_batch()
        await settle()
        assert exchange.simulation.tick == 1
        for task in (running, *tasks):
            task.cancel()
        await asyncio.gather(running, *tasks, return_exceptions=True)

    run(check())


def submit_many(exchange, count):
    made = exchange.create_aggregator("u", "a")
    exchange.select("u", made.uuid, "asset load")
    commands = {"asset load": [{"type": "device_info"}] * count}
    exchange.submit("u", {"transaction_id": "t", "aggregator_uuid": made.uuid, "batch_commands": commands})


def test_while_many_commands_are_executed_the_server_goes_on_and_changes_wait(exchange):
    async def check():
        driver = Driver(exchange, Sockets(5), Paced(0.0))
        submit_many(exchange, 2000)
        loop, begun, may_end, work = asyncio.get_running_loop(), asyncio.Event(), threading.Event(), exchange.end_tick

        def slow():
            loop.call_soon_threadsafe(begun.set)
            assert may_end.wait(30)
            return work()

        exchange.end_tick = slow
        driver.resumed.set()
        running = asyncio.create_task(driver.run())
        # If it were executed on the loop, nothing here would happen before it is over.
        await begun.wait()
        assert driver.lock.locked()
        assert exchange.simulation.tick == 0
        exchange.end_tick = work
        may_end.set()
        await running

    run(check())
    assert exchange.is_finished


def test_few_commands_are_executed_at_once(exchange):
    async def check():
        driver = Driver(exchange, Sockets(5), Paced(0.0))
        submit_many(exchange, 10)
        threads, work = set(), exchange.end_tick
        exchange.end_tick = lambda: threads.add(threading.current_thread()) or work()
        driver.resumed.set()
        await driver.run()
        assert threads == {threading.current_thread()}

    run(check())


def test_in_lockstep_a_tick_waits_for_all_who_listen(exchange):
    async def check():
        sockets = Sockets(1000)
        driver = Driver(exchange, sockets, Lockstep(most_seconds=3600.0))
        made = [exchange.create_aggregator("u", name) for name in "ab"]
        exchange.select("u", made[0].uuid, "asset load")
        exchange.select("u", made[1].uuid, "asset pv")
        readers = [Reader() for _ in made]
        for reader in readers:
            reader.may_read.set()
        tasks = [
            asyncio.create_task(sockets.serve(reader, one.uuid, "u")) for reader, one in zip(readers, made, strict=True)
        ]
        await settle()
        driver.resumed.set()
        running = asyncio.create_task(driver.run())
        await settle()

        async def send(one, number):
            body = {"transaction_id": str(number), "aggregator_uuid": one.uuid, "batch_commands": {}}
            exchange.submit("u", body)
            await driver.note_batch()
            await settle()

        assert exchange.simulation.tick == 0
        await send(made[0], 0)
        assert exchange.simulation.tick == 0
        await send(made[1], 0)
        assert exchange.simulation.tick == 1
        # Who leaves is waited for no more.
        await send(made[0], 1)
        readers[1].left.set()
        await settle()
        await driver.note_batch()
        await settle()
        assert exchange.simulation.tick == 2
        for number in range(2, 20):
            await send(made[0], number)
        await running
        sockets.end()
        await asyncio.gather(*tasks)
        assert json.loads(readers[0].frames[-1])["event"] == "finish"

    run(check())


@pytest.mark.parametrize("last", [10, 15, 19])
def test_who_listens_no_more_loses_its_assets_when_who_sends_no_more_does(make_community, last):
    energy = ("Grid", [0.4] * 4)
    community = make_community(loads={"load": energy}, pvs={"pv": energy}, slots=4)
    exchange = Exchange(community, lambda _: frozenset(community.asset_ids[:-1]), Limits(lease_slots=1))
    listens, sends = (exchange.create_aggregator("u", name) for name in ("listens", "sends"))
    exchange.select("u", listens.uuid, "asset load")
    exchange.select("u", sends.uuid, "asset pv")
    reader = Reader()
    held = []

    class Until:
        """Ticks that both are there until the last of them."""

        async def wait(self, driver, *, is_event):
            tick = exchange.simulation.tick
            held.append((len(listens.areas), len(sends.areas)))
            if tick <= last:
                exchange.submit("u", {"transaction_id": str(tick), "aggregator_uuid": sends.uuid, "batch_commands": {}})
            if tick == last:
                reader.left.set()
                await settle()

    async def check():
        sockets = Sockets(1000)
        driver = Driver(exchange, sockets, Until())
        listening = asyncio.create_task(sockets.serve(reader, listens.uuid, "u"))
        await settle()
        driver.resumed.set()
        await driver.run()
        await listening

    run(check())
    assert held == [(1, 1)] * 30 + [(0, 0)] * 10


def test_in_lockstep_a_tick_ends_when_nobody_sends_for_long(exchange):
    async def check():
        driver = Driver(exchange, Sockets(5), Lockstep(most_seconds=0.0))
        driver.resumed.set()
        await driver.run()

    run(check())
    assert exchange.is_finished


def test_the_description_names_every_endpoint_with_its_body():
    paths = description()["paths"]
    assert {(path, method) for path, its in paths.items() for method in its} == {
        (route.path, method.lower()) for route in (*ROUTES, *LOOK_UPS) for method in route.methods - {"HEAD"}
    }
    operations = [operation for its in paths.values() for operation in its.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert ("security" in operation) is (operation["operationId"] != "log_in_post")
    assert sum("requestBody" in operation for operation in operations) == len(BODIES)


def test_a_listening_socket_takes_connections_at_once_and_its_address_is_taken():
    with listen("127.0.0.1", 0) as listener:
        with socket.create_connection(listener.getsockname(), timeout=60), pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", listener.getsockname()[1])
        # Only then asyncio sends small answers at once.
        assert listener.proto == socket.IPPROTO_TCP


def test_an_aggregator_that_leaves_lets_the_others_go_on():
    async def check():
        hall = build_hall(Wishes("demo", slots=1, passwords={"ann": "x"}))
        made = hall.exchange.create_aggregator("ann", "a")
        reader = Reader()
        reader.app = SimpleNamespace(state=SimpleNamespace(hall=hall))
        reader.headers = {"authorization": f"JWT {hall.tokens.make('ann')}"}
        reader.path_params = {"aggregator": made.uuid, "simulation": hall.exchange.simulation_id}
        serving = asyncio.create_task(listen_to_aggregator(reader))
        await settle()
        assert hall.driver.sockets.is_open(made.uuid)

        async def wait():
            async with hall.driver.submitted:
                await hall.driver.submitted.wait_for(lambda: not hall.driver.sockets.is_open(made.uuid))

        waiting = asyncio.create_task(wait())
        await settle()
        reader.left.set()
        await asyncio.gather(serving, waiting)

    run(check())


@pytest.mark.parametrize(
    ("bound", "host", "told"),
    [
        ("0.0.0.0", "0.0.0.0", socket.gethostname()),  # noqa: S104 - nothing listens there
        ("::", "::", socket.gethostname()),
        ("127.0.0.1", "localhost", "localhost"),
    ],
)
def test_who_listens_on_all_addresses_tells_clients_the_name_of_the_machine(bound, host, told):
    class Listener:
        def getsockname(self):
            return bound, 8000

    assert _reachable(host, Listener()) == told
