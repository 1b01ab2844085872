"""Complete sales: after one, the original exchange refuses every other offer of the asset in that slot.

It keeps the sold offer among those that a new one replaces, and fails to delete it (PROTOCOL.md 4.4 and 10, E5). Its
refusal gives no reason, and other exchanges take the offer. So one is tried, and after a refusal none until the next
slot.
"""

from __future__ import annotations

import numpy as np

from gridhook.agent.lotting import KeyedLots
from gridhook.agent.standing import NOTHING, Standing
from gridhook.arrays import Bools
from gridhook.assets import Assets
from gridhook.lots import DUST_KWH, OFFER

__all__ = ["never_offered_again", "offered_and_sold"]


def offered_and_sold(keyed: KeyedLots, assets: Assets, standing: Standing) -> frozenset[str]:
    """Return the ids of assets of which an offer stood that is open no more, and that have traded in this slot."""
    lots = keyed.lots
    is_gone = (lots.side == OFFER) & (lots.energy_active_kwh <= DUST_KWH)
    has_stood = standing.count[keyed.slot, keyed.key] != NOTHING
    has_traded = assets.energy_traded_kwh[keyed.key // 2] > DUST_KWH
    return frozenset(lots.asset[is_gone & has_stood & has_traded].tolist())


def never_offered_again(keyed: KeyedLots, sold_out: frozenset[str]) -> Bools:
    """Return per lot whether it is an offer of an asset of which the exchange takes no other one in this slot.

    Where it reports an open offer after all, it takes them.
    """
    lots = keyed.lots
    if not sold_out:
        return np.zeros(len(keyed), dtype=np.bool_)
    asset_is = np.array([asset in sold_out for asset in lots.asset.tolist()], dtype=np.bool_)
    never: Bools = asset_is & (lots.side == OFFER) & (lots.energy_active_kwh <= DUST_KWH)
    return never
