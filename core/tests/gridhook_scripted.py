"""A market with one house, for tests: a load and a PV that trade half a kWh per slot when their orders meet."""

import datetime
import os
import signal
from pathlib import Path

import attrs
import numpy as np
from attrs import validators

import gridhook.events as ev
from gridhook import Claim, ConfigError, ExchangeError, Problem, hookimpl
from gridhook.commands import PlaceOrders
from gridhook.errors import join_path
from gridhook.figures import Accounts, CommunityFigures, MemberFigures
from gridhook.inprocess import InProcessLink
from gridhook.testing import SLOT, make_assets, make_grid, make_market, make_tree
from gridhook.trades import Trades

AREAS = {"Grid": {"Market Maker": "market-maker", "House": {"Load": "load", "PV": "pv"}}}
TREE = make_tree(AREAS)
MEMBER = MemberFigures("House", ("load", "pv"), 0.5, 0.5, 10.0, 12.5, 2.5)


@attrs.define
class ScriptedExchange:
    """``scripted:NAME``."""

    length: int = attrs.field(default=3, validator=[validators.ge(1), validators.le(100)])
    known: bool = True
    fails_in: int | None = None
    signal: str | None = None
    password: str = "hunter2"  # noqa: S105 - to be masked

    @classmethod
    def base_config(cls, url):
        path = Path(__file__).parent / f"{url}.toml"
        return path if path.is_file() else None

    def known_areas(self, request):
        if request.url == "nowhere":
            raise ConfigError(Problem("exchange.url", "leads nowhere"))
        return TREE if self.known else None

    def open(self, request):
        if request.url == "unreachable":
            msg = "nobody answers at unreachable"
            raise ExchangeError(msg)
        return ScriptedLink(self)


class ScriptedLink(InProcessLink):
    def __init__(self, exchange):
        super().__init__(exchange.length)
        self.exchange = exchange

    def run(self):
        yield ev.Connected(TREE, "binding")
        yield from self.answers()
        for number in range(self.slots):
            if number == self.exchange.fails_in:
                msg = "the exchange is gone"
                raise ExchangeError(msg)
            yield self.market(ev.SlotOpened, number, 0.0)
            yield from self.answers()
            yield self.trade(number)
            if self.exchange.signal and number == 1:
                os.kill(os.getpid(), getattr(signal, self.exchange.signal))
            yield self.market(ev.Ticked, number, 0.5)
            yield from self.answers()
        yield ev.Finished()

    def market(self, kind, number, progress):
        assets = make_assets(
            {"name": "Load", "path": "Grid/House/Load", "kind": "load", "energy_requirement_kwh": 1.0},
            {"name": "PV", "path": "Grid/House/PV", "kind": "pv", "available_energy_kwh": 1.0},
        )
        grid = attrs.evolve(make_grid(AREAS, {}, assets), tree=TREE)
        length = make_market().slot_length
        return kind(SLOT + length * number, length, grid, 8.0, 30.0, progress)

    def trade(self, number):
        slot = SLOT + make_market().slot_length * number
        one = [[value] for value in (f"t{number}", "spot", slot, "id:Load", "id:PV", 0.5, 20.0, 20.0, False)]
        return ev.Traded(Trades(*one))

    def execute(self, batch):
        rows = sum(len(one.lines) for one in batch.commands if isinstance(one, PlaceOrders))
        return ev.Answered(batch.transaction, np.ones(rows, dtype=bool), {})

    def accounts(self):
        return Accounts((MEMBER,), CommunityFigures(0.5, None), None)

    def close(self):
        print("closed")  # noqa: T201 - plugins and links print


@attrs.define
class Claims:
    """Claims everything that has one of the kinds."""

    kinds: list[str] = attrs.field(factory=lambda: ["load", "pv"])

    @hookimpl
    def claim_assets(self):
        return Claim(kinds=self.kinds)


@attrs.define
class Rates:
    """One rate for everything, and talkative."""

    rate: float = attrs.field(default=20.0, validator=validators.ge(0.0))
    api_key: str | None = None
    first_day: datetime.date | None = None
    limits: dict[str, float] = attrs.field(factory=dict)

    def named_assets(self):
        return {join_path("limits", asset): asset for asset in self.limits}

    @hookimpl
    def price_energy(self, lots, market):
        print("pricing", len(lots))  # noqa: T201 - plugins and links print
        return np.full(len(lots), self.rate)

    @hookimpl
    def session_finished(self, summary):
        print("finished with", summary.slots)  # noqa: T201 - plugins and links print
