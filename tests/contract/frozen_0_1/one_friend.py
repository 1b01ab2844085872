"""A rule for one lot that asks for a partner by its name."""

import attrs

from gridhook import Requirement, hookimpl, per_lot


@attrs.define
class OneFriend:
    partner: str

    def named_assets(self):
        return {"partner": self.partner}

    @hookimpl
    @per_lot
    def require(self, lot, market):
        if lot.side == "offer":
            return None
        tree = market.grid.tree
        return Requirement(partners=(tree.ids[tree.find(self.partner)],))
