"""Too much of anything, over sockets: it is refused at once, and everybody else is served meanwhile."""

import time
import uuid

import pytest
from conftest import PASSWORDS
from gsy_client import Refused
from websockets.exceptions import ConnectionClosed

INFO = {"type": "device_info"}


@pytest.fixture
def server(serve, community_file):
    server = serve(community_file, "--slot-seconds", 5)
    yield server
    server.stop()
    assert not server.complaints()


@pytest.fixture
def client(server):
    client = server.client()
    client.create_aggregator("x")
    client.listen()
    client.select(server.uuid("Load 1"))
    yield client
    client.close()


def batch(client, commands):
    return {"transaction_id": str(uuid.uuid4()), "aggregator_uuid": client.aggregator, "batch_commands": commands}


def test_bodies_have_a_limit_by_what_they_are_for(server, client):
    base = f"/external-connection/aggregator-api/{client.simulation}"
    area = f"/external-connection/api/{client.simulation}/{server.uuid('Load 1')}"
    small, middle, large = 16 * 1024, 64 * 1024, 1024 * 1024
    for path, most in (
        ("/api-token-auth/", small),
        ("/graphql/", middle),
        (f"{base}/create-aggregator/", middle),
        (f"{area}/register/", middle),
        (f"{area}/set-energy-forecast/", large),
        (f"{area}/set-energy-measurement/", large),
        (f"{base}/batch-commands/", 32 * 1024 * 1024),
    ):
        for size, is_too_large in ((most, False), (most + 1, True)):
            body = b'{"x": "' + b"x" * (size - 9) + b'"}'
            status, answer = client.request("POST", path, body)
            assert status == (413 if is_too_large else 400), (path, size)
            assert answer["error"]


def test_a_batch_of_too_many_commands_is_refused_as_a_whole_with_the_reason(server, client):
    area = server.uuid("Load 1")
    for commands, word in (
        ({"x": [{}] * 300_000}, "300000 commands; 100000 are the most"),
        ({area: [INFO] * 10_001}, "10001 commands of one area; 10000 are the most"),
    ):
        with pytest.raises(Refused, match=word) as refused:
            client.post_batch(batch(client, commands))
        assert refused.value.status == 429
    # None of it is ever answered.
    responses, before = client.ask({area: [INFO]})
    assert responses[area][0]["status"] == "ready"
    assert not [one for one in before if "command" in one]


def test_while_a_large_batch_is_read_and_executed_others_are_answered(server, client):
    areas = [server.uuid(name) for name in ("Load 1", "Load 2", "PV 1", "PV 2")]
    transaction = client.send_batch({area: [{"type": "bid", "energy": "x"}] * 500 for area in areas})
    other = server.client()
    assert other.areas()
    answer, _ = client.answer_to(transaction)
    assert {area: len(its) for area, its in answer["responses"].items()} == dict.fromkeys(areas, 500)
    other.close()


def test_a_user_has_so_many_websockets(server, client):
    path = f"{server.uuid('Load 2')}/"
    # The market maker is an area, too.
    most = 200 + 2 * (len(server.facts["assets"]) + len(server.facts["markets"]) + 1)
    for _ in range(most - 1):
        client.open(path)
    with pytest.raises(ConnectionClosed) as refused:
        client.open(path).recv(timeout=60)
    assert refused.value.rcvd.code == 1008
    assert f"{most} WebSockets" in refused.value.rcvd.reason


def test_an_area_has_so_many_direct_commands_in_a_tick(serve, community_file):
    server = serve(community_file, "--paused")
    client = server.client()
    area = server.uuid("House 1")
    for _ in range(100):
        client.command(area, "dso-market-stats")
    with pytest.raises(Refused, match="100 commands") as refused:
        client.command(area, "dso-market-stats")
    assert refused.value.status == 429
    client.command(server.uuid("House 2"), "dso-market-stats")
    client.close()


def log_in(client, user, password, **headers):
    status, _ = client.request("POST", "/api-token-auth/", {"username": user, "password": password}, headers)
    return status


@pytest.mark.thorough
def test_a_right_password_is_right_after_any_number_of_wrong_ones(serve, users_file, community_file):
    server = serve(community_file, "--users", users_file, "--paused")
    client = server.client("bad", PASSWORDS["bad"])
    started = time.monotonic()
    # Who guesses is slowed down, and says in vain to be somewhere else each time.
    statuses = [log_in(client, "good", "x", **{"X-Forwarded-For": f"10.0.0.{number}"}) for number in range(5)]
    assert statuses == [401] * 5
    assert time.monotonic() - started > 0.5 + 1.0
    assert log_in(client, "good", PASSWORDS["good"]) == 200
    client.close()
    server.stop()


def test_a_proxy_that_is_trusted_says_who_asks(serve, users_file, community_file):
    server = serve(community_file, "--users", users_file, "--paused", "--trusted-proxy", "127.0.0.1")
    client = server.client("bad", PASSWORDS["bad"])
    started = time.monotonic()
    for number in range(9):
        assert log_in(client, "good", "x", **{"X-Forwarded-For": f"10.0.0.{number // 3}"}) == 401
    assert time.monotonic() - started < 5
    client.close()
    server.stop()
