"""Standard streams that are full, closed or no longer read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")


@pytest.fixture
def shell(scripted_config, tmp_path):
    """Run a command line with ``gridhook`` in it; returns its status and what it says on stderr."""
    scripted_config()

    def run(line, unbuffered=""):
        path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            ["bash", "-c", line.replace("gridhook", f"{sys.executable} -m gridhook")],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": unbuffered},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, [line for line in done.stderr.splitlines() if not line.startswith(NOISE)]

    return run


NOISE = ("pricing", "finished", "closed", "claimed ", "  ")
"""What the scripted plugins and links print, and what a run shows of what it claims."""


@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [
        ("run scripted.toml", ""),
        ("run scripted.toml --json", ""),
        ("config show scripted.toml", ""),
        ("config show scripted.toml", "1"),
        ("--help", ""),
    ],
)
def test_a_full_disk_is_one_line(shell, command, unbuffered):
    status, said = shell(f"gridhook {command} > /dev/full", unbuffered)
    assert (status, said) == (1, ["stdout cannot be written: No space left on device"])


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "2>&-"])
@pytest.mark.parametrize("command", ["run scripted.toml", "--help"])
def test_a_stream_that_is_closed_is_not_missed(shell, command, closed):
    assert shell(f"gridhook {command} {closed}") == (0, [])


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_is_no_failure_worth_a_word(shell, unbuffered):
    _, said = shell("gridhook run scripted.toml | true", unbuffered)
    assert said == []


def test_a_log_file_that_cannot_be_written_any_more_is_complained_of_once(shell):
    line = "gridhook run scripted.toml --log-level info --log-file /dev/full > /dev/null"
    assert shell(line) == (0, ["--log-file: /dev/full cannot be written: No space left on device"])
