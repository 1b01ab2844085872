"""Loads take energy of PVs, at any rate, or of anybody below a limit; what PVs give is PV."""

from gridhook import Requirement, Requirements, hookimpl


class Green:
    @hookimpl
    def require(self, lots, rates, market):
        wishes = (Requirement(energy_types=("PV",)), Requirement(rate=market.feed_in_rate))
        return Requirements(
            alternatives={row: wishes for row, lot in enumerate(lots) if lot.kind == "load"},
            energy_types={row: "PV" for row, lot in enumerate(lots) if lot.kind == "pv"},
            held=frozenset(row for row, lot in enumerate(lots) if lot.name == "Home 03 Load"),
        )
