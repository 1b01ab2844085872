"""The fixed plugin."""

from pathlib import Path

import numpy as np
import pytest

from gridhook.settings import read_settings
from gridhook.testing import make_lots
from gridhook_ramp import Fixed
from gridhook_ramp.fixed import SideRates

LOTS = make_lots(
    {"kind": "load", "name": "Load", "path": "Grid/House/Load"},
    {"kind": "pv", "name": "PV"},
    {"kind": "storage", "name": "Battery", "side": "bid"},
    {"kind": "storage", "name": "Battery", "side": "offer"},
)


def read(**settings):
    fixed, problems = read_settings(Fixed, settings, base=Path(), at="plugins.fixed")
    return fixed, [str(problem) for problem in problems]


def test_the_rate_is_10_cents_unless_it_is_given():
    assert Fixed().price_energy(LOTS).tolist() == [10.0, 10.0, 10.0, 10.0]
    assert Fixed(rate=12.5).price_energy(LOTS).tolist() == [12.5, 12.5, 12.5, 12.5]


@pytest.mark.parametrize(
    ("rates", "priced"),
    [
        ({"load": 12}, [12.0, 10.0, 10.0, 10.0]),
        ({"pv": 9.0, "PV": 8.0}, [10.0, 8.0, 10.0, 10.0]),
        ({"Grid/House/Load": 1.0, "Load": 2.0, "load": 3.0}, [1.0, 10.0, 10.0, 10.0]),
        ({"storage": {"bid": 8.0, "offer": 14.0}}, [10.0, 10.0, 8.0, 14.0]),
        ({"storage": {"bid": 8.0, "offer": 14.0}, "Battery": 11.0}, [10.0, 10.0, 11.0, 11.0]),
    ],
)
def test_rates_are_by_kind_name_or_path_and_the_most_specific_one_counts(rates, priced):
    fixed, problems = read(rates=rates)
    assert problems == []
    assert fixed.price_energy(LOTS).tolist() == priced


def test_assets_are_named_and_kinds_are_not():
    fixed = Fixed(rates={"load": 1.0, "Home 1 Load": 2.0, "smart-meter": SideRates(1.0, 2.0)})
    assert fixed.named_assets() == {'rates."Home 1 Load"': "Home 1 Load"}


def test_no_lots_get_no_rates():
    assert np.array_equal(Fixed().price_energy(make_lots()), [])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"rate": -1.0}, "plugins.fixed.rate: 'rate' must be >= 0"),
        ({"rates": {"load": -1.0}}, "plugins.fixed.rates: the rate of 'load' has to be 0 or more, not -1"),
        ({"rates": {"load": "dear"}}, "plugins.fixed.rates.load: has to be a number, not 'dear'"),
        ({"rates": {"storage": {"bid": 8.0}}}, "plugins.fixed.rates.storage.offer: is missing"),
        (
            {"rates": {"storage": {"bid": 14.0, "offer": 8.0}}},
            "plugins.fixed.rates.storage: bid (14) is above offer (8): it would buy dearer than it sells",
        ),
    ],
)
def test_what_is_no_rate_is_refused_with_its_place(settings, problem):
    fixed, problems = read(**settings)
    assert fixed is None
    (found,) = problems
    assert found.startswith(problem)
