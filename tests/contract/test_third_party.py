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

import attrs
import pytest

from gridhook.cli import main
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
    for name, method in wrong.items():
        monkeypatch.setattr(link, name, method)
    fails(test)


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


def fails(test):
    """Assert that the one test whose name begins so fails."""
    case = type("Wrong", (Impatient,), {})()
    (name,) = [name for name in dir(case) if name.startswith(f"test_{test}")]
    with pytest.raises(AssertionError) as failed:
        getattr(case, name)()
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
