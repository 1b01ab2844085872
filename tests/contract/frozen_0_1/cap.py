"""Nobody pays more than a cap, whoever priced it."""

import attrs
import numpy as np

from gridhook import hookimpl


@attrs.define
class Cap:
    highest: float = 20.0

    @hookimpl
    def adjust_rates(self, rates, lots):
        return np.where(lots.side == "bid", np.minimum(rates, self.highest), np.nan)
