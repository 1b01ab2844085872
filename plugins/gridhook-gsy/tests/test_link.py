"""The link on a server that does what servers do: over real sockets."""

import json
import logging
import threading
import time
from pathlib import Path

import pytest
from fake import PASSWORD, SIMULATION

from gridhook.commands import Batch, ClaimAreas, OrderLines, PlaceOrders, SendForecasts
from gridhook.errors import ConfigError, ExchangeError
from gridhook.events import ConnectionLost, ConnectionRestored, SlotOpened
from gridhook.links import LinkRequest
from gridhook.testing import SLOT
from gridhook_gsy.exchange import GsyOverHttp, GsyOverHttps

BATCH = "/batch-commands/"
CERTIFICATES = Path(__file__).parent / "certificates"


def market(percent=0, bulk=0, **others):
    load = {"area_name": "Load", "asset_info": {"energy_requirement_kWh": 0.5, "energy_active_in_bids": 0.0}}
    more = {f"id:{number}": {"area_name": f"Somebody {number}"} for number in range(bulk)}
    return {
        "event": "tick" if percent else "market",
        "market_slot": SLOT.format("YYYY-MM-DDTHH:mm"),
        "slot_completion": f"{percent}%",
        "grid_tree": {"id:Grid": {"area_name": "Grid", "children": {"id:Load": load, **more}}},
        "feed_in_tariff_rate": 8.0,
        "market_maker_rate": 30.0,
        **others,
    }


def bid(number=2):
    return Batch(number, (PlaceOrders(OrderLines(["id:Load"], ["bid"], [SLOT], [20.0], [0.5], [True])),))


def ready(body):
    answers = {area: [{"status": "ready"}] * len(its) for area, its in body["batch_commands"].items()}
    return {"command": "batch_commands", "transaction_id": body["transaction_id"], "responses": answers}


@pytest.fixture
def opened(open_link, server):
    """Return a link that has heard the first event, and its events."""

    def start(**keys):
        link = open_link(**keys)
        events = link.events()
        next(events)
        while not server.sockets:
            time.sleep(0.01)
        server.say(market())
        assert isinstance(next(events), SlotOpened)
        return link, events

    return start


def test_a_session_logs_in_makes_its_aggregator_listens_and_reads_the_registry(server, opened):
    link, _ = opened()
    (login,) = server.asked("/api-token-auth/")
    assert login == {"username": "ann", "password": PASSWORD}
    paths = [path.rsplit("/", 2)[-2:] for _, path, _, _ in server.requests[1:]]
    assert paths == [["list-aggregators", ""], ["create-aggregator", ""], [SIMULATION, "registry"]]
    assert {header for _, _, header, _ in server.requests[1:]} == {f"JWT {server.tokens[0]}"}
    assert all(len(body["transaction_id"]) == 36 for *_, body in server.requests[1:])
    assert server.handshakes[0][0] == f"/external-ws/{SIMULATION}/aggregator/made/"
    link.send(Batch(1, (ClaimAreas(("id:Load",)),)))
    # The registry says that it is held already.
    assert server.asked("/select-aggregator/") == []


def test_an_aggregator_of_the_name_is_taken_again(server, opened):
    server.aggregators = [
        {"name": "oracle", "uuid": "first"},
        {"name": "x", "uuid": "y"},
        {"name": "oracle", "uuid": "last"},
    ]
    opened()
    assert server.asked("/create-aggregator/") == []
    assert "/last/" in server.handshakes[0][0]


def test_areas_are_left_and_selected(server, opened):
    link, events = opened()
    link.send(Batch(1, (ClaimAreas(("id:Grid",)),)))
    next(events)
    for what, area in (("unselect", "id:Load"), ("select", "id:Grid")):
        (body,) = server.asked(f"/{what}-aggregator/")
        assert (body["aggregator_uuid"], body["device_uuid"]) == ("made", area)


@pytest.mark.parametrize("form", [lambda one: json.dumps(one).encode(), json.dumps])
def test_an_answer_comes_in_a_binary_or_a_text_frame(server, opened, form):
    link, events = opened()
    link.send(bid())
    (body,) = server.asked(BATCH)
    server.say(form(ready(body)))
    assert next(events).accepted.tolist() == [True]


@pytest.mark.thorough
def test_an_event_of_20_megabytes_is_heard(server, opened):
    _, events = opened()
    event = market(10, bulk=460_000)
    assert len(json.dumps(event)) > 20_000_000
    server.say(event)
    assert len(next(events).grid.tree) == 460_002


def test_a_token_that_is_refused_is_renewed_and_the_batch_goes_out_once_more(server, opened):
    link, _ = opened()
    server.answers[BATCH] = [(401, {"error": "expired"}), None]
    link.send(bid())
    first, second = server.asked(BATCH)
    assert first == second
    assert server.requests[-1][2] == f"JWT {server.tokens[-1]}"
    assert len(server.tokens) == 2


@pytest.mark.parametrize("status", [400, 404, 409, 413, 429])
def test_a_batch_that_is_refused_is_a_rejection_with_the_reason(server, opened, status):
    link, events = opened()
    server.answers[BATCH] = [(status, {"error": "because"})]
    link.send(bid())
    (reason,) = next(events).order_errors.values()
    assert str(status) in reason
    assert "because" in reason
    assert len(server.asked(BATCH)) == 1


@pytest.mark.parametrize("answer", [(503, b"<html>busy"), (500, {}), (200, {}), (200, b"<html>hello")])
def test_a_batch_that_may_have_come_is_not_sent_again(server, opened, answer, caplog):
    link, events = opened()
    server.answers[BATCH] = [answer]
    link.send(bid())
    server.say(market(10))
    assert next(events).progress == 0.1
    assert len(server.asked(BATCH)) == 1
    assert "may not have reached" in caplog.text


def test_a_connection_that_ends_is_restored_with_a_new_token_and_the_registry_is_read_again(server, opened):
    _, events = opened()
    server.sockets[0].close(1011, "oops")
    lost, restored, connected = (next(events) for _ in range(3))
    assert lost == ConnectionLost("the exchange closed it with 1011 (oops)")
    assert isinstance(restored, ConnectionRestored)
    assert type(connected).__name__ == "Connected"
    assert [header for _, header in server.handshakes] == [f"JWT {token}" for token in server.tokens]
    assert len(server.asked("/registry")) == 2
    server.say(market(20))
    assert next(events).progress == 0.2


def test_areas_that_the_registry_did_not_have_are_looked_up_there(server, opened):
    _, events = opened()
    for number in (1, 2):
        slot = SLOT.add(minutes=15 * number)
        server.say(market(bulk=2, market_slot=slot.format("YYYY-MM-DDTHH:mm")))
        assert next(events).slot == slot
    assert len(server.asked("/registry")) == 2


@pytest.mark.thorough
def test_a_storm_of_errors_is_waited_out(server, opened):
    _, events = opened()
    server.answers["/api-token-auth/"] = [(503, {}), (503, {}), (429, {}), None]
    server.sockets[0].close()
    assert isinstance(next(events), ConnectionLost)
    assert isinstance(next(events), ConnectionRestored)


def test_energies_of_single_assets_go_to_their_own_paths(server, opened):
    link, events = opened(energies="asset")
    slots = (SLOT, SLOT.add(minutes=15))
    link.send(Batch(2, (SendForecasts(("id:Load",), slots, [[0.5, float("nan")]]),)))
    (body,) = server.asked("/id%3ALoad/set-energy-forecast/")
    assert body["energy_forecast"] == {SLOT.format("YYYY-MM-DDTHH:mm"): 0.5}
    assert next(events).sent_forecasts == 1


def test_energies_of_many_assets_are_sent_side_by_side_and_what_became_of_each_is_told(server, opened):
    together = threading.Barrier(4, timeout=20)
    server.before["/set-energy-forecast/"] = together.wait
    link, events = opened(energies="asset")
    areas = tuple(f"id:{number}" for number in range(8))
    server.answers["/id%3A5/set-energy-forecast/"] = [(400, {"error": "because"})]
    link.send(Batch(2, (SendForecasts(areas, (SLOT,), [[0.5]] * 8),)))
    answered = next(events)
    assert (answered.sent_forecasts, answered.unknown_energies) == (7, frozenset())
    (refused,) = answered.refused
    assert (refused.command, refused.asset) == ("set_energy_forecast", "id:5")
    assert "because" in refused.message


def test_when_the_exchange_does_not_answer_for_one_asset_the_others_are_not_waited_for(server, opened, caplog):
    link, events = opened(energies="asset")
    server.answers["/set-energy-forecast/"] = [(503, {})]
    areas = tuple(f"id:{number}" for number in range(1000))
    link.send(Batch(2, (SendForecasts(areas, (SLOT,), [[0.5]] * 1000),)))
    answered = next(events)
    assert answered.unknown_energies == frozenset(areas)
    assert len(server.asked("/set-energy-forecast/")) < 100
    assert "energies of 1000 assets may not have reached the exchange" in caplog.text


def test_areas_that_are_refused_are_told_and_the_others_are_selected(server, opened):
    link, events = opened()
    server.answers["/select-aggregator/"] = [None, (409, {"error": "taken"}), None]
    link.send(Batch(2, (ClaimAreas(tuple(f"id:{number}" for number in range(20))),)))
    (refused,) = next(events).refused
    assert "409: taken" in refused.message
    assert len(server.asked("/select-aggregator/")) == 20


def test_a_server_that_repeats_secrets_has_them_masked(server, opened, caplog):
    with caplog.at_level(logging.DEBUG):
        link, events = opened()
        server.answers[BATCH] = [(400, {"error": f"{PASSWORD} {server.tokens[0]}"})]
        link.send(bid())
        (reason,) = next(events).order_errors.values()
        server.sockets[0].close()
        list(zip(range(3), events, strict=False))
    assert "*** ***" in reason
    for secret in (PASSWORD, *server.tokens):
        assert secret not in reason + caplog.text


def test_a_wrong_password_is_said_and_not_shown(server, open_link, monkeypatch):
    monkeypatch.setenv("API_CLIENT_PASSWORD", "wr0ng")
    with pytest.raises(ExchangeError, match="user 'ann' and the password are not accepted") as caught:
        open_link()
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/api-token-auth/", (200, {}), "no token"),
        ("/api-token-auth/", (301, b""), "elsewhere"),
        ("/api-token-auth/", (200, b"<html>"), "is not JSON"),
        ("/list-aggregators/", (200, {}), "no list of aggregators"),
        ("/create-aggregator/", (201, {}), "no 'uuid'"),
        ("/registry", (200, None), "registry"),
        ("/registry", (404, {"detail": "no such simulation"}), "404: no such simulation"),
    ],
)
def test_what_is_wrong_with_an_exchange_is_said_with_the_place(server, open_link, path, answer, said):
    server.answers[path] = [answer]
    with pytest.raises(ExchangeError, match=said) as caught:
        open_link()
    assert path in str(caught.value)


def test_an_exchange_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ExchangeError, match=r"127\.0\.0\.1:1/.*Connection refused"):
        GsyOverHttp(simulation="s").open(LinkRequest("//127.0.0.1:1", "oracle", None, tmp_path))


def test_without_a_simulation_nothing_is_connected(tmp_path):
    with pytest.raises(ConfigError, match=r"exchange\.simulation: is missing"):
        GsyOverHttps().known_areas(LinkRequest("//gsy.example", "oracle", None, tmp_path))


def test_an_encrypted_exchange_is_heard_by_whom_the_ca_file_vouches_for(start_server, tmp_path):
    server = start_server(CERTIFICATES / "good.pem")
    keys = {"simulation": SIMULATION, "websocket": server.websocket_url, "ca_file": CERTIFICATES / "good.pem"}
    link = GsyOverHttps(**keys).open(LinkRequest(server.url.removeprefix("https:"), "oracle", None, tmp_path))
    events = link.events()
    next(events)
    server.say(market())
    assert isinstance(next(events), SlotOpened)
    link.send(bid())
    assert len(server.asked(BATCH)) == 1
    assert server.websocket_url.startswith("wss:")
    link.close()


def test_an_encrypted_exchange_for_whom_nobody_vouches_is_not_told_the_password(start_server, tmp_path):
    server = start_server(CERTIFICATES / "good.pem")
    keys = {"simulation": SIMULATION, "websocket": server.websocket_url}
    with pytest.raises(ExchangeError, match="self-signed certificate"):
        GsyOverHttps(**keys).open(LinkRequest(server.url.removeprefix("https:"), "oracle", None, tmp_path))
    assert server.requests == []


def test_the_ca_file_goes_before_the_environments(start_server, tmp_path, monkeypatch):
    server = start_server(CERTIFICATES / "good.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "elsewhere.pem"))
    keys = {"simulation": SIMULATION, "websocket": server.websocket_url, "ca_file": CERTIFICATES / "good.pem"}
    link = GsyOverHttps(**keys).open(LinkRequest(server.url.removeprefix("https:"), "oracle", None, tmp_path))
    link.close()


@pytest.mark.parametrize("written", [PASSWORD, json.dumps({"password": PASSWORD})], ids=["plain", "as JSON"])
def test_a_password_that_is_repeated_is_masked_before_the_text_is_cut_off(server, open_link, written):
    server.answers["/api-token-auth/"] = [(500, f"you sent {'x' * 170} {written}".encode())]
    with pytest.raises(ExchangeError) as caught:
        open_link()
    assert "you sent x" in str(caught.value)
    assert PASSWORD[:6] not in str(caught.value)
