"""JSON that a parser chokes on, at every endpoint: an error for who sends it, and whole frames for everybody else."""

import uuid

import pytest
from conftest import Server, write_community
from gsy_client import read_frame

VALUES = {
    "half a character": b'"\\ud800"',
    "half a character in bytes": b'"\xed\xa0\x80"',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep enough": b"[" * 5_000 + b"]" * 5_000,
    "never closed": b"[" * 5_000,
    "huge": b"1" + b"0" * 5000,
    "infinite": b"Infinity",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    server = Server(folder, write_community(folder), "--slot-seconds", "1")
    yield server
    server.stop()
    assert not server.complaints()


@pytest.fixture
def clients(server):
    """Return a client that sends hostile texts, and one that only wants to hear what is said to it."""
    both = []
    for name in ("Load 1", "Load 2"):
        client = server.client()
        client.create_aggregator(str(uuid.uuid4()))
        client.listen()
        client.select(server.uuid(name))
        both.append(client)
    yield both
    for client in both:
        client.delete_aggregator()
        client.close()


def paths(client, area):
    base = f"/external-connection/aggregator-api/{client.simulation}"
    yield "/api-token-auth/"
    yield "/graphql/"
    for what in (
        "create-aggregator",
        "delete-aggregator",
        "select-aggregator",
        "unselect-aggregator",
        "batch-commands",
    ):
        yield f"{base}/{what}/"
    for command in ("register", "unregister", "set-energy-forecast", "set-energy-measurement", "grid-fee"):
        yield f"/external-connection/api/{client.simulation}/{area}/{command}/"


def still_heard(client, area):
    """Check that each frame that comes to a client is whole, and that it can trade."""
    answer, before = client.answer_to(client.send_batch({area: [{"type": "device_info"}]}))
    assert answer["responses"][area][0]["status"] == "ready"
    assert all("event" in one or "command" in one for one in before)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_it_is_refused_with_a_reason_by_every_endpoint(server, clients, value):
    bad, good = clients
    area = server.uuid("Load 1")
    keys = b'"transaction_id": "t", "aggregator_uuid": "%s"' % bad.aggregator.encode()
    for path in paths(bad, area):
        for body in (value, b'{%s, "x": %s}' % (keys, value), b'{%s, "batch_commands": {"a": [%s]}}' % (keys, value)):
            status, answer = bad.request("POST", path, body)
            # What is too large is not even parsed.
            assert status == 400 or (status == 413 and len(body) > 16 * 1024), path
            assert answer["error"]
    still_heard(good, server.uuid("Load 2"))
    still_heard(bad, area)


def test_a_batch_with_two_equal_keys_is_refused(server, clients):
    """Of two lists of commands for one area, one would vanish without an answer."""
    bad, good = clients
    area = server.uuid("Load 1").encode()
    path = f"/external-connection/aggregator-api/{bad.simulation}/batch-commands/"
    commands = b'{"%s": [5], "%s": [{"type": "bid", "type": "device_info"}]}' % (area, area)
    keys = b'"transaction_id": "no", "transaction_id": "twice", "aggregator_uuid": "%s"' % bad.aggregator.encode()
    for body in (b'{%s, "batch_commands": {}}' % keys, b'{"transaction_id": "t", "batch_commands": %s}' % commands):
        status, answer = bad.request("POST", path, body)
        assert status == 400
        assert "twice" in str(answer)
    still_heard(good, server.uuid("Load 2"))


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_on_a_websocket_it_is_not_heard(server, clients, value):
    bad, good = clients
    for frame in (value[:60_000], value[:60_000].decode("utf-8", "replace")):
        bad.socket.send(frame)
    still_heard(good, server.uuid("Load 2"))
    still_heard(bad, server.uuid("Load 1"))


def test_what_is_answered_on_the_socket_of_an_asset_is_whole(server, clients):
    bad, _ = clients
    area = server.uuid("PV 1")
    socket = bad.open(f"{area}/")
    for energies in ({"2026-06-15T00:00" + "0" * 5000: 1}, {"\0": 1}, {"x": 10**4000}, {"x": [[[[]]]]}, 10**4000):
        transaction = bad.command(area, "set-energy-forecast", energy_forecast=energies)
        answer = read_frame(socket)
        assert (answer["transaction_id"], answer["status"]) == (transaction, "error")
        assert answer["error_message"]
