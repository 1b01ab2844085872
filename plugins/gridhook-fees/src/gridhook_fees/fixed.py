"""The same fee at all times."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import attrs
import numpy as np
import pendulum
from attrs import validators

from gridhook import Markets, Rates, hookimpl
from gridhook.errors import join_path
from gridhook_fees.listing import log_fees
from gridhook_fees.lookup import find

__all__ = ["FixedFees"]

_log = logging.getLogger(__name__)


@attrs.frozen
class FixedFees:
    """Sets one constant grid fee (PROTOCOL.md 9.6, "fixed fee").

    ``fee``
        cents/kWh.
    ``markets``
        the fee of a market, by its name or path; all others have ``fee``.
    """

    fee: float = attrs.field(default=10.0, validator=validators.ge(0))
    markets: dict[str, float] = attrs.field(
        factory=dict, validator=validators.deep_mapping(validators.instance_of(str), validators.ge(0))
    )

    def named_areas(self) -> Mapping[str, str]:
        """Return the markets that have a fee of their own; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {join_path("markets", market): market for market in self.markets}

    @hookimpl
    def set_grid_fees(self, markets: Markets, slot: pendulum.DateTime) -> Rates:
        """Return the fee of each market; see :class:`gridhook.hookspecs.GridOperatorSpec`."""
        own = (find(self.markets, market) for market in markets)
        fees = np.array([self.fee if fee is None else fee for fee in own])
        log_fees(_log, markets, fees, slot)
        return fees
