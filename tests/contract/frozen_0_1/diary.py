"""Writes what it sees into a file."""

import json
from pathlib import Path

import attrs

from gridhook import Figures, SessionInfo, hookimpl
from gridhook.events import Connected, PluginFailed, Reasoned, SlotOpened, Ticked, Traded


@attrs.define
class Diary:
    file: Path
    seen: dict[str, int] = attrs.field(init=False, factory=dict)
    traded_kwh: float = attrs.field(init=False, default=0.0)

    @hookimpl
    def session_started(self, session: SessionInfo):
        self.seen[f"{session.aggregator} on {session.exchange}"] = 1

    @hookimpl
    def event_received(self, event):
        if isinstance(event, Connected | SlotOpened | Ticked | PluginFailed | Reasoned):
            name = type(event).__name__
            self.seen[name] = self.seen.get(name, 0) + 1
        if isinstance(event, Traded):
            for trade in event.trades:
                self.traded_kwh += trade.energy_kwh * (trade.market == "spot")

    @hookimpl
    def session_finished(self, summary: Figures):
        seen = self.seen | {"traded_kwh": self.traded_kwh, "trades": summary.trades, "slots": summary.slots}
        self.file.write_text(json.dumps(seen), encoding="utf-8")
