"""Settlement: measurements, and orders for energy that was not as traded."""

from gridhook_deviations.plugin import Deviations

__all__ = ["Deviations"]
