"""The manager: exactly the plugins that a configuration names are loaded, or it says why not, all at once."""

import signal
import sys

import numpy as np
import pytest

from gridhook import ConfigError, SessionInfo
from gridhook.hookspecs import SPECIFICATIONS, HookChangedWarning
from gridhook.plugins import build_manager, load_plugins
from gridhook.plugins.discovery import PLUGINS
from gridhook.plugins.loading import Registry
from gridhook.plugins.manager import NoCoreRangeWarning
from gridhook.testing import make_lots, make_market

needs_timer = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="calls are not timed on this platform")

MODULE = "plugins_of_this_test"
SOURCE = """
import attrs
from gridhook import hookimpl

@attrs.define
class Pricer:
    rate: float = 10.0
    calls: int = attrs.field(default=0, init=False)

    @hookimpl
    def price_energy(self, lots):
        self.calls += 1
        return [self.rate] * len(lots)

class Claimer:
    @hookimpl
    def claim_assets(self, grid): ...

class Hanger:
    @hookimpl
    def price_energy(self, lots):
        while True:
            pass
"""


@pytest.fixture
def installed(scripted_distribution):
    """Install the plugins first-pricer, second-pricer, a-claimer and hanger."""
    entry_points = {
        "first-pricer": f"{MODULE}:Pricer",
        "second-pricer": f"{MODULE}:Pricer",
        "a-claimer": f"{MODULE}:Claimer",
        "hanger": f"{MODULE}:Hanger",
    }
    scripted_distribution("plugins-of-this-test", {MODULE: SOURCE}, {PLUGINS: entry_points}, requires=["gridhook>=0.1"])


def problems_of(config):
    _, problems = load_plugins(config)
    return [(problem.path, problem.message) for problem in problems]


def test_the_plugins_that_are_named_are_loaded_and_used_in_that_order(installed, config_of):
    sections = {"pricing": {"use": ["second-pricer"], "routes": {"pv": ["first-pricer"]}}}
    manager = build_manager(config_of({"first-pricer": {"rate": 5.0}}, registration={"use": ["a-claimer"]}, **sections))
    assert list(manager.plugins) == ["a-claimer", "second-pricer", "first-pricer"]
    assert manager.plugins["second-pricer"].distribution == "plugins-of-this-test"
    priced = manager.decisions.price_energy(make_lots({"kind": "pv"}, {}), make_market())
    assert priced.orders.rate.tolist() == [5.0, 10.0]
    assert priced.plugin.tolist() == ["first-pricer", "second-pricer"]


def test_installed_is_not_enabled(installed, config_of):
    assert build_manager(config_of()).plugins == {}
    assert MODULE not in sys.modules


def test_a_table_alone_enables_a_plugin(installed, config_of):
    """An observer needs no section."""
    assert list(build_manager(config_of({"first-pricer": {}})).plugins) == ["first-pricer"]


def test_each_session_has_fresh_plugins(installed, config_of):
    config = config_of(pricing={"use": ["first-pricer"]})
    first, second = build_manager(config), build_manager(config)
    first.decisions.price_energy(make_lots({}), make_market())
    assert first.plugins["first-pricer"].instance.calls == 1
    assert second.plugins["first-pricer"].instance.calls == 0


def test_one_class_can_be_two_plugins_with_settings_of_their_own(installed, config_of):
    manager = build_manager(
        config_of({"second-pricer": {"rate": 5}}, pricing={"use": ["first-pricer", "second-pricer"]})
    )
    assert [plugin.instance.rate for plugin in manager.plugins.values()] == [10.0, 5.0]


def test_a_plugin_that_is_not_installed_is_told_at_each_place_that_names_it(installed, config_of):
    config = config_of(
        {"frist-pricer": {}},
        pricing={"use": ["frist-pricer"], "routes": {"pv": ["first-pricer", "frist-pricer"]}},
    )
    problems = problems_of(config)
    assert [path for path, _ in problems] == ["pricing.use", "pricing.routes.pv", "plugins.frist-pricer"]
    assert {message.partition(" or ")[0] for _, message in problems} == {
        "no plugin 'frist-pricer' is installed; did you mean 'first-pricer'"
    }


def test_a_wrong_setting_is_told_at_its_key(installed, config_of):
    config = config_of({"first-pricer": {"rate": "ten", "rat": 1}}, pricing={"use": ["first-pricer"]})
    assert problems_of(config) == [
        ("plugins.first-pricer.rate", "has to be a number, not 'ten'"),
        ("plugins.first-pricer.rat", "no such setting; did you mean 'rate'?"),
    ]


def test_a_plugin_that_cannot_be_loaded_is_told_where_it_is_used(scripted_distribution, config_of):
    """Without a table of its own there is no other place."""
    scripted_distribution(
        "broken",
        {"broken_of_this_test": "\n1 / 0"},
        {PLUGINS: {"broken": "broken_of_this_test:Plugin"}},
        requires=["gridhook>=0.1"],
    )
    assert problems_of(config_of(pricing={"use": ["broken"]})) == [
        (
            "pricing.use",
            "'broken' cannot be imported: ZeroDivisionError: division by zero (broken_of_this_test.py, line 2)",
        )
    ]


BROKEN = """
import attrs
from gridhook import hookimpl

@attrs.define
class Broken:
    rate: float = 1.0

    def __attrs_post_init__(self):
        raise RuntimeError("no such feed")

    @hookimpl
    def price_energy(self, lots): ...
"""


@pytest.fixture
def broken(scripted_distribution):
    """Install the plugins broken, which cannot be constructed, and misplaced, which is for another domain."""
    points = {"broken": f"{MODULE}:Broken", "first-pricer": f"{MODULE}:Pricer", "a-claimer": f"{MODULE}:Claimer"}
    scripted_distribution("a-plugin", {MODULE: BROKEN + SOURCE}, {PLUGINS: points}, requires=["gridhook>=0.1"])


def test_a_broken_plugin_stops_everything_unless_the_configuration_says_otherwise(broken, config_of):
    sections = {"pricing": {"use": ["broken", "first-pricer"]}}
    ((path, message),) = problems_of(config_of(**sections))
    assert (path, message.partition(" (")[0]) == (
        "plugins.broken",
        "'broken' cannot be constructed: RuntimeError: no such feed",
    )
    manager, problems = load_plugins(config_of(**sections, guard={"on_load_failure": "go-on"}))
    assert problems == []
    ((name, (problem,)),) = manager.broken.items()
    assert (name, problem.message) == ("broken", message)
    assert "RuntimeError: no such feed" in problem.traceback


def test_a_plugin_that_is_not_there_fails_whenever_it_is_asked(broken, config_of):
    manager = build_manager(
        config_of(pricing={"use": ["first-pricer"], "routes": {"pv": ["broken"]}}, guard={"on_load_failure": "go-on"})
    )
    priced = manager.decisions.price_energy(make_lots({"kind": "pv"}, {"kind": "load"}), make_market())
    assert priced.orders.lot.tolist() == [1]
    assert priced.plugin.tolist() == ["broken", "first-pricer"]
    (failure,) = manager.decisions.take_failures()
    assert (failure.plugin, failure.hook) == ("broken", "price_energy")
    assert failure.message.startswith("it is not loaded: 'broken' cannot be constructed: RuntimeError: no such feed")


def test_what_may_have_been_a_cap_or_a_requirement_lets_nothing_through(broken, config_of):
    manager = build_manager(
        config_of(
            pricing={"use": ["first-pricer", "broken"]},
            requirements={"use": ["broken"]},
            guard={"on_load_failure": "go-on"},
        )
    )
    lots = make_lots({})
    assert len(manager.decisions.price_energy(lots, make_market()).orders) == 0
    assert manager.decisions.require(lots, np.ones(1), make_market()).failed == {0: "broken"}


def test_a_broken_observer_is_told_once(broken, config_of):
    manager = build_manager(config_of({"broken": {}}, guard={"on_load_failure": "go-on"}))
    manager.decisions.start_session(SessionInfo("ada", "scripted:house"))
    assert [failure.hook for failure in manager.decisions.take_failures()] == ["session_started"]
    assert [(one.name, one.domain, one.failures) for one in manager.decisions.figures()] == [
        ("broken", "observation", 1)
    ]


@pytest.mark.parametrize(
    ("tables", "sections"),
    [
        ({"first-pricer": {"rate": "ten"}}, {"pricing": {"use": ["first-pricer"]}}),
        ({}, {"pricing": {"use": ["nobody"]}}),
        ({}, {"pricing": {"use": ["a-claimer"]}}),
    ],
    ids=["setting", "not-installed", "another-domain"],
)
def test_mistakes_of_the_configuration_always_stop(broken, config_of, tables, sections):
    manager, problems = load_plugins(config_of(tables, **sections, guard={"on_load_failure": "go-on"}))
    assert len(problems) == 1
    assert sorted(manager.broken) in ([], ["first-pricer"])


def test_a_plugin_has_to_do_what_it_is_used_for(installed, config_of):
    config = config_of(pricing={"use": ["a-claimer"]}, requirements={"routes": {"pv": ["first-pricer"]}})
    assert problems_of(config) == [
        ("pricing", "'a-claimer' implements none of price_energy, adjust_rates; it is for registration"),
        ("requirements", "'first-pricer' implements none of require; it is for pricing"),
    ]


def test_a_plugin_with_a_problem_of_its_own_is_not_told_what_it_is_for(scripted_distribution, config_of):
    source = """
from gridhook import hookimpl

class Misspelt:
    @hookimpl
    def price_enrgy(self, lots): ...
"""
    scripted_distribution(
        "a-plugin", {MODULE: source}, {PLUGINS: {"misspelt": f"{MODULE}:Misspelt"}}, requires=["gridhook>=0.1"]
    )
    ((path, message),) = problems_of(config_of(pricing={"use": ["misspelt"]}))
    assert path == "pricing.use"
    assert message.startswith("'misspelt' implements 'price_enrgy', which is no hook; did you mean")


NEEDS = """
import attrs
from gridhook import hookimpl

@attrs.define
class Needs:
    rate: float
    key: str = attrs.field(init=False)

    def __attrs_post_init__(self):
        self.key = {}["MY_API_KEY"]

    @hookimpl
    def price_energy(self, lots): ...
"""


@pytest.fixture
def needs(scripted_distribution):
    """Install a plugin that needs a setting, and cannot be constructed with it either."""
    scripted_distribution("needs", {MODULE: NEEDS}, {PLUGINS: {"needs": f"{MODULE}:Needs"}}, requires=["gridhook>=0.1"])


def test_a_setting_that_is_needed_is_told_near_the_name_of_the_plugin_where_it_has_no_table(needs, config_of):
    _, (problem,) = load_plugins(config_of(pricing={"use": ["needs"]}))
    assert str(problem) == "plugins.needs.rate: is missing; add [plugins.needs] with rate = …"
    assert problem.near == "pricing.use"


def test_a_setting_that_is_missing_in_a_table_is_told_there(needs, config_of):
    _, (problem,) = load_plugins(config_of({"needs": {}}, pricing={"use": ["needs"]}))
    assert (str(problem), problem.near) == ("plugins.needs.rate: is missing", "")


def test_a_constructor_that_fails_is_told_at_the_settings_that_it_was_given(needs, config_of):
    _, (problem,) = load_plugins(config_of({"needs": {"rate": 1}}, pricing={"use": ["needs"]}))
    assert str(problem) == (
        f"plugins.needs: 'needs' cannot be constructed: KeyError: 'MY_API_KEY' ({MODULE}.py, line 11)"
    )


def test_all_problems_come_at_once_as_one_error(installed, config_of):
    config = config_of({"first-pricer": {"rate": "ten"}}, pricing={"use": ["nothing-like-it", "a-claimer"]})
    with pytest.raises(ConfigError) as caught:
        build_manager(config)
    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["pricing.use", "plugins.first-pricer.rate", "pricing"]


@pytest.mark.parametrize(
    ("requires", "message"),
    [(["gridhook>=99"], "works with gridhook>=99, and this is"), (["gridhook<0.0.1"], "works with gridhook<0.0.1")],
)
def test_a_plugin_for_another_core_is_not_imported(scripted_distribution, config_of, requires, message):
    scripted_distribution("a-plugin", {MODULE: SOURCE}, {PLUGINS: {"mine": f"{MODULE}:Pricer"}}, requires=requires)
    ((path, found),) = problems_of(config_of(pricing={"use": ["mine"]}))
    assert path == "pricing.use"
    assert message in found
    assert MODULE not in sys.modules


def test_a_name_that_two_distributions_claim_is_not_imported(scripted_distribution, config_of):
    for name in ("one-plugin", "other-plugin"):
        scripted_distribution(
            name, {MODULE: SOURCE}, {PLUGINS: {"mine": f"{MODULE}:Pricer"}}, requires=["gridhook>=0.1"]
        )
    ((path, message),) = problems_of(config_of({"mine": {}}))
    assert path == "plugins.mine"
    assert message == "one-plugin and other-plugin both provide 'mine'; uninstall one of them"
    assert MODULE not in sys.modules


def test_a_plugin_that_names_no_core_is_taken_with_a_warning(scripted_distribution, config_of):
    scripted_distribution("a-plugin", {MODULE: SOURCE}, {PLUGINS: {"mine": f"{MODULE}:Pricer"}}, requires=[])
    with pytest.warns(NoCoreRangeWarning, match="a-plugin does not say which versions of gridhook it works with"):
        manager = build_manager(config_of({"mine": {}}))
    assert list(manager.plugins) == ["mine"]


def test_ctrl_c_while_a_plugin_is_imported_is_no_failure_of_the_plugin(scripted_distribution, config_of):
    source = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)"
    scripted_distribution(
        "a-plugin", {MODULE: source}, {PLUGINS: {"mine": f"{MODULE}:Plugin"}}, requires=["gridhook>=0.1"]
    )
    with pytest.raises(KeyboardInterrupt):
        load_plugins(config_of({"mine": {}}))


@needs_timer
def test_a_plugin_that_hangs_when_it_is_imported_is_a_problem(scripted_distribution, config_of):
    source = "import time\ntime.sleep(30)"
    scripted_distribution(
        "a-plugin", {MODULE: source}, {PLUGINS: {"mine": f"{MODULE}:Plugin"}}, requires=["gridhook>=0.1"]
    )
    config = config_of({"mine": {}}, guard={"timeout_seconds": 0.2})
    assert problems_of(config) == [
        (
            "plugins.mine",
            f"'mine' cannot be imported: did not answer within 0.2 s and was cut off ({MODULE}.py, line 2)",
        )
    ]


@needs_timer
def test_a_plugin_that_hangs_loses_its_rows_to_the_next_as_the_configuration_says(installed, config_of):
    config = config_of(pricing={"use": ["hanger", "first-pricer"]}, guard={"timeout_seconds": 0.2, "failures": 1})
    manager = build_manager(config)
    with manager.guard.armed():
        priced = manager.decisions.price_energy(make_lots({}), make_market())
    assert priced.plugin.tolist() == ["first-pricer"]
    (failed,) = manager.decisions.take_failures()
    assert (failed.plugin, failed.hook, failed.rows, failed.benched) == ("hanger", "price_energy", "load 0", True)
    assert failed.message.startswith(f"did not answer within 0.2 s and was cut off ({MODULE}.py, line ")


def test_a_plugin_that_has_only_a_hook_that_was_removed_is_warned_of_and_loaded(
    scripted_distribution, config_of, monkeypatch
):
    source = "from gridhook import hookimpl\n@hookimpl\ndef gone_hook(lots): ..."
    scripted_distribution("a-plugin", {MODULE: source}, {PLUGINS: {"old": MODULE}}, requires=["gridhook>=0.1"])
    monkeypatch.setattr(Registry.__init__, "__defaults__", (SPECIFICATIONS, {"gone_hook": "do otherwise"}))
    with pytest.warns(HookChangedWarning, match="which is asked no more: do otherwise"):
        manager = build_manager(config_of(pricing={"use": ["old"]}))
    assert len(manager.decisions.price_energy(make_lots({}), make_market()).orders) == 0
