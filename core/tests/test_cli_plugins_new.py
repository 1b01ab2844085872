"""``gridhook plugins new``: what is written and said, and what is refused."""

import os
import sys

import pytest

from gridhook.scaffold import KINDS, NewName, render

SOURCE = "def anything(): ..."


@pytest.fixture
def here(tmp_path, monkeypatch, only_scripted):
    """An empty current folder, with nothing installed."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def new(here, call_gridhook):
    """Make a new plugin, by default one that prices."""

    def call(name, *more, hook="pricing"):
        return call_gridhook("plugins", "new", name, "--hook", hook, *more)

    return call


def written(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_is_written_for_each_kind(here, new, kind):
    done = new("night-rates", hook=kind)
    assert (done.status, done.err) == (0, "")
    assert written(here / "gridhook-night-rates") == render(NewName("night-rates"), kind)


def test_what_was_written_is_said_and_what_comes_next(here, new):
    assert new("night-rates").out.splitlines() == [
        "wrote gridhook-night-rates:",
        *(f"  {path}" for path in render(NewName("night-rates"), "pricing")),
        "",
        "next:",
        "  python -m pip install -e ./gridhook-night-rates pytest",
        "  python -m pytest ./gridhook-night-rates",
        "  gridhook run ./gridhook-night-rates/night-rates.toml",
    ]


def test_the_folder_can_be_chosen_and_is_made(here, new):
    done = new("night-rates", "--folder", "my strategies/new", "--author", "Ann")
    assert 'authors = [{ name = "Ann" }]' in written(here / "my strategies/new/gridhook-night-rates")["pyproject.toml"]
    assert "  python -m pytest './my strategies/new/gridhook-night-rates'" in done.out.splitlines()


def test_nothing_is_overwritten(here, new):
    (here / "gridhook-night-rates").mkdir()
    done = new("night-rates")
    message = "gridhook-night-rates exists; give another name, or another --folder\n"
    assert (done.status, done.out, done.err) == (2, "", message)
    assert written(here) == {}


def test_a_folder_that_cannot_be_made(here, new):
    (here / "file").write_text("", encoding="utf-8")
    done = new("night-rates", "--folder", "file/inside")
    assert (done.status, done.out) == (2, "")
    assert done.err.endswith(" cannot be written: Not a directory; give another --folder\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "Night",
            "'Night' cannot be the name of a plugin, which is small letters and digits in words joined by single",
        ),
        ("class", "'class' is a word of Python's own; "),
        ("json", "'json' is a module of Python's own; "),
        ("path", "'path' would be the class Path, which its module imports from pathlib; "),
        ("ramp", "'ramp' is taken: gridhook-ramp, which is gridhook's own, has a plugin of this name; "),
        ("gridhook-fees", "'fees' is taken: gridhook-fees is gridhook's own; "),
        ("serve", "'serve' is taken: gridhook-exchange, which is gridhook's own, has a command of this name; "),
        ("redis", "'redis' is taken: gridhook-redis, which is gridhook's own, has an exchange link of this name; "),
        ("doctor", "'doctor' is taken: gridhook has a command of this name; "),
        ("lots", "'lots' is taken: its class would be called Lots, and plugins import gridhook's Lots; "),
    ],
)
def test_a_name_that_will_not_do_is_refused_with_what_to_do(here, new, name, message):
    done = new(name, hook="observation")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(message)
    assert "choose another name" in done.err or "did you mean" in done.err
    assert written(here) == {}


@pytest.mark.parametrize(
    ("group", "what"),
    [("gridhook", "a plugin"), ("gridhook.exchanges", "an exchange link"), ("gridhook.commands", "a command")],
)
def test_a_name_of_something_installed_is_refused_without_importing_it(here, new, scripted_distribution, group, what):
    scripted_distribution("some-plugins", {"some_plugins": "1 / 0"}, {group: {"night-rates": "some_plugins:it"}}, "2.1")
    message = f"'night-rates' is taken: some-plugins 2.1, which is installed, has {what} of this name"
    assert new("night-rates").err == f"{message}; choose another name\n"


def test_a_distribution_of_this_name_is_refused_whatever_it_provides(here, new, scripted_distribution):
    scripted_distribution("gridhook-night-rates", {"some_plugins": SOURCE}, {"gridhook": {"other": "some_plugins"}})
    assert (
        new("night-rates").err == "'night-rates' is taken: gridhook-night-rates 1.0 is installed; choose another name\n"
    )


def test_nothing_is_written_for_an_author_who_cannot_be_named(here, new):
    done = new("night-rates", "--author", "\udcff")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("--author '\\udcff' has '\\udcff' in it, which cannot be in a name; ")
    assert list(here.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="paths are UTF-8")
def test_a_folder_that_cannot_be_printed(here, new):
    done = new("night-rates", "--folder", os.fsdecode(b"caf\xe9"))
    assert done.status == 0
    assert done.out.startswith("wrote caf\ufffd/gridhook-night-rates:\n")


def test_a_hook_that_is_none_is_told_what_there_is(here, new):
    done = new("night-rates", hook="price")
    assert done.status == 2
    assert "'price' is not one of 'registration', 'forecasting', 'pricing'" in done.err
