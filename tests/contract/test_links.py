"""The links to exchanges elsewhere pass the tests that every link passes."""

import contextlib
import http.client
import socket
from pathlib import Path

import pytest
from gsy_client import Refused
from redis_server import RedisServer, needs_redis

from gridhook.links import LinkRequest
from gridhook.testing import LinkTests
from gridhook_gsy.exchange import GsyOverHttp
from gridhook_redis.exchange import OverRedis

GONE = (Refused, OSError, http.client.HTTPException)
LAST_SLOTS = 2


@pytest.fixture(scope="class")
def nobody():
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="class")
def server(serve_here):
    return serve_here()


@pytest.fixture(scope="class")
def serve_over_redis(tmp_path_factory, serve_here):
    """Return a function that does so on a Redis server of its own; returns both."""
    servers = []

    def start(*options):
        servers.append(RedisServer(tmp_path_factory.mktemp("redis")))
        return servers[-1], serve_here("--redis", servers[-1].url, *options)

    yield start
    for server in servers:
        server.end()


@pytest.fixture(scope="class")
def redis_and_server(serve_over_redis):
    return serve_over_redis()


class ServedTests(LinkTests):
    """A served exchange in lockstep, that waits while no test needs it."""

    pace = ("--lockstep", "--paused")

    def use(self, server):
        self.server = server
        self.watcher = server.client()

    def resume(self):
        self.watcher.resume()

    def pause(self):
        # One that has ended cannot be stopped.
        with contextlib.suppress(*GONE):
            self.watcher.pause()

    @pytest.mark.thorough
    def test_an_exchange_that_ends_says_so(self):
        super().test_an_exchange_that_ends_says_so()


class TestGsy(ServedTests):
    @pytest.fixture(autouse=True)
    def _log_in(self, server, serve_here, nobody, monkeypatch):
        self.monkeypatch, self.serve, self.nobody = monkeypatch, serve_here, nobody
        self.use(server)
        yield
        self.watcher.close()

    @property
    def secrets(self):
        return (self.server.facts["password"],)

    def use(self, server):
        super().use(server)
        self.monkeypatch.setenv("API_CLIENT_USERNAME", server.facts["username"])
        self.monkeypatch.setenv("API_CLIENT_PASSWORD", server.facts["password"])

    def exchange(self):
        return GsyOverHttp(simulation=self.server.facts["simulation_id"])

    def request(self):
        return LinkRequest(self.server.facts["url"].removeprefix("http:"), "me", None, Path())

    def unreachable(self):
        return LinkRequest(f"//127.0.0.1:{self.nobody}", "me", None, Path())

    def wrong(self):
        return LinkRequest("//127.0.0.1:nowhere", "me", None, Path())

    def ending(self):
        self.watcher.close()
        self.use(self.serve("--slots", LAST_SLOTS))
        return self.request()


@needs_redis
class TestRedis(ServedTests):
    names = ("Load 1", "PV 1", "Battery 1", "Load 2")

    @pytest.fixture(autouse=True)
    def _listen(self, redis_and_server, serve_over_redis, nobody):
        self.serve, self.nobody = serve_over_redis, nobody
        self.redis, server = redis_and_server
        self.use(server)
        yield
        self.watcher.close()

    def exchange(self):
        return OverRedis(timeout_seconds=5.0, silence_seconds=0.5)

    def request(self):
        return LinkRequest(self.redis.url.removeprefix("redis:"), "me", None, Path())

    def unreachable(self):
        return LinkRequest(f"//127.0.0.1:{self.nobody}", "me", None, Path())

    def wrong(self):
        return LinkRequest("//127.0.0.1:nowhere", "me", None, Path())

    def ending(self):
        self.watcher.close()
        self.redis, server = self.serve("--slots", LAST_SLOTS)
        self.use(server)
        return self.request()


class Paced:
    """An exchange that goes by the clock, and waits for nobody."""

    pace = ("--slot-seconds", 2)

    def resume(self):
        pass

    def pause(self):
        pass


@pytest.mark.thorough
class TestPacedGsy(Paced, TestGsy):
    pass


@pytest.mark.thorough
@needs_redis
class TestPacedRedis(Paced, TestRedis):
    pass
