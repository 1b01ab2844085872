"""Logging on the command line: what goes where."""

import logging
import re
import warnings

import pytest

from gridhook import ConfigError
from gridhook.cli.logs import LEVELS, set_up_logging

_log = logging.getLogger("gridhook.session")


@pytest.fixture(autouse=True)
def logging_as_before(monkeypatch):
    """Take back what a test set up."""
    level = logging.root.level
    monkeypatch.setattr(logging.root, "handlers", [])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield
    for handler in logging.root.handlers:
        handler.close()
    logging.root.setLevel(level)


@pytest.mark.parametrize("level", LEVELS)
def test_lines_from_the_level_up_go_to_stderr(capsys, level):
    set_up_logging(level, None)
    for name in LEVELS:
        getattr(_log, name)("%s: a line", name)
    shown = [f"{name.upper()} {name}: a line" for name in LEVELS[LEVELS.index(level) :]]
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", shown)


def test_a_file_gets_time_and_logger_and_is_appended_to(tmp_path, capsys):
    path = tmp_path / "run.log"
    path.write_text("before\n", encoding="utf-8")
    set_up_logging("info", path)
    _log.info("claimed %d areas: %s", 1, "Café")
    before, line = path.read_text(encoding="utf-8").splitlines()
    assert before == "before"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO gridhook\.session claimed 1 areas: Café", line)
    assert tuple(capsys.readouterr()) == ("", "")


def test_the_last_call_counts(tmp_path, capsys):
    set_up_logging("debug", tmp_path / "run.log")
    set_up_logging("warning", None)
    _log.warning("once")
    _log.info("never")
    assert capsys.readouterr().err == "WARNING once\n"
    assert (tmp_path / "run.log").read_text(encoding="utf-8") == ""


def test_warnings_of_python_are_log_lines(capsys):
    set_up_logging("warning", None)
    warnings.warn("100 % of it does not say which versions it works with", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "WARNING 100 % of it does not say which versions it works with\n"


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    path = tmp_path / "none" / "run.log"
    with pytest.raises(ConfigError) as caught:
        set_up_logging("info", path)
    assert str(caught.value) == f"--log-file: {path} cannot be written: No such file or directory"
