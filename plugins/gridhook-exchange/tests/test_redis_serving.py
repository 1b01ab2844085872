"""``gridhook serve --redis`` with a real Redis server, and a client that was written from PROTOCOL.md 3 alone."""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import attrs
import pytest
import redis

from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.link import find_community
from gridhook_exchange.redis_door.address import read_address
from gridhook_exchange.redis_door.connection import RedisDoor, Waits
from gridhook_exchange.redis_door.door import Door
from gridhook_exchange.server.driver import Driver, Lockstep
from gridhook_exchange.server.sockets import Sockets
from gridhook_exchange.service.exchange import Exchange

PATIENCE = 60  # seconds after which a message is missing, and not only late
BATCHES = "external-aggregator//batch_commands"

if shutil.which("redis-server") is None and not os.environ.get("GRIDHOOK_CI"):
    pytest.skip("redis-server is not installed", allow_module_level=True)


class Server:
    """A redis-server on loopback, which can be ended and started again."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        heard = []
        for line in self.process.stdout:
            heard.append(line)
            if "Ready to accept connections" in line:
                return
        pytest.fail(f"redis-server did not start:\n{''.join(heard)}")

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("redis"))
    yield server
    server.end()


@attrs.define
class Serving:
    """A served exchange, and what it said first."""

    process: subprocess.Popen
    facts: dict

    def await_line(self, words):
        """Return what was logged up to a line with these words."""
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if words in line:
                return lines
        pytest.fail(f"it ended without saying {words!r}: {lines}")

    def end(self):
        """Wait for its end; return its exit status and what it still logged."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@contextlib.contextmanager
def serving(server, *options):
    command = [sys.executable, "-m", "gridhook", "serve", "--json", "--port", "0", "--redis", server.url, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        # One that says nothing any more would be listened to for ever.
        watchdog = threading.Timer(3 * PATIENCE, process.kill)
        watchdog.start()
        try:
            first = process.stdout.readline()
            if not first:
                pytest.fail(process.stderr.read())
            yield Serving(process, json.loads(first))
        finally:
            watchdog.cancel()
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


class Client:
    """Publishes, and hears everything that is published."""

    def __init__(self, url):
        self.redis = redis.Redis.from_url(url, socket_timeout=PATIENCE)
        self.heard = []
        self.listen()

    def listen(self):
        self.pubsub = self.redis.pubsub()
        self.pubsub.psubscribe("*")
        assert self.pubsub.get_message(timeout=PATIENCE)["type"] == "psubscribe"

    def close(self):
        self.pubsub.close()
        self.redis.close()

    def publish(self, channel, message):
        data = message if isinstance(message, bytes | str) else json.dumps(message)
        assert self.redis.publish(channel, data) == 2, "the exchange and this client listen"

    def next(self):
        """Return channel and content of the next message that is neither a heartbeat nor a client's garbage."""
        for _ in range(PATIENCE // 5):
            message = self.pubsub.get_message(timeout=PATIENCE)
            assert message is not None, "nothing more is said"
            with contextlib.suppress(ValueError, RecursionError):
                told = message["channel"].decode(), json.loads(message["data"])
                if told[0] != "gsy-e-heartbeat/" or "gsy-e-heartbeat/" not in dict(self.heard):
                    self.heard.append(told)
                    return told
        pytest.fail("nothing but heartbeats and garbage")

    def until(self, is_wanted):
        """Return the first message from now on that is wanted."""
        while True:
            channel, content = self.next()
            if is_wanted(channel, content):
                return content

    def ask(self, channel, answers, **message):
        """Publish a request; return its answer."""
        transaction = str(uuid.uuid4())
        self.publish(channel, {"transaction_id": transaction, **message})
        return self.until(lambda at, content: at == answers and content["transaction_id"] == transaction)

    def lifecycle(self, kind, **message):
        return self.ask("aggregator-commands", "aggregator-response", type=kind, **message)

    def create(self):
        answer = self.lifecycle("CREATE", name="oracle")
        assert answer["status"] == "ready"
        return answer["transaction_id"]

    def register(self, prefix):
        answer = self.area(prefix, "register_participant", name=prefix)
        assert (answer["command"], answer["status"], answer["registered"]) == ("register", "ready", True)
        return answer["device_uuid"]

    def area(self, prefix, command, **message):
        return self.ask(f"{prefix}/{command}", f"{prefix}/response/{command}", **message)

    def batch(self, aggregator, commands):
        return self.ask(
            BATCHES,
            f"external-aggregator//{aggregator}/response/batch_commands",
            type="BATCHED",
            aggregator_uuid=aggregator,
            batch_commands=commands,
        )

    def count(self, channel, **parts):
        """Return how often something was published on a channel that has these parts."""
        return sum(at == channel and parts.items() <= content.items() for at, content in self.heard)


@pytest.fixture
def client(server):
    client = Client(server.url)
    yield client
    client.close()


class Trader:
    """Trades all loads and PVs of a community for some slots, and a market's fee."""

    def __init__(self, client, facts):
        self.client = client
        self.aggregator = client.create()
        self.kinds = {}
        for asset in facts["assets"]:
            assert client.register(asset["name"]) == asset["uuid"]
            self.kinds[asset["uuid"]] = asset["kind"]
        self.market = client.register("grid")
        for area in (*self.kinds, self.market):
            answer = client.lifecycle("SELECT", aggregator_uuid=self.aggregator, device_uuid=area)
            assert (answer["status"], answer["device_uuid"]) == ("SELECTED", area)
        self.events = []
        self.sent = {}
        self.answers = {}
        self.slots = []

    def run(self):
        """Answer each tick event with a batch, until it is over."""
        events = f"external-aggregator//{self.aggregator}/events/all"
        answers = f"external-aggregator//{self.aggregator}/response/batch_commands"
        while True:
            channel, content = self.client.next()
            if channel == answers:
                assert content["transaction_id"] not in self.answers
                self.answers[content["transaction_id"]] = content["responses"]
            if channel != events:
                continue
            self.events.append(content)
            if content["event"] == "market":
                self.slots.append(content["market_slot"])
            if content["event"] == "tick":
                self.send(content)
            if content["event"] == "finish":
                return

    def send(self, tick):
        commands = {area: [*self.orders(area, info)] for area, info in self.infos(tick["grid_tree"])}
        if tick["slot_completion"] == "0%":
            commands[self.market] = [{"type": "dso_market_stats", "data": {}}]
            for number, area in enumerate(commands if len(self.slots) > 1 else ()):
                if self.kinds.get(area) == "load":
                    used = self.traded(tick["grid_tree"], area) + (0.2 if number % 2 else -0.02)
                    measured = {self.slots[-2]: max(used, 0.0)}
                    commands[area].append({"type": "set_energy_measurement", "energy_measurement": measured})
        transaction = str(uuid.uuid4())
        self.sent[transaction] = commands
        self.client.publish(
            BATCHES,
            {
                "type": "BATCHED",
                "transaction_id": transaction,
                "aggregator_uuid": self.aggregator,
                "batch_commands": commands,
            },
        )

    def infos(self, tree):
        for area, node in tree.items():
            if "asset_info" in node:
                yield area, node["asset_info"]
            yield from self.infos(node.get("children", {}))

    def traded(self, tree, area):
        for one, node in tree.items():
            if one == area:
                return node["last_slot_asset_info"]["energy_traded"]
            found = self.traded(node.get("children", {}), area)
            if found is not None:
                return found
        return None

    def orders(self, area, info):
        if self.kinds[area] == "load" and info["energy_requirement_kWh"] > 0.001:
            energy = info["energy_requirement_kWh"]
            yield {"type": "bid", "energy": energy, "price": 40 * energy, "replace_existing": True, "time_slot": None}
        if self.kinds[area] == "pv" and info["available_energy_kWh"] > 0.001:
            energy = info["available_energy_kWh"]
            yield {"type": "offer", "energy": energy, "price": 2 * energy, "replace_existing": True, "time_slot": None}
        for slot, deviation in info.get("unsettled_deviation_kWh", {}).items():
            if deviation is not None and abs(deviation) > 0.001:
                side, rate = ("bid", 40) if deviation > 0 else ("offer", 2)
                energy = abs(deviation)
                yield {
                    "type": side,
                    "energy": energy,
                    "price": rate * energy,
                    "replace_existing": True,
                    "time_slot": slot,
                }


def test_a_community_is_traded_over_redis(server, client, tmp_path):
    """Register, create, select, events, batches, trades, settlement, finish: in lockstep, so that no tick is missed."""
    with serving(server, "--lockstep", "--paused", "--slots", "5", "--report", str(tmp_path / "results")) as exchange:
        assert exchange.facts["redis_url"] == server.url
        assert isinstance(client.until(lambda at, _: at == "gsy-e-heartbeat/")["time"], int)
        trader = Trader(client, exchange.facts)
        resumed = client.ask("/resume", "/response/resume")
        assert (resumed["command"], resumed["simulation_id"], resumed["status"]) == ("resume", "", "success")
        trader.run()
        for slug in ("grid", "community"):
            client.until(lambda at, content, slug=slug: (at, content) == (f"{slug}/events/finish", {"event": "finish"}))
        assert exchange.end() == (0, "")
    ticks = [(one["market_slot"], one["slot_completion"]) for one in trader.events if one["event"] == "tick"]
    assert len(set(trader.slots)) == 5
    assert ticks == [(slot, f"{share}%") for slot in trader.slots for share in range(0, 100, 10)]
    assert {one["simulation_id"] for one in trader.events} == {None}
    assert trader.answers.keys() == trader.sent.keys()
    bought, settled = set(), set()
    for transaction, commands in trader.sent.items():
        answers = trader.answers[transaction]
        assert {area: len(its) for area, its in answers.items()} == {area: len(its) for area, its in commands.items()}
        for command, answer in (
            (c, a) for area in commands for c, a in zip(commands[area], answers[area], strict=True)
        ):
            assert (answer["command"], answer["status"]) == (command["type"], "ready"), answer
            if command["type"] in ("bid", "offer"):
                order = json.loads(answer[command["type"]])
                (settled if answer["market_type"] == "Settlement Market" else bought).add(order["id"])
    trades = [one for event in trader.events if event["event"] == "trade" for one in event["trade_list"]]
    assert {one["asset_id"] for one in trades} <= trader.kinds.keys()
    traded = {one[key] for one in trades for key in ("bid_id", "offer_id")}
    assert traded & bought
    assert traded & settled
    assert sum(one["traded_energy"] for one in trades) > 1.0
    # The report tells of these orders and trades.
    summary = json.loads((tmp_path / "results" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["orders"], summary["settlement"]["orders"]) == (len(bought), len(settled))
    text = (tmp_path / "results" / "trades.csv").read_text(encoding="utf-8")
    assert {one["trade_id"] for one in trades} <= {line.partition(",")[0] for line in text.splitlines()}


def test_two_aggregators_are_waited_for(server, client):
    """Neither misses a tick, and neither is told of the other's asset."""
    with serving(server, "--lockstep", "--paused", "--slots", "2") as exchange:
        names = [asset["name"] for asset in exchange.facts["assets"] if asset["kind"] == "load"][:2]
        owned = {client.create(): client.register(name) for name in names}
        for aggregator, area in owned.items():
            client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=area)
            empty = {"transaction_id": "first", "aggregator_uuid": aggregator, "batch_commands": {}}
            client.publish(BATCHES, empty)
        client.ask("/resume", "/response/resume")
        ticks = {aggregator: [] for aggregator in owned}
        finished = set()
        channels = {f"external-aggregator//{aggregator}/events/all": aggregator for aggregator in owned}
        while len(finished) < 2:
            channel, content = client.next()
            aggregator = channels.get(channel)
            if aggregator is None:
                continue
            if content["event"] == "finish":
                finished.add(aggregator)
            if content["event"] == "tick":
                ticks[aggregator].append(content["slot_completion"])
                seen = json.dumps(content["grid_tree"]).count("asset_info")
                assert seen == 2  # its asset_info and last_slot_asset_info
                client.publish(
                    BATCHES,
                    {"transaction_id": str(uuid.uuid4()), "aggregator_uuid": aggregator, "batch_commands": {}},
                )
        assert exchange.end() == (0, "")
    assert list(ticks.values()) == [[f"{share}%" for share in range(0, 100, 10)] * 2] * 2


@pytest.fixture(scope="class")
def running(server):
    """Serve an exchange whose ticks last 0.2 s, so that silent clients are far from losing their assets."""
    with serving(server, "--slot-seconds", "12") as exchange:
        yield exchange


class TestFaults:
    @pytest.fixture
    def loads(self, running):
        return {asset["name"]: asset["uuid"] for asset in running.facts["assets"] if asset["kind"] == "load"}

    @pytest.mark.parametrize("garbage", [b"{not json", b"\xff\xfe", b"[]", b"{}", b'{"type": "SELECT"}', b""])
    def test_no_message_deafens_it(self, client, running, loads, garbage):
        """E2."""
        name = next(iter(loads))
        for channel in (
            "aggregator-commands",
            BATCHES,
            f"{name}/register_participant",
            f"{name}/bid",
            f"{name}/set_energy_forecast",
            "/pause",
        ):
            client.publish(channel, garbage)
        assert client.register(name) == loads[name]
        aggregator = client.create()
        assert client.batch(aggregator, {})["responses"] == {}

    @pytest.mark.parametrize("half", [b"\\ud800", b"\xed\xa0\x80"])
    def test_halves_of_characters_and_deep_texts_end_nothing(self, client, running, half):
        aggregator = client.create()
        deep = b"[" * 100_000
        for text in (half, b'", "x": ' + deep, b'", "x": ' + b"9" * 5000 + b', "x": "'):
            head = b'{"transaction_id": "t", "aggregator_uuid": "%s", ' % aggregator.encode()
            client.publish(BATCHES, head + b'"batch_commands": {"%s": [5]}}' % text)
            client.publish(BATCHES, head + b'"batch_commands": {"a": [{"type": "%s"}]}}' % text)
            client.publish("aggregator-commands", head + b'"type": "%s"}' % text)
        for _ in range(3):
            assert client.batch(aggregator, {})["responses"] == {}
        assert running.process.poll() is None

    def test_an_asset_is_not_stolen(self, client, running, loads):
        """E3: neither by an aggregator that nobody made, nor in a batch."""
        area = list(loads.values())[1]
        owner, thief = client.create(), client.create()
        assert client.lifecycle("SELECT", aggregator_uuid=owner, device_uuid=area)["status"] == "SELECTED"
        for aggregator in (thief, str(uuid.uuid4())):
            assert client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=area)["status"] == "error"
            answer = client.batch(aggregator, {area: [{"type": "device_info"}]})
            assert answer["responses"][area][0]["status"] == "error"
        assert client.batch(owner, {area: [{"type": "device_info"}]})["responses"][area][0]["status"] == "ready"

    def test_a_deleted_aggregator_does_no_harm(self, client, running, loads):
        """E6."""
        area = list(loads.values())[2]
        first = client.create()
        client.lifecycle("SELECT", aggregator_uuid=first, device_uuid=area)
        assert client.lifecycle("DELETE", aggregator_uuid=first)["status"] == "deleted"
        second = client.create()
        assert client.lifecycle("SELECT", aggregator_uuid=second, device_uuid=area)["status"] == "SELECTED"
        client.until(lambda at, content: second in at and content.get("event") == "tick")

    def test_the_same_transaction_is_executed_once(self, client, running, loads):
        """E10."""
        area = list(loads.values())[3]
        aggregator = client.create()
        client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=area)
        channel = f"external-aggregator//{aggregator}/response/batch_commands"
        commands = {area: [{"type": "bid", "energy": 0.0001, "price": 0.0, "replace_existing": False}]}
        batch = {"transaction_id": "once", "aggregator_uuid": aggregator, "batch_commands": commands}
        answers = []
        for _ in range(3):
            client.publish(BATCHES, batch)
            answers.append(client.until(lambda at, content: at == channel and content["transaction_id"] == "once"))
        assert answers[0]["responses"][area][0]["command"] == "bid"
        assert answers == [answers[0]] * 3

    def test_a_forecast_is_answered_once_and_elsewhere(self, client, running, loads):
        """E11: on the channel of the request there is only the request."""
        name = list(loads)[4]
        client.register(name)
        answer = client.area(name, "set_energy_forecast", energy_forecast={"2099-01-01T00:00": 1.0})
        assert answer["command"] == "set_energy_forecast"
        client.register(name)
        transaction = answer["transaction_id"]
        assert client.count(f"{name}/set_energy_forecast", transaction_id=transaction) == 1
        assert client.count(f"{name}/response/set_energy_forecast", transaction_id=transaction) == 1

    def test_unselecting_is_answered_once(self, client, running, loads):
        """E27: the pair that is known, and the one that is not."""
        area = list(loads.values())[5]
        aggregator = client.create()
        client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=area)
        answers = [client.lifecycle("UNSELECT", aggregator_uuid=aggregator, device_uuid=area) for _ in range(2)]
        assert [answer["status"] for answer in answers] == ["UNSELECTED", "error"]
        client.create()
        for answer in answers:
            assert client.count("aggregator-response", transaction_id=answer["transaction_id"]) == 1


def test_both_doors_lead_to_one_exchange(server, client):
    """What a Redis client selected is seen, and not had, by who logs in."""

    def post(path, token=None, **body):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"JWT {token}"} if token else {})
        request = urllib.request.Request(facts["url"] + path, json.dumps(body).encode(), headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310
            return json.load(response)

    with serving(server, "--paused") as exchange:
        facts = exchange.facts
        area = facts["assets"][0]
        aggregator = client.create()
        client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=client.register(area["name"]))
        token = post("/api-token-auth/", username=facts["username"], password=facts["password"])["access"]
        api = f"/external-connection/aggregator-api/{facts['simulation_id']}"
        hers = post(f"{api}/create-aggregator/", token, name="hers")["uuid"]
        with pytest.raises(urllib.error.HTTPError, match="409") as caught:
            post(f"{api}/select-aggregator/", token, aggregator_uuid=hers, device_uuid=area["uuid"])
        caught.value.close()
        client.lifecycle("UNSELECT", aggregator_uuid=aggregator, device_uuid=area["uuid"])
        post(f"{api}/select-aggregator/", token, aggregator_uuid=hers, device_uuid=area["uuid"])
        assert client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=area["uuid"])["status"] == "error"


def test_it_is_paused_and_stopped_over_redis(server, client):
    with serving(server, "--slot-seconds", "600") as exchange:
        area = client.register(exchange.facts["assets"][0]["name"])
        aggregator = client.create()
        client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=area)
        for command in ("pause", "resume", "pause"):
            assert client.ask(f"/{command}", f"/response/{command}")["status"] == "success"
        client.publish("/area-map", {"transaction_id": "m"})
        areas = client.until(lambda at, _: at == "/response/area-map")["area_mapping"]
        assert areas[area] == exchange.facts["assets"][0]["name"]
        client.publish("/stop", {"transaction_id": "s"})
        client.until(lambda at, content: at == "/response/stop" and content["status"] == "success")
        client.until(lambda at, content: aggregator in at and content["event"] == "finish")
        assert exchange.end() == (0, "")


def test_a_dropped_connection_is_made_again(server, client):
    """E2: whoever listens is dropped by the server; both come back, and nothing else has changed."""
    with serving(server, "--slot-seconds", "12") as exchange:
        area = client.register(exchange.facts["assets"][0]["name"])
        aggregator = client.create()
        client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=area)
        client.redis.client_kill_filter(_type="pubsub")
        assert [line.partition(": ")[0] for line in exchange.await_line("is back")] == [
            f"Redis at {server.url} is away, trying again",
            f"Redis at {server.url} is back\n",
        ]
        client.listen()
        answer = client.batch(aggregator, {area: [{"type": "device_info"}]})
        assert answer["responses"][area][0]["status"] == "ready"


def test_a_server_that_goes_and_comes_is_found_again(tmp_path):
    own = Server(tmp_path)
    with serving(own, "--slot-seconds", "12") as exchange:
        client = Client(own.url)
        area = client.register(exchange.facts["assets"][0]["name"])
        aggregator = client.create()
        client.lifecycle("SELECT", aggregator_uuid=aggregator, device_uuid=area)
        client.close()
        own.end()
        exchange.await_line("is away")
        own.start()
        exchange.await_line("is back")
        client = Client(own.url)
        answer = client.batch(aggregator, {area: [{"type": "device_info"}]})
        assert answer["responses"][area][0]["status"] == "ready"
        client.publish("/stop", {"transaction_id": "s"})
        status, errors = exchange.end()
        assert status == 0
        assert "Traceback" not in errors
        client.close()
    own.end()


class Line:
    """A line to a Redis server, on loopback, that can be cut in such a way that neither end notices."""

    def __init__(self, port):
        self.port = port
        self.connections = []

    async def open(self):
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        return read_address(f"redis://127.0.0.1:{self.server.sockets[0].getsockname()[1]}")

    async def accept(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        connection = {"is_cut": False}
        self.connections.append(connection)
        try:
            await asyncio.gather(
                self.forward(reader, far_writer, connection), self.forward(far_reader, writer, connection)
            )
        finally:
            writer.close()
            far_writer.close()

    async def forward(self, reader, writer, connection):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not connection["is_cut"]:
                    writer.write(data)
            writer.close()

    def cut(self):
        for connection in self.connections:
            connection["is_cut"] = True


class Notes(logging.Handler):
    """Sets an event when the door is back."""

    def __init__(self):
        super().__init__()
        self.lines = []
        self.is_back = asyncio.Event()

    def emit(self, record):
        self.lines.append(record.getMessage())
        if "is back" in self.lines[-1]:
            self.is_back.set()


@pytest.fixture
def notes():
    """Keep what the door logs."""
    notes = Notes()
    logger = logging.getLogger("gridhook_exchange.redis_door.connection")
    logger.addHandler(notes)
    yield notes
    logger.removeHandler(notes)


def build_door(address, waits=None):
    """Return a door of the demo community that is not open, and its first asset."""
    community = read_community(find_community("demo", Path()), Overrides(None, 1, None))
    exchange = Exchange(community, lambda _: frozenset(community.asset_ids))
    door = RedisDoor(address, Driver(exchange, Sockets(1), Lockstep()), Door(exchange, "all"), waits)
    return door, (community.asset_names[0], community.asset_ids[0])


def test_a_connection_that_says_nothing_any_more_is_made_again(server, client, notes):
    """What was cut on the way is noticed by asking, not by waiting for an error that never comes."""

    async def run():
        line = Line(server.port)
        waits = Waits(answer=5.0, first_retry=0.01, silence=0.5)
        door, (name, area) = build_door(await line.open(), waits)
        await door.open()
        running = asyncio.create_task(door.run(asyncio.Event()))
        line.cut()
        async with asyncio.timeout(PATIENCE):
            await notes.is_back.wait()
            assert await asyncio.to_thread(client.register, name) == area
        running.cancel()
        await asyncio.wait((running,))
        await door.close()
        line.server.close()

    asyncio.run(run())
    assert ["away" in line for line in notes.lines] == [True, False]


def test_in_the_end_a_server_that_is_away_is_waited_for_no_longer_than_a_moment(server, notes):
    async def run():
        door, _ = build_door(read_address(server.url), Waits(flush=3600.0, gone=0.0))
        door._outbox.put(b"channel", b"frame")
        door._note_away(OSError("gone"))
        async with asyncio.timeout(PATIENCE):
            await door.flush()
            await door.close()

    asyncio.run(run())


def test_however_much_fails_meanwhile_it_is_one_line(server, notes):
    door, _ = build_door(read_address(server.url))
    for _ in range(2):
        for _ in range(3):
            door._note_away(OSError("gone"))
        for _ in range(3):
            door._note_back()
    assert ["away" in line for line in notes.lines] == [True, False] * 2


def test_lockstep_waits_for_an_aggregator_that_has_sent_a_batch(server):
    """Otherwise each tick would last as long as one in which nobody answers."""
    door, _ = build_door(read_address(server.url))
    door._door.hear("aggregator-commands", b'{"type": "CREATE", "name": "x", "transaction_id": "u"}')
    assert not door.expects("u")
    door._door.hear(BATCHES, b'{"transaction_id": "t", "aggregator_uuid": "u", "batch_commands": {}}')
    assert door.expects("u")


def test_the_heart_beats_again_and_again(server, client):
    async def run():
        door, _ = build_door(read_address(server.url), Waits(heartbeat=0.01))
        await door.open()
        running = asyncio.create_task(door.run(asyncio.Event()))
        beats = [await asyncio.to_thread(client.pubsub.get_message, timeout=PATIENCE) for _ in range(3)]
        running.cancel()
        await asyncio.wait((running,))
        await door.close()
        return beats

    assert [beat["channel"] for beat in asyncio.run(run())] == [b"gsy-e-heartbeat/"] * 3
