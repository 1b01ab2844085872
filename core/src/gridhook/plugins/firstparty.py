"""First-party names: what the project's own distributions provide, and what nobody else may.

A plugin that calls itself like one of these would take its place unnoticed in every configuration that names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["OWNERS"]

OWNERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "gridhook": {
            "claim": "gridhook-claim",
            "deviations": "gridhook-deviations",
            "fixed": "gridhook-ramp",
            "fixed-fees": "gridhook-fees",
            "preferences": "gridhook-preferences",
            "profiles": "gridhook-profiles",
            "ramp": "gridhook-ramp",
            "threshold-fees": "gridhook-fees",
            "time-of-use-fees": "gridhook-fees",
        },
        "gridhook.exchanges": {
            "embedded": "gridhook-exchange",
            "gsy+http": "gridhook-gsy",
            "gsy+https": "gridhook-gsy",
            "redis": "gridhook-redis",
            "rediss": "gridhook-redis",
        },
        "gridhook.commands": {
            "community": "gridhook-exchange",
            "config": "gridhook",
            "doctor": "gridhook",
            "plugins": "gridhook",
            "replay": "gridhook",
            "run": "gridhook",
            "serve": "gridhook-exchange",
            "users": "gridhook-exchange",
            "why": "gridhook",
        },
    }
)
"""The distribution that each name belongs to, by entry-point group and name."""
