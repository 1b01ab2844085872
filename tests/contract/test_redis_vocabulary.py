"""Every request that real clients published on Redis is answered, in the shape in which the original answered it."""

import json
import re
from pathlib import Path

import pytest

from gridhook_exchange.community import Overrides, read_community
from gridhook_exchange.redis_door.door import Door
from gridhook_exchange.service.exchange import Exchange

TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "transcripts"
FILES = sorted(TRANSCRIPTS.rglob("*.jsonl"))

pytestmark = pytest.mark.skipif(
    not FILES, reason=f"the recordings are not here: {TRANSCRIPTS.name} is not in shared/ beside the checkout"
)

BATCHES = "external-aggregator//batch_commands"
# What the exchange published, and the recorder's own notes.
SAID = re.compile(r"aggregator-response | .*/response/.* | .*/events/.* | gsy-e-heartbeat/ | \#note/.*", re.VERBOSE)
ALONE = re.compile(r"(?P<prefix>[^/]+)/(?P<command>\w+)")

LOADS = ("Load 1 L13", "Load 2 L21", "Load 3 L17", "forecast-measurement-load", "load")
PVS = ("PV 1 (4kW)", "PV 3 (5kW)", "PV 5 (10kW)", "PV 9 (15kW)", "forecast-measurement-pv", "pv")
COMMUNITY = """
name = "Recorded"
timezone = "UTC"
start = 2026-06-15
slots = 96
tick_seconds = 90

[profiles]
file = "meters.csv"

[tariff]
feed_in_rate = 8.0
retail_rate = 30.0

[[markets]]
name = "Grid"

[[markets]]
name = "Community"
parent = "Grid"

[[markets]]
name = "House 2"
parent = "Community"

[[storages]]
name = "Tesla Powerwall 3"
market = "House 2"
capacity_kwh = 10.0
power_kw = 4.0
"""
ASSET = """
[[{kind}]]
name = "{name}"
market = "House 2"
profile = {{ column = "energy" }}
"""

# Where the status is another one, on purpose: docs/reference/differences.md says why.
OTHER_STATUS = {
    "64_select_unknown_device": "error",
    "65_select_twice_same_aggregator": "SELECTED",
    "66b_select_by_aggregator_never_created": "error",
}
# What has no aggregator that could be answered.
NOBODY = {"55_batch_missing_aggregator_uuid", "58_batch_invalid_json"}


@pytest.fixture(scope="module")
def community(tmp_path_factory):
    folder = tmp_path_factory.mktemp("community")
    times = (f"2026-06-15T{slot // 4:02d}:{slot % 4 * 15:02d}:00Z,1.0" for slot in range(96))
    (folder / "meters.csv").write_text("\n".join(["time,energy", *times]), encoding="utf-8")
    assets = [("loads", name) for name in LOADS] + [("pvs", name) for name in PVS]
    text = COMMUNITY + "".join(ASSET.format(kind=kind, name=name) for kind, name in assets)
    (folder / "community.toml").write_text(text, encoding="utf-8")
    return read_community(folder / "community.toml", Overrides(None, None, None))


class Replay:
    """Publishes what was recorded, with the ids of the areas of this exchange."""

    def __init__(self, community, path):
        self.exchange = Exchange(community, lambda _: frozenset({*community.asset_ids, *community.market_ids}))
        self.door = Door(self.exchange, "everybody")
        self.names = dict(zip(community.asset_names, community.asset_ids, strict=True))
        self.names |= {
            name.lower().replace(" ", "-"): area
            for name, area in zip(community.market_names, community.market_ids, strict=True)
        }
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        self.records = [(line["channel"], line["payload"]) for line in lines]
        self.areas = {}
        self.tick()

    def tick(self):
        said = [self.door.tell(message) for message in (*self.exchange.begin_tick(), *self.exchange.end_tick())]
        return [one for one in said if one is not None]

    def requests(self):
        """Yield the channel of each request, what it says here, what the original answered, and in which case."""
        case = ""
        for at, (channel, payload) in enumerate(self.records):
            if channel == "#note/case":
                case = payload
            if SAID.fullmatch(channel):
                continue
            transaction = payload.get("transaction_id") if isinstance(payload, dict) else None
            answers = [
                said
                for where, said in self.records[at + 1 :]
                if transaction
                and isinstance(said, dict)
                and said.get("transaction_id") == transaction
                and SAID.fullmatch(where)
            ]
            found = ALONE.fullmatch(channel)
            if found and answers and "device_uuid" in answers[0]:
                self.areas[answers[0]["device_uuid"]] = self.names[found["prefix"]]
            yield channel, self.translate(payload), answers[0] if answers else None, case

    def translate(self, payload):
        if isinstance(payload, str):
            return payload.encode()
        text = json.dumps(payload)
        for theirs, ours in self.areas.items():
            text = text.replace(theirs, ours)
        return text.encode()

    def publish(self, channel, data):
        """Return the answers to a request, after the tick in which it came if it is a batch."""
        heard = self.door.hear(channel, data)
        answers = list(heard.publications)
        if heard.is_batch and not answers:
            answers = [one for one in self.tick() if one.channel.endswith("/response/batch_commands")]
        return answers, heard


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_request_is_answered_once_in_the_recorded_shape(community, path):
    replay = Replay(community, path)
    seen = 0
    for channel, data, recorded, case in replay.requests():
        answers, heard = replay.publish(channel, data)
        seen += 1
        if path.stem in NOBODY and heard.problem:
            assert channel == BATCHES
            assert not answers
            continue
        (answer,) = answers
        assert_channel(channel, answer.channel)
        json.dumps(answer.content, allow_nan=False)
        if channel == BATCHES:
            assert_batch(json.loads(data), answer.content, recorded)
        elif recorded is not None:
            assert_shape(answer.content, recorded, OTHER_STATUS.get(case))
        else:
            # The original said nothing: it had died of this, or was not listening.
            assert answer.content.get("status") or answer.content["area_mapping"]
    assert seen


def test_the_recordings_have_all_kinds_of_requests():
    """What is checked above is not nothing."""
    channels = {json.loads(line)["channel"] for path in FILES for line in path.read_text().splitlines()}
    requests = {channel for channel in channels if not SAID.fullmatch(channel)}
    assert {"aggregator-commands", BATCHES, "/pause", "/resume", "/stop", "/area-map"} <= requests
    assert {found["command"] for channel in requests if (found := ALONE.fullmatch(channel))} == {
        "register_participant",
        "unregister_participant",
        "device_info",
        "bid",
        "delete_bid",
        "list_bids",
        "list_offers",
    }


def assert_channel(request, answer):
    if request in ("aggregator-commands", "aggregator"):
        assert answer == "aggregator-response"
    elif request == BATCHES:
        assert re.fullmatch(r"external-aggregator//[-0-9a-f]{36}/response/batch_commands", answer)
    else:
        prefix, _, command = request.rpartition("/")
        assert answer == f"{prefix}/response/{command}"


def assert_shape(answer, recorded, status=None):
    """All keys of the recorded answer are there, with values of the same types."""
    if "status" in recorded:
        assert answer["status"] == (status or recorded["status"])
    if status == "error":
        recorded = {key: value for key, value in recorded.items() if key not in ("status", "transaction_id")}
    if status == "SELECTED":
        recorded = {key: value for key, value in recorded.items() if key != "msg"}
    assert recorded.keys() <= answer.keys()
    for key, value in recorded.items():
        assert type(answer[key]) is type(value), key
    if "command" in recorded:
        assert answer["command"] == recorded["command"]
    if "transaction_id" in recorded:
        assert answer["transaction_id"] == recorded["transaction_id"]


NAMES = {"bid_delete": "delete_bid", "offer_delete": "delete_offer"}
REASONS = {"message", "error", "error_message"}


def assert_batch(request, answer, recorded):
    """One answer per command, and those that both exchanges executed have the same keys."""
    assert answer["command"] == "batch_commands"
    assert answer["aggregator_uuid"] == request["aggregator_uuid"]
    assert answer["transaction_id"] == request.get("transaction_id")
    commands = request.get("batch_commands", {})
    responses = answer["responses"]
    assert responses.keys() == commands.keys()
    for area, its in commands.items():
        assert len(responses[area]) == (len(its) if isinstance(its, list) else 1)
        for one in responses[area]:
            assert (one["status"], one["area_uuid"]) in (("ready", area), ("error", area))
            assert one["status"] == "ready" or one["error_message"]
    if recorded is None or "responses" not in recorded:
        return
    assert recorded.keys() <= answer.keys()
    for ours, theirs in zip(responses.values(), recorded["responses"].values(), strict=False):
        for one, other in zip(ours, theirs, strict=False):
            if one["status"] == other["status"] == "ready":
                assert other.keys() <= one.keys()
                assert one["command"] == NAMES.get(other["command"], other["command"])
