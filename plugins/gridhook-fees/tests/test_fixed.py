"""Fixed fees."""

import logging

import numpy as np
import pytest

from gridhook.settings import read_settings
from gridhook.testing import SLOT, make_markets
from gridhook_fees import FixedFees

MARKETS = make_markets(
    {"name": "Grid", "path": "Grid", "current_market_fee": 1.0},
    {"name": "Street", "path": "Grid/North/Street"},
    {"name": "Street", "path": "Grid/South/Street"},
)


def test_every_market_has_the_templates_fee_unless_told_otherwise():
    assert FixedFees().set_grid_fees(MARKETS, SLOT).tolist() == [10.0, 10.0, 10.0]
    assert FixedFees(fee=0.0).set_grid_fees(MARKETS, SLOT).tolist() == [0.0, 0.0, 0.0]


def test_a_market_may_have_a_fee_of_its_own_by_path_or_name():
    plugin = FixedFees(fee=3.0, markets={"Street": 2.0, "Grid/South/Street": 0.0})
    assert plugin.set_grid_fees(MARKETS, SLOT).tolist() == [3.0, 2.0, 0.0]
    assert plugin.named_areas() == {"markets.Street": "Street", 'markets."Grid/South/Street"': "Grid/South/Street"}


def test_current_and_next_fees_are_listed_in_the_log(caplog):
    caplog.set_level(logging.INFO, "gridhook_fees")
    FixedFees().set_grid_fees(MARKETS, SLOT)
    (message,) = caplog.messages
    assert message == (
        "grid fees from 2026-06-15T10:00Z on, cents/kWh:\n"
        "  market               now    next\n"
        "  Grid               1.000  10.000\n"
        "  Grid/North/Street      -  10.000\n"
        "  Grid/South/Street      -  10.000"
    )


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"fee": -1}, "plugins.fixed-fees.fee"),
        ({"fee": "10"}, "plugins.fixed-fees.fee"),
        ({"markets": {"Grid": -1}}, "plugins.fixed-fees.markets"),
    ],
)
def test_mistakes_in_the_settings_are_named(tmp_path, settings, path):
    _, (problem,) = read_settings(FixedFees, settings, base=tmp_path, at="plugins.fixed-fees")
    assert problem.path == path


def test_who_operates_no_market_may_be_asked_all_the_same():
    assert FixedFees().set_grid_fees(make_markets(), SLOT).dtype == np.float64
