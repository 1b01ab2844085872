"""Words: orders and their conditions as people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gridhook.orders import Requirement

__all__ = ["order_words", "terms_words"]


def order_words(energy_kwh: float, rate: float, terms: str = "") -> str:
    """Return an order in words, such as ``0.31 kWh at 12.4 cents/kWh``."""
    said = f"{energy_kwh:.4g} kWh at {rate:.6g} cents/kWh"
    return f"{said} ({terms})" if terms else said


def terms_words(requirements: Iterable[Requirement], energy_type: str, name_of: Callable[[str], str]) -> str:
    """Return what trades of an order have to meet, and the type of its energy; nothing where that is all free.

    :param name_of: returns an area's name by its id.
    """
    said = " or ".join(_condition_words(one, name_of) for one in requirements)
    return "; ".join(part for part in (said, f"of type {energy_type}" if energy_type else "") if part)


def _condition_words(requirement: Requirement, name_of: Callable[[str], str]) -> str:
    parts = []
    if requirement.partners:
        parts.append(f"with {', '.join(map(name_of, requirement.partners))}")
    if requirement.energy_types:
        parts.append(f"only {', '.join(requirement.energy_types)}")
    if requirement.energy_kwh is not None:
        parts.append(f"at most {requirement.energy_kwh:.4g} kWh")
    if requirement.rate is not None:
        parts.append(f"at {requirement.rate:.6g} cents/kWh")
    return " and ".join(parts) or "with anyone"
