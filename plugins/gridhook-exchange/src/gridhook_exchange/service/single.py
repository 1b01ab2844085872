"""Single assets: what those that registered without an aggregator are told about themselves (PROTOCOL.md 3.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from gridhook.wire.answers import SPOT_MARKET
from gridhook.wire.assetinfo import write_asset_info, write_deviations
from gridhook.wire.times import format_slot
from gridhook.wire.trades import TradeEntry, write_trade_entry
from gridhook_exchange.market.ledger import Entries
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.service.ids import Ids
from gridhook_exchange.service.operating import last_report
from gridhook_exchange.service.trading import trade_entries
from gridhook_exchange.view import View

__all__ = ["SingleTeller"]


class SingleTeller:
    """Writes events for single assets, each with the state of this asset and of nothing else.

    :param simulation: what happens.
    :param view: what answers about assets are taken from.
    :param ids: what orders and trades are called.
    """

    def __init__(self, simulation: Simulation, view: View, ids: Ids) -> None:
        self._simulation = simulation
        self._view = view
        self._ids = ids

    def market_events(self, assets: Sequence[int], tick: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield area and event for each asset at a tick of the slot; at the first one also that the slot began."""
        simulation = self._simulation
        community = simulation.community
        slot = format_slot(community.slot_start(simulation.slot))
        for asset, info in zip(assets, self._infos(assets), strict=True):
            area = community.asset_ids[asset]
            told = {"area_uuid": area, "device_info": info}
            if tick == 0:
                yield area, {"event": "market", **told, **self._market(asset, slot)}
            completion = f"{100 * tick // community.rules.ticks_per_slot}%"
            yield area, {"event": "tick", **told, "market_slot": slot, "slot_completion": completion}

    def trade_events(self, assets: Sequence[int], parts: Iterable[Entries]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield area and event for each side of a trade that one of the assets is on."""
        community = self._simulation.community
        own = np.zeros(len(community.kinds), dtype=np.bool_)
        own[list(assets)] = True
        infos = dict(zip((community.asset_ids[asset] for asset in assets), self._infos(assets), strict=True))
        for part in parts:
            chosen = part.take(own[part.buyer] | own[part.seller])
            if not len(chosen):
                continue
            for entry in trade_entries(self._simulation, self._ids, chosen, own):
                yield entry.asset, {**_trade(entry), "device_info": infos[entry.asset]}

    def _infos(self, assets: Sequence[int]) -> list[dict[str, Any]]:
        states = self._view.states(np.array(assets, dtype=np.int64))
        return [
            write_asset_info(asset, None if deviations is None else write_deviations(deviations))
            for asset, deviations in states
        ]

    def _market(self, asset: int, slot: str) -> dict[str, Any]:
        community = self._simulation.community
        home = int(community.tree.home[asset])
        return {
            "name": community.market_names[home],
            "id": community.market_ids[home],
            "start_time": slot,
            "duration_min": int(community.slot_length.total_minutes()),
            "time_slots": [slot],
            "type_name": SPOT_MARKET,
            "device_bill": None,
            "last_market_maker_rate": float(community.retail_rate[self._simulation.slot]),
            "last_market_stats": last_report(self._simulation, home),
        }


def _trade(entry: TradeEntry) -> dict[str, Any]:
    """Return a side of a trade in the words of PROTOCOL.md 3.5."""
    written = write_trade_entry(entry)
    is_buyer = bool(entry.bid_id)
    side = "bid" if is_buyer else "offer"
    return {
        "event": "trade",
        "area_uuid": entry.asset,
        "event_type": "buy" if is_buyer else "sell",
        f"{side}_id": written[f"{side}_id"],
        "residual_id": written[f"residual_{side}_id"],
        "fee_price": entry.fee_cents,
        **{key: written[key] for key in ("trade_id", "time", "trade_price", "traded_energy", "buyer", "seller")},
        **{key: written[key] for key in ("time_slot", "market_type")},
    }
