"""Two users of one server: neither reads, selects, commands or hears what belongs to the other."""

import uuid
from functools import partial

import pytest
from conftest import OWNED, PASSWORDS
from gsy_client import Refused, read_frame
from trader import Trader
from websockets.exceptions import InvalidStatus

COMMANDS = ("register", "unregister", "set-energy-forecast", "set-energy-measurement", "grid-fee", "dso-market-stats")


@pytest.fixture
def users(serve, users_file, community_file):
    """Return a trader per user; good trades all of the first home and the grid, bad all of the second."""
    server = serve(community_file, "--users", users_file, "--lockstep", "--paused")
    assert (server.facts["username"], server.facts["password"]) == (None, None)
    traders = {}
    for user, password in PASSWORDS.items():
        traders[user] = Trader(server.client(user, password), name="the same name")
        traders[user].select(*OWNED[user])
    yield traders
    for trader in traders.values():
        trader.client.close()
    assert not server.complaints()


def test_no_endpoint_shows_or_does_anything_to_what_is_not_ones_own(users):
    for name, other in (("good", "bad"), ("bad", "good")):
        client, foreign = users[name].client, users[other].client
        own_aggregator = client.aggregator
        assert own_aggregator != foreign.aggregator
        area = users[other].ids[OWNED[other][1]]
        asset = users[other].ids[OWNED[other][-1]]

        nodes = client.areas()
        assert {nodes[one]["aggregator_name"] for one in OWNED[name]} == {"the same name"}
        for one in OWNED[other]:
            assert (nodes[one]["registered"], nodes[one]["aggregator_name"]) == (False, None)
        listed = client.call("GET", f"/external-connection/aggregator-api/{client.simulation}/list-aggregators/")
        assert listed == [{"name": "the same name", "uuid": own_aggregator}]
        query = "{ aggregatorsList { configUuid name devicesList { deviceUuid } } }"
        _, answer = client.request("POST", "/graphql/", {"query": query, "variables": None})
        (seen,) = answer["data"]["aggregatorsList"]
        assert {one["deviceUuid"] for one in seen["devicesList"]} == {nodes[one]["uuid"] for one in OWNED[name]}
        query = "{ listCanaryNetworks { configurations { scenarioData { forecastStreamAreaMapping } } } }"
        _, answer = client.request("POST", "/graphql/", {"query": query})
        (seen,) = answer["data"]["listCanaryNetworks"]["configurations"]
        assert not set(seen["scenarioData"]["forecastStreamAreaMapping"].values()) & set(OWNED[other])

        for target in (area, asset):
            for aggregator in (own_aggregator, foreign.aggregator):
                client.aggregator = aggregator
                for work in (client.select, client.unselect):
                    with pytest.raises(Refused) as refused:
                        work(target)
                    assert refused.value.status == 404
            for command in COMMANDS:
                with pytest.raises(Refused) as refused:
                    client.command(target, command, energy_forecast={}, energy_measurement={}, fee_const=1)
                assert refused.value.status == 404
        client.aggregator = foreign.aggregator
        for work in (client.delete_aggregator, partial(client.send_batch, {asset: [{"type": "device_info"}]})):
            with pytest.raises(Refused) as refused:
                work()
            assert refused.value.status == 404
        client.aggregator = own_aggregator
        for path in (f"aggregator/{foreign.aggregator}/", f"{area}/", f"{asset}/", "matching-engine/"):
            with pytest.raises(InvalidStatus, match="403"):
                client.open(path)
    with pytest.raises(Refused) as refused:
        users["bad"].client.pause()
    assert refused.value.status == 403


def test_commands_and_events_are_only_about_ones_own(users):
    good, bad = users["good"], users["bad"]
    bad_area, good_area = bad.ids["Load 2"], good.ids["Load 1"]
    good.client.resume()
    answers = {}
    info = {"type": "device_info"}
    for trader in (good, bad):
        answers[trader] = trader.client.send_batch({good_area: [info], bad_area: [info]})
    for trader, own, foreign in ((good, good_area, bad_area), (bad, bad_area, good_area)):
        answer, before = trader.client.answer_to(answers[trader])
        trader.hear(before)
        assert answer["responses"][own][0]["status"] == "ready"
        assert "does not have" in answer["responses"][foreign][0]["error_message"]
    for trader in (good, bad):
        trader.hear(trader.client.events_until(lambda one: one.get("event") == "tick"))
        foreign = [name for name in (*OWNED["good"], *OWNED["bad"]) if name not in own_names(trader, users)]
        for name in foreign:
            node = trader.node(name)
            if "children" not in node:
                assert node == {"area_name": name}
    # They trade with each other, and each is told of its own side alone.
    good.client.send_batch({good.ids["PV 1"]: [{"type": "offer", "energy": 0.5, "price": 5.0}]})
    bad.client.send_batch({bad_area: [{"type": "bid", "energy": 0.5, "price": 10.0}]})
    for _ in range(5):
        for trader in (good, bad):
            trader.client.send_batch({})
        for trader in (good, bad):
            trader.hear(trader.client.events_until(lambda one: one.get("event") == "tick"))
    (sold,) = good.trades
    (bought,) = bad.trades
    assert sold["trade_id"] == bought["trade_id"]
    assert (sold["asset_id"], bought["asset_id"]) == (good.ids["PV 1"], bad_area)
    assert bought["seller"] == bought["seller_origin"] == sold["buyer"] == sold["buyer_origin"] == "anonymous"


def own_names(trader, users):
    return OWNED[next(user for user, one in users.items() if one is trader)]


def test_single_assets_are_heard_by_their_owner(users):
    good = users["good"]
    client = good.client
    client.unselect(good.ids["PV 1"])
    socket = client.open(f"{good.ids['PV 1']}/")
    transaction = client.command(good.ids["PV 1"], "register")
    assert read_frame(socket) == {
        "command": "register",
        "status": "ready",
        "registered": True,
        "device_uuid": good.ids["PV 1"],
        "transaction_id": transaction,
    }
    users["bad"].client.leave()
    client.resume()
    seen = []
    good.step()
    good.step(Load_1=[{"type": "bid", "energy": 0.4, "price": 12.0}])
    good.step()
    good.step()
    while not seen or seen[-1]["event"] != "trade":
        seen.append(read_frame(socket))
    assert [one["event"] for one in seen[:2]] == ["market", "tick"]
    assert {one["area_uuid"] for one in seen} == {good.ids["PV 1"]}
    market, tick, trade = seen[0], seen[1], seen[-1]
    assert set(market) == {
        "name",
        "id",
        "start_time",
        "duration_min",
        "time_slots",
        "type_name",
        "device_info",
        "event",
        "area_uuid",
        "device_bill",
        "last_market_maker_rate",
        "last_market_stats",
    }
    assert (market["name"], market["duration_min"]) == ("House 1", 15)
    assert set(tick) == {"slot_completion", "market_slot", "event", "area_uuid", "device_info"}
    assert tick["device_info"]["available_energy_kWh"] == 0.5
    assert (trade["event_type"], trade["seller"], trade["buyer"]) == ("sell", "PV 1", "anonymous")
    assert trade["device_info"]["energy_traded"] == pytest.approx(trade["traded_energy"])
    for key in ("trade_id", "time", "trade_price", "fee_price", "residual_id", "offer_id"):
        assert key in trade
    client.command(good.ids["PV 1"], "unregister")
    while (last := read_frame(socket)).get("command") != "unregister":
        pass
    assert last["unregistered"] is True
    good.step()
    transaction = client.command(good.ids["PV 1"], "set-energy-forecast", energy_forecast={"2026-06-15T09:00": 1.5})
    answer = read_frame(socket)
    assert (answer["command"], answer["status"], answer["transaction_id"]) == (
        "set_energy_forecast",
        "ready",
        transaction,
    )


def test_markets_answer_direct_commands(users):
    client, house = users["good"].client, users["good"].ids["House 1"]
    socket = client.open(f"{house}/")
    fee = client.command(house, "grid-fee", fee_const=2.5)
    stats = client.command(house, "dso-market-stats")
    first, second = read_frame(socket), read_frame(socket)
    assert (first["transaction_id"], first["command"], first["market_fee_const"]) == (fee, "grid_fees", "2.5")
    assert (second["transaction_id"], second["command"], second["market_stats"]) == (stats, "dso_market_stats", {})
    for body in ({"fee_percent": 1}, {"fee_const": "a"}, {}):
        client.command(house, "grid-fee", **body)
        assert read_frame(socket)["status"] == "error"
    with pytest.raises(Refused, match="no command"):
        client.command(house, "set-live-generation")
    with pytest.raises(Refused, match="transaction_id"):
        client.command(house, "grid-fee", transaction_id="")


def test_without_a_token_nothing_is_answered(users):
    client = users["good"].client
    own = client.token
    paths = [
        ("GET", f"aggregator-api/{client.simulation}/list-aggregators/"),
        *(
            ("POST", f"aggregator-api/{client.simulation}/{what}/")
            for what in (
                "create-aggregator",
                "delete-aggregator",
                "select-aggregator",
                "unselect-aggregator",
                "batch-commands",
            )
        ),
        ("GET", f"configurations/{client.simulation}/registry"),
        *(("POST", f"api/{client.simulation}/{users['good'].ids['Load 1']}/{what}/") for what in COMMANDS),
        ("GET", f"api/{client.simulation}/{users['good'].ids['House 1']}/dso-market-stats"),
        ("POST", f"api/{client.simulation}/resume/"),
        ("POST", f"api/{client.simulation}/pause/"),
    ]
    for headers in ({}, {"Authorization": own}, {"Authorization": f"Bearer {own}"}, {"Authorization": f"JWT {own}x"}):
        for method, path in paths:
            status, answer = client.request(method, f"/external-connection/{path}", {}, headers)
            assert (status, "log in" in answer["error"]) == (401, True), path
        assert client.request("POST", "/graphql/", {"query": "{ aggregatorsList { name } }"}, headers)[0] == 401
    for path in (f"aggregator/{client.aggregator}/", f"{users['good'].ids['Load 1']}/"):
        for token in ("", f"{own}x"):
            with pytest.raises(InvalidStatus, match="403"):
                client.open(path, token)
    client.simulation = str(uuid.uuid4())
    with pytest.raises(Refused, match="no simulation"):
        client.registry()
    with pytest.raises(InvalidStatus, match="403"):
        client.listen()


def test_wrong_passwords_are_refused_and_right_ones_are_not(users, serve):
    client = users["good"].client
    good = dict(client.user)
    client.user = {**good, "password": "wrong"}
    for _ in range(4):
        with pytest.raises(Refused, match="401"):
            client.log_in()
    client.user = good
    for _ in range(20):
        client.log_in()


def test_who_owns_an_asset_too_does_not_command_it_under_anothers_aggregator(
    serve, users_file, community_file, tmp_path
):
    # Without names, both own everything.
    lines = users_file.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(("globs", "names")))
    (tmp_path / "shared.toml").write_text(text, encoding="utf-8")
    server = serve(community_file, "--users", "shared.toml", "--paused")
    good, bad = (server.client(user, PASSWORDS[user]) for user in ("good", "bad"))
    good.create_aggregator("x")
    load = server.uuid("Load 1")
    good.select(load)
    forecast = {"energy_forecast": {"2026-06-15T00:15": 0.1}}
    with pytest.raises(Refused, match=f"409.*Device already have selected {good.aggregator}"):
        bad.command(load, "set-energy-forecast", **forecast)
    good.command(load, "set-energy-forecast", **forecast)
    good.unselect(load)
    bad.command(load, "set-energy-forecast", **forecast)
    for client in (good, bad):
        client.close()
    assert not server.complaints()
