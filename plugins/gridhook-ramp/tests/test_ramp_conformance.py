"""Both plugins do what the specification asks for."""

from gridhook.testing import PricingTests
from gridhook_ramp import Fixed, Ramp


class TestRamp(PricingTests):
    plugin = Ramp
    refused_settings = ({"steps": 0}, {"final_at": 1.5}, {"fees": "none"})


class TestRampToTarget(PricingTests):
    plugin = Ramp
    settings = {"fee_target": "Home 1", "fees": "percent"}


class TestFixed(PricingTests):
    plugin = Fixed
    settings = {"rate": 12.0, "rates": {"load": 20.0, "Battery 1": {"bid": 8.0, "offer": 14.0}}}
    refused_settings = ({"rate": -1.0}, {"rates": {"load": {"bid": 9.0, "offer": 8.0}}})
