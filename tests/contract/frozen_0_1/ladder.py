"""Several orders per lot, held lots, fees and settings of many types."""

import datetime
from pathlib import Path
from typing import Literal

import attrs
import numpy as np
from attrs import validators

from gridhook import HOLD, ConfigError, Lots, Market, Orders, SettingError, hookimpl


@attrs.define
class Rung:
    share: float = attrs.field(validator=validators.gt(0))
    above: float = 0.0


@attrs.define
class Ladder:
    """Sells in rungs above the feed-in rate; buys at the market maker's with the fee; batteries rest.

    ``rungs``
        share of the energy, and cents/kWh above the feed-in rate.
    """

    rungs: list[Rung] = attrs.field(factory=lambda: [Rung(0.5, 2.0), Rung(0.5, 1.0)])
    mode: Literal["sell", "both"] = "both"
    notes: Path | None = None
    since: datetime.date | None = None
    fees: dict[str, float] = attrs.field(factory=dict)
    start: int = attrs.field(default=0, validator=validators.ge(0))
    loud: bool = False
    _slots: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self):
        if sum(rung.share for rung in self.rungs) > 1.0 + 1e-9:
            raise SettingError("the shares come to more than 1", "rungs")

    @hookimpl
    def price_energy(self, lots: Lots, market: Market) -> Orders:
        assert issubclass(ConfigError, Exception)
        rows, rates, energies = [], [], []
        for row, lot in enumerate(lots):
            if lot.kind == "storage" or (self.mode == "sell" and lot.side == "bid"):
                rows.append(row)
                rates.append(HOLD)
                energies.append(np.nan)
            elif lot.side == "bid":
                fee = self.fees.get(lot.name, market.grid_fee(lot.asset, fee_type="last_market_fee"))
                rows.append(row)
                rates.append(market.market_maker_rate + np.nan_to_num(fee))
                energies.append(lot.energy_kwh)
            else:
                for rung in self.rungs:
                    rows.append(row)
                    rates.append(market.feed_in_rate + rung.above + market.progress)
                    energies.append(lot.energy_kwh * rung.share)
        return Orders(rows, rates, energies)
