"""The parts of the Redis door that need no Redis: addresses, the outbox, outlets; and what the command says."""

import asyncio
import importlib.util
import socket

import attrs
import pytest
from click.testing import CliRunner

from gridhook.errors import ConfigError, ExchangeError
from gridhook_exchange.redis_door.address import read_address
from gridhook_exchange.redis_door.outbox import Outbox
from gridhook_exchange.server.command import serve
from gridhook_exchange.server.driver import Driver, Lockstep
from gridhook_exchange.server.editing import add_user
from gridhook_exchange.server.sockets import Sockets
from gridhook_exchange.service.exchange import Exchange, Message


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "is_loopback"),
        [
            ("redis://localhost", True),
            ("redis://127.0.0.1:6379/0", True),
            ("redis://[::1]:6380", True),
            ("rediss://localhost:6379/", True),
            ("unix:///run/redis.sock", True),
            ("redis://redis:6379", False),
            ("redis://192.0.2.1", False),
        ],
    )
    def test_an_address_knows_who_reaches_it(self, url, is_loopback):
        address = read_address(url)
        assert (str(address), address.is_loopback) == (url, is_loopback)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "localhost:6379",
            "http://localhost",
            "redis://",
            "redis:///0",
            "redis://h:0",
            "redis://h:66666",
            "redis://h:x",
            "redis://h/zero",
            "redis://h?db=1",
            "redis://h#1",
            "redis://[::1",
            "unix://",
            "unix://run/redis.sock",
        ],
    )
    def test_what_is_no_address_is_refused_in_one_line(self, url):
        with pytest.raises(ConfigError, match=r"\A--redis: [^\n]+\Z"):
            read_address(url)

    def test_a_password_comes_from_the_environment_and_is_never_shown(self, monkeypatch):
        for url in ("redis://:secret@localhost", "redis://user@localhost"):
            with pytest.raises(ConfigError, match="REDISCLI_AUTH") as caught:
                read_address(url)
            assert "secret" not in str(caught.value)
        monkeypatch.setenv("REDISCLI_AUTH", "secret")
        address = read_address("redis://localhost")
        assert address.password == "secret"  # noqa: S105
        assert "secret" not in f"{address} {address!r}"


class TestOutbox:
    def test_what_comes_first_goes_first(self):
        async def run():
            outbox = Outbox(100)
            await outbox.emptied()
            assert outbox.put(b"a", b"1") == outbox.put(b"b", b"2") == 0
            emptied = asyncio.create_task(outbox.emptied())
            assert await outbox.take() == (b"a", b"1")
            outbox.done()
            assert await outbox.take() == (b"b", b"2")
            await asyncio.sleep(0)
            assert not emptied.done()
            outbox.done()
            await emptied

        asyncio.run(run())

    def test_who_takes_waits_for_what_comes(self):
        async def run():
            outbox = Outbox(100)
            taking = asyncio.create_task(outbox.take())
            await asyncio.sleep(0)
            outbox.put(b"a", b"1")
            assert await taking == (b"a", b"1")

        asyncio.run(run())

    def test_the_oldest_are_dropped_when_it_is_full(self):
        async def run():
            outbox = Outbox(10)
            assert outbox.put(b"a", b"1" * 6) == 0
            assert outbox.put(b"b", b"2" * 4) == 0
            assert outbox.put(b"c", b"3" * 5) == 1
            assert outbox.put(b"d", b"4" * 50) == 2
            assert (await outbox.take())[0] == b"d"
            assert outbox.put(b"e", b"5" * 10) == 0

        asyncio.run(run())


@attrs.define
class Ear:
    """An outlet that keeps what it is told."""

    aggregators: set = attrs.field(factory=set)
    heard: list = attrs.field(factory=list)

    def publish(self, message):
        self.heard.append(message)

    def expects(self, aggregator):
        return aggregator in self.aggregators


class Hurry(Lockstep):
    """Notes for which aggregators a tick had to wait, and lets them answer at once."""

    def __init__(self, answer):
        super().__init__(60.0)
        self.answer = answer

    async def wait(self, driver, *, is_event):
        waiting = asyncio.create_task(super().wait(driver, is_event=is_event))
        while is_event and not waiting.done():
            await asyncio.sleep(0)
            await self.answer(driver)
        await waiting


class TestDriver:
    @pytest.fixture
    def exchange(self, make_community):
        community = make_community(loads={"Load": ("Grid", [1.0])}, slots=1, ticks=10)
        return Exchange(community, lambda _: frozenset(community.asset_ids))

    def test_all_outlets_are_told_everything(self, exchange):
        driver = Driver(exchange, Sockets(1), Lockstep())
        ears = [Ear(), Ear()]
        driver.outlets += ears
        messages = [Message("a", {"event": "market"}), Message("b", {})]
        driver.publish(messages)
        assert ears[0].heard == ears[1].heard == messages

    def test_lockstep_waits_for_those_that_any_outlet_expects(self, exchange):
        """Each event tick ends when the expected one has sent; the silent one is expected nowhere."""
        identity = exchange.create_aggregator("ann", "here").uuid
        exchange.create_aggregator("ann", "silent")
        exchange.select("ann", identity, "asset Load")
        batches = []

        async def answer(driver):
            transaction = f"t{exchange.simulation.tick}"
            if transaction not in batches:
                batches.append(transaction)
                exchange.submit(
                    "ann", {"transaction_id": transaction, "aggregator_uuid": identity, "batch_commands": {}}
                )
                await driver.note_batch()

        async def run():
            driver = Driver(exchange, Sockets(1), Hurry(answer))
            ear = Ear({identity})
            driver.outlets.append(ear)
            driver.resumed.set()
            await driver.run()
            return ear

        ear = asyncio.run(run())
        answered = [one.content["transaction_id"] for one in ear.heard if one.content.get("command")]
        assert answered == batches == [f"t{tick}" for tick in range(10)]
        assert ear.heard[-1].content["event"] == "finish"

    def test_who_stops_a_tick_answers_what_was_asked_in_it(self, exchange):
        identity = exchange.create_aggregator("ann", "here").uuid
        ear = Ear()

        async def run():
            driver = Driver(exchange, Sockets(1), Lockstep(60.0))
            driver.outlets.append(ear)
            driver.resumed.set()
            running = asyncio.create_task(driver.run())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            exchange.submit("ann", {"transaction_id": "t", "aggregator_uuid": identity, "batch_commands": {}})
            running.cancel()
            await asyncio.wait((running,))
            driver.stop()

        asyncio.run(run())
        assert [one.content.get("transaction_id") or one.content["event"] for one in ear.heard[:2]] == ["t", "finish"]


class TestCommand:
    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (["--redis", "localhost"], "has to begin with redis://"),
            (["--redis", "redis://192.0.2.1", "--users", "users.toml"], "only on loopback"),
            (["--redis", "redis://localhost", "--users", "users.toml", "--host", "192.0.2.1"], "only on loopback"),
        ],
    )
    def test_a_wrong_call_is_refused(self, arguments, text):
        result = CliRunner().invoke(serve, arguments)
        assert isinstance(result.exception, ConfigError)
        assert text in str(result.exception)

    def test_nobody_logs_in_by_the_name_of_all_redis_clients(self, tmp_path):
        users = tmp_path / "users.toml"
        add_user(users, "(redis)", "secret", ["Home 01 *"])
        result = CliRunner().invoke(serve, ["--redis", "redis://localhost", "--users", str(users)])
        assert isinstance(result.exception, ConfigError)
        assert "(redis)" in str(result.exception)

    def test_a_missing_library_is_told(self, monkeypatch):
        find = importlib.util.find_spec
        monkeypatch.setattr(
            "gridhook_exchange.server.command.find_spec", lambda name: None if name == "redis" else find(name)
        )
        result = CliRunner().invoke(serve, ["--redis", "redis://localhost"])
        assert isinstance(result.exception, ConfigError)
        assert "pip install 'gridhook-exchange[redis]'" in str(result.exception)

    def test_a_redis_that_does_not_answer_ends_it_before_anything_is_announced(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            result = CliRunner().invoke(
                serve, ["--port", "0", "--redis", f"redis://127.0.0.1:{taken.getsockname()[1]}", "--json"]
            )
        assert isinstance(result.exception, ExchangeError)
        assert "cannot be reached" in str(result.exception)
        assert "\n" not in str(result.exception)
        assert result.stdout == ""
