"""A link and a command of others, as their authors are told to write them: the examples of the documents."""

import importlib
import json
import logging
import re
import sys
import threading
import tomllib
import warnings
from pathlib import Path
from typing import ClassVar

import attrs
import numpy as np
import pytest

from gridhook.agent.slots import no_assets
from gridhook.cli import main
from gridhook.commands import ClaimAreas, WithdrawOrders
from gridhook.errors import ExchangeError
from gridhook.events import Answered, Connected, Finished, SlotOpened, Ticked, Traded
from gridhook.links import LinkRequest
from gridhook.testing import LinkTests

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
FILE = re.compile(r"^```\w+\n# ([\w./-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files_of(page):
    """Return the files that a page tells its reader to write."""
    return dict(FILE.findall((HOW_TO / page).read_text(encoding="utf-8")))


def install(page, folder):
    """Write the distribution of a page as pip would install it, and return the names of its modules."""
    files = files_of(page)
    (description,) = (tomllib.loads(text) for name, text in files.items() if name.endswith("pyproject.toml"))
    project = description["project"]
    modules = {Path(name).stem: text for name, text in files.items() if Path(name).name.startswith("gridhook_")}
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    described = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    described.mkdir()
    needed = "".join(f"Requires-Dist: {one}\n" for one in project["dependencies"])
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n{needed}"
    described.joinpath("METADATA").write_text(metadata, encoding="utf-8")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    described.joinpath("entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return modules


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory):
    """Install both distributions as long as this module is tested."""
    folder = tmp_path_factory.mktemp("site")
    modules = [module for page in ("write-a-link.md", "add-a-command.md") for module in install(page, folder)]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield
    sys.path.remove(str(folder))
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def call(monkeypatch, tmp_path, capsys):
    """Return a function that calls the command in an empty folder; returns status, out and err."""
    monkeypatch.chdir(tmp_path)
    # The command sets up logging for its process.
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    level = logging.root.level

    def call(*arguments):
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments]) or 0
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    yield call
    logging.root.setLevel(level)


@pytest.fixture
def config(tmp_path):
    (tmp_path / "tariff.toml").write_text(files_of("write-a-link.md")["tariff.toml"], encoding="utf-8")
    return "tariff.toml"


class Tariffs(LinkTests):
    forecasts = False
    measurements = False

    def exchange(self):
        return importlib.import_module("gridhook_tariff").Tariff()

    def request(self):
        return LinkRequest("house", "me", self.slots, Path())

    def wrong(self):
        return LinkRequest("house/garden", "me", None, Path())

    def ending(self):
        return self.request()


class TestTariff(Tariffs):
    """The example passes the tests of links."""


class Impatient(Tariffs):
    patience_seconds = 0.5


def told(change):
    """Return a method that tells what ``change`` makes of each event: a list of events."""

    def events(self):
        for event in self.true_events():
            yield from change(event)

    return events


def of_kind(kind, change):
    return told(lambda event: change(event) if isinstance(event, kind) else [event])


def moved(event):
    return [attrs.evolve(event, slot=event.slot.in_timezone("Europe/Berlin"))]


def elsewhere(event):
    assets = event.grid.assets
    paths = [f"garden/{path}" for path in assets.path]
    return [attrs.evolve(event, grid=attrs.evolve(event.grid, assets=attrs.evolve(assets, path=paths)))]


def of_others(event):
    return [Traded(attrs.evolve(event.trades, buyer=["x"] * len(event.trades), seller=["y"] * len(event.trades)))]


def of_market(change):
    """Change what market events tell of the assets and fees."""
    return of_kind((SlotOpened, Ticked), lambda one: [attrs.evolve(one, grid=change(one.grid))])


def with_trades(**columns):
    """Change columns of trades: functions of the column."""
    return of_kind(
        Traded,
        lambda one: [
            Traded(attrs.evolve(one.trades, **{name: its(getattr(one.trades, name)) for name, its in columns.items()}))
        ],
    )


def writable(grid):
    fees = np.array(grid.current_market_fee)
    changed = attrs.evolve(grid)
    object.__setattr__(changed, "current_market_fee", fees)
    return changed


def executing(change):
    """Return a method that executes what ``change`` makes of the commands of a batch."""

    def execute(self, batch):
        return self.true_execute(attrs.evolve(batch, commands=tuple(filter(None, map(change, batch.commands)))))

    return execute


def without_the_last(command):
    return ClaimAreas(command.ids[:-1]) if isinstance(command, ClaimAreas) else command


def without_withdrawals(command):
    return None if isinstance(command, WithdrawOrders) else command


def silent_on_nothing(event):
    return [event] if len(event.accepted) or event.transaction == 1 else []


def answering_for_nothing(event):
    return [event] if len(event.accepted) or event.transaction == 1 else [attrs.evolve(event, accepted=[True])]


def after_the_first_slot(event):
    return [event] if event.slot.minute == 0 else []


def doing_nothing(self):
    pass


def refusing_nothing(self, line):
    self._orders[line.asset] = [line]


def adding(self, line):
    self._orders[line.asset] = [*self._orders.get(line.asset, []), line]


def deaf(self):
    yield next(self.true_events())
    with LOCK:
        threading.Event().wait(3.0)


def locking(self):
    with LOCK:
        pass


def leaving_a_thread(self):
    threading.Thread(target=threading.Event().wait, args=(3.0,), daemon=True).start()


def failing_the_second_time(self):
    self.closes = getattr(self, "closes", 0) + 1
    assert self.closes == 1, "it was closed twice"


LOCK = threading.Lock()


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        ({"events": of_kind(Connected, lambda one: [attrs.evolve(one, requirements="maybe")])}, "the_first_event"),
        ({"events": of_kind(Connected, lambda one: [attrs.evolve(one, held={"x"})])}, "the_first_event"),
        ({"events": of_kind(SlotOpened, moved)}, "slots_follow"),
        ({"events": of_kind(SlotOpened, lambda one: [one, one])}, "slots_follow"),
        ({"events": of_kind(SlotOpened, lambda one: [Ticked(*attrs.astuple(one, recurse=False))])}, "slots_follow"),
        ({"events": of_kind(Ticked, lambda one: [attrs.evolve(one, progress=0.1)])}, "slots_follow"),
        ({"events": of_kind(Ticked, lambda one: [attrs.evolve(one, progress=10 * one.progress)])}, "slots_follow"),
        ({"events": of_kind(SlotOpened, lambda one: [attrs.evolve(one, market_maker_rate=30)])}, "slots_follow"),
        ({"events": of_kind(Ticked, elsewhere)}, "kinds_are_known"),
        ({"events": of_kind(Answered, lambda one: [one, one])}, "each_batch"),
        ({"events": of_kind(Answered, lambda one: [] if one.transaction % 2 else [one])}, "each_batch"),
        ({"events": of_kind(Answered, lambda one: [attrs.evolve(one, accepted=[True])])}, "each_batch"),
        ({"events": of_kind(Traded, of_others)}, "orders_trade"),
        ({"events": of_kind(Traded, lambda one: [one, one])}, "orders_trade"),
        ({"events": of_kind(Traded, lambda _: [])}, "orders_trade"),
        ({"events": of_kind(Finished, lambda _: [])}, "an_exchange_that_ends"),
        ({"execute": executing(without_the_last)}, "what_is_claimed"),
        ({"events": of_market(lambda grid: attrs.evolve(grid, assets=no_assets()))}, "what_is_claimed"),
        ({"tick_seconds": -5.0}, "ticks_are_told"),
        ({"tick_seconds": float("inf")}, "ticks_are_told"),
        ({"events": of_kind(Ticked, lambda one: [attrs.evolve(one, market_maker_rate=float("inf"))])}, "slots_follow"),
        ({"events": of_market(writable)}, "tables_are_complete"),
        ({"events": of_market(lambda grid: attrs.evolve(grid, last_market_fee=[0.0]))}, "tables_are_complete"),
        ({"events": with_trades(energy_kwh=lambda kwh: 100 * kwh)}, "orders_trade"),
        ({"events": with_trades(energy_kwh=lambda kwh: 0 * kwh)}, "orders_trade"),
        ({"events": with_trades(buyer_rate=lambda rate: rate + 1e9)}, "orders_trade"),
        ({"events": with_trades(buyer_rate=lambda rate: rate + 0.01)}, "orders_trade"),
        ({"events": with_trades(buyer_rate=lambda rate: rate * np.nan)}, "orders_trade"),
        ({"events": with_trades(seller_rate=lambda rate: rate - 30.01)}, "orders_trade"),
        ({"events": with_trades(seller_rate=lambda rate: rate * np.nan)}, "orders_trade"),
        ({"events": with_trades(slot=lambda slot: [one.add(minutes=15) for one in slot])}, "orders_trade"),
        ({"execute": executing(without_withdrawals)}, "what_is_held"),
        ({"execute": executing(without_withdrawals)}, "what_is_withdrawn"),
        ({"events": of_kind((SlotOpened, Ticked), after_the_first_slot)}, "the_session_ends"),
        ({"events": of_kind(Answered, silent_on_nothing)}, "an_empty_batch"),
        ({"events": of_kind(Answered, answering_for_nothing)}, "an_empty_batch"),
        ({"interrupt": doing_nothing}, "an_interrupt_between"),
        ({"close": doing_nothing}, "a_link_can_be_closed_twice"),
        ({"_place": refusing_nothing}, "a_wrong_order"),
        ({"_place": adding}, "an_order_that_replaces"),
        ({"events": deaf, "interrupt": lambda _: None}, "an_interrupt_of_another_thread"),
        ({"events": deaf, "interrupt": locking}, "an_interrupt_of_a_signal_handler"),
        ({"events": deaf}, "a_link_can_be_closed_twice"),
        ({"close": failing_the_second_time}, "a_link_can_be_closed_twice"),
        ({"close": leaving_a_thread}, "no_thread_is_left"),
    ],
)
def test_the_tests_of_links_find_what_is_wrong(monkeypatch, wrong, test):
    link = importlib.import_module("gridhook_tariff").TariffLink
    monkeypatch.setattr(link, "true_events", link.events, raising=False)
    monkeypatch.setattr(link, "true_execute", link.execute, raising=False)
    for name, method in wrong.items():
        monkeypatch.setattr(link, name, method, raising=False)
    fails(test)


@pytest.mark.parametrize(
    ("said", "test"),
    [
        ({"forecasts": True}, "forecasts_are_counted"),
        ({"forecasts": True}, "nothing_is_refused"),
        ({"measurements": True}, "nothing_is_refused"),
        ({"names": ("Kitchen", "Garage")}, "what_is_claimed"),
    ],
)
def test_they_find_what_the_author_says_wrongly(said, test):
    fails(test, **said)


def test_they_find_that_one_of_the_names_is_not_owned(monkeypatch):
    link = importlib.import_module("gridhook_tariff").TariffLink
    monkeypatch.setattr(link, "true_execute", link.execute, raising=False)
    monkeypatch.setattr(link, "execute", executing(without_the_last))
    # As where an exchange lists no areas: what is claimed has no ids.
    fails("what_is_claimed", names=("Kitchen", "Roof"), _claimed=lambda *_: set())


def test_they_find_what_is_wrong_with_an_exchange(monkeypatch):
    tariff = importlib.import_module("gridhook_tariff").Tariff
    true_areas, true_open = tariff.known_areas, tariff.open
    monkeypatch.setattr(tariff, "open", lambda self, request: object())
    fails("it_is_an_exchange")
    monkeypatch.setattr(tariff, "open", lambda self, request: true_open(attrs.evolve(self, pvs={}), request))
    fails("areas_that_are_known")
    monkeypatch.setattr(tariff, "open", true_open)
    monkeypatch.setattr(tariff, "known_areas", lambda self, request: true_areas(self, attrs.evolve(request, url="x")))
    fails("an_address_that_cannot_be_right")


def test_they_find_exchanges_that_are_not_there_and_tell_nobody(monkeypatch):
    said = {"unreachable": lambda _: LinkRequest("nobody:7", "me", None, Path()), "secrets": ("hunter2",)}
    fails("an_exchange_that_is_not_there", **said)
    tariff = importlib.import_module("gridhook_tariff").Tariff
    told = []

    def refuse(self, request):
        raise ExchangeError(told[-1])

    monkeypatch.setattr(tariff, "open", refuse)
    for message in ("nobody answers", "nobody:7 does not know the password hunter2"):
        told.append(message)
        fails("an_exchange_that_is_not_there", **said)
    told.append("nobody:7 does not answer")
    case("an_exchange_that_is_not_there", **said)()


@attrs.define
class Kept:
    """A tariff whose areas stay with whoever claimed them, or not."""

    unselect_at_end: bool = False
    held: ClassVar[set[str]] = set()

    def open(self, request):
        link = importlib.import_module("gridhook_tariff").Tariff().open(request)
        events, close, held = link.events, link.close, frozenset(self.held)

        def told():
            for event in events():
                yield attrs.evolve(event, held=held) if isinstance(event, Connected) else event

        def leave():
            close()
            self.held.update(link._own)
            if self.unselect_at_end:
                self.held.clear()

        link.events, link.close = told, leave
        return link


@attrs.define
class AlwaysKept(Kept):
    held: ClassVar[set[str]] = set()

    def open(self, request):
        return Kept.open(attrs.evolve(self, unselect_at_end=False), request)


@attrs.define
class NeverKept(Kept):
    held: ClassVar[set[str]] = set()

    def open(self, request):
        return Kept.open(attrs.evolve(self, unselect_at_end=True), request)


def test_they_find_areas_that_are_not_kept_or_not_left():
    case("areas_are_kept", exchange=lambda _: Kept())()
    fails("areas_are_kept", exchange=lambda _: AlwaysKept())
    fails("areas_are_kept", exchange=lambda _: NeverKept())


def test_each_test_of_links_is_seen_to_fail():
    tables = (test_the_tests_of_links_find_what_is_wrong, test_they_find_what_the_author_says_wrongly)
    tried = {test for table in tables for _, test in table.pytestmark[0].args[1]}
    tried |= {"it_is_an_exchange", "areas_that_are_known", "an_address_that_cannot_be_right", "no_setting_takes"}
    tried |= {"its_settings_are_read", "an_exchange_that_is_not_there", "areas_are_kept"}
    tests = [name.removeprefix("test_") for name in dir(LinkTests) if name.startswith("test_")]
    assert [name for name in tests if not name.startswith(tuple(tried))] == []


def test_they_find_settings_that_cannot_be_given():
    @attrs.define
    class Wrong:
        url: str = ""
        password: LinkTests = attrs.field(factory=LinkTests)

    for test in ("no_setting_takes", "its_settings_are_read"):
        case = Impatient()
        case.exchange = Wrong
        with pytest.raises(AssertionError, match=r"url|password"):
            getattr(case, next(name for name in dir(case) if name.startswith(f"test_{test}")))()


def case(test, **said):
    """Return the one test whose name begins so, of a case whose author says this."""
    tests = type("Wrong", (Impatient,), said)()
    (name,) = [name for name in dir(tests) if name.startswith(f"test_{test}")]
    return getattr(tests, name)


def fails(test, **said):
    """Assert that the one test whose name begins so fails."""
    with pytest.raises(AssertionError) as failed:
        case(test, **said)()
    assert str(failed.value)


def test_a_link_of_others_trades(call, config):
    status, out, err = call("run", config, "--json")
    figures = json.loads(out)
    assert (status, figures["slots"], figures["trades"]) == (0, 4, 8), err
    assert figures["traded_kWh"] == pytest.approx(4 * (0.25 + 0.7))
    assert figures["members"] is None


def test_its_settings_are_checked_and_shown_as_those_of_any(call, config):
    status, out, _ = call("config", "check", config)
    assert (status, out) == (0, "tariff.toml is right: tariff:house with claim, ramp\n")
    assert "retail_rate = 32.0" in call("config", "show", config)[1]
    Path(config).write_text('[exchange]\nurl = "tariff:house"\nretail_rat = 32.0\nslots = 0\n', encoding="utf-8")
    status, _, err = call("config", "check", config)
    assert status == 2
    assert "tariff.toml:3: exchange.retail_rat: no such setting; did you mean 'retail_rate'?" in err
    assert "tariff.toml:4: exchange.slots: 'slots' must be >= 1: 0" in err


def test_a_doctor_looks_at_what_is_known_without_the_link(call, config):
    status, out, _ = call("doctor", config)
    assert status == 0
    assert "link: not checked: the link of tariff: cannot examine its exchange; try a dry run" in out
    assert "claims: 1 load, 1 pv: house/Kitchen, house/Roof" in out


def test_a_dry_run_and_a_record_work_on_it(call, config):
    status, _, err = call("run", config, "--json", "--dry-run", "--record", "day.jsonl", "--slots", 2)
    assert status == 0
    assert "house/Kitchen" in err
    status, out, _ = call("why", "day.jsonl", "house/Kitchen")
    assert status == 0
    assert "house/Kitchen (load)" in out


def test_both_are_listed_with_their_distributions(call):
    status, out, _ = call("plugins", "list", "--json")
    listed = {(one["kind"], one["name"]): one for one in json.loads(out)}
    assert status == 0
    for key, distribution in {("exchange", "tariff"): "gridhook-tariff", ("command", "bill"): "gridhook-bill"}.items():
        one = listed[key]
        found = (one["distribution"], one["version"], one["core_range"], one["problem"])
        assert found == (distribution, "0.1.0", "<0.2,>=0.1", None)


def test_a_command_of_others_is_one_of_gridhook(call, tmp_path):
    assert "bill       (from gridhook-bill)" in call("--help")[1]
    assert "what MEMBER paid" in call("bill", "--help")[1]
    summary = {"members": [{"name": "Home 1", "bill_cents": 250.0}]}
    (tmp_path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    assert call("bill", ".", "Home 1") == (0, "2.50 EUR\n", "")
    assert call("bill", ".", "Home 1", "--most", "100") == (3, "2.50 EUR\n", "")
    assert call("bill", ".", "Home 2") == (2, "", "no member 'Home 2'; there are Home 1\n")
    assert call("bill", "nowhere", "Home 1")[0] == 2
