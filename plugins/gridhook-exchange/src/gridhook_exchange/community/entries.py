"""Entries of a community file as text, for whatever writes one."""

from __future__ import annotations

import json
from collections.abc import Mapping

__all__ = ["battery_entry", "market_entry", "metered_entry", "quoted"]


def market_entry(name: str, parent: str | None, fee: float) -> list[str]:
    """Return the lines of a market; without a parent it is the root."""
    above = [] if parent is None else [f"parent = {quoted(parent)}"]
    charge = [f"fee = {fee}"] if fee else []
    return ["[[markets]]", f"name = {quoted(name)}", *above, *charge, ""]


def metered_entry(kind: str, name: str, market: str, profile: Mapping[str, str]) -> list[str]:
    """Return the lines of an asset with a profile.

    :param kind: its table: ``loads``, ``pvs`` or ``smart_meters``.
    """
    written = ", ".join(f"{key} = {quoted(value)}" for key, value in profile.items())
    return [f"[[{kind}]]", f"name = {quoted(name)}", f"market = {quoted(market)}", f"profile = {{ {written} }}", ""]


def battery_entry(name: str, market: str, capacity_kwh: float, power_kw: float) -> list[str]:
    """Return the lines of a battery."""
    return [
        "[[storages]]",
        f"name = {quoted(name)}",
        f"market = {quoted(market)}",
        f"capacity_kwh = {capacity_kwh}",
        f"power_kw = {power_kw}",
        "",
    ]


def quoted(text: str) -> str:
    """Return a TOML string."""
    # TOML's basic strings have JSON's escapes; it forbids DEL as well, which JSON does not.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
