"""``gridhook run`` against ``gridhook serve`` over Redis: the same trades as in process, and again after each fault."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import redis as redis_library
from days import MOST_TICKS, Day, count, no_order_is_doubled
from redis_server import RedisServer, needs_redis
from test_run_over_network import SLOTS, Run, holders, read_trades, wait_until, write_config

pytestmark = needs_redis

OWN = ("Load 1", "PV 1", "Battery 1", "PV 2", "Battery 2")
QUICK = {"timeout_seconds": 2.0, "silence_seconds": 0.5, "heartbeat_seconds": 11.0}


@pytest.fixture
def redis(tmp_path):
    server = RedisServer(tmp_path)
    yield server
    server.end()


def write_redis_config(folder, facts, claim=None, **keys):
    """Write the demo's configuration with an exchange on Redis, and a claim: by default the names of all assets."""
    config = write_config(folder, facts, url=facts["redis_url"], simulation=None, **{**QUICK, **keys})
    claim = {"names": [asset["name"] for asset in facts["assets"]]} if claim is None else claim
    lines = [f"{key} = {json.dumps(values)}" for key, values in claim.items()]
    with config.open("a", encoding="utf-8") as file:
        file.write("\n".join(["\n[plugins.claim]", *lines, ""]))
    return config


@pytest.mark.thorough
def test_a_day_ends_with_the_same_trades_as_in_process(serve, redis, tmp_path):
    server = serve("demo", "--slots", SLOTS, "--lockstep", "--paused", "--redis", redis.url)
    client = server.client()
    config = write_redis_config(tmp_path / "config", server.facts)
    live = Run(tmp_path, server.facts, config, "--report", tmp_path / "live", "--log-level", "debug")
    wait_until(lambda: len(holders(client)) == len(server.facts["assets"]))
    client.resume()
    status, figures = live.finish()
    assert status == 0, live.said()
    assert server.wait() == 0
    assert not server.complaints()
    client.close()
    warnings = [line for line in live.said().splitlines() if line.startswith("WARNING")]
    assert not [line for line in warnings if "the run ends before these slots" not in line]

    command = [sys.executable, "-m", "gridhook", "run", "--slots", str(SLOTS), "--report", "own", "--json"]
    own = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    trades = read_trades(tmp_path / "live")
    assert len(trades) > 10 * SLOTS
    assert trades == read_trades(tmp_path / "own")
    same = ("slots", "orders", "trades", "settlement", "preferences", "reasons")
    expected = json.loads(own.stdout)
    assert {key: figures[key] for key in same} == {key: expected[key] for key in same}


def test_a_claim_without_a_name_is_a_mistake_that_says_what_to_do(serve, redis, tmp_path):
    server = serve("demo", "--paused", "--redis", redis.url)
    run = Run(tmp_path, server.facts, write_redis_config(tmp_path / "config", server.facts, {"globs": ["Home *"]}))
    assert run.finish() == (2, None)
    assert "plugins.claim.names: this exchange does not list its areas: name at least one asset here" in run.said()


class RedisDay(Day):
    """A run on a served exchange over Redis; what the server there does is what can go wrong."""

    def __init__(self, serve, folder, redis, claim=None):
        self.redis = redis
        self.claim = {"names": list(OWN)} if claim is None else claim
        super().__init__(serve, folder)

    def server_options(self):
        return (*super().server_options(), "--redis", self.redis.url)

    def config(self):
        keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in QUICK.items())
        claim = "".join(f"{key} = {json.dumps(value)}\n" for key, value in self.claim.items())
        return f'[exchange]\nurl = "{self.redis.url}"\naggregator = "oracle"\n{keys}[plugins.claim]\n{claim}'

    def come_between(self):
        self.is_over = False
        threading.Thread(target=self._listen, daemon=True).start()

    def go_away(self):
        self.is_over = True

    def wait_for_the_exchange(self):
        """Wait until it hears batches again."""
        wait_until(lambda: self._count_of_patterns() > 0)

    def trading(self):
        client = self.server.client()
        try:
            return {name for name, holder in holders(client).items() if holder != "watcher"}
        finally:
            client.close()

    def _count_of_patterns(self):
        try:
            with self.redis.client() as client:
                return client.pubsub_numpat()
        except redis_library.RedisError:
            return 0

    def _listen(self):
        # Nobody is the more by that on the channel, as somebody who subscribes would be.
        while not self.is_over:
            with (
                contextlib.suppress(redis_library.RedisError, OSError),
                self.redis.client() as client,
                client.monitor() as monitor,
            ):
                for entry in monitor.listen():
                    command = entry["command"]
                    if command.startswith("PUBLISH external-aggregator//batch_commands") and "price" in command:
                        self.diary.write("batch")
            time.sleep(0.05)


@pytest.fixture
def begin(serve, redis, tmp_path):
    days = []

    def start(**options):
        days.append(RedisDay(serve, tmp_path, redis, **options))
        return days[-1]

    yield start
    for day in days:
        day.close()


@pytest.mark.thorough
def test_an_agent_that_starts_again_takes_its_assets_back(begin):
    day = begin()
    _, before = day.end_run()
    assert day.trading() == set(OWN)
    # One name is enough: what else is held from before is told with the first event.
    day.claim = {"names": ["Load 1", "House 2"]}
    day.start_run("again")
    # One asset, and a market.
    wait_until(lambda: day.trading() == {"Load 1", "House 2"})
    assert day.heal(lambda: None) <= MOST_TICKS
    _, after, served = day.end()
    assert count(before, "accepted")
    newest = max(row["slot"] for row in after)
    assert {row["asset"] for row in after if row["slot"] == newest} == {"Grid/House 1/Load 1"}
    assert no_order_is_doubled([*before, *after], served)


@pytest.mark.thorough
def test_a_redis_server_that_is_killed_and_started_again_is_waited_for(begin, redis):
    day = begin()
    redis.end(signal.SIGKILL)
    day.wait_until_said("is lost")

    def heal():
        redis.start()
        day.wait_for_the_exchange()

    assert day.heal(heal) <= MOST_TICKS
    _, sent, served = day.end()
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_a_new_process_of_the_exchange_is_traded_on_like_the_old_one(begin):
    day = begin()
    day.server.stop(signal.SIGKILL)
    day.start_server("again")
    start = len(day.diary.entries)
    day.diary.wait_for(lambda entries: ("batch", None) in entries[start:])
    assert day.heal(lambda: None) <= MOST_TICKS
    _, sent, served = day.end()
    assert count(served, "accepted")
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_an_exchange_that_is_away_for_longer_is_noticed(begin):
    # With one name comes the tree, and with the tree all others: each time.
    day = begin(claim={"names": ["Load 1"], "kinds": ["load", "pv", "storage", "smart-meter"], "exclude": ["Load 2"]})
    day.server.stop(signal.SIGKILL)
    day.wait_until_said("is lost")
    assert "nobody listens on 'aggregator-commands'" in day.said()
    day.start_server("again")
    wait_until(lambda: day.trading() == {*OWN, "Meter"})
    assert day.heal(lambda: None) <= MOST_TICKS
    _, sent, served = day.end()
    assert count(served, "accepted")
    assert no_order_is_doubled(sent, served)


@pytest.mark.thorough
def test_a_subscriber_that_was_too_slow_is_told_why_and_trades_again(begin, redis):
    day = begin()
    with redis.client() as client:
        client.config_set("client-output-buffer-limit", "pubsub 1mb 1mb 1")
        day.process.send_signal(signal.SIGSTOP)
        # The agent alone listens there.
        while client.publish("gsy-e-heartbeat/", os.urandom(1_000_000)):
            pass
        client.config_set("client-output-buffer-limit", "pubsub 32mb 8mb 60")
    assert day.heal(lambda: day.process.send_signal(signal.SIGCONT)) <= MOST_TICKS
    _, sent, served = day.end()
    assert "client-output-buffer-limit" in day.said()
    assert no_order_is_doubled(sent, served)
