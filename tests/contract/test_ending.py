"""How a served run ends: in a moment, whatever clients do, and without a complaint."""

import signal
import socket
import time
from contextlib import closing

import pytest
from gsy_client import read_frame

MANY = {str(area): [{"type": "list_bids"}] * 200 for area in range(20)}


@pytest.fixture
def server(serve, community_file):
    return serve(community_file, "--slot-seconds", 5)


def connect(client):
    return closing(socket.create_connection((client.http.host, client.http.port), timeout=60))


def stop(server, *numbers):
    """Send signals; return the exit status, and how long it took from the last one."""
    for place, number in enumerate(numbers):
        if place:
            time.sleep(0.5)
        started = time.monotonic()
        server.process.send_signal(number)
    return server.wait(), time.monotonic() - started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_requests_by_half_are_broken_off_without_a_word(server, number):
    client = server.client()
    path = f"/external-connection/aggregator-api/{client.simulation}/batch-commands/"
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: JWT {client.token}\r\nContent-Length: 100\r\n\r\n"
    with connect(client) as body, connect(client) as header, connect(client):
        body.sendall(head.encode() + b"{")
        header.sendall(head[:50].encode())
        time.sleep(0.5)
        status, seconds = stop(server, number)
    assert status == 128 + number
    assert seconds < 2
    assert not server.complaints()
    client.close()


@pytest.mark.thorough
def test_a_login_that_waits_is_broken_off_without_a_word(server):
    client = server.client()
    with connect(client) as raw:
        body = b'{"username": "gridhook", "password": "x"}'
        raw.sendall((b"POST /api-token-auth/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body) * 9)
        time.sleep(2)
        status, seconds = stop(server, signal.SIGTERM)
    assert (status, server.complaints()) == (143, "")
    assert seconds < 2
    client.close()


def deafen(server):
    """Return a client for which much is said, of which it reads nothing on one of two sockets."""
    client = server.client()
    client.create_aggregator("x")
    head = (
        f"GET /external-ws/{client.simulation}/aggregator/{client.aggregator}/ HTTP/1.1\r\nHost: a\r\n"
        f"Authorization: JWT {client.token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect((client.http.host, client.http.port))
    raw.sendall(head.encode())
    assert raw.recv(12).endswith(b"101")
    client.listen()
    *_, last = [client.send_batch(MANY) for _ in range(8)]
    # What is heard here was said there, too.
    client.answer_to(last)
    client.leave()
    return client, raw


@pytest.mark.thorough
def test_who_does_not_read_is_waited_for_a_moment_and_then_no_more(server):
    client, raw = deafen(server)
    status, seconds = stop(server, signal.SIGINT)
    assert (status, server.complaints()) == (130, "")
    assert seconds < 7
    raw.close()
    client.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_second_signal_nobody_is_waited_for(server, number):
    client, raw = deafen(server)
    status, seconds = stop(server, signal.SIGINT, number)
    assert (status, server.complaints()) == (130, "")
    assert seconds < 1.5
    raw.close()
    client.close()


def test_who_reads_hears_the_end(server):
    client = server.client()
    client.create_aggregator("x")
    client.listen()
    deaf, raw = deafen(server)
    server.process.send_signal(signal.SIGINT)
    while (message := read_frame(client.socket)).get("event") != "finish":
        assert message
    assert server.stop(signal.SIGINT) == 130
    for one in (client, deaf, raw):
        one.close()
