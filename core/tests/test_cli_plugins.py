"""``gridhook plugins``: what is installed, broken or not."""

import json
import sys

import pytest

MODULE = "plugins_of_this_test"
SOURCE = '''
"""A module that prices."""
from __future__ import annotations
from pathlib import Path
from typing import Literal
import attrs
from gridhook import hookimpl

@hookimpl
def price_energy(lots):
    return None

Weather = Literal["clear", "cloudy"]

@attrs.define
class Limits:
    """Limits."""

    low: float = 0.0
    file: Path | None = None

@attrs.define
class Solar:
    """Forecasts what panels give; see :class:`~some.where.Panels` and :meth:`the rest <some.where.rest>`.

    By the sun's height, in ``clear`` or
    ``cloudy`` weather.
    """

    peak_kw: float
    mode: Weather = "clear"
    names: list[str] = attrs.field(factory=list)
    label: str = attrs.field(default=attrs.Factory(lambda self: self.mode, takes_self=True))
    limits: Limits = attrs.field(factory=Limits)
    file: Path | None = None
    state: int = attrs.field(default=0, init=False)

    @hookimpl
    def forecast_energy(self, assets, slots): ...

    @hookimpl(specname="measure_energy")
    def read_meters(self, assets, slots): ...

class Plain:
    @hookimpl
    def event_received(self, event): ...
'''


@pytest.fixture
def install(scripted_distribution, only_scripted):
    """Return a function that installs nothing but a distribution of plugins, one link and one command."""

    def install(source=SOURCE, version="2.1", requires=("gridhook>=0.1,<99",), name="some-plugins"):
        plugins = {"solar": f"{MODULE}:Solar", "plain": f"{MODULE}:Plain", "module": MODULE}
        return scripted_distribution(
            name,
            {MODULE: source},
            {
                "gridhook": plugins,
                "gridhook.exchanges": {"live": f"{MODULE}:Live"},
                "gridhook.commands": {"steer": f"{MODULE}:steer"},
            },
            version=version,
            requires=requires,
        )

    return install


def test_all_that_is_installed_is_listed_and_nothing_imported(install, call_gridhook):
    install("1 / 0")
    done = call_gridhook("plugins", "list")
    assert (done.status, done.err) == (0, "")
    tables = [[line.split() for line in table.splitlines()] for table in done.out.split("\n\n")]
    assert tables == [
        [
            ["plugin", "domains", "used", "in", "distribution", "gridhook"],
            ["module", "?", "-", "some-plugins", "2.1", "<99,>=0.1"],
            ["plain", "?", "-", "some-plugins", "2.1", "<99,>=0.1"],
            ["solar", "?", "-", "some-plugins", "2.1", "<99,>=0.1"],
        ],
        [["exchange", "used", "in", "distribution", "gridhook"], ["live", "-", "some-plugins", "2.1", "<99,>=0.1"]],
        [["command", "distribution", "gridhook"], ["steer", "some-plugins", "2.1", "<99,>=0.1"]],
    ]
    assert MODULE not in sys.modules


def test_the_list_as_json(install, call_gridhook):
    install("1 / 0", requires=())
    rows = json.loads(call_gridhook("plugins", "list", "--json").out)
    assert rows[2] == {
        "kind": "plugin",
        "name": "solar",
        "domains": None,
        "distribution": "some-plugins",
        "version": "2.1",
        "enabled": False,
        "used_in": [],
        "core_range": None,
        "problem": None,
        "passed_over": [],
    }


CONFIG = """
[pricing]
use = ["module"]
[forecasting.routes]
pv = ["solar"]
"Home 1" = ["solar", "module"]
[plugins.solar]
peak_kw = 3.0
[exchange]
url = "live://here"
"""


@pytest.fixture
def listed(install, call_gridhook, tmp_path):
    """Return a function that lists what is installed with a configuration, by name."""

    def call(config, *options, source=SOURCE):
        install(source)
        (tmp_path / "some.toml").write_text(config, encoding="utf-8")
        done = call_gridhook("plugins", "list", tmp_path / "some.toml", "--json", *options)
        return {row["name"]: row for row in json.loads(done.out)}

    return call


def test_what_a_configuration_uses_is_listed_with_its_domains(listed):
    rows = listed(CONFIG)
    assert {name: row["enabled"] for name, row in rows.items()} == {
        "module": True,
        "plain": False,
        "solar": True,
        "live": True,
        "steer": True,
    }
    assert rows["solar"]["domains"] == ["forecasting", "settlement"]
    assert rows["solar"]["used_in"] == ["forecasting.routes.pv", 'forecasting.routes."Home 1"', "plugins.solar"]
    assert rows["module"]["used_in"] == ["pricing.use", 'forecasting.routes."Home 1"']
    assert rows["live"]["used_in"] == ["exchange.url"]
    assert (rows["plain"]["domains"], rows["steer"]["domains"]) == (None, None)


def test_what_may_not_be_loaded_is_not_enabled(listed, monkeypatch):
    monkeypatch.setenv("GRIDHOOK_PLUGINS", "module")
    rows = listed(CONFIG)
    assert (rows["module"]["enabled"], rows["solar"]["enabled"]) == (True, False)
    assert "GRIDHOOK_PLUGINS lets only module be loaded" in rows["solar"]["problem"]


def test_what_is_not_enabled_is_imported_on_demand(listed):
    rows = listed("", "--import-all")
    assert rows["plain"]["domains"] == ["observation"]
    assert rows["solar"]["domains"] == ["forecasting", "settlement"], "although it needs settings"
    assert {row["enabled"] for row in rows.values() if row["kind"] == "plugin"} == {False}


@pytest.mark.parametrize(("config", "options"), [(CONFIG, ()), ("", ("--import-all",))])
def test_what_does_not_load_is_listed_with_the_reason(listed, config, options):
    row = listed(config, *options, source="print('hello')\n1 / 0")["solar"]
    assert row["domains"] is None
    assert row["problem"].startswith("'solar' cannot be imported: ZeroDivisionError")


def test_a_configuration_that_is_wrong_is_no_list(call_gridhook, install, tmp_path):
    install()
    (tmp_path / "wrong.toml").write_text("[pricng]\n", encoding="utf-8")
    done = call_gridhook("plugins", "list", tmp_path / "wrong.toml")
    assert (done.status, done.out) == (2, "")
    assert "no such section" in done.err


def test_what_cannot_be_used_is_listed_with_its_problem(install, call_gridhook):
    install("1 / 0", requires=["gridhook>=99"])
    done = call_gridhook("plugins", "list")
    assert done.status == 0
    assert done.out.count("some-plugins 2.1 works with gridhook>=99, and this is gridhook") == 5
    problems = [row["problem"] for row in json.loads(call_gridhook("plugins", "list", "--json").out)]
    assert all("works with gridhook>=99" in problem for problem in problems)


def test_nothing_installed_is_an_empty_list(only_scripted, tmp_path, call_gridhook):
    assert call_gridhook("plugins", "list").out == ""
    assert json.loads(call_gridhook("plugins", "list", "--json").out) == []


def test_a_plugin_is_shown_with_its_hooks_and_settings(install, call_gridhook):
    install()
    done = call_gridhook("plugins", "show", "solar")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(
        "solar (some-plugins 2.1)\n\nForecasts what panels give; see some.where.Panels and the rest."
    )
    assert "By the sun's height, in clear or\ncloudy weather." in done.out
    assert "forecast_energy (forecasting)" in done.out
    assert "measure_energy (settlement)" in done.out, "under whatever name it is implemented"
    settings = done.out.partition("[plugins.solar]\n")[2].splitlines()
    assert [line.split(maxsplit=1)[0] for line in settings] == ["peak_kw", "mode", "names", "label", "limits", "file"]
    assert [line.rpartition("  ")[2].strip() for line in settings] == [
        "required",
        "default 'clear'",
        "default []",
        "default follows from the others",
        "default {}",
        "default None",
    ]
    assert "float" in settings[0]
    assert "Literal['clear', 'cloudy']" in settings[1]
    assert "list[str]" in settings[2]
    assert "table of low, file" in settings[4]
    assert " Path | None " in settings[5]


def test_types_that_cannot_be_resolved_are_shown_as_they_are_written(install, call_gridhook):
    install(SOURCE.replace("peak_kw: float", "peak_kw: Elsewhere"))
    done = call_gridhook("plugins", "show", "solar")
    assert (done.status, done.err) == (0, "")
    assert "Elsewhere" in done.out


@pytest.mark.parametrize(
    ("name", "described", "hook"),
    [
        ("plain", "It has no description.", "event_received (observation)"),
        ("module", "A module that prices.", "price_energy (pricing)"),
    ],
)
def test_a_plugin_without_settings(install, call_gridhook, name, described, hook):
    install()
    done = call_gridhook("plugins", "show", name)
    assert done.status == 0
    assert done.out.splitlines()[2] == described
    assert f"hooks: {hook}\n" in done.out
    assert done.out.endswith("It has no settings.\n")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import a_module_that_is_not_there", "No module named 'a_module_that_is_not_there'"),
        ("", "has no attribute 'Solar'"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_plugin_that_cannot_be_imported_says_why(install, call_gridhook, source, why):
    install(source)
    done = call_gridhook("plugins", "show", "solar")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("'solar' cannot be imported: ")
    assert why in done.err
    assert "Traceback" not in done.err


def test_a_plugin_for_another_core_is_not_imported(install, call_gridhook):
    install("1 / 0", requires=["gridhook>=99"])
    done = call_gridhook("plugins", "show", "solar")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("some-plugins 2.1 works with gridhook>=99, and this is")


def test_two_plugins_of_one_name_are_told(install, call_gridhook):
    install()
    install(name="other-plugins")
    message = "other-plugins and some-plugins both provide 'solar'; uninstall one of them"
    assert call_gridhook("plugins", "show", "solar").err == message + "\n"
    assert message in call_gridhook("plugins", "list").out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sloar", "no plugin 'sloar' is installed; did you mean 'solar'?\n"),
        ("zzz", "no plugin 'zzz' is installed; installed are module, plain, solar\n"),
        ("live", "no plugin 'live' is installed; installed are module, plain, solar\n"),
    ],
)
def test_a_plugin_that_is_not_installed(install, call_gridhook, name, message):
    install()
    done = call_gridhook("plugins", "show", name)
    assert (done.status, done.out, done.err) == (2, "", message)


def test_ctrl_c_while_it_is_imported_is_no_failure_of_the_plugin(install, call_gridhook):
    install("import os, signal\nos.kill(os.getpid(), signal.SIGINT)")
    done = call_gridhook("plugins", "show", "solar")
    assert done.status == 130
    assert "imported" not in done.err


SILENT = """
class Silent(type):
    def __dir__(cls):
        raise OSError("nothing to see")

class Plain(metaclass=Silent): ...
"""


def test_a_plugin_that_cannot_be_looked_into_is_listed_with_the_others(listed):
    rows = listed("", "--import-all", source=SOURCE + SILENT)
    assert rows["plain"]["domains"] is None
    assert rows["plain"]["problem"].startswith("'plain' does not tell its hooks: OSError: nothing to see (")
    assert rows["solar"]["domains"] == ["forecasting", "settlement"]


def test_a_plugin_that_cannot_be_looked_into_is_not_shown(install, call_gridhook):
    install(SOURCE + SILENT)
    done = call_gridhook("plugins", "show", "plain")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("'plain' does not tell its hooks: OSError: nothing to see (")


DEFAULTS = """
def database():
    raise OSError("no such database")

class Odd:
    def __repr__(self):
        raise KeyError("odd")

@attrs.define
class Solar:
    missing: str = attrs.field(factory=database)
    odd: Odd = attrs.field(default=Odd())
    kwh: float = 1.5
"""


def test_defaults_that_cannot_be_told_hide_nothing_else(install, call_gridhook):
    install(SOURCE + DEFAULTS)
    done = call_gridhook("plugins", "show", "solar")
    assert (done.status, done.err) == (0, "")
    missing, odd, kwh = done.out.partition("[plugins.solar]\n")[2].splitlines()
    assert "  default not known: OSError: no such database (" in missing
    assert "  default not known: KeyError: 'odd' (" in odd
    assert kwh.endswith("  default 1.5")
