"""Running gridhook as its users do: the command in a process of its own, or a configuration in this one."""

import datetime
import os
import subprocess
import sys
from functools import partial

import pytest

from gridhook.deployment import prepare
from gridhook_exchange.generate.plan import Period, Wishes, draw_plan
from gridhook_exchange.generate.writing import write_plan

SUMMER = Period(datetime.date(2026, 6, 15), 7)
WINTER = Period(datetime.date(2026, 2, 9), 7)


@pytest.fixture(scope="session")
def gridhook_in():
    """Run the command in a folder; returns the finished process."""

    def run(folder, *arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", "gridhook", *map(str, arguments)],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def gridhook(gridhook_in, tmp_path):
    """Run the command in an empty folder; returns the finished process."""
    return partial(gridhook_in, tmp_path)


@pytest.fixture
def trade(tmp_path):
    """Trade a configuration, given as text or as a file; returns the figures."""

    def run(config="", *, exchange=None, slots=None):
        path = config
        if isinstance(config, str):
            path = tmp_path / "gridhook.toml"
            path.write_text(config, encoding="utf-8")
        return prepare(path, exchange=exchange, slots=slots).open().run()

    return run


@pytest.fixture
def community(tmp_path):
    """Generate a community with a summer and a winter week; returns its folder."""

    def make(**wishes):
        folder = tmp_path / "community"
        folder.mkdir()
        plan = draw_plan(Wishes(**wishes), [SUMMER, WINTER])
        write_plan(plan, folder, {"summer": 0, "winter": 1})
        return folder

    return make
