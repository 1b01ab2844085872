"""Running gridhook as its users do: the command in a process of its own, or a configuration in this one."""

import datetime
import os
import subprocess
import sys
import tomllib
import venv
from functools import partial
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gridhook.deployment import prepare
from gridhook_exchange.generate.plan import Period, Wishes, draw_plan
from gridhook_exchange.generate.writing import write_plan

ROOT = Path(__file__).parents[2]
MEMBERS = [ROOT / "core", *sorted((ROOT / "plugins").iterdir())]
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


@pytest.fixture(scope="session")
def run():
    """Run a command that sees none of this checkout's sources; returns what it prints."""

    def call(*command, **options):
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        words = [str(part) for part in command]
        outcome = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, **options)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.stdout

    return call


@pytest.fixture(scope="session")
def build_wheel():
    """Build wheels with the flit_core of this environment, without asking an index; returns the last one's path."""
    code = (
        "import os, sys; from flit_core import buildapi; "
        "print(*[(os.chdir(one), buildapi.build_wheel(sys.argv[1]))[1] for one in sys.argv[2:]], sep='\\n')"
    )

    def build(target, *sources):
        words = [sys.executable, "-c", code, *map(str, (target, *sources))]
        outcome = subprocess.run(words, capture_output=True, text=True, check=False)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return target / outcome.stdout.splitlines()[-1]

    return build


@pytest.fixture(scope="session")
def pip():
    """Run the pip of this environment for another one, which needs none of its own."""

    def call(python, *arguments):
        command = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
        outcome = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)
        if outcome.returncode and not os.environ.get("GRIDHOOK_CI") and "No matching distribution" in outcome.stderr:
            pytest.skip("no package index can be reached for what our wheels depend on")
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.stdout

    return call


@pytest.fixture(scope="session")
def wheels(tmp_path_factory, build_wheel):
    """A folder with the wheels of all distributions of the workspace."""
    folder = tmp_path_factory.mktemp("wheels")
    build_wheel(folder, *MEMBERS)
    return folder


@pytest.fixture(scope="session")
def others(tmp_path_factory):
    """A folder with what our distributions say they need, and with pytest: the installed ones, and none of ours."""
    folder = tmp_path_factory.mktemp("others")
    projects = [tomllib.loads((member / "pyproject.toml").read_text(encoding="utf-8"))["project"] for member in MEMBERS]
    needed, found = ["pytest", *(one for project in projects for one in project["dependencies"])], set()
    while needed:
        requirement = Requirement(needed.pop())
        is_meant = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        name = canonicalize_name(requirement.name)
        if name in found or name.startswith("gridhook") or not is_meant:
            continue
        found.add(name)
        distribution = metadata.distribution(name)
        needed += distribution.requires or ()
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            (folder / top).symlink_to(distribution.locate_file(top))
    return folder


@pytest.fixture
def environment(tmp_path, wheels, others, pip):
    """Make a new virtual environment with some of our wheels; what others published is on its path."""

    def make(*names):
        folder = tmp_path / "environment"
        venv.create(folder)
        python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        (site,) = folder.rglob("site-packages")
        (site / "others.pth").write_text(str(others), encoding="utf-8")
        pip(python, "install", "--quiet", "--no-compile", "--no-index", "--find-links", wheels, *names)
        return python

    return make
