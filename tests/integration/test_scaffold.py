"""A new distribution of each kind is built, installed with the core alone, passes its tests, and trades."""

import csv
import json

import pytest

from gridhook.scaffold import KINDS

# What trades with it shows that it was listened to.
EFFECTS = {
    "registration": lambda figures: figures["reasons"]["priced"],
    "forecasting": lambda figures: figures["forecasts"]["sent"],
    "pricing": lambda figures: figures["orders"],
    "requirements": lambda figures: figures["preferences"]["orders"],
    "settlement": lambda figures: figures["settlement"]["orders"],
    "observation": lambda figures: figures["trades"],
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_is_built_installed_tested_and_trades(kind, environment, wheels, build_wheel, pip, run, tmp_path):
    python = environment("gridhook")
    gridhook = (python, "-m", "gridhook")
    run(*gridhook, "plugins", "new", "night-rates", "--hook", kind, cwd=tmp_path)
    home = tmp_path / "gridhook-night-rates"
    wheel = build_wheel(tmp_path, home)
    install = (python, "install", "--quiet", "--no-compile", "--no-index", "--find-links", wheels)
    pip(*install, wheel)
    listed = json.loads(run(*gridhook, "plugins", "list", "--json"))
    assert [(row["name"], row["distribution"], row["problem"]) for row in listed] == [
        ("night-rates", "gridhook-night-rates", None)
    ]
    assert " passed" in run(python, "-m", "pytest", "-p", "no:cacheprovider", cwd=home).splitlines()[-1]

    pip(*install, "gridhook-exchange", "gridhook-claim", "gridhook-ramp")
    pip(python, "check")
    figures = json.loads(run(*gridhook, "run", home / "night-rates.toml", "--json", "--slots", "48"))
    called = [plugin for plugin in figures["plugins"] if plugin["name"] == "night-rates" and plugin["domain"] == kind]
    assert [plugin["calls"] > 0 and plugin["failures"] == 0 for plugin in called] == [True]
    assert figures["trades"] > 0
    assert EFFECTS[kind](figures) > 0
    if kind == "observation":
        with (home / "trades.csv").open(newline="", encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) >= figures["trades"]
