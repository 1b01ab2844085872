"""Discovery: what distributions say about themselves, read without importing anything."""

import shutil
import signal
import sys
from importlib.metadata import version

import pytest

from gridhook.config import GuardSection
from gridhook.plugins.discovery import ALLOWED, COMMANDS, EXCHANGES, PLUGINS, find_installed, missing
from gridhook.plugins.guard import Failure

CORE = version("gridhook")
GROUP = "gridhook.only_in_this_test"
HANGS = "hangs_of_this_test:Link"


def test_the_groups_of_entry_points():
    """Distributions are published under these names."""
    assert (PLUGINS, EXCHANGES, COMMANDS) == ("gridhook", "gridhook.exchanges", "gridhook.commands")


def test_what_a_distribution_says_is_found_and_nothing_is_imported(scripted_distribution):
    scripted_distribution(
        "gridhook-solar",
        {"gridhook_solar_of_this_test": "raise RuntimeError('imported')"},
        {PLUGINS: {"solar-forecast": "gridhook_solar_of_this_test:Solar"}},
        version="2.3",
        requires=["numpy>=1.26", "gridhook>=0.1,<99"],
    )
    found = find_installed(PLUGINS)["solar-forecast"]
    assert (found.name, found.distribution, found.version) == ("solar-forecast", "gridhook-solar", "2.3")
    assert found.problem is None
    assert found.entry_point.value == "gridhook_solar_of_this_test:Solar"
    assert "gridhook_solar_of_this_test" not in sys.modules


@pytest.mark.parametrize(
    ("requires", "core_range"),
    [
        (["gridhook>=0.1,<99"], "<99,>=0.1"),
        (["Gridhook (>=0.1)"], ">=0.1"),
        (["gridhook"], None),
        ([], None),
        (["gridhook-claim>=0.1"], None),
        (["not a requirement!", "gridhook>=0.1"], ">=0.1"),
        (['gridhook<0.0.1; python_version < "3"', "gridhook>=0.1"], ">=0.1"),
        (['gridhook<0.0.1; extra == "old"'], None),
        (["gridhook>=0.1", "gridhook<99"], "<99,>=0.1"),
    ],
)
def test_a_core_range_that_fits_or_is_missing_is_no_problem(scripted_distribution, requires, core_range):
    scripted_distribution("some-plugin", {}, {GROUP: {"some": "some:Plugin"}}, requires=requires)
    found = find_installed(GROUP)["some"]
    assert (found.core_range, found.problem) == (core_range, None)


@pytest.mark.parametrize("wanted", [">=99", "<0.0.1", f"!={CORE}"])
def test_a_core_range_that_does_not_fit_says_what_to_do(scripted_distribution, wanted):
    scripted_distribution(
        "some-plugin", {}, {GROUP: {"some": "some:Plugin"}}, requires=[f"gridhook{wanted}"], version="3.1"
    )
    assert find_installed(GROUP)["some"].problem == (
        f"some-plugin 3.1 works with gridhook{wanted}, and this is gridhook {CORE}; "
        "install a version of some-plugin that fits"
    )


def test_all_that_a_distribution_says_of_the_core_counts(scripted_distribution):
    requires = ["gridhook>=0.1", "gridhook>=99"]
    scripted_distribution("some-plugin", {}, {GROUP: {"some": "some:Plugin"}}, requires=requires, version="3.1")
    found = find_installed(GROUP)["some"]
    assert found.core_range == ">=0.1,>=99"
    assert found.problem.startswith("some-plugin 3.1 works with gridhook>=0.1,>=99, and this is gridhook")


@pytest.mark.parametrize("text", ["gridhook >= banana", "Gridhook >=0.1,,"])
def test_a_core_range_that_cannot_be_read_is_a_problem(scripted_distribution, text):
    scripted_distribution("some-plugin", {}, {GROUP: {"some": "some:Plugin"}}, requires=[text])
    assert find_installed(GROUP)["some"].problem == (
        f"some-plugin 1.0 has a core range that cannot be read ({text}); install a version of it that fits"
    )


def test_what_is_left_of_a_distribution_is_a_problem_of_its_own(scripted_distribution, only_scripted, call_gridhook):
    site = scripted_distribution("some-plugin", {}, {PLUGINS: {"some": "some:Plugin"}, COMMANDS: {"steer": "some:it"}})
    (described,) = site.glob("*.dist-info")
    (described / "METADATA").unlink()
    assert find_installed(PLUGINS)["some"].problem == (
        f"{described} does not say which distribution it is of; reinstall it, or delete what is left of it"
    )
    done = call_gridhook("--help")
    assert (done.status, "steer  (from ?)" in done.out) == (0, True)


def test_a_name_that_two_distributions_claim_is_a_problem(scripted_distribution):
    scripted_distribution("one-plugin", {}, {GROUP: {"same": "one:Plugin", "own": "one:Own"}})
    scripted_distribution("other-plugin", {}, {GROUP: {"same": "other:Plugin"}})
    found = find_installed(GROUP)
    assert found["same"].problem == "one-plugin and other-plugin both provide 'same'; uninstall one of them"
    assert found["own"].problem is None


@pytest.mark.parametrize(
    ("group", "name", "owner"),
    [
        (PLUGINS, "ramp", "gridhook-ramp"),
        (EXCHANGES, "redis", "gridhook-redis"),
        (COMMANDS, "serve", "gridhook-exchange"),
        (COMMANDS, "run", "gridhook"),
    ],
)
def test_a_first_party_name_is_refused_to_others_although_its_owner_is_not_installed(
    scripted_distribution, only_scripted, group, name, owner
):
    scripted_distribution("acme", {"acme_of_this_test": "1 / 0"}, {group: {name: "acme_of_this_test:Acme"}})
    assert find_installed(group)[name].problem == (
        f"'{name}' is a name of {owner}, and acme may not take it; uninstall acme"
    )


def test_a_first_party_name_stays_its_owners(scripted_distribution, only_scripted):
    scripted_distribution("acme", {}, {PLUGINS: {"ramp": "acme:Ramp", "night": "acme:Night"}})
    scripted_distribution("Gridhook_Ramp", {}, {PLUGINS: {"ramp": "gridhook_ramp:Ramp"}})
    found = find_installed(PLUGINS)
    assert (found["ramp"].distribution, found["ramp"].problem, found["ramp"].passed_over) == (
        "Gridhook_Ramp",
        None,
        ("acme",),
    )
    assert (found["night"].problem, found["night"].passed_over) == (None, ())


@pytest.mark.parametrize(
    ("value", "allowed", "said"),
    [
        ("one", ["one"], "only one be loaded"),
        (" two , one,", ["one", "two"], None),
        ("", [], "no plugin be loaded"),
        ("another", [], "only another be loaded"),
        (None, ["one", "two"], None),
    ],
)
def test_the_environment_limits_which_plugins_may_be_loaded(
    scripted_distribution, only_scripted, monkeypatch, value, allowed, said
):
    scripted_distribution(
        "some-plugin", {}, {PLUGINS: {"one": "some:One", "two": "some:Two"}, EXCHANGES: {"live": "some:Live"}}
    )
    if value is None:
        monkeypatch.delenv(ALLOWED, raising=False)
    else:
        monkeypatch.setenv(ALLOWED, value)
    found = find_installed(PLUGINS)
    assert [name for name, one in found.items() if one.problem is None] == allowed
    if said is not None:
        assert found["two"].problem == f"GRIDHOOK_PLUGINS lets {said}, and not 'two'; add it there"
    assert find_installed(EXCHANGES)["live"].problem is None, "a link is chosen by the address alone"


def test_a_distribution_that_is_on_the_path_twice_counts_once(scripted_distribution, tmp_path, monkeypatch):
    """As an editable install and a build of it are."""
    site = scripted_distribution("some-plugin", {}, {GROUP: {"some": "some:Plugin"}}, version="1.0")
    older = shutil.move(site, tmp_path / "older")
    site.mkdir()
    monkeypatch.syspath_prepend(older)
    monkeypatch.syspath_prepend(site)
    scripted_distribution("some-plugin", {}, {GROUP: {"some": "some:Plugin"}}, version="2.0")
    found = find_installed(GROUP)["some"]
    assert (found.version, found.problem) == ("2.0", None)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="calls are not timed on this platform")
def test_an_import_that_does_not_end_is_cut_off(scripted_distribution, monkeypatch):
    """Of links and commands, too, which no session times."""
    monkeypatch.setattr("gridhook.plugins.asking.GuardSection", lambda: GuardSection(timeout_seconds=0.1))
    scripted_distribution("some-link", {"hangs_of_this_test": "import time\ntime.sleep(20)"}, {GROUP: {"some": HANGS}})
    found = find_installed(GROUP)["some"].load()
    assert isinstance(found, Failure)
    assert found.message.startswith("did not answer within 0.1 s and was cut off")


def test_a_group_is_only_that_group(scripted_distribution):
    scripted_distribution("some-plugin", {}, {GROUP: {"b": "some:B", "a": "some:A"}, f"{GROUP}.more": {"c": "some:C"}})
    assert list(find_installed(GROUP)) == ["a", "b"]
    assert find_installed("gridhook.nobody_has_this_group") == {}


def test_a_name_that_is_not_installed_proposes_the_nearest_or_lists_all(scripted_distribution):
    scripted_distribution("some-plugin", {}, {GROUP: {"ramp": "some:Ramp", "fixed": "some:Fixed"}})
    installed = find_installed(GROUP)
    assert missing("rampe", installed, "plugin") == "no plugin 'rampe' is installed; did you mean 'ramp'?"
    assert missing("deviations", installed, "plugin") == (
        "no plugin 'deviations' is installed; pip install gridhook-deviations"
    )
    assert missing("other", installed, "plugin") == "no plugin 'other' is installed; installed are fixed, ramp"
    assert missing("other", {}, "command") == "no command 'other' is installed; none is installed"
