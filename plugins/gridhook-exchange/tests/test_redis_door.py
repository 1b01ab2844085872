"""The Redis API of PROTOCOL.md 3 without Redis: a message goes in, messages to publish come out."""

import json
import uuid

import attrs
import pytest

from gridhook_exchange.redis_door.channels import AREA_COMMANDS, CONTROLS, PATTERNS, Prefixes
from gridhook_exchange.redis_door.door import Door
from gridhook_exchange.server.driver import encode_content
from gridhook_exchange.service.exchange import Exchange, Limits, Message

BATCHES = "external-aggregator//batch_commands"
LIFECYCLE = "aggregator-commands"
MARKETS = {"Grid": (None, 1.0), "House 2": ("Grid", 0.5)}
LOAD, OTHER, PV = "asset Load 1 L13", "asset Load 2", "asset PV 1 (4kW)"
EVERYBODY = "(redis)"


@attrs.define
class Client:
    """Whoever publishes on Redis, and all that was published for it to hear."""

    exchange: Exchange
    door: Door = attrs.field(init=False)
    ids: int = 0

    def __attrs_post_init__(self):
        self.door = Door(self.exchange, EVERYBODY)

    def say(self, channel, message):
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.door.hear(channel, data)

    def ask(self, channel, message=None, **more):
        """Publish a message with a new transaction id; return the one answer, after a look at its channel and id."""
        transaction = str(uuid.uuid4())
        heard = self.say(channel, {"transaction_id": transaction, **(message or {}), **more})
        (answer,) = heard.publications
        assert answer.content["transaction_id"] == transaction
        return answer

    def lifecycle(self, kind, **more):
        answer = self.ask(LIFECYCLE, type=kind, **more)
        assert answer.channel == "aggregator-response"
        return answer.content

    def create(self, name="oracle"):
        answer = self.lifecycle("CREATE", name=name)
        assert answer == {"status": "ready", "name": name, "transaction_id": answer["transaction_id"]}
        return answer["transaction_id"]

    def batch(self, aggregator, commands, transaction="t", **more):
        return self.say(
            BATCHES,
            {
                "type": "BATCHED",
                "transaction_id": transaction,
                "aggregator_uuid": aggregator,
                "batch_commands": commands,
                **more,
            },
        )

    def tell(self, messages):
        told = [self.door.tell(message) for message in messages]
        return [one for one in told if one is not None]

    def tick(self):
        """Run a tick; return what is published at its beginning and at its end."""
        return self.tell(self.exchange.begin_tick()), self.tell(self.exchange.end_tick())

    def area(self, area, command, **more):
        prefix = {"market Grid": "grid", "market House 2": "house-2"}.get(area, area.removeprefix("asset "))
        answer = self.ask(f"{prefix}/{command}", more)
        assert answer.channel == f"{prefix}/response/{command}"
        return answer.content


@pytest.fixture
def community(make_community):
    return make_community(
        MARKETS,
        loads={"Load 1 L13": ("House 2", [1.0] * 8), "Load 2": ("House 2", [1.0] * 8)},
        pvs={"PV 1 (4kW)": ("House 2", [2.0] * 8)},
        slots=8,
        ticks=10,
    )


@pytest.fixture
def exchange(community):
    everything = frozenset({*community.asset_ids, *community.market_ids}) - {"asset Market Maker"}
    owned = {EVERYBODY: everything, "ann": everything}
    return Exchange(community, lambda user: owned.get(user, frozenset()), Limits(lease_slots=2))


@pytest.fixture
def client(exchange):
    return Client(exchange)


class TestChannels:
    def test_assets_go_by_their_names_and_markets_by_slugs(self, exchange):
        prefixes = Prefixes(exchange.registry.tree)
        assert prefixes.of(LOAD) == "Load 1 L13"
        assert prefixes.of("market House 2") == "house-2"
        assert prefixes.areas("house-2") == ("market House 2",)
        assert prefixes.of("nothing") is None

    @pytest.mark.parametrize(
        ("name", "slug"),
        [
            ("Grid", "grid"),
            ("Family 2 children+PV", "family-2-children-pv"),
            (" Straße, Größe ", "strasse-grosse"),
            ("東京", "market 東京"),
        ],
    )
    def test_a_slug_is_lower_case_with_dashes(self, make_community, name, slug):
        community = make_community({name: (None, 0.0)})
        prefixes = Prefixes(Exchange(community, lambda _: frozenset()).registry.tree)
        assert prefixes.of(community.market_ids[0]) == slug

    def test_areas_of_one_name_share_a_channel_and_are_told_so(self, make_community):
        community = attrs.evolve(
            make_community(loads={"A": ("Grid", [1.0]), "B": ("Grid", [1.0])}), asset_names=("A", "A", "Market Maker")
        )
        client = Client(Exchange(community, lambda _: frozenset(community.asset_ids)))
        answer = client.area("asset A", "register_participant")
        assert (answer["status"], answer["error_message"]) == ("error", "2 assets and markets have this channel")

    def test_no_answer_is_taken_for_a_request(self, client):
        client.area(LOAD, "register_participant")
        for command in AREA_COMMANDS:
            assert f"*/{command}" in PATTERNS
            for channel in (f"Load 1 L13/response/{command}", f"response/{command}"):
                assert client.say(channel, {"transaction_id": "t"}).publications == ()

    def test_what_others_do_with_this_redis_is_left_alone(self, client):
        for channel in ("shop/bid", "shop/offer", "news", "/bid", "Load 1 L13/frobnicate", "Load 1 L13"):
            assert client.say(channel, {"transaction_id": "t"}) == client.door.hear("nothing", b"")


class TestLifecycle:
    def test_the_transaction_is_the_uuid(self, client):
        identity = client.create()
        assert [one.uuid for one in client.exchange.aggregators] == [identity]

    def test_the_same_transaction_makes_no_second_one(self, client):
        identity = client.create()
        heard = client.say(LIFECYCLE, {"type": "CREATE", "name": "oracle", "transaction_id": identity})
        (answer,) = heard.publications
        assert answer.content["status"] == "error"
        assert answer.content["aggregator_uuid"] == answer.content["transaction_id"] == identity
        assert len(list(client.exchange.aggregators)) == 1

    def test_the_same_name_makes_a_second_one(self, client):
        assert client.create() != client.create()

    def test_an_asset_and_a_market_are_selected_and_left(self, client):
        identity = client.create()
        for area in (LOAD, "market Grid"):
            for kind in ("SELECT", "UNSELECT"):
                answer = client.lifecycle(kind, aggregator_uuid=identity, device_uuid=area)
                del answer["transaction_id"]
                assert answer == {"status": f"{kind}ED", "aggregator_uuid": identity, "device_uuid": area}
                assert (area in client.exchange.aggregators.find(EVERYBODY, identity).areas) == (kind == "SELECT")

    def test_the_terms_are_told_to_who_is_made_and_to_who_is_there_already(self, client):
        client.door = Door(client.exchange, EVERYBODY, {"pace": "lockstep"})
        for status in ("ready", "error"):
            request = {"type": "CREATE", "name": "oracle", "transaction_id": "agg"}
            ((_, answer),) = ((one.channel, one.content) for one in client.say(LIFECYCLE, request).publications)
            assert (answer["status"], answer["pace"], answer["transaction_id"]) == (status, "lockstep", "agg")
        assert answer["msg"] == "there is an aggregator agg already"
        assert "pace" not in client.lifecycle("SELECT", aggregator_uuid="agg", device_uuid=LOAD)

    def test_selecting_again_is_no_error(self, client):
        identity = client.create()
        for _ in range(2):
            answer = client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
            assert answer["status"] == "SELECTED"

    def test_nobody_takes_an_asset_from_another(self, client):
        first, second = client.create(), client.create()
        client.lifecycle("SELECT", aggregator_uuid=first, device_uuid=LOAD)
        answer = client.lifecycle("SELECT", aggregator_uuid=second, device_uuid=LOAD)
        assert answer["status"] == "error"
        assert answer["msg"] == f"Device already have selected {first}"
        assert client.exchange.aggregators.of_area(LOAD).uuid == first

    @pytest.mark.parametrize("kind", ["SELECT", "UNSELECT", "DELETE"])
    def test_unknown_pairs_are_answered(self, client, kind):
        """E27, and E3: nobody makes an aggregator by selecting with an unknown uuid."""
        identity = client.create()
        for aggregator, area in (("unknown", LOAD), (identity, "unknown"), (identity, "asset Market Maker")):
            if kind == "DELETE" and aggregator == identity:
                continue
            answer = client.lifecycle(kind, aggregator_uuid=aggregator, device_uuid=area)
            assert (answer["status"], answer["aggregator_uuid"]) == ("error", aggregator)
            assert answer["msg"]
        assert client.lifecycle("UNSELECT", aggregator_uuid=identity, device_uuid=LOAD)["status"] == "error"

    def test_a_deleted_aggregator_leaves_nothing_behind(self, client):
        """E6: the market goes on, the assets trade for themselves, and another one can have them."""
        identity = client.create()
        client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
        client.tick()
        client.batch(identity, {LOAD: [{"type": "device_info"}]})
        asked = {"type": "DELETE", "transaction_id": "t", "aggregator_uuid": identity, "name": "oracle"}
        refused, deleted = client.door.hear("aggregator", json.dumps(asked).encode()).publications
        assert refused.channel.startswith(f"external-aggregator//{identity}/")
        assert "deleted" in refused.content["responses"][LOAD][0]["error_message"]
        assert (deleted.content["status"], deleted.content["aggregator_uuid"]) == ("deleted", identity)
        assert not client.exchange.simulation.is_controlled.any()
        assert client.tick() == ([], [])
        assert client.batch(identity, {}).publications[0].content["status"] == "error"
        other = client.create()
        assert client.lifecycle("SELECT", aggregator_uuid=other, device_uuid=LOAD)["status"] == "SELECTED"

    def test_the_channel_on_which_the_sdk_deletes_is_heard(self, client):
        """B5."""
        identity = client.create()
        answer = client.ask("aggregator", type="DELETE", aggregator_uuid=identity, name="oracle")
        assert (answer.channel, answer.content["status"]) == ("aggregator-response", "deleted")

    @pytest.mark.parametrize(
        "message",
        [
            b"{not json",
            b"\xff",
            b"[]",
            b'"garbage"',
            b"[" * 100_000,
            {},
            {"type": "CREATE", "name": "x"},
            {"type": "CREATE", "name": "x", "transaction_id": 7},
            {"type": "CREATE", "name": "x", "transaction_id": ""},
            {"type": "CREATE", "name": "x", "transaction_id": "x" * 201},
            {"type": "CREATE", "name": "x", "transaction_id": "\ud800"},
        ],
    )
    def test_what_has_no_transaction_is_answered_all_the_same(self, client, message):
        """E2; the key is there, since a client that misses it may stop listening (B1)."""
        heard = client.say(LIFECYCLE, message)
        (answer,) = heard.publications
        assert answer.channel == "aggregator-response"
        assert answer.content["status"] == "error"
        assert answer.content["transaction_id"] is answer.content["aggregator_uuid"] is None
        assert answer.content["msg"]
        assert client.create()

    @pytest.mark.parametrize(
        "message",
        [
            {"type": "FROB"},
            {"type": ["CREATE"]},
            {"type": "CREATE"},
            {"type": "CREATE", "name": 1},
            {"type": "SELECT", "aggregator_uuid": "x"},
            {"type": "SELECT", "aggregator_uuid": {}, "device_uuid": []},
            {"type": "DELETE"},
            {},
        ],
    )
    def test_what_is_incomplete_is_answered(self, client, message):
        answer = client.ask(LIFECYCLE, message)
        assert (answer.channel, answer.content["status"]) == ("aggregator-response", "error")

    def test_clients_that_start_again_and_again_are_never_too_many(self, community):
        owned = frozenset(community.asset_ids)
        client = Client(Exchange(community, lambda _: owned, Limits(most_aggregators=2)))
        busy, idle = client.create(), client.create()
        client.lifecycle("SELECT", aggregator_uuid=busy, device_uuid=LOAD)
        assert client.lifecycle("CREATE", name="too early")["status"] == "error"
        for _ in range(11):
            client.tick()
        new = client.create()
        assert {one.uuid for one in client.exchange.aggregators} == {busy, new}
        assert idle not in {busy, new}


class TestBatches:
    @pytest.fixture
    def identity(self, client):
        identity = client.create()
        client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
        return identity

    def test_a_batch_is_answered_once_at_the_end_of_the_tick(self, client, identity):
        client.tell(client.exchange.begin_tick())
        bid = {"type": "bid", "energy": 0.5, "price": 15.0, "replace_existing": True, "time_slot": None}
        heard = client.batch(identity, {LOAD: [bid, {"type": "list_bids"}]})
        assert (heard.publications, heard.is_batch) == ((), True)
        (answer,) = client.tell(client.exchange.end_tick())
        assert answer.channel == f"external-aggregator//{identity}/response/batch_commands"
        assert answer.content["command"] == "batch_commands"
        assert (answer.content["transaction_id"], answer.content["aggregator_uuid"]) == ("t", identity)
        taken, listed = answer.content["responses"][LOAD]
        assert json.loads(taken["bid"])["energy"] == 0.5
        assert [one["energy"] for one in listed["bid_list"]] == [0.5]

    def test_the_same_transaction_is_executed_once_and_answered_again(self, client, identity):
        """E10."""
        client.tell(client.exchange.begin_tick())
        bid = {"type": "bid", "energy": 0.5, "price": 0.01, "replace_existing": False}
        for _ in range(2):
            assert client.batch(identity, {LOAD: [bid]}).publications == ()
        (first,) = client.tell(client.exchange.end_tick())
        client.tick()
        assert client.batch(identity, {LOAD: [bid]}).publications == (first,)
        client.batch(identity, {LOAD: [{"type": "list_bids"}]}, transaction="other")
        _, (listed,) = client.tick()
        assert len(listed.content["responses"][LOAD][0]["bid_list"]) == 1

    def test_nobody_commands_what_belongs_to_another(self, client, identity):
        """E3: neither with an own aggregator, nor with somebody else's."""
        other = client.create()
        ann = client.exchange.create_aggregator("ann", "hers").uuid
        client.exchange.select("ann", ann, OTHER)
        bid = {"type": "bid", "energy": 0.5, "price": 15.0}
        client.tell(client.exchange.begin_tick())
        client.batch(other, {LOAD: [bid]})
        (answer,) = client.tell(client.exchange.end_tick())
        assert answer.content["responses"][LOAD][0]["status"] == "error"
        (refused,) = client.batch(ann, {OTHER: [bid, {"type": "frob"}, 7]}).publications
        assert refused.channel == f"external-aggregator//{ann}/response/batch_commands"
        assert [one["status"] for one in refused.content["responses"][OTHER]] == ["error"] * 3
        answer = client.lifecycle("SELECT", aggregator_uuid=other, device_uuid=OTHER)
        assert (answer["status"], answer["msg"]) == ("error", f"Device already have selected {ann}")
        assert client.lifecycle("SELECT", aggregator_uuid=ann, device_uuid=PV)["status"] == "error"
        assert client.lifecycle("DELETE", aggregator_uuid=ann)["status"] == "error"

    def test_what_others_are_told_is_not_published(self, client):
        ann = client.exchange.create_aggregator("ann", "hers").uuid
        client.exchange.select("ann", ann, OTHER)
        messages = client.exchange.begin_tick()
        assert [message.channel for message in messages] == [ann, ann]
        client.exchange.submit("ann", {"transaction_id": "t", "aggregator_uuid": ann, "batch_commands": {}})
        assert client.tell([*messages, *client.exchange.end_tick()]) == []

    @pytest.mark.parametrize(
        ("body", "transaction"),
        [
            ({"transaction_id": "t"}, "t"),
            ({"transaction_id": "t", "batch_commands": []}, "t"),
            ({"batch_commands": {LOAD: [{"type": "bid"}]}}, None),
            ({"transaction_id": ["t"], "batch_commands": {}}, None),
        ],
    )
    def test_a_broken_batch_is_answered_where_its_aggregator_listens(self, client, identity, body, transaction):
        (answer,) = client.say(BATCHES, {"aggregator_uuid": identity, **body}).publications
        assert answer.channel == f"external-aggregator//{identity}/response/batch_commands"
        assert (answer.content["command"], answer.content["status"]) == ("batch_commands", "error")
        assert answer.content["transaction_id"] == transaction
        assert answer.content["aggregator_uuid"] == identity
        for its in answer.content["responses"].values():
            assert [one["status"] for one in its] == ["error"]

    @pytest.mark.parametrize("message", [b"{not json", b"[]", {}, {"aggregator_uuid": 3}, {"aggregator_uuid": ""}])
    def test_a_batch_of_nobody_is_a_problem_to_log(self, client, message):
        heard = client.say(BATCHES, message)
        assert (heard.publications, heard.is_batch) == ((), False)
        assert "batch" in heard.problem

    @pytest.mark.parametrize("energy", ["NaN", "-Infinity", "1e999", "9" * 5000, '"\\u00e9"', "[]", "true"])
    def test_a_number_that_is_none_spoils_only_its_command(self, client, identity, energy):
        client.tell(client.exchange.begin_tick())
        commands = f'{{"{LOAD}": [{{"type": "bid", "price": 1, "energy": {energy}}}, {{"type": "device_info"}}]}}'
        ids = f'"transaction_id": "t", "aggregator_uuid": "{identity}"'
        assert client.say(BATCHES, f'{{{ids}, "batch_commands": {commands}}}'.encode()).is_batch
        (answer,) = client.tell(client.exchange.end_tick())
        assert [one["status"] for one in answer.content["responses"][LOAD]] == ["error", "ready"]

    @pytest.mark.parametrize("commands", [{"\ud800": []}, {LOAD: [{"type": "\ud800"}]}, {LOAD: "\ud800"}])
    def test_halves_of_characters_are_not_repeated(self, client, identity, commands):
        (answer,) = client.batch(identity, commands).publications
        assert (answer.content["status"], answer.content["transaction_id"]) == ("error", "t")
        assert json.dumps(answer.content, ensure_ascii=False).encode()

    def test_after_the_end_batches_are_refused(self, client, identity):
        while not client.exchange.is_finished:
            client.tick()
        (answer,) = client.batch(identity, {LOAD: [{"type": "device_info"}]}).publications
        assert answer.content["status"] == "error"
        assert answer.content["responses"][LOAD][0]["status"] == "error"

    def test_who_has_sent_a_batch_is_there(self, client, identity):
        assert not client.door.has_sent(identity)
        client.batch("unknown", {})
        assert not client.door.has_sent("unknown")
        client.batch(identity, {})
        assert client.door.has_sent(identity)
        asked = {"type": "DELETE", "transaction_id": "t", "aggregator_uuid": identity}
        assert len(client.door.hear("aggregator", json.dumps(asked).encode()).publications) == 2
        assert not client.door.has_sent(identity)


class TestEvents:
    def test_an_aggregator_is_told_of_the_market_on_one_channel(self, client):
        identity = client.create()
        client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
        begun, _ = client.tick()
        assert [one.channel for one in begun] == [f"external-aggregator//{identity}/events/all"] * 2
        assert [one.content["event"] for one in begun] == ["market", "tick"]
        for one in begun:
            assert one.content["simulation_id"] is None
            assert one.content["num_ticks"] == 10.0
            assert one.content["grid_tree"]

    def test_selections_are_no_events_here(self, client):
        identity = client.create()
        messages = client.exchange.select(EVERYBODY, identity, LOAD)
        messages += client.exchange.unselect(EVERYBODY, identity, LOAD)
        assert [message.content["event"] for message in messages] == ["selected_by_device", "unselected_by_device"]
        assert client.tell(messages) == []

    def test_everybody_is_told_that_it_is_over(self, client):
        identity = client.create()
        client.area(PV, "register_participant")
        client.area(LOAD, "register_participant")
        client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
        told = {one.channel: one.content for one in client.tell(client.exchange.finish())}
        assert told == {
            f"external-aggregator//{identity}/events/all": {
                "event": "finish",
                "simulation_id": None,
                "num_ticks": 10.0,
            },
            "grid/events/finish": {"event": "finish"},
            "house-2/events/finish": {"event": "finish"},
            "PV 1 (4kW)/events/finish": {"event": "finish", "area_uuid": PV},
        }

    def test_a_connected_asset_is_told_about_itself_until_it_has_an_aggregator(self, client):
        client.area(LOAD, "register_participant")
        begun, _ = client.tick()
        assert [one.channel for one in begun] == ["Load 1 L13/events/market", "Load 1 L13/events/tick"]
        market, tick = (one.content for one in begun)
        assert {"name", "id", "start_time", "duration_min", "time_slots", "type_name"} <= market.keys()
        assert market["area_uuid"] == tick["area_uuid"] == LOAD
        assert tick["device_info"]["energy_requirement_kWh"] == 1.0
        identity = client.create()
        client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
        begun, _ = client.tick()
        assert {one.channel for one in begun} <= {f"external-aggregator//{identity}/events/all"}

    def test_an_asset_that_somebody_else_registered_is_not_told_of_here(self, client):
        client.exchange.command_area("ann", LOAD, "register", {"transaction_id": "t"})
        messages = client.exchange.begin_tick()
        assert [message.channel for message in messages] == [LOAD, LOAD]
        assert client.tell(messages) == []
        assert client.tell([Message(LOAD, {"command": "register"})]) == []


class TestRegistration:
    @pytest.mark.parametrize("area", [LOAD, PV, "market House 2"])
    def test_it_tells_the_uuid_however_often(self, client, area):
        for _ in range(2):
            answer = client.area(area, "register_participant", name="whatever")
            del answer["transaction_id"]
            assert answer == {"command": "register", "status": "ready", "registered": True, "device_uuid": area}

    def test_a_connected_asset_does_not_trade_for_itself(self, client):
        controlled = client.exchange.simulation.is_controlled
        client.area(LOAD, "register_participant")
        assert controlled.tolist() == [True, False, False, False]
        client.area(LOAD, "unregister_participant")
        assert not controlled.any()
        assert client.exchange.begin_tick() == []

    def test_an_asset_that_leaves_leaves_its_aggregator(self, client):
        identity = client.create()
        client.area(LOAD, "register_participant")
        client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
        answer = client.area(LOAD, "unregister_participant")
        assert answer["unregistered"] is True
        assert answer["response"] == "success"
        assert client.exchange.aggregators.of_area(LOAD) is None
        assert not client.exchange.simulation.is_controlled.any()

    def test_an_asset_keeps_its_client_when_its_aggregator_leaves(self, client):
        identity = client.create()
        client.area(LOAD, "register_participant")
        client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
        client.lifecycle("UNSELECT", aggregator_uuid=identity, device_uuid=LOAD)
        assert client.exchange.simulation.is_controlled.tolist() == [True, False, False, False]
        assert client.area(LOAD, "device_info")["error_message"] == "the first slot has not begun"

    def test_who_is_not_connected_is_answered(self, client):
        for command in set(AREA_COMMANDS) - {"register_participant"}:
            answer = client.area(LOAD, command, energy=0.1, price=1.0)
            assert answer["status"] == "error"
            assert answer["error_message"] == "Client should be registered in order to access this area."

    def test_an_unknown_name_is_answered(self, client):
        answer = client.area("No Such Asset", "register_participant")
        assert answer["status"] == "error"
        assert client.area("Market Maker", "register_participant")["status"] == "error"

    @pytest.mark.parametrize("message", [b"garbage", b"7", {"name": "Load 1 L13"}, {"transaction_id": None}])
    def test_what_is_broken_is_answered(self, client, message):
        """E2."""
        (answer,) = client.say("Load 1 L13/register_participant", message).publications
        assert answer.channel == "Load 1 L13/response/register_participant"
        assert (answer.content["command"], answer.content["status"]) == ("register", "error")
        assert answer.content["transaction_id"] is None
        assert client.area(LOAD, "register_participant")["status"] == "ready"

    def test_a_client_that_is_silent_loses_control_until_it_is_heard(self, client):
        controlled = client.exchange.simulation.is_controlled
        client.area(LOAD, "register_participant")
        for _ in range(30):
            client.tick()
            assert controlled[0]
        client.tick()
        assert not controlled[0]
        client.area(LOAD, "device_info")
        assert controlled[0]

    def test_a_client_that_speaks_keeps_control(self, client):
        client.area(LOAD, "register_participant")
        for _ in range(60):
            client.tick()
            assert client.exchange.simulation.is_controlled[0]
            client.area(LOAD, "list_bids")


class TestDirectCommands:
    @pytest.fixture
    def slot(self, client):
        """Let areas be connected and a slot run; return its time."""
        for area in (LOAD, PV, "market House 2"):
            client.area(area, "register_participant")
        begun, _ = client.tick()
        return begun[0].content["start_time"]

    def test_an_order_is_posted_listed_and_deleted(self, client, slot):
        for area, side in ((LOAD, "bid"), (PV, "offer")):
            taken = client.area(area, side, energy=0.5, price=10.0)
            assert (taken["command"], taken["status"], taken["market_type"]) == (side, "ready", "Spot Market")
            order = json.loads(taken[side])
            assert (order["energy"], order["time_slot"][:16]) == (0.5, slot)
            listed = client.area(area, f"list_{side}s")
            assert [one["id"] for one in listed[f"{side}_list"]] == [order["id"]]
            gone = client.area(area, f"delete_{side}", **{side: order["id"]})
            assert gone[f"deleted_{side}s"] == [order["id"]]
            assert client.area(area, f"list_{side}s")[f"{side}_list"] == []
            assert client.area(area, f"delete_{side}", **{side: order["id"]})["status"] == "error"

    def test_orders_of_single_assets_trade(self, client, slot):
        client.area(LOAD, "bid", energy=0.5, price=15.0)
        client.area(PV, "offer", energy=0.5, price=5.0)
        begun = [one for _ in range(3) for one in client.tick()[0]]
        trades = {one.channel: one.content for one in begun if one.content["event"] == "trade"}
        assert trades.keys() == {"Load 1 L13/events/trade", "PV 1 (4kW)/events/trade"}
        assert trades["Load 1 L13/events/trade"]["traded_energy"] == 0.5

    @pytest.mark.parametrize(
        "arguments",
        [
            {"energy": 99, "price": 0.3},
            {"energy": 0.01},
            {"price": 0.3},
            {"energy": "0.01", "price": 0.3},
            {"energy": -1, "price": 0.3},
            {"energy": 0.1, "price": 0.3, "colour": "red"},
            {"energy": 0.1, "price": 0.3, "time_slot": "garbage"},
            {"energy": 0.1, "price": 0.3, "time_slot": "2020-01-01T00:00"},
        ],
    )
    def test_a_wrong_order_is_refused(self, client, slot, arguments):
        answer = client.area(LOAD, "bid", **arguments)
        assert (answer["command"], answer["status"]) == ("bid", "error")
        assert answer["error_message"]
        assert client.area(LOAD, "list_bids")["bid_list"] == []

    def test_what_an_area_cannot_do_is_refused(self, client, slot):
        for area, command in ((LOAD, "offer"), (PV, "bid"), ("market House 2", "bid"), (LOAD, "grid_fees")):
            answer = client.area(area, command, energy=0.1, price=0.3)
            assert (answer["command"], answer["status"]) == (command, "error")

    def test_state_fees_and_figures(self, client, slot):
        info = client.area(LOAD, "device_info")
        assert info["device_info"]["energy_requirement_kWh"] == 1.0
        for arguments in ({"fee_const": 7}, {"data": {"fee_const": 7}}):
            fee = client.area("market House 2", "grid_fees", **arguments)
            assert (fee["market_fee_const"], fee["market_fee_percent"]) == ("7", "None")
        assert client.area("market House 2", "dso_market_stats")["market_stats"] == {}
        assert client.area("market House 2", "dso_market_stats", data={})["name"] == "House 2"

    @pytest.mark.parametrize("what", ["forecast", "measurement"])
    def test_energies_are_answered_on_the_channel_of_answers(self, client, slot, what):
        """E11: on the channel of the request, the answer would be a request."""
        time = {"forecast": "2026-06-15T10:15", "measurement": slot}[what]
        answer = client.area(LOAD, f"set_energy_{what}", **{f"energy_{what}": {time: 0.7}})
        assert answer["status"] == "ready"
        assert answer[f"set_energy_{what}"][f"energy_{what}"] == {time: 0.7}
        late = client.area(LOAD, f"set_energy_{what}", **{f"energy_{what}": {"2026-06-15T09:00": 0.7}})
        assert late["status"] == "error"
        assert client.area(LOAD, f"set_energy_{what}")["status"] == "error"

    def test_an_asset_of_somebody_elses_aggregator_is_not_commanded(self, client, slot):
        ann = client.exchange.create_aggregator("ann", "hers").uuid
        client.exchange.select("ann", ann, OTHER)
        assert client.area(OTHER, "register_participant")["status"] == "ready"
        for command in ("device_info", "list_bids", "bid"):
            answer = client.area(OTHER, command, energy=0.1, price=0.3)
            assert answer["error_message"] == f"Device already have selected {ann}"


DEEP = b"[" * 100_000
HUGE = b"9" * 5000
HOSTILE = {
    "half a character": b'"\\ud800"',
    "half a character in bytes": b'"\xed\xa0\x80"',
    "deep": DEEP + b"]" * 100_000,
    "nearly too deep": b"[" * 960 + b"]" * 960,
    "never closed": DEEP,
    "huge": HUGE,
    "not JSON": b"NaN",
    "two keys": b'1, "transaction_id": "second", "energy": 2, "energy": 3',
}


class TestHostileTexts:
    """Whatever is published, each answer can be written, and the exchange goes on."""

    @pytest.fixture
    def identity(self, client):
        identity = client.create()
        client.lifecycle("SELECT", aggregator_uuid=identity, device_uuid=LOAD)
        client.area(PV, "register_participant")
        client.tell(client.exchange.begin_tick())
        return identity

    def hear(self, client, channel, data):
        """Publish bytes; return what is published in this tick, as it is read from its frames."""
        heard = client.door.hear(channel, data)
        told = [*heard.publications, *client.tell(client.exchange.end_tick())]
        client.tell(client.exchange.begin_tick())
        return [json.loads(encode_content(one.content)) for one in told]

    @pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
    @pytest.mark.parametrize(
        "template",
        [
            b'{"transaction_id": "t", "aggregator_uuid": "%(me)s", "batch_commands": {"%(area)s": [{"type": %(it)s}]}}',
            b'{"transaction_id": "t", "aggregator_uuid": "%(me)s", "batch_commands": {"%(area)s": [%(it)s]}}',
            b'{"transaction_id": "t", "aggregator_uuid": "%(me)s", "batch_commands": {"%(area)s": %(it)s}}',
            b'{"transaction_id": "t", "aggregator_uuid": "%(me)s", "batch_commands": %(it)s}',
            b'{"transaction_id": "t", "aggregator_uuid": "%(me)s", "batch_commands": {}, "x": %(it)s}',
            b'{"aggregator_uuid": "%(me)s", "batch_commands": {}, "transaction_id": %(it)s}',
            b'{"transaction_id": "t", "batch_commands": {}, "aggregator_uuid": %(it)s}',
        ],
    )
    def test_in_a_batch(self, client, identity, template, hostile):
        data = template % {b"me": identity.encode(), b"area": LOAD.encode(), b"it": hostile}
        told = self.hear(client, BATCHES, data)
        assert len(told) <= 1
        assert all(one["command"] == "batch_commands" for one in told)
        after = {
            "transaction_id": "after",
            "aggregator_uuid": identity,
            "batch_commands": {LOAD: [{"type": "device_info"}]},
        }
        (answer,) = self.hear(client, BATCHES, json.dumps(after).encode())
        assert answer["responses"][LOAD][0]["status"] == "ready"

    @pytest.mark.parametrize("area", [b"\\ud800", b"\xed\xa0\x80", b"\\udfff\\ud800"])
    def test_as_the_name_of_an_area(self, client, identity, area):
        data = b'{"transaction_id": "t", "aggregator_uuid": "%s", "batch_commands": {"%s": [{"type": "bid"}, 5]}}'
        assert len(self.hear(client, BATCHES, data % (identity.encode(), area))) <= 1

    def test_other_encodings_are_refused(self, client, identity):
        text = json.dumps({"transaction_id": "t", "aggregator_uuid": identity, "batch_commands": {"\ud800": [5]}})
        for encoding in ("utf-16", "utf-16-le", "utf-32"):
            heard = client.door.hear(BATCHES, text.encode(encoding))
            assert (heard.publications, bool(heard.problem)) == ((), True)

    @pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
    @pytest.mark.parametrize("key", ["transaction_id", "type", "name", "energy", "price", "time_slot", "data", "bid"])
    def test_in_any_other_message(self, client, identity, key, hostile):
        whole = {"transaction_id": "t", "type": "CREATE", "name": "x", "energy": 0.1, "price": 1.0}
        others = json.dumps({name: value for name, value in whole.items() if name != key}).encode()
        data = others[:-1] + b', "%s": %s}' % (key.encode(), hostile)
        for channel in (LIFECYCLE, *CONTROLS, *(f"PV 1 (4kW)/{command}" for command in AREA_COMMANDS)):
            for one in self.hear(client, channel, data):
                assert one

    @pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
    def test_as_a_requirement_of_an_order_that_trades(self, client, identity, hostile):
        requirement = b'{"trading_partners": [%s], "energy_type": [%s]}' % (hostile, hostile)
        data = b'{"transaction_id": "t", "energy": 0.1, "price": 0.1, "requirements": [%s]}' % requirement
        self.hear(client, "PV 1 (4kW)/offer", data)
        for _ in range(12):
            for one in (*client.tell(client.exchange.end_tick()), *client.tell(client.exchange.begin_tick())):
                assert encode_content(one.content)


class TestControl:
    @pytest.mark.parametrize("command", ["pause", "resume", "stop"])
    def test_an_order_is_answered_and_passed_on(self, client, command):
        heard = client.say(f"/{command}", {"transaction_id": "t"})
        (answer,) = heard.publications
        assert answer.channel == f"/response/{command}"
        assert answer.content == {"command": command, "simulation_id": "", "transaction_id": "t", "status": "success"}
        assert heard.order == command

    @pytest.mark.parametrize("message", [{}, b"", b"[]", {"transaction_id": 1}])
    def test_a_broken_order_is_not_obeyed(self, client, message):
        heard = client.say("/stop", message)
        assert [one.content["status"] for one in heard.publications] == ["error"]
        assert heard.order == ""

    def test_what_is_not_supported_is_said(self, client):
        for channel, command in CONTROLS.items():
            if command not in ("pause", "resume", "stop", "area-map"):
                answer = client.ask(channel)
                assert answer.channel == f"/response/{command}"
                assert answer.content["status"] == "error"

    def test_the_map_has_all_names(self, client):
        (answer,) = client.say("/area-map", {"transaction_id": "t"}).publications
        assert answer.channel == "/response/area-map"
        assert answer.content["area_mapping"][LOAD] == "Load 1 L13"
        assert answer.content["area_mapping"]["market House 2"] == "House 2"
