"""Fees by how much a market imports or exports."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import attrs
import numpy as np
import pendulum
from attrs import validators

from gridhook import Markets, Rates, SettingError, hookimpl
from gridhook.market import MarketRow
from gridhook_fees.errors import FeesFileError
from gridhook_fees.listing import log_fees
from gridhook_fees.lookup import Sayer, find
from gridhook_fees.thresholds import Steps, read_thresholds

__all__ = ["ThresholdFees"]

_log = logging.getLogger(__name__)


@attrs.define
class ThresholdFees:
    """Sets the higher a grid fee, the more a market imports or exports (PROTOCOL.md 9.6, "Aziiz").

    The fee is that of the first threshold which is not exceeded. A market without an entry, and one of which the
    exchange told nothing since the last slot, keep the fee that they have.

    ``file``
        aziiz.json, relative to the configuration file: by a market's name or path its thresholds (kWh), ascending, and
        fees (cents/kWh).
    ``moving_average``
        whether the thresholds are for the mean balance (import less export) of the last slots, without its sign; else
        for the larger of the last import and export.
    ``look_back``
        number of those slots; at the start fewer.
    ``above``
        the fee where all thresholds are exceeded, cents/kWh.
    """

    file: Path
    moving_average: bool = True
    look_back: int = attrs.field(default=4, validator=validators.ge(1))
    above: float = attrs.field(default=2000.0, validator=validators.ge(0))
    _steps: Mapping[str, Steps] = attrs.field(init=False, repr=False)
    _balances: dict[str, deque[float]] = attrs.field(init=False, repr=False, factory=dict)
    _sayer: Sayer = attrs.field(init=False, repr=False, factory=Sayer)

    @_steps.default
    def _read(self) -> Mapping[str, Steps]:
        try:
            return read_thresholds(self.file)
        except FeesFileError as error:
            raise SettingError(str(error), "file") from error

    def named_areas(self) -> Mapping[str, str]:
        """Return the markets that have thresholds; see :class:`gridhook.plugins.naming.NamingSpec`."""
        return {f'file["{market}"]': market for market in self._steps}

    @hookimpl
    def set_grid_fees(self, markets: Markets, slot: pendulum.DateTime) -> Rates:
        """Return the fees of what came and left lately; see :class:`gridhook.hookspecs.GridOperatorSpec`."""
        steps = [find(self._steps, market) for market in markets]
        unlisted = (market for market, its in zip(markets, steps, strict=True) if its is None)
        self._sayer.say("entry", unlisted, f"{self.file.name} has no entry for %s")
        energies = np.array([self._energy(market) for market in markets])
        fees = np.array([self._fee(*pair) for pair in zip(steps, energies.tolist(), strict=True)])
        log_fees(_log, markets, fees, slot, energies)
        return fees

    def _energy(self, market: MarketRow) -> float:
        """Return what the thresholds are for, kWh; NaN while it is unknown."""
        balance = market.imported_kwh - market.exported_kwh
        if math.isnan(balance):
            return math.nan
        if not self.moving_average:
            return max(market.imported_kwh, market.exported_kwh)
        balances = self._balances.setdefault(market.id, deque(maxlen=self.look_back))
        balances.append(balance)
        return abs(sum(balances) / len(balances))

    def _fee(self, steps: Steps | None, energy_kwh: float) -> float:
        return math.nan if steps is None or math.isnan(energy_kwh) else steps.fee(energy_kwh, self.above)
