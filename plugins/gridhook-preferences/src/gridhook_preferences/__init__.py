"""Requirements: trade with chosen partners, of chosen energy types, up to chosen energies and rates."""

from gridhook_preferences.plugin import Preferences

__all__ = ["Preferences"]
