"""Pricing: ``fixed`` rates, and the ``ramp`` between feed-in tariff and market-maker rate."""

from gridhook_ramp.fixed import Fixed
from gridhook_ramp.ramp import Ramp

__all__ = ["Fixed", "Ramp"]
