"""What the doctor finds out over Redis, without changing anything."""

import json
import threading
import time

import pytest
import redis

from gridhook.links import LinkRequest
from gridhook_redis.exchange import OverRedis
from gridhook_redis.lifecycle import identity


@pytest.fixture(autouse=True)
def _no_long_waiting(monkeypatch):
    monkeypatch.setattr("gridhook_redis.examining._BEAT_SECONDS", 1.0)


@pytest.fixture
def examine(server, tmp_path):
    def look(url=None, **keys):
        checks = []
        request = LinkRequest((url or server.url).removeprefix("redis:"), "oracle", None, tmp_path)
        seen = OverRedis(**{"timeout_seconds": 2.0, **keys}).examine(request, checks.append)
        assert (seen.tree, seen.lists_areas) == (None, False)
        return {check.name: check for check in checks}

    return look


@pytest.fixture
def beat(server):
    """Let a heart beat, on a clock that is off by some seconds."""
    ended = threading.Event()

    def start(off=0.0):
        def run():
            with redis.Redis.from_url(server.url) as client:
                while not ended.wait(0.1):
                    client.publish("gsy-e-heartbeat/", json.dumps({"time": time.time() + off}))

        threading.Thread(target=run, daemon=True).start()

    yield start
    ended.set()


def test_all_is_well_and_nothing_is_changed(start_exchange, examine, beat):
    exchange = start_exchange()
    beat()
    checks = examine()
    assert {check.status for check in checks.values()} == {"ok"}
    assert list(checks) == ["address", "server", "listening", "clock", "aggregator"]
    assert "configuration '' (default)" in checks["address"].text
    assert identity("", "oracle") in checks["aggregator"].text
    assert exchange.heard == []


@pytest.mark.parametrize(("off", "direction"), [(600.0, "behind"), (-600.0, "ahead of")])
def test_a_clock_that_is_wrong_is_told(start_exchange, examine, beat, off, direction):
    start_exchange()
    beat(off)
    clock = examine()["clock"]
    assert clock.status == "warning"
    assert f"600 s {direction}" in clock.text or f"599 s {direction}" in clock.text


def test_an_exchange_without_a_heartbeat_is_told(start_exchange, examine):
    start_exchange()
    assert "no heartbeat" in examine()["clock"].text


def test_a_server_without_an_exchange_is_told(examine):
    checks = examine()
    assert checks["listening"].status == "wrong"
    assert "there is no exchange on this server" in checks["listening"].text
    assert checks["clock"].status == checks["aggregator"].status == "skipped"


def test_a_server_that_is_not_there_is_told(examine):
    checks = examine("redis://127.0.0.1:1")
    assert checks["server"].status == "wrong"
    assert "127.0.0.1:1" in checks["server"].text


def test_another_agent_of_the_name_is_told(start_exchange, examine, open_link):
    start_exchange()
    open_link()
    assert "an agent is there as 'oracle' already" in examine()["aggregator"].text


def test_the_environments_configuration_goes_before_the_files(start_exchange, examine, monkeypatch):
    start_exchange()
    assert "'conf' (exchange.configuration)" in examine(configuration="conf")["address"].text
    monkeypatch.setenv("CONFIGURATION_ID", "env")
    assert "'env' (CONFIGURATION_ID)" in examine(configuration="conf")["address"].text
