"""A session of months: events, trades, forecasts and lost connections leave nothing behind in memory.

Some thousand events; ``GRIDHOOK_EVENTS=10000`` in the environment makes it so many.
"""

import gc
import os
import queue
import sys
from datetime import UTC, datetime, timedelta

import pytest

from gridhook.agent import AgentSettings
from gridhook.config import read_config
from gridhook.figures import SessionInfo
from gridhook.links import base_layer
from gridhook.live.link import LiveLink
from gridhook.live.settings import LiveSettings
from gridhook.live.transport import ConnectionBrokenError, EnergiesSent, Joined
from gridhook.plugins import load_plugins
from gridhook.session import Session
from gridhook.testing import make_tree
from gridhook.wire import times

EVENTS = int(os.environ.get("GRIDHOOK_EVENTS", "2000"))
SETTLED = EVENTS // 3
"""By then everything that is made once is there."""
TICKS = 2
MOST_BLOCKS = 1000
"""Of memory, counted by Python; what an event leaves behind in every third one would be more."""
START = datetime(2026, 6, 15, tzinfo=UTC)
CACHED = [one for one in vars(times).values() if hasattr(one, "cache_clear")]
CONFIG = """
[exchange]
url = "gsy+http://127.0.0.1:1"
[forecasting]
use = ["profiles"]
[settlement]
use = ["deviations"]
[plugins.profiles]
load_kwh = 0.5
"""


class EndlessExchange:
    """A transport to an exchange of one house, which waits for a batch after each event, and breaks now and then."""

    def __init__(self):
        self.messages = queue.SimpleQueue()
        self.told = 0
        self.memory = {}

    def connect(self):
        self.messages.put(self._event())
        tree = make_tree({"Grid": {"Market Maker": "market-maker", "House": {"Load": "load", "PV": "pv"}}})
        return Joined("agg", tree, frozenset(), is_lockstep=True)

    def receive(self):
        message = self.messages.get()
        if isinstance(message, Exception):
            raise message
        return message

    def post(self, body):
        ready = {area: [{"status": "ready"}] * len(its) for area, its in body["batch_commands"].items()}
        answer = {"command": "batch_commands", "transaction_id": body["transaction_id"], "responses": ready}
        self.messages.put(answer)
        self.told += 1
        if self.told in (SETTLED, EVENTS):
            # Caches are bounded, and full only after more slots than are here.
            for cached in CACHED:
                cached.cache_clear()
            gc.collect()
            self.memory[self.told] = sys.getallocatedblocks()
        if self.told == EVENTS:
            self.messages.put({"event": "finish"})
        elif self.told % 500 == 0:
            self.messages.put(ConnectionBrokenError("once in a while"))
        else:
            if self.told % 10 == 5:
                self.messages.put(self._trade())
            self.messages.put(self._event())

    def select(self, aggregator, areas):
        return ((area, None) for area in areas)

    unselect = select

    def send_energies(self, command):
        return EnergiesSent()

    def drop(self):
        self.messages.put(ConnectionBrokenError("dropped"))

    hang_up = drop

    def _event(self):
        slot = START + timedelta(minutes=15) * (self.told // TICKS)
        before = [slot - timedelta(minutes=15) * back for back in (3, 2, 1)]
        deviations = {f"{one:%Y-%m-%dT%H:%M}": 0.01 for one in before}
        load = {
            "energy_requirement_kWh": 0.5,
            "energy_active_in_bids": 0.5,
            "unsettled_deviation_kWh": deviations,
        }
        pv = {"available_energy_kWh": 0.4, "energy_active_in_offers": 0.4, "unsettled_deviation_kWh": deviations}
        assets = {f"id:{name}": {"area_name": name, "asset_info": info} for name, info in (("Load", load), ("PV", pv))}
        children = {
            "id:Market Maker": {"area_name": "Market Maker"},
            "id:House": {"area_name": "House", "current_market_fee": 1.0, "children": assets},
        }
        return {
            "event": "tick" if self.told % TICKS else "market",
            "market_slot": f"{slot:%Y-%m-%dT%H:%M}",
            "slot_completion": f"{self.told % TICKS * 100 // TICKS}%",
            "grid_tree": {"id:Grid": {"area_name": "Grid", "children": children}},
            "feed_in_tariff_rate": 8.0,
            "market_maker_rate": 30.0,
        }

    def _trade(self):
        entry = {
            "event": "trade",
            "asset_id": "id:Load",
            "trade_id": f"trade {self.told}",
            "time": "2026-06-15T10:00:00+00:00",
            "trade_price": 2.0,
            "traded_energy": 0.1,
            "total_fee": 0.1,
            "local_market_fee": 1.0,
            "seller": "anonymous",
            "buyer": "Load",
            "seller_origin": "Somebody",
            "buyer_origin": "Load",
            "bid_id": f"bid {self.told}",
            "offer_id": f"offer {self.told}",
            "residual_bid_id": "None",
            "residual_offer_id": "None",
        }
        return {"event": "trade", "trade_list": [entry], "grid_tree": {}}


@pytest.mark.thorough
def test_thousands_of_events_leave_memory_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("gridhook.live.backoff._FIRST_SECONDS", 0.001)
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    reading = read_config(tmp_path / "config.toml", None, base_layer)
    manager, problems = load_plugins(reading.config)
    assert not problems
    exchange = EndlessExchange()
    link = LiveLink(exchange, LiveSettings(), "unsupported")
    session = Session(link, manager, SessionInfo("oracle", "endless:"), AgentSettings(horizon=1))
    figures = session.run()
    assert figures.slots == EVENTS / TICKS
    assert figures.orders > figures.slots
    assert figures.trades == EVENTS / 10
    assert figures.settlement.orders > figures.slots
    assert figures.forecasts.sent > figures.slots / 2
    grown = exchange.memory[EVENTS] - exchange.memory[SETTLED]
    assert grown < MOST_BLOCKS
