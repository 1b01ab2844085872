"""What several test modules of the core share: an agent on a stage, and distributions that are made on the spot."""

import importlib
import logging
import os
import signal
import subprocess
import sys
import textwrap
import warnings
from importlib import metadata
from pathlib import Path

import attrs
import hypothesis
import numpy as np
import pytest

from gridhook.agent import AgentSettings, initial_state, step
from gridhook.cli import main
from gridhook.commands import Batch, Notify, PlaceOrders, WithdrawOrders
from gridhook.config import SECTIONS, Config, Table
from gridhook.deciding import Priced, Required
from gridhook.events import Answered, Connected, Finished, Reasoned, SlotOpened, Ticked
from gridhook.grid import Deviations
from gridhook.orders import HOLD, Orders, Requirements
from gridhook.plugins.calling import Caller
from gridhook.plugins.guard import Guard
from gridhook.plugins.loading import Registry
from gridhook.reasons import Reason
from gridhook.testing import SLOT, make_assets, make_grid, make_market, make_tree

# How long an example takes depends on the machine, and says nothing about the code.
hypothesis.settings.register_profile("gridhook", deadline=None)
hypothesis.settings.load_profile("gridhook")


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c():
    """Let SIGINT interrupt: whoever runs the suite in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


AREAS = {
    "Grid": {
        "Market Maker": "market-maker",
        "House": {"Load": "load", "PV": "pv", "Battery": "storage", "Meter": "smart-meter", "Other Load": "load"},
    }
}
FEES = {"Grid": 1.0, "House": 2.0}


@attrs.define
class ScriptedDecide:
    """The answers of plugins, as a test says; where it says nothing, nobody answers."""

    claims: tuple = ()
    price: object = None
    settle: object = None
    requirements: object = None
    forecast: object = None
    measure: object = None
    measure_running: object = None
    fees: object = None
    sets_grid_fees: bool = True
    failures: list = attrs.field(factory=list)
    asked: list = attrs.field(factory=list)

    def begin_slot(self):
        self.asked.append(("begin_slot",))

    def take_failures(self):
        failures, self.failures = tuple(self.failures), []
        return failures

    def claim_assets(self, grid):
        self.asked.append(("claim_assets", grid))
        return self.claims

    def forecast_energy(self, assets, slots):
        return self._energies("forecast_energy", self.forecast, assets, slots)

    def measure_energy(self, assets, slots):
        ended = self._energies("measure_energy", self.measure, assets, slots[:-1])
        self.asked[-1] = ("measure_energy", assets, tuple(slots))
        running = np.nan if self.measure_running is None else self.measure_running
        return np.column_stack((ended, np.full(len(assets), running)))

    def price_energy(self, lots, market):
        self.asked.append(("price_energy", lots, market))
        return _priced(self.price, lots, market)

    def settle_deviations(self, deviations, market):
        self.asked.append(("settle_deviations", deviations, market))
        return _priced(self.settle, deviations, market)

    def require(self, lots, rates, market):
        self.asked.append(("require", lots, rates))
        answer = self.requirements
        answer = answer(lots, rates) if callable(answer) else answer
        return answer if isinstance(answer, Required) else Required(answer or Requirements(), {})

    def set_grid_fees(self, markets, slot):
        self.asked.append(("set_grid_fees", markets, slot))
        return np.full(len(markets), np.nan) if self.fees is None else np.asarray(self.fees, dtype=float)

    def _energies(self, hook, answer, assets, slots):
        self.asked.append((hook, assets, tuple(slots)))
        return np.full((len(assets), len(slots)), np.nan if answer is None else answer)

    def rows_of(self, hook):
        """The table of the last call of a hook."""
        return [asked[1] for asked in self.asked if asked[0] == hook][-1]


def _priced(answer, lots, market):
    """The merged answer of pricing plugins: from a rate for all, rates per lot, or orders."""
    answer = answer(lots, market) if callable(answer) else answer
    if isinstance(answer, Priced):
        return answer
    if isinstance(answer, Orders):
        reason = np.full(len(lots), Reason.DECLINED)
        reason[answer.lot] = Reason.PRICED
        return Priced(answer, reason, np.where(reason == Reason.PRICED, "pricer", "").astype(object))
    rates = np.broadcast_to(np.asarray(np.nan if answer is None else answer, dtype=float), (len(lots),))
    placed = np.flatnonzero(np.isfinite(rates))
    reason = np.where(np.isnan(rates), Reason.DECLINED, np.where(rates == HOLD, Reason.HELD, Reason.PRICED))
    plugin = np.where(np.isnan(rates), "", "pricer").astype(object)
    return Priced(Orders(placed, rates[placed], lots.energy_kwh[placed]), reason, plugin)


class AgentStage:
    """One agent, the plugins' answers, and what the exchange says; ``commands`` are those of the last event."""

    def __init__(self):
        self.decide = ScriptedDecide()
        self.settings = AgentSettings()
        self.tree = make_tree(AREAS)
        self.state = None
        self.commands = ()
        self.slot_number = 0

    @staticmethod
    def asset(name, kind, **columns):
        return {"id": f"id:{name}", "name": name, "path": f"Grid/House/{name}", "kind": kind, **columns}

    def load(self, kwh=1.0, active=0.0, name="Load"):
        return self.asset(name, "load", energy_requirement_kwh=kwh, energy_active_in_bids_kwh=active)

    def pv(self, kwh=1.0, active=0.0, name="PV"):
        return self.asset(name, "pv", available_energy_kwh=kwh, energy_active_in_offers_kwh=active)

    def battery(self, buy=1.0, sell=1.0, bids=0.0, offers=0.0, name="Battery"):
        return self.asset(
            name,
            "storage",
            energy_to_buy_kwh=buy,
            energy_to_sell_kwh=sell,
            energy_active_in_bids_kwh=bids,
            energy_active_in_offers_kwh=offers,
        )

    def slot(self, number):
        return SLOT.add(minutes=15 * number)

    def grid(self, *assets, deviations=None, tree=None):
        """``deviations``: per slot number one energy per asset."""
        grid = make_grid(AREAS, FEES, make_assets(*assets))
        grid = attrs.evolve(grid, tree=self.tree if tree is None else tree)
        if deviations is None:
            return grid
        energy = np.array(list(deviations.values()), dtype=float).T
        return attrs.evolve(grid, deviations=Deviations(tuple(map(self.slot, deviations)), energy))

    def step(self, event):
        state = initial_state(self.settings) if self.state is None else self.state
        self.state, self.commands = step(state, event, self.decide)
        return self

    def connect(self, requirements="binding", lists_areas=True):
        tree = self.tree if lists_areas else make_tree({})
        return self.step(Connected(tree, requirements, lists_areas=lists_areas))

    def open_slot(self, *assets, slot=0, progress=0.0, deviations=None, tree=None):
        self.slot_number = slot
        grid = self.grid(*assets, deviations=deviations, tree=tree)
        return self.step(self.market_event(slot, progress, grid, SlotOpened))

    def tick(self, progress, *assets, slot=None, deviations=None, tree=None):
        number = self.slot_number if slot is None else slot
        grid = self.grid(*assets, deviations=deviations, tree=tree)
        return self.step(self.market_event(number, progress, grid, Ticked))

    def answer(self, accepted=True, errors=None, refused=(), transaction=None, forecasts=0, unknown=(), **told):
        """Answer the last batch; ``accepted`` per order, or for all of them."""
        number = self.state.transactions if transaction is None else transaction
        rows = np.broadcast_to(np.asarray(accepted, dtype=bool), (len(self._last_lines),)).copy()
        return self.step(Answered(number, rows, errors or {}, tuple(refused), forecasts, frozenset(unknown), **told))

    def finish(self):
        return self.step(Finished())

    def market_event(self, slot, progress=0.0, grid=None, kind=SlotOpened):
        length = make_market().slot_length
        return kind(self.slot(slot), length, self.grid() if grid is None else grid, 8.0, 30.0, progress)

    @property
    def _last_lines(self):
        pending = self.state.pending
        return () if pending is None else pending.plan.line_lot

    @property
    def batch(self):
        """The commands for the exchange."""
        batches = [command for command in self.commands if isinstance(command, Batch)]
        assert len(batches) <= 1
        return batches[0].commands if batches else ()

    @property
    def sent(self):
        return [type(command).__name__ for command in self.batch]

    def command(self, kind):
        found = [command for command in self.batch if isinstance(command, kind)]
        return found[0] if found else None

    @property
    def orders(self):
        """The orders to place: asset, side, rate, energy."""
        placed = self.command(PlaceOrders)
        return [(row.asset[3:], row.side, row.rate, row.energy_kwh) for row in placed.lines] if placed else []

    @property
    def withdrawn(self):
        gone = self.command(WithdrawOrders)
        return [(asset[3:], side) for asset, side in zip(gone.asset, gone.side, strict=True)] if gone else []

    @property
    def notices(self):
        return [command.notice for command in self.commands if isinstance(command, Notify)]

    def notice(self, kind):
        found = [notice for notice in self.notices if isinstance(notice, kind)]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def rows(self):
        """The final reasons by asset and side."""
        reasoned = self.notice(Reasoned)
        return {} if reasoned is None else {(row.asset[3:], row.side): row for row in reasoned.reasons}

    @property
    def reasons(self):
        return {place: Reason(row.reason).label for place, row in self.rows.items()}


@pytest.fixture
def stage():
    """An agent that is about to connect."""
    return AgentStage()


@pytest.fixture(scope="session")
def make_stage():
    """Agents that are about to connect, where a test needs several."""
    return AgentStage


@pytest.fixture
def scripted_distribution(tmp_path, monkeypatch):
    """Install a distribution: ``install(name, {module: source}, {group: {entry point: object}})``."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    written = []

    def install(name, modules, entry_points, version="1.0", requires=("gridhook",)):
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(source, encoding="utf-8")
            written.append(module)
        described = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        described.mkdir()
        needed = "".join(f"Requires-Dist: {one}\n" for one in requires)
        described.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}", encoding="utf-8"
        )
        lines = []
        for group, points in entry_points.items():
            lines += [f"[{group}]", *(f"{point} = {target}" for point, target in points.items())]
        described.joinpath("entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        importlib.invalidate_caches()
        return folder

    yield install
    for module in written:
        sys.modules.pop(module, None)


@pytest.fixture
def only_scripted(tmp_path, monkeypatch):
    """Hide all other installed plugins, links and commands, so that their names are free."""
    folder = str(tmp_path / "site")

    def entry_points(group):
        found = (point for one in metadata.distributions(path=[folder]) for point in one.entry_points)
        return metadata.EntryPoints(point for point in found if point.group == group)

    monkeypatch.setattr(metadata, "entry_points", entry_points)


@pytest.fixture
def scripted_exchange(scripted_distribution):
    """Install the exchange ``scripted:`` with the plugins scripted-claims and scripted-rates; returns the folder."""
    source = Path(__file__).with_name("gridhook_scripted.py").read_text(encoding="utf-8")
    return scripted_distribution(
        "gridhook-scripted",
        {"gridhook_scripted": source},
        {
            "gridhook.exchanges": {"scripted": "gridhook_scripted:ScriptedExchange"},
            "gridhook": {"scripted-claims": "gridhook_scripted:Claims", "scripted-rates": "gridhook_scripted:Rates"},
        },
        requires=("gridhook>=0.1",),
    )


@pytest.fixture
def scripted_config(scripted_exchange, tmp_path):
    """Write a configuration for the exchange ``scripted:``, with more keys of [exchange] and more sections."""

    def write(exchange="", more=""):
        path = tmp_path / "scripted.toml"
        text = f"""
            [exchange]
            url = "scripted:house"
            {exchange}
            [registration]
            use = ["scripted-claims"]
            [pricing]
            use = ["scripted-rates"]
            {more}
        """
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@attrs.frozen
class Call:
    """How a call of the command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def call_gridhook(monkeypatch, capsys):
    """Call the command in this process; returns its status, out and err."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    level = logging.root.level

    def call(*arguments):
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments]) or 0
        except SystemExit as stop:
            status = stop.code
        return Call(status, *capsys.readouterr())

    yield call
    for handler in logging.root.handlers:
        handler.close()
    logging.root.setLevel(level)


@pytest.fixture
def spawn_gridhook(tmp_path):
    """Run the command in a process of its own, with the scripted distributions installed."""

    def spawn(*arguments, **options):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *_python_path()])}
        return subprocess.run(
            [sys.executable, "-m", "gridhook", *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            **options,
        )

    return spawn


def _python_path():
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


@pytest.fixture
def caller_of():
    """Return a function that registers plugin objects, given by name, and returns a caller of their hooks."""

    def build(*, failures=3, timeout_seconds=10.0, **instances):
        guard = Guard(timeout_seconds)
        registry = Registry(guard)
        plugins = {}
        for name, instance in instances.items():
            plugins[name], problems = registry.register(name, instance, version="1.0")
            assert not problems
        return Caller(plugins, guard, failures)

    return build


@pytest.fixture
def config_of():
    """Return a function that makes a configuration of sections; what is not given has no plugins."""

    def build(plugins=None, **sections):
        tables = {name: Table(f"plugins.{name}", values, Path()) for name, values in (plugins or {}).items()}
        given = {name: cls(**sections.get(name, {})) for name, cls in SECTIONS.items()}
        return Config(link=Table("exchange", {}, Path()), plugins=tables, **given)

    return build
