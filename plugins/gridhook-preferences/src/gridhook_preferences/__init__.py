"""Requirements: trade with chosen partners, of chosen energy types, up to chosen energies and rates."""

from gridhook_preferences.plugin import Preferences
from gridhook_preferences.preference import Preference

__all__ = ["Preference", "Preferences"]
