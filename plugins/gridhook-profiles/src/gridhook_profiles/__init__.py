"""Forecasting: constant, or from a CSV profile."""

from gridhook_profiles.plugin import Profiles

__all__ = ["Profiles"]
