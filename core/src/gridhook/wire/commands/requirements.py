"""Requirements and attributes of orders (PROTOCOL.md 6.5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gridhook.lots import BID, OFFER
from gridhook.orders import Requirement
from gridhook.wire.errors import fail, inside
from gridhook.wire.values import describe, only_keys, read_amount, read_list, read_object, read_text

__all__ = ["read_energy_type", "read_rate", "read_requirements", "write_requirements"]

_KEYS = frozenset({"trading_partners", "energy_type", "energy", "price"})


def write_requirements(requirements: Sequence[Requirement], energy_kwh: float, side: str) -> list[dict[str, Any]]:
    """Return the requirements of an order of ``energy_kwh`` as JSON.

    A ``price`` is the cents for the requirement's energy, or else for the order's. Those of a bid always have their
    two lists, as the SDK's templates write them; those of an offer only what they ask for, since the original takes
    an offer's requirement with any other key than ``trading_partners`` for one that cannot be met.
    """
    return [_write(requirement, energy_kwh, side) for requirement in requirements]


def read_requirements(value: object, energy_kwh: float) -> tuple[Requirement, ...]:
    """Return the requirements of an order of ``energy_kwh``; none for null.

    :raises WireError: something is not as it should be; unknown keys are.
    """
    if value is None:
        return ()
    read = []
    for number, one in enumerate(read_list(value, "requirements")):
        with inside(f"requirements[{number}]"):
            read.append(_read(one, energy_kwh))
    return tuple(read)


def read_energy_type(value: object, side: str) -> str:
    """Return the kind of energy that the ``attributes`` of an order tell; empty for null.

    :raises WireError: they tell several kinds or something else, or the order is a bid.
    """
    if value is None:
        return ""
    if side != OFFER:
        fail("attributes", "only offers have them")
    attributes = read_object(value, "attributes")
    with inside("attributes"):
        only_keys(attributes, {"energy_type"})
    kind = attributes.get("energy_type", "")
    if isinstance(kind, list):
        if len(kind) > 1:
            fail("attributes.energy_type", "an offer has one kind of energy, not several")
        kind = kind[0] if kind else ""
    return read_text(kind, "attributes.energy_type")


def read_rate(price_cents: float, energy_kwh: float) -> float:
    """Return the rate that a price for some energy is, cents/kWh.

    :raises WireError: there is no energy, or so little that the rate is infinite.
    """
    if energy_kwh == 0:
        fail("price", "is a price of no energy")
    rate = price_cents / energy_kwh
    if not math.isfinite(rate):
        fail("price", f"is too high for {energy_kwh:g} kWh")
    return rate


def _write(requirement: Requirement, energy_kwh: float, side: str) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if requirement.partners or side == BID:
        value["trading_partners"] = list(requirement.partners)
    if requirement.energy_types or side == BID:
        value["energy_type"] = list(requirement.energy_types)
    if requirement.energy_kwh is not None:
        value["energy"] = requirement.energy_kwh
        energy_kwh = requirement.energy_kwh
    if requirement.rate is not None:
        value["price"] = requirement.rate * energy_kwh
    return value


def _read(value: object, energy_kwh: float) -> Requirement:
    requirement = read_object(value, "")
    only_keys(requirement, _KEYS)
    own_energy = None
    if requirement.get("energy") is not None:
        own_energy = energy_kwh = read_amount(requirement["energy"], "energy")
        if own_energy == 0:
            fail("energy", "has to be above 0")
    rate = None
    if requirement.get("price") is not None:
        rate = read_rate(read_amount(requirement["price"], "price"), energy_kwh)
    return Requirement(
        _read_texts(requirement.get("trading_partners"), "trading_partners"),
        _read_texts(requirement.get("energy_type"), "energy_type"),
        own_energy,
        rate,
    )


def _read_texts(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        fail(where, f"has to be a list of texts, not {describe(value)}")
    return tuple(read_text(text, f"{where}[{number}]") for number, text in enumerate(value))
