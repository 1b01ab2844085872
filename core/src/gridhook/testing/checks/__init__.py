"""The checks of a plugin: of the whole, and of each domain's hooks."""

from __future__ import annotations

from collections.abc import Mapping

from gridhook.testing.checks.check import Check, make_check
from gridhook.testing.checks.forecasting import FORECASTING
from gridhook.testing.checks.gridoperator import GRID_FEES
from gridhook.testing.checks.observation import OBSERVATION
from gridhook.testing.checks.played import PLAYED
from gridhook.testing.checks.pricing import PRICING
from gridhook.testing.checks.registration import REGISTRATION
from gridhook.testing.checks.requirements import REQUIREMENTS
from gridhook.testing.checks.settlement import SETTLEMENT
from gridhook.testing.checks.whole import LOADS, REFUSES, WHOLE

__all__ = ["BY_DOMAIN", "LOADS", "PLAYED", "REFUSES", "WHOLE", "Check", "make_check"]

BY_DOMAIN: Mapping[str, tuple[Check, ...]] = {
    "registration": REGISTRATION,
    "forecasting": FORECASTING,
    "pricing": PRICING,
    "requirements": REQUIREMENTS,
    "settlement": SETTLEMENT,
    "grid_fees": GRID_FEES,
    "observation": OBSERVATION,
}
"""The checks of each domain's hooks."""
