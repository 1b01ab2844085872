"""A fuzzer against a server: no answer is a 500, it never complains, and the trades of others stay the same.

Some hundred inputs; ``GRIDHOOK_FUZZ=10000`` in the environment makes it so many.
"""

import json
import os
import signal
import socket

import pytest
import schemathesis
from conftest import OWNED, PASSWORDS, Server, build_house, write_community
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from in_process import InProcessClient
from nonsense import BODIES, COMMANDS
from trader import Trader
from websockets.exceptions import WebSocketException

from gridhook_exchange.server.openapi import description

INPUTS = int(os.environ.get("GRIDHOOK_FUZZ", "300"))
INPUTS_PER_TICK = 25
# So many that the run never ends under way: what is generated once more for a failure counts, too.
SLOTS = max(60, INPUTS // INPUTS_PER_TICK // 10 * 3)
PROFILE = settings(
    max_examples=INPUTS // 3 + 1,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def orders_at(trader, tick):
    """Return what the good user trades inside the first home, where nobody else can."""
    energy = 0.01 * (1 + tick % 5)
    return {
        trader.ids["PV 1"]: [{"type": "offer", "energy": energy, "price": 10 * energy}],
        trader.ids["Load 1"]: [{"type": "bid", "energy": energy, "price": 20 * energy}],
    }


class Arena:
    """A server on which a good user trades tick by tick, and between two ticks a bad one may do anything."""

    def __init__(self, folder, users_file):
        self.file = write_community(folder, SLOTS)
        self.server = Server(folder, self.file, "--users", users_file, "--lockstep", "--paused")
        self.good, self.bad = (Trader(self.server.client(user, PASSWORDS[user]), name="aggregator") for user in OWNED)
        self.good.select(*OWNED["good"])
        self.bad.select(*OWNED["bad"])
        self.bad.client.leave()
        self.inputs = self.ticks = 0

    def count(self):
        self.inputs += 1
        if self.inputs % INPUTS_PER_TICK == 0:
            self.tick()

    def tick(self):
        """Let one tick pass; the clock stands between two of them."""
        self.good.client.resume()
        self.good.hear(self.good.client.events_until(lambda one: one.get("event") == "tick"))
        self.good.client.pause()
        transaction = self.good.client.send_batch(orders_at(self.good, self.ticks))
        answer, before = self.good.client.answer_to(transaction)
        self.good.hear(before)
        # All orders of a slot fit into it, and in its last tick they are late.
        statuses = {one["status"] for its in answer["responses"].values() for one in its}
        assert self.ticks % 10 == 9 or statuses == {"ready"}, answer
        self.ticks += 1

    def undisturbed(self):
        """Return the trades of as many ticks in which nobody else says anything."""
        house = build_house(self.file, OWNED)
        trader = Trader(InProcessClient(house, "good"), name="aggregator")
        trader.select(*OWNED["good"])
        trader.client.resume()
        for tick in range(self.ticks):
            answer, before = trader.client.answer_to(trader.client.send_batch(orders_at(trader, tick)))
            trader.hear(before)
            assert answer
        return facts(trader)


def facts(trader):
    """Return what was traded; ids count the orders of others, too."""
    keys = ("asset_id", "time", "time_slot", "market_type", "traded_energy", "trade_price", "total_fee")
    return [[one[key] for key in keys] for one in trader.trades]


@pytest.fixture(scope="module")
def arena(tmp_path_factory, users_file):
    arena = Arena(tmp_path_factory.mktemp("fuzz"), users_file)
    try:
        yield arena
        # After all that, what the good user traded is what it would have traded alone, and nobody has complained.
        for _ in range(3):
            arena.tick()
        assert facts(arena.good)
        assert facts(arena.good) == arena.undisturbed()
    finally:
        arena.good.client.close()
        arena.bad.client.close()
        status = arena.server.stop()
    assert status == 128 + signal.SIGTERM
    assert set(arena.server.complaints().splitlines()) <= {"WARNING:  Invalid HTTP request received."}
    print(f"{arena.inputs} inputs, {arena.ticks} ticks, {len(arena.good.trades)} sides of trades")  # noqa: T201


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**400, -(10**30), 2**63, 1e308, 1e-320, -0.0, 0.1]),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from(["2026-06-15T00:00", "2026-06-15T00:15", "bid", "None", "\ud800", "\x00", "%s", "../.."]),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
TYPES = sorted(
    {command["type"] for _, command in COMMANDS if isinstance(command, dict) and isinstance(command.get("type"), str)}
)
KEYS = ["energy", "price", "time_slot", "replace_existing", "requirements", "attributes", "bid", "bid_id", "data"]
KEYS += ["energy_forecast", "energy_measurement", "offer", "transaction_id", "foo"]
COMMAND = st.one_of(
    ANYTHING,
    st.builds(
        lambda kind, rest: {"type": kind, **rest},
        st.sampled_from(TYPES),
        st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=6),
    ),
    st.sampled_from([command for _, command in COMMANDS]),
)
AREA = st.sampled_from([*OWNED["bad"], *OWNED["good"], "Market Maker"])
BATCH = st.fixed_dictionaries(
    {},
    optional={
        "commands": st.dictionaries(AREA, st.lists(COMMAND, max_size=4) | ANYTHING, max_size=4) | ANYTHING,
        "transaction_id": st.uuids().map(str) | ANYTHING,
        "aggregator_uuid": st.sampled_from(["good", "bad"]) | ANYTHING,
    },
)


def write(value):
    """Return JSON, or what Python takes for it: NaN and halves of characters as well."""
    return json.dumps(value).encode()


@PROFILE
@given(batch=BATCH)
def test_batches_of_anything(arena, batch):
    client = arena.bad.client
    body = dict(batch)
    commands = body.pop("commands", None)
    if isinstance(commands, dict):
        commands = {arena.bad.ids.get(name, name): its for name, its in commands.items()}
    if commands is not None:
        body["batch_commands"] = commands
    trader = {"good": arena.good, "bad": arena.bad}.get(
        body.get("aggregator_uuid") if isinstance(body.get("aggregator_uuid"), str) else ""
    )
    if trader is not None:
        body["aggregator_uuid"] = trader.client.aggregator
    path = f"/external-connection/aggregator-api/{client.simulation}/batch-commands/"
    status, answer = client.request("POST", path, write(body))
    assert status in (200, 400, 404, 413, 429), (status, answer)
    assert answer
    arena.count()


def operations():
    """Return all requests that the description of the server allows, and those that it does not."""
    schema = schemathesis.openapi.from_dict(description())
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    return st.one_of(
        one.ok().as_strategy(generation_mode=mode) for one in schema.get_all_operations() for mode in modes
    )


@PROFILE
@given(case=operations(), with_token=st.booleans(), is_here=st.booleans())
def test_requests_by_the_description(arena, case, with_token, is_here):
    client = arena.bad.client
    if is_here and "simulation" in case.path_parameters:
        case.path_parameters["simulation"] = client.simulation
        case.path_parameters["area"] = arena.bad.ids["Load 2"]
    headers = {"Authorization": f"JWT {client.token}"} if with_token else {}
    answer = case.call(base_url=arena.server.facts["url"], headers=headers, session=None)
    assert answer.status_code < 500, (answer.status_code, answer.text)
    arena.count()


PATHS = st.sampled_from(
    ["aggregator/{good}/", "aggregator/{bad}/", "{area}/", "aggregator/", "", "matching-engine/", "%00/"]
)
HANDSHAKES = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "GET", "GET", "POST", "BREW", ""]),
        "path": PATHS | st.text(st.characters(codec="latin-1"), max_size=20),
        "token": st.sampled_from(["own", "none", "garbage", "own"]),
        "headers": st.lists(
            st.sampled_from(
                [
                    "Upgrade: websocket",
                    "Connection: Upgrade",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Version: 7",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                    "Sec-WebSocket-Key: x",
                    "Sec-WebSocket-Extensions: permessage-deflate; x=y",
                    "Sec-WebSocket-Protocol: ,,,",
                    "Content-Length: 5",
                    "Content-Length: -1",
                    "Transfer-Encoding: chunked",
                    "Host: a",
                    "Expect: 100-continue",
                    "X: \x80",
                ]
            ),
            max_size=8,
        ),
        "rest": st.binary(max_size=40) | st.sampled_from([b"\x81\x85", b"\x88\x02\x03\xe8", b"\x82\x7f" + b"\xff" * 8]),
        "waits": st.booleans(),
    }
)
GOOD_HEADERS = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
]


@PROFILE
@given(shake=HANDSHAKES, is_almost_right=st.booleans())
def test_handshakes_and_frames_of_any_kind(arena, shake, is_almost_right):
    """What is no HTTP may just end; nothing may be a 500."""
    client = arena.bad.client
    names = {"good": arena.good.client.aggregator, "bad": client.aggregator, "area": arena.bad.ids["Load 2"]}
    path = shake["path"]
    for name, uuid in names.items():
        path = path.replace(f"{{{name}}}", uuid)
    token = {"own": client.token, "none": "", "garbage": "a.b.c"}[shake["token"]]
    headers = [*(GOOD_HEADERS if is_almost_right else ()), *shake["headers"][: 2 if is_almost_right else None]]
    method = "GET" if is_almost_right else shake["method"]
    lines = [f"{method} /external-ws/{client.simulation}/{path} HTTP/1.1", f"Authorization: JWT {token}", *headers]
    address = (client.http.host, client.http.port)
    with socket.create_connection(address, timeout=60) as raw:
        raw.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + shake["rest"])
        if shake["waits"]:
            raw.shutdown(socket.SHUT_WR)
            try:
                status = raw.recv(12)
            except ConnectionError:
                status = b""
            assert not status.startswith(b"HTTP/1.1 5") or status.startswith(b"HTTP/1.1 501"), (status, lines)
    arena.count()


@settings(PROFILE, max_examples=INPUTS // 30 + 1)
@given(frames=st.lists(st.binary(max_size=200) | st.text(max_size=50), max_size=3), large=st.integers(0, 20))
def test_what_is_said_on_a_socket_is_not_heard(arena, frames, large):
    client = arena.bad.client
    try:
        connection = client.open(f"{arena.bad.ids['Load 2']}/")
        for frame in (*frames, *([b"x" * 100_000] if large == 0 else [])):
            connection.send(frame)
    except WebSocketException:
        pass
    client.leave()
    arena.count()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
def test_bodies_of_any_kind_to_all_paths(arena, method):
    client = arena.bad.client
    _, description = client.request("GET", "/openapi.json", b"")
    paths = [path.format(simulation=client.simulation, area="x", command="y") for path in description["paths"]]
    for path in (*paths, "/graphql/", "/openapi.json", "/", "//", "/%ff", "/external-ws/x/"):
        for body in BODIES if method in ("POST", "GET") else BODIES[:1]:
            status, _ = client.request(method, path, body)
            assert 200 <= status < 500
            arena.count()


QUERIES = [
    "{" * 1000,
    "{a" * 400 + "}" * 400,
    "query { " + "[" * 900,
    "{ __schema { types { name } } }",
    "{ readConfiguration(uuid: 5) { uuid } }",
    '{ readConfiguration(uuid: "x") { uuid } }',
    "mutation { x }",
    "subscription { x }",
    "fragment a on Query { ...a } { ...a }",
    "\x00",
    "",
    5,
    None,
    "x" * 3000,
    "{ aggregatorsList { nothing } }",
    "query($x: String!) { readConfiguration(uuid: $x) { uuid } }",
]


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_queries_of_any_kind(arena, query):
    status, answer = arena.bad.client.request("POST", "/graphql/", {"query": query})
    assert status in (200, 400)
    assert answer.get("errors") or answer.get("error") or answer["data"]
    arena.count()


@pytest.mark.parametrize("share", [0, 1, 50])
def test_clients_that_leave_in_the_middle(arena, share):
    client = arena.bad.client
    path = f"/external-connection/aggregator-api/{client.simulation}/batch-commands/"
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: JWT {client.token}\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection((client.http.host, client.http.port), timeout=60) as raw:
        raw.sendall(head.encode() + b"x" * share)
    arena.count()
