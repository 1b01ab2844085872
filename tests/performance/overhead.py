"""Time what guard, routing and merge cost of a market event, beside the plugins' own work.

``python overhead.py [ASSETS ...]``. The event is that of events.py: from its bytes to those of the batch. Overhead is
the time in the decisions, less the time in the plugins' functions.
"""

import sys
import time
from pathlib import Path

import attrs
from events import Session, event_bytes, read
from timing import report

from gridhook import Requirement, Requirements, hookimpl
from gridhook.cli.collector import relax_collector
from gridhook.config import Table
from gridhook.plugins.calling import Caller
from gridhook.plugins.decisions import Decisions
from gridhook.plugins.discovery import PLUGINS, find_installed
from gridhook.plugins.guard import Guard
from gridhook.plugins.loading import Registry
from gridhook.plugins.manager import named_plugins

ALONE = ""
TOGETHER = """
[pricing]
use = ["fixed", "ramp", "cap"]
[pricing.routes]
pv = ["ramp", "cap"]
"Load 1*" = ["ramp"]
[requirements]
use = ["green"]
[plugins.watch]
"""


class Cap:
    @hookimpl
    def adjust_rates(self, rates):
        return rates


class Green:
    @hookimpl
    def require(self, lots):
        green = (Requirement(energy_types=("PV",)),)
        return Requirements(dict.fromkeys(range(0, len(lots), 2), green))


class Watch:
    @hookimpl
    def event_received(self, event):
        return None


class Stopwatch:
    """Wraps functions, and adds up the seconds in the outermost of them."""

    def __init__(self):
        self.seconds = 0.0
        self._inside = False

    def around(self, function):
        def timed(*arguments, **named):
            if self._inside:
                return function(*arguments, **named)
            self._inside = True
            start = time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.process_time() - start
                self._inside = False

        return timed


HOOKS = ("price_energy", "settle_deviations", "require", "forecast_energy", "measure_energy", "set_grid_fees", "tell")


class Measured:
    """An event's decisions, with what they take and what of it is the plugins' own."""

    def __init__(self, text):
        config = read(text)
        self.guard = Guard(10.0)
        self.plugins, self.decisions = Stopwatch(), Stopwatch()
        registry, loaded = Registry(self.guard), {}
        own = {"cap": Cap(), "green": Green(), "watch": Watch()}
        installed = find_installed(PLUGINS)
        for name in named_plugins(config):
            if name in own:
                plugin, problems = registry.register(name, own[name])
            else:
                plugin, problems = registry.load(installed[name], config.plugins.get(name) or Table("", {}, Path()))
            assert not problems
            loaded[name] = attrs.evolve(plugin, implementations=dict(map(self._timed, plugin.implementations.items())))
        self.decide = Decisions(config, Caller(loaded, self.guard, 3))
        for hook in HOOKS:
            setattr(self.decide, hook, self.decisions.around(getattr(self.decide, hook)))

    def _timed(self, item):
        hook, implementation = item
        return hook, attrs.evolve(implementation, function=self.plugins.around(implementation.function))


def measure(assets, what, text):
    homes = assets // 2
    measured = Measured(text)
    session = Session(homes, measured.decide)
    with measured.guard.armed():
        session.hear(event_bytes(homes, 0))
        shares = []
        for percent in (10, 20, 30, 40, 50):
            frame = event_bytes(homes, percent)
            measured.plugins.seconds = measured.decisions.seconds = 0.0
            start = time.process_time()
            session.hear(frame)
            whole = time.process_time() - start
            ours = measured.decisions.seconds - measured.plugins.seconds
            shares.append((ours / whole, ours, whole))
    _, ours, whole = sorted(shares)[len(shares) // 2]
    report(f"overhead of {what}, {assets} assets", ours, whole, "the whole event")


relax_collector()
for number in [int(text) for text in sys.argv[1:]] or [1000, 10_000]:
    measure(number, "one plugin for all", ALONE)
    measure(number, "five plugins on routes", TOGETHER)
