"""The test classes, as pytest collects them, and what they say."""

import subprocess
import sys
import textwrap
from unittest import SkipTest

import numpy as np
import pytest

import gridhook.testing
from gridhook import hookimpl
from gridhook.testing import ObservationTests, PricingTests, SettlementTests
from gridhook.testing.checks import BY_DOMAIN
from gridhook.testing.classes import ConformanceTests

CLASSES = [
    its
    for its in map(gridhook.testing.__dict__.get, gridhook.testing.__all__)
    if isinstance(its, type) and issubclass(its, ConformanceTests)
]


class Flat:
    @hookimpl
    def price_energy(self, lots):
        return np.full(len(lots), 12.0)


def run(cls, name):
    getattr(cls(), name)()


def names_in(cls):
    return {name for name in dir(cls) if name.startswith("test_")}


def test_there_is_a_class_for_each_domain_and_a_test_for_each_of_its_checks():
    assert len(CLASSES) == len(BY_DOMAIN)
    for cls, checks in zip(sorted(CLASSES, key=domain_of), sorted(BY_DOMAIN.items()), strict=True):
        names = {f"test_{check.name.replace(' ', '_').replace(',', '_')}" for check in checks[1]}
        whole = {f"test_{name}" for name in ("loads", "unknown_settings_refused", "named_areas", "simulated_slots")}
        assert names_in(cls) == names | whole | {"test_wrong_settings_refused"}


def domain_of(cls):
    return {"GridOperatorTests": "grid_fees"}.get(cls.__name__, cls.__name__.removesuffix("Tests").lower())


def test_only_subclasses_are_tests():
    assert not any(cls.__test__ for cls in CLASSES)
    assert type("TestFlat", (PricingTests,), {"plugin": Flat}).__test__


def test_a_plugin_of_another_domain_fails():
    cls = type("TestFlat", (SettlementTests,), {"plugin": Flat})
    with pytest.raises(AssertionError, match="implements price_energy, and none of measure_energy, settle_deviations"):
        run(cls, "test_loads")
    with pytest.raises(SkipTest, match="measure_energy is not implemented; settle_deviations is not implemented"):
        run(cls, "test_every_kind_of_asset")


def test_a_class_without_a_plugin_says_so():
    with pytest.raises(AssertionError, match=r"TestNothing has no plugin; set plugin = YourPlugin"):
        run(type("TestNothing", (ObservationTests,), {}), "test_loads")


def test_all_hooks_of_a_domain_are_in_one_test():
    class Both(Flat):
        @hookimpl
        def adjust_rates(self, rates):
            return rates[1:]

    cls = type("TestBoth", (PricingTests,), {"plugin": Both})
    with pytest.raises(AssertionError, match=r"^adjust_rates, single row: has to answer float64"):
        run(cls, "test_single_row")


TESTS = """
import attrs, numpy as np, pytest
from gridhook import hookimpl
from gridhook.testing import ForecastingTests, PricingTests

@attrs.define
class Night:
    rate: float = attrs.field(default=1.0, validator=attrs.validators.ge(0))

    @hookimpl
    def price_energy(self, lots):
        return np.full(len(lots), self.rate)

class TestNight(PricingTests):
    plugin = Night
    settings = {"rate": 12.0}
    refused_settings = ({"rate": -1.0},)

class TestInAFixture(PricingTests):
    plugin = Night

    @pytest.fixture(autouse=True)
    def _settings(self, tmp_path):
        self.settings, self.base = {"rate": 2.0}, tmp_path

class TestRefused(PricingTests):
    plugin = Night
    settings = {"rate": -12.0}
"""


@pytest.mark.thorough
def test_pytest_runs_them(tmp_path):
    (tmp_path / "test_night.py").write_text(textwrap.dedent(TESTS), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rfs", "-p", "no:cacheprovider", "-p", "no:xdist", tmp_path.name]
    run = subprocess.run(command, cwd=tmp_path.parent, capture_output=True, text=True, check=False)
    failed = [line for line in run.stdout.splitlines() if line.startswith("FAILED")]
    assert [line.split(" - ")[0].rpartition("/")[2] for line in failed] == ["test_night.py::TestRefused::test_loads"]
    assert "AssertionError: loads: plugins.night.rate: " in run.stdout
    assert "ForecastingTests" not in run.stdout
    assert "the plugin cannot be loaded" in run.stdout
