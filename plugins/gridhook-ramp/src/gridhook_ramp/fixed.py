"""The same rate for everything, always."""

from __future__ import annotations

import attrs
import numpy as np
from attrs import validators

from gridhook import Lots, Rates, hookimpl

__all__ = ["Fixed"]


@attrs.frozen
class Fixed:
    """Bids and offers at one constant rate (PROTOCOL.md 9.5, "bid/offer posting").

    ``rate``
        cents/kWh.
    """

    rate: float = attrs.field(default=10.0, validator=validators.ge(0))

    @hookimpl
    def price_energy(self, lots: Lots) -> Rates:
        """Return the rate for every lot; see :class:`gridhook.hookspecs.PricingSpec`."""
        return np.full(len(lots), self.rate)
