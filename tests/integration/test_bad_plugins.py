"""The zoo: a plugin that does wrong harms nothing but its own answer, and is named in the result."""

import importlib
import json
import sys
from pathlib import Path

import pytest

from gridhook import ConfigError
from gridhook.deployment import prepare
from gridhook.resultfiles import ResultsFolder
from gridhook.results import SessionResults

SOURCE = Path(__file__).with_name("zoo") / "gridhook_zoo.py"
SLOTS = 3
HANGS = ("loops", "loops-against-cuts", "sleeps", "import-loops", "constructed-never", "observes-too-long")
OFTEN = (
    "raises",
    "interrupts",
    "loops",
    "wrong-length",
    "absurd",
    "too-much",
    "writes",
    "import-raises",
    "misspelt",
    "twice",
)
"""Those that run in each run of the tests, and in the gate for a day; it runs the others for a few slots."""
GUARD = '[guard]\non_load_failure = "go-on"\n'
IMPATIENT = f"{GUARD}timeout_seconds = 1.0\nfailures = 1\n"
ASSET = "Home 04 Load"

IMPORTS = {
    "import-raises": 'raise RuntimeError("no licence")',
    "import-exits": "import sys; sys.exit(3)",
    "import-interrupts": "raise KeyboardInterrupt",
    "import-loops": "while True: pass",
    "import-misses": "import a_library_that_is_not_there",
    "import-breaks": "def broken(:",
}
"""Modules that cannot be imported, by plugin name."""

PRICING = {
    "raises": "the price feed is gone",
    "raises-unprintably": "Unprintable",
    "exits": "SystemExit: 3",
    "interrupts": "KeyboardInterrupt",
    "loops": "did not answer within 1 s",
    "loops-against-cuts": "did not answer within 1 s",
    "takes-the-alarm": "alarmed",
    "sleeps": "did not answer within 1 s",
    "recurses": "RecursionError",
    "wrong-length": "one rate per lot",
    "wrong-type": "one rate per lot",
    "wrong-dtype": "not <U2",
    "complex": "not complex128",
    "ragged": "one rate per lot",
    "minus-infinity": "-inf",
    "absurd": "a rate is 1e+09 cents/kWh, above the highest",
    "too-much": "come to 1e+06 of",
    "wrong-lots": "orders name lots from",
    "writes": "read-only",
    "writes-into-the-grid": "read-only",
    "assigns": "FrozenInstanceError",
    "claws": "WRITEABLE flag",
}
"""What goes wrong in ``price_energy``, and the message."""

DECLINES = {"all-na-n": "declined", "all-none": "declined", "negative": "below_zero", "prints": "declined"}
"""Answers that are right and lead to no order, and their reason."""

LOADING = {
    **dict.fromkeys(IMPORTS, "cannot be imported"),
    "misspelt": "implements 'price_enery', which is no hook; did you mean 'price_energy'",
    "misspelt-argument": "{'lot'}",
    "unmarked": "has price_energy without @hookimpl",
    "wraps": "wraps 'price_energy'",
    "constructed-badly": "cannot be constructed: OSError: no such database",
    "constructed-never": "did not answer within 1 s",
    "names-badly": "failed in named_areas",
    "not-there": "cannot be imported: AttributeError",
    "another-core": "zoo-of-old 1.0 works with gridhook>=99, and this is gridhook",
    "twice": "zoo-of-old and zoo-of-twins both provide 'twice'",
}
"""What goes wrong before anything is called, and the message."""

ELSEWHERE = {
    "caps-wrongly": ("pricing", ["ramp", "caps-wrongly"], []),
    "requires-wrongly": ("requirements", ["requires-wrongly"], None),
    "requires-text": ("requirements", ["requires-text"], None),
    "forecasts-negative": ("forecasting", ["forecasts-negative"], []),
    "forecasts-transposed": ("forecasting", ["forecasts-transposed"], []),
    "measures-infinity": ("settlement", ["measures-infinity"], []),
    "settles-wrongly": ("settlement", ["settles-wrongly"], []),
}
"""Other hooks: the domain, the asset's route with the plugin, and one that does the same without it.

None: that no order stands for the asset, as if nobody priced it.
"""


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """Install distributions of bad plugins; returns the folder that Python has to look into."""
    site = tmp_path / "site"
    site.mkdir()
    source = SOURCE.read_text(encoding="utf-8")
    modules = {name.replace("-", "_") + "_of_zoo": text for name, text in IMPORTS.items()}
    for module, text in (modules | {"gridhook_zoo": source}).items():
        (site / f"{module}.py").write_text(text, encoding="utf-8")
    classes = [line.split()[1].partition(":")[0] for line in source.splitlines() if line.startswith("class ")]
    prints = "import os\nfrom gridhook import hookimpl\nos.write(1, b'hello from the import\\n')\n"
    (site / "import_prints_of_zoo.py").write_text(
        f"{prints}@hookimpl\ndef price_energy(lots):\n    return None\n", encoding="utf-8"
    )
    points = {"import-prints": "import_prints_of_zoo"} | {name_of(cls): f"gridhook_zoo:{cls}" for cls in classes}
    points |= {name: name.replace("-", "_") + "_of_zoo" for name in IMPORTS}
    describe(site, "zoo", "gridhook<0.2", points | {"not-there": "gridhook_zoo:NotThere"})
    old = {"another-core": "gridhook_zoo:Raises", "twice": "gridhook_zoo:Raises"}
    describe(site, "zoo-of-old", "gridhook>=99", old)
    describe(site, "zoo-of-twins", "gridhook<0.2", {"twice": "gridhook_zoo:Raises"})
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield site
    for module in [name for name in sys.modules if name.endswith("_of_zoo") or name == "gridhook_zoo"]:
        del sys.modules[module]


def describe(site, name, core, points):
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {core}\n", "utf-8"
    )
    lines = [f"{point} = {target}" for point, target in points.items()]
    (info / "entry_points.txt").write_text("[gridhook]\n" + "\n".join(lines) + "\n", encoding="utf-8")


def name_of(cls):
    return "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in cls).lstrip("-")


@pytest.fixture
def trade(tmp_path):
    """Trade a configuration in this process; returns the figures, all trades, and what the others' orders were."""
    numbers = iter(range(100))

    def run(config, slots, guard=GUARD):
        number = next(numbers)
        file = tmp_path / f"{number}.toml"
        file.write_text(f"{guard}{config}", encoding="utf-8")
        results = SessionResults(ResultsFolder(tmp_path / f"results-{number}"))
        figures = prepare(file, slots=slots).open(results=results).run().to_json()
        return figures, (tmp_path / f"results-{number}" / "trades.csv").read_text(encoding="utf-8")

    return run


def routed(domain, route):
    use = {"pricing": "ramp", "settlement": "deviations", "requirements": "preferences", "forecasting": "profiles"}
    return f'[{domain}]\nuse = ["{use[domain]}"]\n[{domain}.routes]\n"{ASSET}" = {json.dumps(route)}\n'


def entry_of(figures, name):
    entries = [plugin for plugin in figures["plugins"] if plugin["name"] == name]
    assert entries, f"{name} is not named"
    return {key: sum(entry[key] for entry in entries) for key in ("calls", "failures")}


@pytest.fixture(scope="module")
def undisturbed():
    """What came of runs without any bad plugin, by configuration and slots."""
    return {}


@pytest.fixture
def same_as(zoo, trade, undisturbed):
    """Trade two configurations; returns the figures of the first, after all trades and bills came out the same."""

    def compare(config, other, slots, guard=GUARD):
        if (other, slots) not in undisturbed:
            undisturbed[other, slots] = trade(other, slots)
        figures, trades = trade(config, slots, guard)
        expected, same = undisturbed[other, slots]
        assert trades == same
        assert (figures["slots"], figures["members"]) == (slots, expected["members"])
        return figures

    return compare


def each(names, also):
    """Return a name, a number of slots and a guard for each; the gate runs all.

    :param also: those that are run without it, too, and by it for a day.
    """
    for name in names:
        hangs = name in HANGS
        guard, few = (IMPATIENT, 2) if hangs else (GUARD, SLOTS)
        yield pytest.param(name, few, guard, id=name, marks=[] if name in also else [pytest.mark.thorough])
        if name in also:
            yield pytest.param(name, 8 if hangs else 96, guard, id=f"{name}-day", marks=pytest.mark.thorough)


@pytest.mark.parametrize(("name", "slots", "guard"), list(each([*PRICING, *LOADING], also=OFTEN)))
def test_an_asset_that_is_left_to_it_alone_has_no_orders_and_all_others_trade_as_without_it(
    same_as, caplog, name, slots, guard
):
    figures = same_as(routed("pricing", [name]), routed("pricing", []), slots, guard)
    entry = entry_of(figures, name)
    # So many failures in a row, then the bench until the next slot, where one more failure benches it again.
    assert entry["failures"] == entry["calls"] == (1 if name in HANGS else 3) + (slots - 1)
    assert figures["reasons"]["plugin_failed"] > 0
    assert f"plugin '{name}' failed in price_energy for Grid/" in caplog.text
    assert (PRICING | LOADING)[name] in caplog.text


@pytest.mark.parametrize(("name", "slots", "guard"), list(each(PRICING, also=("raises",))))
def test_the_next_plugin_on_the_route_gets_its_lots_and_all_trade_as_without_it(same_as, name, slots, guard):
    figures = same_as(f'[pricing]\nuse = ["{name}", "ramp"]\n', "", slots, guard)
    assert entry_of(figures, name)["failures"] == (1 if name in HANGS else 3) + (slots - 1)


@pytest.mark.parametrize("name", DECLINES)
def test_an_answer_that_leads_to_no_order_is_no_failure(same_as, name):
    figures = same_as(routed("pricing", [name]), routed("pricing", []), SLOTS)
    entry = entry_of(figures, name)
    assert entry["failures"] == 0 < entry["calls"]
    assert figures["reasons"][DECLINES[name]] > 0


@pytest.mark.parametrize("name", ELSEWHERE)
def test_one_that_fails_in_another_hook_loses_its_own_answer(same_as, name):
    domain, route, without = ELSEWHERE[name]
    other = routed("pricing", []) if without is None else routed(domain, without)
    if name == "caps-wrongly":
        other = routed("pricing", [])
    figures = same_as(routed(domain, route), other, SLOTS)
    assert entry_of(figures, name)["failures"] > 0


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("claims-text", '[registration]\nuse = ["claims-text", "claim"]'),
        ("claims-numbers", '[registration]\nuse = ["claim", "claims-numbers"]'),
        ("fees", '[grid_fees]\nuse = ["fees"]'),
        ("observer", "[plugins.observer]"),
        pytest.param("observes-too-long", "[plugins.observes-too-long]", marks=pytest.mark.thorough),
        ("starts-badly", "[plugins.starts-badly]"),
        ("import-raises", "[plugins.import-raises]"),
    ],
)
def test_one_that_serves_no_asset_harms_none(same_as, name, section):
    base = '[registration]\nuse = ["claim"]\n[plugins.claim]\nkinds = ["load", "pv", "storage", "market"]\n'
    config = section + "\n" if "registration" in section else base + section + "\n"
    slots, guard = (2, IMPATIENT) if name in HANGS else (SLOTS, GUARD)
    figures = same_as(config, "" if "registration" in section else base, slots, guard)
    entry = entry_of(figures, name)
    assert entry["failures"] == entry["calls"] > 0


def test_a_broken_plugin_that_can_be_no_limit_leaves_its_assets_to_the_next(same_as):
    figures = same_as('[forecasting]\nuse = ["import-raises", "profiles"]\n', "", SLOTS)
    assert entry_of(figures, "import-raises")["failures"] > 0


@pytest.mark.parametrize("name", LOADING)
def test_by_itself_a_broken_plugin_ends_the_run_before_it_begins(zoo, tmp_path, name):
    file = tmp_path / "strict.toml"
    file.write_text(f'[pricing]\nuse = ["{name}", "ramp"]\n[guard]\ntimeout_seconds = 1.0\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        prepare(file)
    (problem,) = caught.value.problems
    assert LOADING[name] in problem.message
    assert problem.line == 2


def test_nothing_of_a_plugin_for_another_core_is_imported(zoo, tmp_path):
    file = tmp_path / "strict.toml"
    file.write_text('[pricing]\nuse = ["another-core"]\n', encoding="utf-8")
    with pytest.raises(ConfigError):
        prepare(file)
    assert "gridhook_zoo" not in sys.modules


@pytest.mark.parametrize(("allowed", "status"), [("claim,ramp,profiles,deviations,preferences", 2), (None, 0)])
def test_a_plugin_that_the_environment_does_not_allow_is_an_error_and_not_imported(
    gridhook, tmp_path, zoo, allowed, status
):
    (tmp_path / "bad.toml").write_text("[plugins.prints]\n", encoding="utf-8")
    environment = {"PYTHONPATH": str(zoo)} | ({} if allowed is None else {"GRIDHOOK_PLUGINS": allowed})
    outcome = gridhook("run", "bad.toml", "--slots", "1", **environment)
    assert outcome.returncode == status, outcome.stderr
    if status:
        assert "GRIDHOOK_PLUGINS lets only claim, ramp" in outcome.stderr
        assert "and not 'prints'; add it there" in outcome.stderr


def test_what_a_plugin_prints_does_not_get_between_the_figures(gridhook, tmp_path, zoo):
    (tmp_path / "bad.toml").write_text('[pricing]\nuse = ["prints", "ramp"]\n', encoding="utf-8")
    # Where Python does not write at once, as it does in many containers, buffers come after everything else.
    outcome = gridhook("run", "bad.toml", "--json", "--slots", "2", PYTHONPATH=str(zoo), PYTHONUNBUFFERED="")
    assert json.loads(outcome.stdout)["slots"] == 2
    for place in ("a plugin", "under Python", "beside", "C"):
        assert f"hello from {place}\n" in outcome.stderr


@pytest.mark.parametrize("command", ["run", "doctor", "plugins doctor", "plugins list", "plugins check"])
def test_what_a_plugin_prints_when_it_is_imported_does_not_get_into_json_either(gridhook, tmp_path, zoo, command):
    (tmp_path / "bad.toml").write_text('[pricing]\nuse = ["import-prints", "ramp"]\n', encoding="utf-8")
    arguments = {
        "run": ["bad.toml", "--slots", "1"],
        "doctor": ["bad.toml"],
        "plugins doctor": ["import-prints"],
        "plugins list": ["bad.toml"],
        "plugins check": ["import-prints"],
    }[command]
    outcome = gridhook(*command.split(), *arguments, "--json", PYTHONPATH=str(zoo), PYTHONUNBUFFERED="")
    assert json.loads(outcome.stdout)
    assert "hello from the import" in outcome.stderr


def test_a_hang_after_somebody_took_the_alarm_is_cut_off_all_the_same(zoo, trade):
    figures, _ = trade('[pricing]\nuse = ["takes-the-alarm", "sleeps", "ramp"]\n', 1, IMPATIENT)
    assert [entry_of(figures, name)["failures"] for name in ("takes-the-alarm", "sleeps")] == [1, 1]
    assert figures["orders"] > 0


def test_a_run_without_a_broken_plugin_says_so_and_names_it_in_the_end(gridhook, tmp_path, zoo):
    text = '[guard]\non_load_failure = "go-on"\n[pricing]\nuse = ["import-raises", "ramp"]\n[requirements]\nuse = []\n'
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    outcome = gridhook("run", "bad.toml", "--slots", "2", PYTHONPATH=str(zoo))
    assert outcome.returncode == 0
    assert "bad.toml:4: pricing.use: 'import-raises' cannot be imported: RuntimeError: no licence" in outcome.stderr
    assert "it may have been a limit: no order stands for the assets that it serves in pricing" in outcome.stderr
    assert "0 orders, 0 trades" in outcome.stdout
    assert "import-raises (pricing) failed in " in outcome.stdout
    doctor = gridhook("doctor", "bad.toml", PYTHONPATH=str(zoo))
    assert doctor.returncode == 1
    assert "gridhook plugins doctor import-raises tells more" in doctor.stdout
