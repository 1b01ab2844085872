"""What is claimed, on stderr."""

import json
import sys

import pytest

from gridhook.cli.claimed import ClaimedAreas
from gridhook.events import AreasClaimed, ClaimedArea


def load(number):
    return ClaimedArea(f"Load {number}", "load", f"Grid/House/Load {number}", f"id-{number}")


def claimed(*numbers):
    areas = tuple(map(load, numbers))
    return AreasClaimed(tuple(area.path for area in areas), areas=areas)


@pytest.fixture
def show(capsys):
    """Show claims one after another; returns the lines of each."""
    areas = ClaimedAreas()

    def write(*numbers):
        areas.show(claimed(*numbers))
        return capsys.readouterr().err.splitlines()

    return write


def test_name_kind_path_and_id_of_each_area_are_shown_in_columns(show):
    assert show(1, 20) == [
        "claimed 2 areas:",
        "  Load 1   load  Grid/House/Load 1   id-1",
        "  Load 20  load  Grid/House/Load 20  id-20",
    ]


def test_ten_thousand_areas_are_no_flood(show):
    lines = show(*range(10_000))
    assert (lines[0], lines[-1], len(lines)) == ("claimed 10000 areas:", "  and 9970 more", 32)


def test_later_only_what_has_come_and_gone_is_shown(show):
    show(1, 2)
    assert show(1, 2) == []
    assert show(2, 3) == [
        "claimed also 1 areas:",
        "  Load 3  load  Grid/House/Load 3  id-3",
        "no longer claimed, 1 areas:",
        "  Load 1  load  Grid/House/Load 1  id-1",
    ]


def test_what_is_not_known_yet_is_not_shown(capsys):
    ClaimedAreas().show(AreasClaimed(("Load", "id-7")))
    assert capsys.readouterr().err == ""


def test_a_stderr_that_nobody_reads_is_no_reason_to_end(monkeypatch):
    class Closed:
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    ClaimedAreas().show(claimed(1))


def test_a_run_shows_them_and_one_for_programs_does_not(scripted_config, spawn_gridhook):
    config = scripted_config()
    done = spawn_gridhook("run", config)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("claimed ")
    assert "  Load  " in done.stderr
    done = spawn_gridhook("run", config, "--json")
    assert json.loads(done.stdout)
    assert "claimed" not in done.stderr
