"""gridhook: trade energy assets on local energy markets by composing plugins.

This is what a plugin author imports; everything else is internal. Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridhook.assets import ASSET_KINDS, Asset, Assets
    from gridhook.claims import Claim
    from gridhook.errors import (
        AmbiguousAreaError,
        AreaError,
        ConfigError,
        ExchangeError,
        GridhookError,
        Problem,
        SettingError,
        UnknownAreaError,
    )
    from gridhook.figures import Figures, SessionInfo
    from gridhook.grid import Deviations, Grid, MarketStats, Tree
    from gridhook.hookspecs import hookimpl
    from gridhook.lifting import per_lot
    from gridhook.lots import Lot, Lots
    from gridhook.market import Market, Markets
    from gridhook.orders import HOLD, Energies, Orders, Rates, Requirement, Requirements
    from gridhook.reasons import Reason

__all__ = [
    "ASSET_KINDS",
    "HOLD",
    "AmbiguousAreaError",
    "AreaError",
    "Asset",
    "Assets",
    "Claim",
    "ConfigError",
    "Deviations",
    "Energies",
    "ExchangeError",
    "Figures",
    "Grid",
    "GridhookError",
    "Lot",
    "Lots",
    "Market",
    "MarketStats",
    "Markets",
    "Orders",
    "Problem",
    "Rates",
    "Reason",
    "Requirement",
    "Requirements",
    "SessionInfo",
    "SettingError",
    "Tree",
    "UnknownAreaError",
    "hookimpl",
    "per_lot",
]

_MODULES = {
    "assets": ("ASSET_KINDS", "Asset", "Assets"),
    "claims": ("Claim",),
    "errors": (
        "AmbiguousAreaError",
        "AreaError",
        "ConfigError",
        "ExchangeError",
        "GridhookError",
        "Problem",
        "SettingError",
        "UnknownAreaError",
    ),
    "figures": ("Figures", "SessionInfo"),
    "grid": ("Deviations", "Grid", "MarketStats", "Tree"),
    "hookspecs": ("hookimpl",),
    "lifting": ("per_lot",),
    "lots": ("Lot", "Lots"),
    "market": ("Market", "Markets"),
    "orders": ("HOLD", "Energies", "Orders", "Rates", "Requirement", "Requirements"),
    "reasons": ("Reason",),
}
_HOMES = {name: f"gridhook.{module}" for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("gridhook")
    if name not in _HOMES:
        msg = f"module 'gridhook' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
