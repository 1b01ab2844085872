"""The plugin: preferences by name become requirements by id."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import attrs
import pendulum

from gridhook import AreaError, Lots, Market, Rates, Requirement, Requirements, SettingError, hookimpl
from gridhook.assets import ASSET_KINDS, PV
from gridhook.errors import did_you_mean, nearest
from gridhook.grid import Tree
from gridhook.lots import BID, DUST_KWH, OFFER, Lot
from gridhook.settings import MISSING
from gridhook_preferences.file import PreferencesFileError
from gridhook_preferences.kept import KeptFile
from gridhook_preferences.partners import Partners
from gridhook_preferences.preference import Preference

__all__ = ["Preferences"]

_log = logging.getLogger(__name__)

_TYPE_OF_KIND = {PV: "PV"}
_ByAsset = Mapping[str, tuple[Preference, ...]]


@attrs.define
class Preferences:
    """Puts requirements on the bids and offers of assets that have preferences, and tells the kind of offered energy.

    An asset that has none, or empty ones, trades freely. Several sets of an asset are alternatives. A partner that no
    area is called holds the lot.

    ``file``
        requirements.json as the original has it, or TOML with a table ``assets`` as below; relative to the
        configuration file. It is read again at each slot if it has changed; while it makes no sense, what was read
        before holds.
    ``assets``
        preferences in the configuration itself: by name or path of an asset a list of tables with ``partners``
        (names or paths of assets, or of markets, which stand for all in them), ``energy_types``, ``energy_kwh`` (at
        most, per order) and ``rate`` (cents/kWh; else the strategy's). An asset is in here or in the file.
    ``energy_types``
        kinds of the energy that assets offer, by path, name or kind of asset, the first of these that there is; "" is
        none. PVs offer "PV" (PROTOCOL.md 6.5), other assets nothing in particular.
    ``on_ignored``
        what becomes of lots with preferences where the exchange does not keep to them: ``hold``, or ``trade`` as if
        there were none.
    """

    file: Path | None = None
    assets: dict[str, tuple[Preference, ...]] = attrs.field(factory=dict)
    energy_types: dict[str, str] = attrs.field(factory=dict)
    on_ignored: Literal["hold", "trade"] = "hold"
    _kept: KeptFile | None = attrs.field(init=False)
    _slot: pendulum.DateTime | None = attrs.field(init=False, default=None)
    _partners: Partners | None = attrs.field(init=False, default=None)
    _told: set[str] = attrs.field(init=False, factory=set)

    @_kept.default
    def _read(self) -> KeptFile | None:
        if self.file is None:
            return None
        try:
            return KeptFile(self.file)
        except PreferencesFileError as error:
            raise SettingError(str(error), "file") from error

    def __attrs_post_init__(self) -> None:
        if self.file is None and not self.assets and not self.energy_types:
            raise SettingError(MISSING, "file")
        for asset in self.assets.keys() & self._in_file.keys():
            msg = f"{asset!r} is in {self.file}, too"
            raise SettingError(msg, "assets")

    def named_assets(self) -> Mapping[str, str]:
        """Return the assets that have preferences; see :class:`gridhook.plugins.naming.NamingSpec`."""
        offering = [asset for asset in self.energy_types if asset not in ASSET_KINDS]
        places = {"file": self._in_file, "assets": self.assets, "energy_types": offering}
        return {f'{place}["{asset}"]': asset for place, assets in places.items() for asset in assets}

    def named_areas(self) -> Mapping[str, str]:
        """Return the partners, which may be homes; see :class:`gridhook.plugins.naming.NamingSpec`."""
        forms = (("file", self._in_file, "Trading Partners"), ("assets", self.assets, "partners"))
        return {
            f'{place}["{asset}"][{entry}]["{key}"][{number}]': partner
            for place, by_asset, key in forms
            for asset, preferences in by_asset.items()
            for entry, preference in enumerate(preferences)
            for number, partner in enumerate(preference.partners)
        }

    @hookimpl
    def require(self, lots: Lots, rates: Rates, market: Market) -> Requirements:
        """Return the preferences of these lots; see :class:`gridhook.hookspecs.RequirementsSpec`."""
        del rates
        tree = market.grid.tree
        if market.slot != self._slot:
            self._slot = market.slot
            self._look_again(tree)
        if self._partners is None or self._partners.tree is not tree:
            self._partners = Partners(tree)
        alternatives: dict[int, tuple[Requirement, ...]] = {}
        held: set[int] = set()
        energy_types: dict[int, str] = {}
        for row, lot in enumerate(lots):
            if lot.side == OFFER and (energy_type := self._energy_type(lot)):
                energy_types[row] = energy_type
            preferences = self._preferences_of(lot)
            if not preferences:
                continue
            resolved = self._resolved(preferences, lot, self._partners)
            if not resolved:
                held.add(row)
            elif any(one != Requirement() for one in resolved):
                alternatives[row] = resolved
        waivable = frozenset(alternatives) if self.on_ignored == "trade" else frozenset()
        return Requirements(alternatives, frozenset(held), energy_types, waivable)

    @property
    def _in_file(self) -> _ByAsset:
        return {} if self._kept is None else self._kept.preferences

    def _preferences_of(self, lot: Lot) -> tuple[Preference, ...]:
        for name in (lot.path, lot.name):
            preferences = self.assets.get(name) or self._in_file.get(name)
            if preferences is not None:
                return preferences
        return ()

    def _energy_type(self, lot: Lot) -> str:
        known = (self.energy_types[key] for key in (lot.path, lot.name, lot.kind) if key in self.energy_types)
        return next(known, _TYPE_OF_KIND.get(lot.kind, ""))

    def _resolved(self, preferences: tuple[Preference, ...], lot: Lot, partners: Partners) -> tuple[Requirement, ...]:
        """Return the requirements; none where a partner is not to be found, or nothing may be traded."""
        requirements = []
        for preference in preferences:
            try:
                ids = partners.ids(lot.asset, preference.partners)
            except AreaError as error:
                self._tell(f"{lot.path} is held: a trading partner is not to be found: {error}")
                return ()
            limit = None if preference.energy_kwh is None else min(preference.energy_kwh, lot.energy_kwh)
            if preference.partners and not ids:
                self._tell(f"{lot.path} has no trading partner but itself, and trades with nobody")
                continue
            if limit is not None and limit <= DUST_KWH:
                continue
            energy_types = preference.energy_types if lot.side == BID else ()
            requirements.append(Requirement(ids, energy_types, limit, preference.rate))
        return tuple(requirements)

    def _look_again(self, tree: Tree) -> None:
        if self._kept is None or not self._kept.look_again():
            return
        self._told.clear()
        for asset in self._in_file:
            if asset in self.assets:
                _log.warning("%s: the preferences of %r in the configuration go first", self.file, asset)
            if asset not in tree.names and asset not in tree.paths:
                guess = did_you_mean(nearest(asset, tree.names))
                _log.warning("%s: no asset is called %r%s", self.file, asset, guess)

    def _tell(self, text: str) -> None:
        """Say something once; it may be so at each tick."""
        if text not in self._told:
            self._told.add(text)
            _log.warning("%s", text)
