"""A preference: one set of conditions of an asset, by the names that its owner knows."""

from __future__ import annotations

import attrs
from attrs import validators

__all__ = ["Preference"]

_amount = validators.optional(validators.ge(0.0))


@attrs.frozen
class Preference:
    """One set of conditions of an asset: a trade has to meet all of them.

    ``partners``
        names or paths of assets, or of markets, which stand for all assets in them; empty: anyone.
    ``energy_types``
        kinds of energy to buy, such as ``"PV"``; empty: any. What is offered is not concerned.
    ``energy_kwh``
        at most this much in an order, 0: none; None: all that there is.
    ``rate``
        cents/kWh in the place of the strategy's; None: the strategy's.
    """

    partners: tuple[str, ...] = ()
    energy_types: tuple[str, ...] = ()
    energy_kwh: float | None = attrs.field(default=None, validator=_amount)
    rate: float | None = attrs.field(default=None, validator=_amount)
