"""A Redis server with a fake exchange, and what is opened on it."""

import os
import random
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_exchange import FakeExchange, RedisServer

from gridhook.links import LinkRequest
from gridhook_redis.exchange import OverRedis


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    """Let only the test say who it is; and take almost all of each delay off."""
    monkeypatch.delenv("CONFIGURATION_ID", raising=False)
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)
    monkeypatch.setattr("gridhook.live.backoff._FIRST_SECONDS", 0.01)
    monkeypatch.setattr(random, "random", lambda: 1.0)


@pytest.fixture(scope="session")
def start_redis(tmp_path_factory):
    if shutil.which("redis-server") is None and not os.environ.get("GRIDHOOK_CI"):
        pytest.skip("redis-server is not installed")
    servers = []

    def start(*options):
        servers.append(RedisServer(tmp_path_factory.mktemp("redis"), *options))
        return servers[-1]

    yield start
    for server in servers:
        server.end()


@pytest.fixture(scope="session")
def server(start_redis):
    return start_redis()


@pytest.fixture
def start_exchange(server):
    exchanges = []

    def start(**options):
        exchanges.append(FakeExchange(server.url, **options))
        return exchanges[-1]

    yield start
    for exchange in exchanges:
        exchange.close()


@pytest.fixture
def open_link(server, tmp_path):
    links = []

    def open_it(name="oracle", url=None, **keys):
        keys = {"timeout_seconds": 2.0, **keys}
        url = (url or server.url).removeprefix("redis:")
        links.append(OverRedis(**keys).open(LinkRequest(url, name, None, tmp_path)))
        return links[-1]

    yield open_it
    for link in links:
        link.close()
