"""Constant rates: one for everything, or by kind and asset."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
from attrs import validators

from gridhook import ASSET_KINDS, Lots, Rates, hookimpl

__all__ = ["Fixed", "SideRates"]

_rate = validators.ge(0.0)


@attrs.frozen
class SideRates:
    """Rates by side, for what buys and sells.

    ``bid``, ``offer``
        cents/kWh; the bid is never above the offer, or an asset would buy dearer than it sells.
    """

    bid: float = attrs.field(validator=_rate)
    offer: float = attrs.field(validator=_rate)

    def __attrs_post_init__(self) -> None:
        if self.bid > self.offer:
            msg = f"bid ({self.bid:g}) is above offer ({self.offer:g}): it would buy dearer than it sells"
            raise ValueError(msg)


def _not_negative(_: object, __: object, rates: Mapping[str, float | SideRates]) -> None:
    for name, rate in rates.items():
        if not isinstance(rate, SideRates) and rate < 0:
            msg = f"the rate of {name!r} has to be 0 or more, not {rate:g}"
            raise ValueError(msg)


@attrs.frozen
class Fixed:
    """Bids and offers at constant rates (PROTOCOL.md 9.5, "bid/offer posting").

    A storage's bid and offer at the same rate do not trade with each other on any exchange; those of two storages do,
    unless they get ``{ bid = …, offer = … }``.

    ``rate``
        cents/kWh, for all that ``rates`` does not name.
    ``rates``
        cents/kWh by kind (``load``, ``pv``, ``storage``, ``smart-meter``), name or path of an asset, such as
        ``{ load = 12.0, "Battery 1" = { bid = 8.0, offer = 14.0 } }``; a path goes before a name, and a name before a
        kind.
    """

    rate: float = attrs.field(default=10.0, validator=_rate)
    rates: dict[str, float | SideRates] = attrs.field(factory=dict, validator=_not_negative)

    def named_assets(self) -> Mapping[str, str]:
        """Return the assets that have rates of their own; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {f'rates."{name}"': name for name in self.rates if name not in ASSET_KINDS}

    @hookimpl
    def price_energy(self, lots: Lots) -> Rates:
        """Return the rate for every lot; see :class:`gridhook.hookspecs.PricingSpec`."""
        priced = np.full(len(lots), self.rate)
        for column in (lots.kind, lots.name, lots.path):
            for name, rate in self.rates.items():
                if (name in ASSET_KINDS) == (column is lots.kind):
                    sides = rate if isinstance(rate, SideRates) else SideRates(rate, rate)
                    priced = np.where(column == name, np.where(lots.side == "bid", sides.bid, sides.offer), priced)
        return priced
