"""Grid fees for who operates markets: fixed, by the time of the day, and by what a market imports and exports."""

from gridhook_fees.fixed import FixedFees
from gridhook_fees.threshold import ThresholdFees
from gridhook_fees.timeofuse import TimeOfUseFees

__all__ = ["FixedFees", "ThresholdFees", "TimeOfUseFees"]
