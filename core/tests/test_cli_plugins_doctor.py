"""``gridhook plugins doctor``: why something that is installed does not load, and what to do."""

import json
import sys

import pytest

MODULE = "patients_of_this_test"
SOURCE = """
import attrs
from gridhook import hookimpl

print("hello")

class Healthy:
    @hookimpl
    def price_energy(self, lots): ...

@attrs.define
class Needs:
    peak_kw: float
    where: str

    @hookimpl
    def forecast_energy(self, assets, slots): ...

@attrs.define
class Fails:
    rate: float = 1.0

    def __attrs_post_init__(self):
        raise OSError("no such database")

    @hookimpl
    def price_energy(self, lots): ...

class Misspelt:
    @hookimpl
    def price_enery(self, lots): ...

class Names:
    def named_areas(self):
        return 1 / 0

    @hookimpl
    def price_energy(self, lots): ...

class Link: ...
"""
PLUGINS = ("healthy", "needs", "fails", "misspelt", "names")


@pytest.fixture
def diagnosed(scripted_distribution, only_scripted, call_gridhook):
    """Install patients, a link and a command that is not there; return a function that calls the doctor."""
    points = {
        "gridhook": {name: f"{MODULE}:{name.title()}" for name in PLUGINS},
        "gridhook.exchanges": {"live": f"{MODULE}:Link"},
        "gridhook.commands": {"steer": f"{MODULE}:steer"},
    }
    scripted_distribution("patients", {MODULE: SOURCE}, points, version="1.5", requires=["gridhook>=0.1,<99"])

    def call(*options):
        return call_gridhook("plugins", "doctor", *options)

    return call


@pytest.fixture
def checks(diagnosed):
    done = diagnosed("--json")
    return {check["name"]: check for check in json.loads(done.out)["checks"]}


def test_everything_that_is_installed_is_looked_at(diagnosed, checks):
    assert {name: check["status"] for name, check in checks.items()} == {
        "plugin healthy": "ok",
        "plugin needs": "ok",
        "plugin fails": "wrong",
        "plugin misspelt": "wrong",
        "plugin names": "wrong",
        "link live": "ok",
        "command steer": "wrong",
    }
    done = diagnosed()
    assert done.status == 1
    assert done.out.splitlines()[-1] == "3 ok, 4 wrong"
    assert "hello" not in done.out, "what plugins print goes to stderr"


def test_what_is_right_says_whose_it_is_and_what_for(checks):
    assert checks["plugin healthy"]["text"] == "patients 1.5, for pricing; works with gridhook<99,>=0.1"
    assert checks["plugin healthy"]["traceback"] is None
    assert checks["link live"]["text"] == "patients 1.5"


def test_settings_that_have_to_be_given_are_no_illness(checks):
    needs = checks["plugin needs"]
    assert needs["text"] == "patients 1.5; it needs settings: peak_kw, where"
    assert needs["remedy"] == "give them in [plugins.needs]; gridhook plugins show needs tells what they are"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("plugin fails", "cannot be constructed: OSError: no such database (patients_of_this_test.py, line 24)"),
        ("plugin misspelt", "implements 'price_enery', which is no hook; did you mean 'price_energy'"),
        ("plugin names", "failed in named_areas: ZeroDivisionError: division by zero"),
        (
            "command steer",
            "cannot be imported: AttributeError: module 'patients_of_this_test' has no attribute 'steer'",
        ),
    ],
)
def test_what_does_not_load_says_why_and_what_to_do(checks, name, why):
    assert why in checks[name]["text"]
    assert checks[name]["text"].startswith("patients 1.5: ")
    assert (checks[name]["traceback"] is None) == (name == "plugin misspelt")
    assert checks[name]["remedy"].startswith("install another version of patients, or tell its authors")


def test_the_traceback_is_shown_on_demand(diagnosed, checks):
    assert "raise OSError" in checks["plugin fails"]["traceback"]
    assert "Traceback" not in diagnosed("fails").out
    shown = diagnosed("fails", "--traceback").out
    assert "Traceback (most recent call last)" in shown
    assert 'raise OSError("no such database")' in shown


def test_only_what_is_named_is_looked_at(diagnosed):
    done = diagnosed("healthy", "live")
    assert done.status == 0
    assert [line.split(":")[0] for line in done.out.splitlines()] == [
        "ok       plugin healthy",
        "ok       link live",
        "",
        "2 ok",
    ]


def test_a_name_that_is_not_installed_is_an_error(diagnosed):
    done = diagnosed("helthy")
    assert (done.status, done.out) == (2, "")
    assert done.err == "no plugin 'helthy' is installed; did you mean 'healthy'?\n"


def test_settings_come_from_a_configuration(diagnosed, tmp_path):
    (tmp_path / "some.toml").write_text('[plugins.needs]\npeak_kw = "big"\nwhere = "here"\n', encoding="utf-8")
    done = diagnosed("needs", "--config", tmp_path / "some.toml")
    assert done.status == 1
    assert "plugins.needs.peak_kw: has to be a number, not 'big'" in done.out
    assert "correct [plugins.needs]; gridhook plugins show needs tells its settings" in done.out
    (tmp_path / "some.toml").write_text('[plugins.needs]\npeak_kw = 1\nwhere = "here"\n', encoding="utf-8")
    assert diagnosed("needs", "--config", tmp_path / "some.toml").status == 0
    done = diagnosed("needs", "--config", tmp_path / "none.toml")
    assert done.status == 2
    assert "cannot be read" in done.err


def test_what_may_not_be_imported_is_not(scripted_distribution, only_scripted, call_gridhook):
    points = {"gridhook": {"ramp": f"{MODULE}:Healthy", "old": f"{MODULE}:Healthy"}}
    scripted_distribution("patients", {MODULE: SOURCE}, points, requires=["gridhook>=99"])
    done = call_gridhook("plugins", "doctor")
    assert done.status == 1
    assert "patients 1.0 works with gridhook>=99" in done.out
    assert "'ramp' is a name of gridhook-ramp, and patients may not take it" in done.out
    assert MODULE not in sys.modules


def test_who_provides_a_name_that_is_anothers_is_told(scripted_distribution, only_scripted, call_gridhook):
    scripted_distribution(
        "gridhook-ramp", {MODULE: SOURCE}, {"gridhook": {"ramp": f"{MODULE}:Healthy"}}, "1", ["gridhook<99"]
    )
    scripted_distribution("acme", {}, {"gridhook": {"ramp": f"{MODULE}:Fails"}})
    done = call_gridhook("plugins", "doctor", "ramp")
    assert done.status == 0
    assert "acme also provides 'ramp', which is gridhook-ramp's, and is not used" in done.out
    assert "gridhook-ramp does not say" not in done.out
    assert "-> not that of acme, whose name it is not" in call_gridhook("plugins", "list").out


def test_nothing_installed_is_said(only_scripted, tmp_path, call_gridhook):
    done = call_gridhook("plugins", "doctor")
    assert (done.status, done.out) == (0, "\nnothing is installed\n")


def test_what_the_environment_bars_is_no_illness(diagnosed, monkeypatch):
    monkeypatch.setenv("GRIDHOOK_PLUGINS", "healthy")
    done = diagnosed("fails", "healthy")
    assert done.status == 0
    assert (
        "-        plugin fails: not checked: GRIDHOOK_PLUGINS lets only healthy be loaded, and not 'fails'" in done.out
    )
