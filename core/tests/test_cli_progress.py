"""The progress bar: on a terminal only, and only on stderr."""

import io
import sys

import pytest

from gridhook.cli.progress import SlotProgress, slot_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Bar:
    """Notes what it is told."""

    def __init__(self):
        self.told = []

    def add_task(self, description, total):
        self.told.append((description, total))
        return 7

    def update(self, task, completed):
        self.told.append((task, completed))


@pytest.mark.parametrize("slots", [96, None])
def test_the_bar_counts_the_slots_that_opened(slots):
    bar = Bar()
    progress = SlotProgress(bar)
    progress.begin(slots)
    progress.advance(1)
    progress.advance(2)
    assert bar.told == [("trading", slots), (7, 1), (7, 2)]


def test_a_slot_before_the_beginning_is_not_shown():
    bar = Bar()
    SlotProgress(bar).advance(1)
    assert bar.told == []


def test_without_a_terminal_nothing_is_written(capsys):
    with slot_progress() as progress:
        progress.begin(2)
        progress.advance(1)
    assert tuple(capsys.readouterr()) == ("", "")


def test_on_a_terminal_the_bar_is_on_stderr_alone(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with slot_progress() as progress:
        progress.begin(2)
        progress.advance(1)
    assert "trading" in terminal.getvalue()
    assert "2/2" not in terminal.getvalue()
    assert "slots" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_a_run_shows_it_on_a_terminal(monkeypatch, call_gridhook, scripted_config):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    done = call_gridhook("run", scripted_config(), "--json")
    assert done.status == 0
    assert "3/3" in terminal.getvalue()
    assert "trading" not in done.out
