"""What real exchanges said, said again to a session: it is understood from the first message to the last."""

import json
import logging
import re
from itertools import count
from pathlib import Path

import pendulum
import pytest

from gridhook.agent import AgentSettings
from gridhook.config import read_config
from gridhook.figures import SessionInfo
from gridhook.links import base_layer
from gridhook.live.conversation import Conversation
from gridhook.live.outbox import DirectDone
from gridhook.live.settings import LiveSettings
from gridhook.live.transport import Joined
from gridhook.plugins import load_plugins
from gridhook.session import Session
from gridhook.wire.events import read_event

TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "transcripts"
FILES = sorted(TRANSCRIPTS.rglob("*.jsonl"))
EVENTS = re.compile(r"external-aggregator//[-0-9a-f]+/events/all")
LENGTH = pendulum.duration(minutes=15)
CONFIG = """
[exchange]
url = "gsy+http://127.0.0.1:1"
[settlement]
use = ["deviations"]
"""

pytestmark = pytest.mark.skipif(
    not FILES, reason=f"the recordings are not here: {TRANSCRIPTS.name} is not in shared/ beside the checkout"
)


class Recording:
    """A link that hears what was recorded; all that is sent is taken."""

    slots = tick_seconds = None

    def __init__(self, messages, tree):
        ids = (f"t{number}" for number in count(1))
        self.conversation = Conversation(Joined("agg", tree), LiveSettings(), "unsupported", lambda: next(ids))
        self.messages = messages
        self.answers = []
        self.commands = []

    def events(self):
        yield self.conversation.begin()
        for message in self.messages:
            yield from self._answers()
            event = self.conversation.hear(message)
            if event is not None:
                yield event
        yield from self._answers()

    def send(self, batch):
        outgoing, answer = self.conversation.say(batch, None)
        self.answers += [answer] if answer is not None else []
        for post in outgoing.posts:
            responses = {}
            for area, commands in post.body["batch_commands"].items():
                self.commands += commands
                responses[area] = [{"status": "ready"}] * len(commands)
            answer = {"command": "batch_commands", "transaction_id": post.transaction, "responses": responses}
            self.answers.append(self.conversation.hear(answer))
        if outgoing.direct:
            self.answers.append(self.conversation.settle(outgoing.number, DirectDone()))

    def accounts(self):
        return None

    def interrupt(self):
        pass

    close = interrupt

    def _answers(self):
        while self.answers:
            yield self.answers.pop(0)


def recorded(path):
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line["payload"] for line in lines if EVENTS.fullmatch(line["channel"])]


def events_of(messages, kind):
    return [message for message in messages if message["event"] == kind]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_session_understands_all_that_an_exchange_said(path, tmp_path, caplog):
    messages = recorded(path)
    trees = [message for message in messages if message.get("grid_tree") and "market_slot" in message]
    if not trees:
        # Before anything else the exchange died of what it was sent, or there was no aggregator.
        assert not events_of(messages, "trade")
        return
    link = Recording(messages, read_event(trees[0], LENGTH).grid.tree)
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    manager, problems = load_plugins(read_config(tmp_path / "config.toml", None, base_layer).config)
    assert not problems
    figures = Session(link, manager, SessionInfo("oracle", "recorded"), AgentSettings()).run()
    slots = {message["market_slot"] for message in messages if "market_slot" in message}
    assert figures.slots == len(slots)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not {"plugin_failed", "unknown", "refused", "late"} & {
        reason for reason, number in figures.reasons.items() if number
    }
    traded = {
        (entry["bid_id"], entry["offer_id"]) for one in events_of(messages, "trade") for entry in one["trade_list"]
    }
    assert figures.trades == len(traded)
    orders = [command for command in link.commands if command["type"] in ("bid", "offer")]
    assert figures.orders + figures.settlement.orders == len(orders)
    # What ends the original exchange is never sent (PROTOCOL.md 4.4).
    for order in orders:
        assert set(order) <= {"type", "price", "energy", "replace_existing", "time_slot"}
        assert order["energy"] > 2e-5
        assert order["price"] >= 0
