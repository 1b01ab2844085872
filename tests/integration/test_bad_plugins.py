"""A plugin that does wrong harms nothing but its own answer, and the message names it."""

import json

import pytest

PLUGINS = """
import sys, time
import numpy as np
from gridhook import Orders, hookimpl, per_lot

class Raises:
    @hookimpl
    def price_energy(self, lots):
        raise RuntimeError("the price feed is gone")

class Exits:
    @hookimpl
    def price_energy(self, lots):
        sys.exit(3)

class Interrupts:
    @hookimpl
    def price_energy(self, lots):
        raise KeyboardInterrupt

class WrongLength:
    @hookimpl
    def price_energy(self, lots):
        return [1.0] * (len(lots) + 1)

class WrongType:
    @hookimpl
    def price_energy(self, lots):
        return "20 cents"

class TooMuch:
    @hookimpl
    def price_energy(self, lots):
        return Orders([0], [20.0], [1e6])

class Writes:
    @hookimpl
    def price_energy(self, lots):
        lots.energy_kwh[:] = 0

class Hangs:
    @hookimpl
    def price_energy(self, lots):
        while True:
            pass

class Sleeps:
    @hookimpl
    def price_energy(self, lots):
        time.sleep(3600)

class Prints:
    @hookimpl
    def price_energy(self, lots):
        print("hello from a plugin")

class Misspelt:
    @hookimpl
    def price_enery(self, lots):
        return None

class MisspeltArgument:
    @hookimpl
    def price_energy(self, lot):
        return None

class Observer:
    @hookimpl
    def event_received(self, event):
        raise ValueError("cannot look")
"""

FAILING = {
    "raises": "the price feed is gone",
    "exits": "SystemExit: 3",
    "interrupts": "KeyboardInterrupt",
    "wrong-length": "one rate per lot",
    "wrong-type": "one rate per lot",
    "too-much": "of",
    "writes": "read-only",
    "hangs": "did not answer within 0.05 s",
    "sleeps": "did not answer within 0.05 s",
}


@pytest.fixture
def zoo(tmp_path):
    """A distribution of bad plugins beside the configuration; returns the environment that finds it."""
    site = tmp_path / "site"
    info = site / "zoo-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "zoo.py").write_text(PLUGINS, encoding="utf-8")
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: zoo\nVersion: 1.0\nRequires-Dist: gridhook<0.2\n", encoding="utf-8"
    )
    classes = [line.split()[1].rstrip(":") for line in PLUGINS.splitlines() if line.startswith("class ")]
    names = ["".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-") for name in classes]
    lines = [f"{name} = zoo:{cls}" for name, cls in zip(names, classes, strict=True)]
    (info / "entry_points.txt").write_text("[gridhook]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return {"PYTHONPATH": str(site)}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Members of a few slots of the demo without any bad plugin."""
    from gridhook.deployment import prepare

    figures = prepare(slots=6).open().run().to_json()
    return figures["members"], figures["trades"]


@pytest.mark.parametrize(("name", "message"), FAILING.items())
def test_the_next_plugin_on_the_route_gets_the_rows_and_all_trade_as_without(
    gridhook, tmp_path, zoo, undisturbed, name, message
):
    (tmp_path / "bad.toml").write_text(
        f'[pricing]\nuse = ["{name}", "ramp"]\n[guard]\ntimeout_seconds = 0.05\n', encoding="utf-8"
    )
    outcome = gridhook("run", "bad.toml", "--json", "--slots", "6", **zoo)
    assert outcome.returncode == 0, outcome.stderr
    figures = json.loads(outcome.stdout)
    assert (figures["members"], figures["trades"]) == undisturbed
    (bad,) = [plugin for plugin in figures["plugins"] if plugin["name"] == name]
    # Three failures in a row, then the bench until the next slot, where one more failure benches it again.
    assert bad["failures"] == bad["calls"] == 3 + 5
    assert f"plugin '{name}' failed in price_energy for Grid/" in outcome.stderr
    assert message in outcome.stderr
    assert outcome.stderr.count("it is benched until the next slot") <= 1


def test_alone_on_its_route_it_leaves_its_assets_without_orders_and_others_with_theirs(gridhook, tmp_path, zoo):
    (tmp_path / "bad.toml").write_text(
        '[pricing]\nuse = ["ramp"]\n[pricing.routes]\n"Home 04 Load" = ["raises"]\n[settlement]\nuse = []\n',
        encoding="utf-8",
    )
    outcome = gridhook("run", "bad.toml", "--json", "--slots", "6", **zoo)
    figures = json.loads(outcome.stdout)
    bought = {member["name"]: member["bought_kWh"] for member in figures["members"]}
    assert bought["Home 04"] == 0
    assert bought["Home 07"] > 0
    assert figures["reasons"]["plugin_failed"] == 6 * 10


def test_what_a_plugin_prints_does_not_get_between_the_figures(gridhook, tmp_path, zoo):
    (tmp_path / "bad.toml").write_text('[pricing]\nuse = ["prints", "ramp"]\n', encoding="utf-8")
    outcome = gridhook("run", "bad.toml", "--json", "--slots", "2", **zoo)
    assert json.loads(outcome.stdout)["slots"] == 2
    assert "hello from a plugin" in outcome.stderr


def test_an_observer_that_raises_is_reported_once_and_the_session_goes_on(gridhook, tmp_path, zoo, undisturbed):
    (tmp_path / "bad.toml").write_text("[plugins.observer]\n", encoding="utf-8")
    outcome = gridhook("run", "bad.toml", "--json", "--slots", "6", **zoo)
    assert json.loads(outcome.stdout)["members"] == undisturbed[0]
    assert outcome.stderr.count("cannot look") == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("misspelt", "implements 'price_enery', which is no hook; did you mean 'price_energy'"),
        ("misspelt-argument", "{'lot'}"),
    ],
)
def test_a_misspelt_hook_or_argument_is_an_error_at_load(gridhook, tmp_path, zoo, name, message):
    (tmp_path / "bad.toml").write_text(f'[pricing]\nuse = ["{name}"]\n', encoding="utf-8")
    outcome = gridhook("run", "bad.toml", **zoo)
    assert outcome.returncode == 2
    assert outcome.stdout == ""
    assert f"'{name}'" in outcome.stderr
    assert message in outcome.stderr
    assert "Traceback" not in outcome.stderr
