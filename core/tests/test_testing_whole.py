"""Conformance of a plugin as a whole: loading, settings, the areas that it names, and a few slots at work."""

import importlib
import os
import re
import signal
import sys
import textwrap
import time

import attrs
import numpy as np
import pytest
from attrs import validators

from gridhook import SettingError, hookimpl
from gridhook.config import GuardSection
from gridhook.testing import PricingTests, check_plugin, load, simulate
from gridhook.testing.checks import BY_DOMAIN, LOADS, PLAYED, WHOLE, make_check
from gridhook.testing.subject import Subject


@attrs.define
class Settable:
    """Has settings."""

    rate: float = attrs.field(default=1.0, validator=validators.ge(0))
    rates: dict[str, float] = attrs.field(factory=dict)

    def named_assets(self):
        return {f'rates."{name}"': name for name in self.rates}

    @hookimpl
    def price_energy(self, lots):
        return np.full(len(lots), self.rate)


def whole(plugin, name, *, settings=None, refused=()):
    (check,) = (check for check in (*WHOLE, PLAYED) if check.name == name)
    return make_check(check, Subject(plugin, settings or {}, refused))


def test_a_plugin_with_settings_conforms():
    report = check_plugin(Settable, {"rates": {"Load 1": 2.0}}, refused_settings=[{"rate": -1.0}])
    report.raise_for_failures()
    assert {"wrong settings refused", "named areas"} <= {
        finding.check for finding in report.findings if finding.outcome == "passed"
    }


class Plain:
    @hookimpl
    def price_energy(self):
        """Decide nothing."""


class Misspelt:
    @hookimpl
    def price_enrgy(self, lots):
        """Misspelt."""


def test_a_module_that_can_be_run_only_once_cannot_be_checked(tmp_path, monkeypatch):
    source = "import os\nif 'ONCE' in os.environ: raise RuntimeError('again')\nos.environ['ONCE'] = ''\n"
    tmp_path.joinpath("once_module.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ONCE", "")
    monkeypatch.delenv("ONCE")
    (failure,) = check_plugin(importlib.import_module("once_module")).failures
    monkeypatch.delitem(sys.modules, "once_module")
    assert "cannot be imported: RuntimeError: again" in failure.message


@pytest.mark.parametrize(
    ("plugin", "settings", "message"),
    [
        (Misspelt, {}, "did you mean 'price_energy'"),
        (Settable, {"rate": "high"}, "rate: has to be a number"),
        (Settable(), {}, "an entry point is a class or a module"),
    ],
)
def test_what_cannot_be_loaded_is_told_and_nothing_else(plugin, settings, message):
    (finding,) = check_plugin(plugin, settings).findings
    assert (finding.check, finding.outcome) == (LOADS.name, "failed")
    assert message in finding.message


class First:
    @hookimpl(tryfirst=True)
    def price_energy(self, lots):
        """Can be registered, and does not fit all the same."""


@pytest.mark.parametrize("check", ["named areas", "simulated slots"])
@pytest.mark.parametrize("plugin", [Misspelt, First])
def test_what_cannot_be_loaded_is_not_asked_for_more(plugin, check):
    finding = whole(plugin, check)
    assert (finding.outcome, finding.message) == ("skipped", "the plugin cannot be loaded")


def test_a_plugin_that_takes_any_setting_fails():
    @attrs.define
    class Takes(Settable):
        no_such_setting: int = 0

    assert whole(Takes, "unknown settings refused").outcome == "failed"


@attrs.define
class Careless(Settable):
    def __attrs_post_init__(self):
        if self.rate > 50:
            raise KeyError(self.rate)
        if self.rate < 0.5:
            raise SettingError(str(), "rate")  # noqa: UP018 - says nothing
        if self.rate > 40:
            msg = "the rate is above 40"
            raise SettingError(msg, "rate")


def test_settings_have_to_be_refused_and_clearly():
    assert whole(Careless, "wrong settings refused", refused=[{"rate": 45.0}]).outcome == "passed"
    taken = whole(Careless, "wrong settings refused", refused=[{"rate": 12.0}])
    assert taken.outcome == "failed"
    assert taken.message.startswith("{'rate': 12.0} was taken")
    unclear = whole(Careless, "wrong settings refused", refused=[{"rate": 60.0}])
    assert unclear.outcome == "failed"
    assert "KeyError" in unclear.message
    assert whole(Careless, "wrong settings refused", refused=[{"rate": 0.1}]).outcome == "failed"
    assert whole(Careless, "wrong settings refused").outcome == "skipped"


@pytest.mark.parametrize("answer", [{"rate": 3}, {"prices.load": "Load"}, ["Load"], None])
def test_areas_have_to_be_named_by_their_places_in_the_settings(answer):
    class Names(Settable):
        def named_areas(self):
            return answer

    assert whole(Names, "named areas").outcome == "failed"
    assert whole(Settable, "named areas", settings={"rates": {"a b": 1.0}}).outcome == "passed"
    assert whole(Plain, "named areas").message == "settings name none"


def test_failing_only_at_work_is_found_in_simulated_slots():
    class Tires:
        def __init__(self):
            self.calls = 0

        @hookimpl
        def price_energy(self, lots):
            self.calls += 1
            return np.full(len(lots), 10.0) if self.calls < 20 else None / 2

    failures = check_plugin(Tires).failures
    assert [failure.check for failure in failures] == ["simulated slots"]
    assert failures[0].message.startswith("failed ")
    assert "price_energy, asked about Grid/Home 1/Load 1, " in failures[0].message


def test_a_plugin_that_hangs_is_cut_off(monkeypatch):
    class Hangs:
        @hookimpl
        def price_energy(self, lots):
            while len(lots) > 9_000:
                pass

    monkeypatch.setattr("gridhook.testing.subject.GuardSection", lambda: GuardSection(timeout_seconds=0.2))
    (failure,) = check_plugin(Hangs).failures
    assert (failure.check, failure.hook) == ("10,000 rows", "price_energy")
    assert failure.message.startswith("did not answer within 0.2 s and was cut off")
    assert failure.message.endswith("use numpy columns")


def test_what_is_slow_per_row_fails_though_it_is_not_cut_off():
    class Slow:
        @hookimpl
        def price_energy(self, lots):
            if len(lots) > 9_000:
                time.sleep(0.2)
            return np.full(len(lots), 1.0)

    (failure,) = check_plugin(Slow, seconds_per_row=1e-5).failures
    assert (failure.check, failure.hook) == ("10,000 rows", "price_energy")
    assert re.fullmatch(
        r"took \S+ ms, \S+ us per row, and seconds_per_row allows 10 us; use numpy columns", failure.message
    )
    assert not check_plugin(Slow, seconds_per_row=1.0).failures
    with pytest.raises(AssertionError, match="seconds_per_row allows 10 us"):
        type("TestSlow", (PricingTests,), {"plugin": Slow, "seconds_per_row": 1e-5})().test_10_000_rows()


def test_named_areas_are_asked_for_without_a_session():
    class Leaves:
        @hookimpl
        def session_finished(self):
            raise OSError

    assert "named areas" not in {failure.check for failure in check_plugin(Leaves).failures}


def test_ctrl_c_ends_the_checks_and_an_exit_of_a_plugin_does_not():
    class Presses:
        @hookimpl
        def price_energy(self):
            os.kill(os.getpid(), signal.SIGINT)

    class Exits:
        @hookimpl
        def price_energy(self):
            sys.exit("enough")

    for check in (LOADS, PLAYED, *BY_DOMAIN["pricing"]):
        if check.name in ("simulated slots", "single row") and check.hook in ("", "price_energy"):
            with pytest.raises(KeyboardInterrupt):
                make_check(check, Subject(Presses))
    with pytest.raises(KeyboardInterrupt):
        simulate({"Home": {"Load": load(1.0)}}, [Presses()], slots=1)
    assert any("SystemExit: enough" in failure.message for failure in check_plugin(Exits).failures)


def test_a_module_is_a_plugin_and_is_run_anew_for_each_check(tmp_path, monkeypatch):
    source = """
        from gridhook import hookimpl
        calls = []

        @hookimpl
        def price_energy(lots):
            calls.append(len(lots))
            return [float(len(calls))] * len(lots)
    """
    tmp_path.joinpath("conforming_module.py").write_text(textwrap.dedent(source), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("conforming_module")
    check_plugin(module).raise_for_failures()
    assert module.calls == []
    monkeypatch.delitem(sys.modules, "conforming_module")


def test_what_was_found_is_shown_in_a_line_each():
    class Plugin:
        @hookimpl
        def session_started(self): ...

    report = check_plugin(Plugin)
    lines = str(report).splitlines()
    assert len(lines) == len(report.findings)
    assert lines[0] == "passed  loads: session_started"


def test_one_table_is_not_several():
    with pytest.raises(TypeError, match="refused_settings are several tables"):
        check_plugin(object, refused_settings={"rate": -1.0})
