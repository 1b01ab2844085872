"""Time one market event, from its bytes to those of the batch, against reading and writing just these bytes.

``python events.py [ASSETS ...]``. All assets are ours: half of them loads, half PVs, one of each in a home.
"""

import itertools
import json
import sys
import tempfile
from pathlib import Path

from timing import best_of, report

from gridhook.agent import AgentSettings, initial_state, step
from gridhook.cli.collector import relax_collector
from gridhook.commands import Batch
from gridhook.config import read_config
from gridhook.links import base_layer
from gridhook.live.conversation import Conversation
from gridhook.live.decoding import decode
from gridhook.live.settings import LiveSettings
from gridhook.live.transport import Joined
from gridhook.plugins import load_plugins
from gridhook.testing import make_tree

CONFIG = '[exchange]\nurl = "gsy+http://127.0.0.1:1"\n'


def event_bytes(homes, percent):
    """Return a market event (0 percent) or a tick."""
    inside = {}
    for number in range(homes):
        load = {"energy_requirement_kWh": 0.25, "energy_active_in_bids": 0.25, "energy_traded": 0.0, "total_cost": 0.0}
        pv = {"available_energy_kWh": 0.125, "energy_active_in_offers": 0.125, "energy_traded": 0.0, "total_cost": 0.0}
        last = {"energy_traded": 0.0, "total_cost": 0.0}
        assets = {
            f"id:{name}": {"area_name": name, "asset_info": info, "last_slot_asset_info": last, "asset_bill": None}
            for name, info in ((f"Load {number}", load), (f"PV {number}", pv))
        }
        inside[f"id:Home {number}"] = {
            "area_name": f"Home {number}",
            "current_market_fee": 1.0,
            "last_market_fee": 1.0,
            "last_market_stats": {"min_trade_rate": None, "max_trade_rate": None, "total_traded_energy_kWh": None},
            "last_market_bill": {"accumulated_trades": {}, "external_trades": {}},
            "children": assets,
        }
    grid = {"area_name": "Grid", "current_market_fee": 1.0, "last_market_fee": 1.0, "children": inside}
    message = {
        "event": "tick" if percent else "market",
        "market_slot": "2026-06-15T10:00",
        "slot_completion": f"{percent}%",
        "grid_tree": {"id:Grid": grid},
        "feed_in_tariff_rate": 8.0,
        "market_maker_rate": 30.0,
        "simulation_id": None,
        "num_ticks": 10.0,
    }
    return json.dumps(message).encode()


def read(text):
    """Return the configuration of an exchange that nobody connects to, and of what a text adds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(CONFIG + text, encoding="utf-8")
        return read_config(path, None, base_layer).config


class Session:
    """What a session does about a message, without a connection."""

    def __init__(self, homes, decisions):
        self.decisions = decisions
        homes = {f"Home {number}": {f"Load {number}": "load", f"PV {number}": "pv"} for number in range(homes)}
        ids = (f"t{number}" for number in itertools.count())
        joined = Joined("agg", make_tree({"Grid": homes}))
        settings = LiveSettings(batch_commands=10**9)
        self.conversation = Conversation(joined, settings, "unsupported", lambda: next(ids))
        self.state = initial_state(AgentSettings())
        self.act(self.conversation.begin())

    def hear(self, frame):
        """Return the bytes of the batch that a frame leads to."""
        return self.act(self.conversation.hear(decode(frame)))

    def act(self, event):
        self.state, commands = step(self.state, event, self.decisions)
        said = [self.conversation.say(one, None)[0] for one in commands if isinstance(one, Batch)]
        return b"".join(json.dumps(post.body).encode() for outgoing in said for post in outgoing.posts)


def measure(assets):
    homes = assets // 2
    relax_collector()
    manager, problems = load_plugins(read(""))
    assert not problems
    session = Session(homes, manager.decisions)
    session.hear(event_bytes(homes, 0))
    frames = iter([event_bytes(homes, percent) for percent in (10, 20, 30, 40, 50)])
    batches = []
    ours = best_of(lambda: batches.append(session.hear(next(frames))))
    frame, batch = event_bytes(homes, 50), batches[-1]
    assert batch.count(b'"type"') == assets
    body = json.loads(batch)
    bare = best_of(lambda: (json.loads(frame), json.dumps(body)))
    report(
        f"one tick, {assets} assets, bytes in to batch bytes out", ours, bare, "decoding and encoding the same bytes"
    )


if __name__ == "__main__":
    for number in [int(text) for text in sys.argv[1:]] or [1000, 10_000]:
        measure(number)
