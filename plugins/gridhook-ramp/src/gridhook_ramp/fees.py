"""Grid fees between assets and the area to which they are counted, as they are when a slot opens."""

from __future__ import annotations

import logging

import attrs
import numpy as np
import pendulum

from gridhook import AreaError, Lots, Market, Rates, Tree

__all__ = ["FeesToTarget"]

_log = logging.getLogger(__name__)


@attrs.define
class FeesToTarget:
    """Adds up the fees on the way from each asset to a target (PROTOCOL.md 5), and logs once what the target is.

    They are those of the slot's first event: a fee that is changed meanwhile counts from the next slot on.

    ``target``
        id, path or name; empty: the market maker, by its kind or name, or else the root.
    """

    target: str = ""
    _slot: pendulum.DateTime | None = attrs.field(init=False, default=None)
    _tree: Tree | None = attrs.field(init=False, default=None)
    _by_asset: dict[str, float] = attrs.field(init=False, factory=dict)
    _at_target: float = attrs.field(init=False, default=0.0)
    _told: str = attrs.field(init=False, default="")

    def of(self, lots: Lots, market: Market) -> Rates:
        """Return float64 (lots,): the fees of all markets on the way; NaN where there is no such target."""
        self._begin(market)
        if not self.target:
            return lots.grid_fee
        return np.array([self._by_asset.get(asset, np.nan) for asset in lots.asset.tolist()], dtype=np.float64)

    def at_target(self, market: Market) -> float:
        """Return the fee of the target's own market, which is part of all the others."""
        self._begin(market)
        return self._at_target

    def _begin(self, market: Market) -> None:
        grid, tree = market.grid, market.grid.tree
        if (market.slot == self._slot and tree is self._tree) or not len(tree):
            return
        self._slot, self._tree = market.slot, tree
        self._by_asset = {}
        try:
            target = tree.find(self.target) if self.target else tree.market_maker
        except AreaError as error:
            self._tell(logging.WARNING, f"nothing is priced, since fee_target leads nowhere: {error}")
            return
        self._tell(logging.INFO, f"grid fees are counted to {tree.paths[target]!r}{self._why(tree)}")
        self._at_target = float(np.nan_to_num(grid.grid_fee(tree.ids[target])))
        if self.target:
            ids = grid.assets.id.tolist()
            fees = grid.path_fees(tree.positions(ids), target)
            self._by_asset = dict(zip(ids, fees.tolist(), strict=True))

    def _tell(self, level: int, text: str) -> None:
        if text != self._told:
            self._told = text
            _log.log(level, "%s", text)

    def _why(self, tree: Tree) -> str:
        if self.target:
            return ", the fee_target"
        if tree.kinds[tree.market_maker] == "market-maker":
            return ", the market maker"
        if tree.market_maker:
            return ", by its name"
        return ", the root, since no market maker is known; fee_target names another area"
