"""The plugin: preferences by name become requirements by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from gridhook import AreaError, Grid, Lots, Market, Rates, Requirement, Requirements, SettingError, hookimpl
from gridhook_preferences.file import Preference, PreferencesFileError, read_preferences

__all__ = ["Preferences"]


@attrs.define
class Preferences:
    """Puts requirements on the bids and offers of assets that have preferences.

    An asset that the file does not name trades freely. A partner that no area is called holds the lot.

    ``file``
        requirements.json, relative to the configuration file.
    """

    file: Path
    _by_asset: Mapping[str, tuple[Preference, ...]] = attrs.field(init=False)

    @_by_asset.default
    def _read(self) -> Mapping[str, tuple[Preference, ...]]:
        try:
            return read_preferences(self.file)
        except PreferencesFileError as error:
            raise SettingError(str(error), "file") from error

    def named_assets(self) -> Mapping[str, str]:
        """Return the assets that have preferences; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {f'file["{asset}"]': asset for asset in self._by_asset}

    def named_areas(self) -> Mapping[str, str]:
        """Return the partners, which may be homes; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {
            f'file["{asset}"][{entry}]["Trading Partners"][{number}]': partner
            for asset, preferences in self._by_asset.items()
            for entry, preference in enumerate(preferences)
            for number, partner in enumerate(preference.partners)
        }

    @hookimpl
    def require(self, lots: Lots, rates: Rates, market: Market) -> Requirements:
        """Return the preferences of these lots; see :class:`gridhook.hookspecs.RequirementsSpec`."""
        del rates
        alternatives: dict[int, tuple[Requirement, ...]] = {}
        held: set[int] = set()
        names = zip(lots.name.tolist(), lots.path.tolist(), lots.energy_kwh.tolist(), strict=True)
        for row, (name, path, energy) in enumerate(names):
            preferences = self._by_asset.get(path) or self._by_asset.get(name)
            if preferences is None:
                continue
            resolved = [_resolve(preference, energy, market.grid) for preference in preferences]
            if any(one is None for one in resolved):
                held.add(row)
            else:
                alternatives[row] = tuple(one for one in resolved if one is not None)
        return Requirements(alternatives, frozenset(held))


def _resolve(preference: Preference, energy_kwh: float, grid: Grid) -> Requirement | None:
    """Return the requirement, or None if a partner is not to be found."""
    partners = _ids(preference.partners, grid)
    if partners is None:
        return None
    limit = None if preference.energy_kwh is None else min(preference.energy_kwh, energy_kwh)
    return Requirement(partners, preference.energy_types, limit, preference.rate)


def _ids(names: Sequence[str], grid: Grid) -> tuple[str, ...] | None:
    ids: list[str] = []
    for name in names:
        try:
            area = grid.tree.find(name)
        except AreaError:
            return None
        ids += (grid.tree.ids[position] for position in grid.tree.below(area))
    return tuple(dict.fromkeys(ids))
