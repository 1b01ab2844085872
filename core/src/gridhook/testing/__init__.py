"""For tests of plugins: conformance checks, and tables, grids and markets in one line each.

A test of a strategy needs neither an exchange nor a configuration::

    from gridhook.testing import make_lots, make_market

    lots = make_lots({"kind": "load", "energy_kwh": 1.0, "grid_fee": 2.0})
    rates = MyStrategy().price_energy(lots, make_market(feed_in_rate=8.0, market_maker_rate=30.0))
"""

from gridhook.testing.builders import SLOT, make_assets, make_grid, make_lots, make_market, make_markets, make_tree
from gridhook.testing.checking import check_plugin
from gridhook.testing.classes import (
    ForecastingTests,
    GridOperatorTests,
    ObservationTests,
    PricingTests,
    RegistrationTests,
    RequirementsTests,
    SettlementTests,
)
from gridhook.testing.conformance import Conformance, Finding
from gridhook.testing.links import LinkTests
from gridhook.testing.simulation.appliances import Appliance, battery, load, pv
from gridhook.testing.simulation.day import AssetDay, Day, SentEnergy
from gridhook.testing.simulation.simulating import simulate

__all__ = [
    "SLOT",
    "Appliance",
    "AssetDay",
    "Conformance",
    "Day",
    "Finding",
    "ForecastingTests",
    "GridOperatorTests",
    "LinkTests",
    "ObservationTests",
    "PricingTests",
    "RegistrationTests",
    "RequirementsTests",
    "SentEnergy",
    "SettlementTests",
    "battery",
    "check_plugin",
    "load",
    "make_assets",
    "make_grid",
    "make_lots",
    "make_market",
    "make_markets",
    "make_tree",
    "pv",
    "simulate",
]
