"""Distributions as they are published: wheels in new environments, and a strategy of a stranger's."""

import json
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = {member.name: member for member in [ROOT / "core", *sorted((ROOT / "plugins").iterdir())]}

STRATEGY = '''\
"""Everything is worth the mean of the two tariffs."""

from gridhook import hookimpl, per_lot


@hookimpl
@per_lot
def price_energy(lot, market):
    return (market.feed_in_rate + market.market_maker_rate) / 2
'''

PYPROJECT = """\
[build-system]
requires = ["flit_core>=3.12"]
build-backend = "flit_core.buildapi"

[project]
name = "gridhook-midway"
version = "1.0"
description = "Everything is worth the mean of the two tariffs."
dependencies = ["gridhook>=0.1,<0.2"]

[project.entry-points.gridhook]
midway = "gridhook_midway"
"""


def installed(pip, python):
    return {one["name"]: one["version"] for one in json.loads(pip(python, "list", "--format", "json"))}


@pytest.mark.thorough
def test_the_core_and_one_plugin_bring_nothing_else_along(wheels, pip, run, tmp_path):
    """In an environment of their own, with what they need from an index."""
    python = tmp_path / "environment" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    venv.create(tmp_path / "environment")
    # Ours from the folder and from nowhere else; then what they depend on.
    install = (python, "install", "--quiet", "--no-compile", "--find-links", wheels, "gridhook", "gridhook-ramp")
    pip(*install, "--no-index", "--no-deps")
    pip(*install)
    names = installed(pip, python)
    assert {name for name in names if name.startswith("gridhook")} == {"gridhook", "gridhook-ramp"}
    for other in ("requests", "websockets", "redis", "pandas", "starlette"):
        assert other not in names
    listed = json.loads(run(python, "-m", "gridhook", "plugins", "list", "--json"))
    assert [row["name"] for row in listed] == ["fixed", "ramp"]
    outcome = subprocess.run([str(python), "-m", "gridhook", "run"], capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert "pip install gridhook-exchange" in outcome.stderr


@pytest.mark.thorough
def test_a_strangers_strategy_is_found_routed_to_and_prices_orders(environment, build_wheel, pip, run, tmp_path):
    """A distribution of its own, installed with the core and the exchange and none of our pricing plugins."""
    source = tmp_path / "gridhook-midway"
    source.mkdir()
    (source / "gridhook_midway.py").write_text(STRATEGY, encoding="utf-8")
    (source / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    wheel = build_wheel(tmp_path, source)
    python = environment("gridhook", "gridhook-exchange", "gridhook-claim")
    pip(python, "install", "--quiet", "--no-index", wheel)
    config = tmp_path / "gridhook.toml"
    config.write_text(
        '[exchange]\nurl = "embedded:demo"\n[pricing]\nuse = []\n'
        '[pricing.routes]\nload = ["midway"]\npv = ["midway"]\n',
        encoding="utf-8",
    )
    figures = json.loads(run(python, "-m", "gridhook", "run", config, "--json", "--slots", "48"))
    (midway,) = [plugin for plugin in figures["plugins"] if plugin["domain"] == "pricing"]
    assert midway == {"name": "midway", "domain": "pricing", "version": "1.0", "calls": 480, "failures": 0}
    assert figures["orders"] > 48 * 12
    assert figures["trades"] > 0
    # Nobody prices the batteries: three of them, both sides, at ten ticks.
    assert figures["reasons"]["declined"] >= 3 * 2 * 10 * 48


@pytest.mark.thorough
def test_who_installs_a_changed_checkout_gets_what_it_has_now(pip, tmp_path):
    """Pip keeps the wheel of a folder whose name looks like `name-version`, and installs it again in its place."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [one.replace("{root:uri}", ROOT.as_uri()) for one in root["dependencies"]]
    offline = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    pip(sys.executable, "wheel", *offline, "--cache-dir", tmp_path / "cache", "-w", tmp_path / "out", *requirements)
    assert len(list((tmp_path / "out").glob("*.whl"))) == len(MEMBERS)
    assert list((tmp_path / "cache").rglob("*.whl")) == []
