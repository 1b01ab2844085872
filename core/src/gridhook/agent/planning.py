"""Planning: from what plugins want to the orders that have to change, with a reason for every lot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import attrs
import numpy as np

from gridhook.agent.lotting import KeyedLots
from gridhook.agent.soldout import never_offered_again
from gridhook.agent.standing import Extra, Standing
from gridhook.agent.state import Plan
from gridhook.arrays import Bools, Floats, Ints, Objects, sums
from gridhook.deciding import Decide, Priced
from gridhook.events import Capability
from gridhook.lots import DUST_KWH, Lots
from gridhook.market import Market
from gridhook.orders import Orders, Requirement
from gridhook.reasons import Reason
from gridhook.settlement import SettlementWindow

__all__ = ["join_plans", "plan_settlement", "plan_spot"]

T = TypeVar("T")

_SAME_RATE = 1e-9


def plan_spot(
    keyed: KeyedLots,
    standing: Standing,
    market: Market,
    decide: Decide,
    capability: Capability,
    sold_out: frozenset[str] = frozenset(),
) -> Plan:
    """Return the plan for the running slot's lots.

    :param sold_out: ids of the assets of which the exchange takes no other offer.
    """
    has_energy = keyed.lots.energy_kwh > DUST_KWH
    never = never_offered_again(keyed, sold_out)
    asked = (has_energy & ~never).nonzero()[0]
    wanted = _Wanted(keyed, asked)
    wanted.refuse(has_energy & never)
    if len(asked):
        lots = keyed.lots if len(asked) == len(keyed) else keyed.lots.take(asked)
        wanted.take_prices(decide.price_energy(lots, market))
        wanted.drop_worthless()
        wanted.restrict(market, decide, capability)
    return wanted.compare(standing)


def plan_settlement(
    keyed: KeyedLots, standing: Standing, market: Market, decide: Decide, window: SettlementWindow
) -> Plan:
    """Return the plan for the deviations of ended slots; what stands of those for which it is too late stays."""
    is_late = _too_late(keyed.lots, market, window)
    asked = (~is_late).nonzero()[0]
    wanted = _Wanted(keyed, asked)
    wanted.leave(is_late, Reason.LATE)
    if len(asked):
        lots = keyed.lots if len(asked) == len(keyed) else keyed.lots.take(asked)
        wanted.take_prices(decide.settle_deviations(lots, market))
        wanted.drop_worthless()
    return wanted.compare(standing)


def join_plans(first: Plan, second: Plan) -> Plan:
    """Return one plan for the lots of both."""
    if not len(first.keyed):
        return second
    lots, lines = len(first.keyed), len(first.line_lot)
    return Plan(
        keyed=first.keyed.and_(second.keyed),
        reason=np.concatenate((first.reason, second.reason)),
        plugin=np.concatenate((first.plugin, second.plugin)),
        number=np.concatenate((first.number, second.number)),
        withdrawn=np.concatenate((first.withdrawn, second.withdrawn)),
        line_lot=np.concatenate((first.line_lot, second.line_lot + lots)),
        line_rate=np.concatenate((first.line_rate, second.line_rate)),
        line_energy=np.concatenate((first.line_energy, second.line_energy)),
        requirements={**first.requirements, **{lines + row: its for row, its in second.requirements.items()}},
        energy_types={**first.energy_types, **{lines + row: its for row, its in second.energy_types.items()}},
        extra={**first.extra, **{lots + row: its for row, its in second.extra.items()}},
        waived=np.concatenate((first.waived, second.waived)),
    )


class _Wanted:
    """The desired orders of a table of lots, narrowed down step by step; the rows of orders refer to all lots."""

    def __init__(self, keyed: KeyedLots, asked: Ints) -> None:
        count = len(keyed)
        self._keyed = keyed
        self._asked = asked
        self._reason: Ints = np.full(count, Reason.NO_ENERGY, dtype=np.int64)
        self._plugin: Objects = np.full(count, "", dtype=object)
        self._number: Floats = keyed.lots.energy_kwh.copy()
        self._closed: Bools = np.zeros(count, dtype=np.bool_)
        self._orders = Orders([], [], [])
        self._requirements: dict[int, tuple[Requirement, ...]] = {}
        self._energy_types: dict[int, str] = {}
        self._waived: Bools = np.zeros(count, dtype=np.bool_)

    def refuse(self, lots: Bools) -> None:
        """Leave out lots of which the exchange is known to refuse orders; without a rate, the reason says that."""
        self._reason[lots] = Reason.REFUSED
        self._number[lots] = np.nan

    def leave(self, lots: Bools, reason: Reason) -> None:
        """Leave what stands of some lots as it is, for this reason."""
        self._reason[lots] = reason
        self._number[lots] = np.nan

    def take_prices(self, priced: Priced) -> None:
        """Start from what the plugins want."""
        self._reason[self._asked] = priced.reason
        self._plugin[self._asked] = priced.plugin
        self._number[self._asked] = np.nan
        self._orders = attrs.evolve(priced.orders, lot=self._asked[priced.orders.lot])
        self._number[self._orders.lot[::-1]] = self._orders.rate[::-1]
        self._closed |= self._reason == Reason.HELD

    def drop_worthless(self) -> None:
        """Drop orders below zero and dust; a lot that has nothing left gets that reason."""
        below_zero = self._orders.rate < 0
        worthless = below_zero | (self._orders.energy_kwh <= DUST_KWH)
        if not worthless.any():
            return
        left = self._marked(self._orders.lot[~worthless])[self._orders.lot]
        for rows, reason, number in (
            (worthless & ~left, Reason.NO_ENERGY, self._orders.energy_kwh),
            (below_zero & ~left, Reason.BELOW_ZERO, self._orders.rate),
        ):
            lots = self._orders.lot[rows]
            self._reason[lots] = reason
            self._number[lots] = number[rows]
            self._closed[lots] = True
        self._keep(~worthless)

    def restrict(self, market: Market, decide: Decide, capability: Capability) -> None:
        """Ask for requirements; hold what they hold, and what this exchange does not keep to if it is not waivable."""
        lot = self._orders.lot
        if not len(lot):
            return
        required = decide.require(self._keyed.lots.take(lot), self._orders.rate, market)
        failed, requirements = required.failed, required.requirements
        held: dict[int, tuple[Reason, str]] = dict.fromkeys(requirements.held, (Reason.HELD, ""))
        held |= {row: (Reason.PLUGIN_FAILED, plugin) for row, plugin in failed.items()}
        if capability == "binding":
            self._requirements = dict(requirements.alternatives)
            self._energy_types = dict(requirements.energy_types)
        else:
            unsupported = requirements.alternatives.keys() - held.keys()
            held |= dict.fromkeys(unsupported - requirements.waivable, (Reason.REQUIREMENTS_UNSUPPORTED, ""))
            self._waived[lot[list(unsupported & requirements.waivable)]] = True
        for row, (reason, plugin) in held.items():
            self._reason[lot[row]] = reason
            self._plugin[lot[row]] = plugin or self._plugin[lot[row]]
            self._closed[lot[row]] = True
        if held:
            self._keep(~self._marked(lot[list(held)])[lot])

    def compare(self, standing: Standing) -> Plan:
        """Return the plan: only what differs from what stands is sent."""
        keyed, orders = self._keyed, self._orders
        stands = standing.count[keyed.slot, keyed.key]
        reported = keyed.lots.energy_active_kwh
        active = np.where(np.isnan(reported), standing.energy_kwh[keyed.slot, keyed.key], reported)
        withdrawn = self._closed & np.where(np.isnan(reported), stands != 0, active > DUST_KWH)
        extra = self._extra()
        # Orders are sorted by lot.
        is_first = np.ones(len(orders), dtype=np.bool_)
        is_first[1:] = orders.lot[1:] != orders.lot[:-1]
        first = is_first.nonzero()[0]
        lots = orders.lot[first]
        count = np.bincount(orders.lot, minlength=len(keyed))[lots]
        wanted = sums(orders.lot, orders.energy_kwh, len(keyed))[lots]
        row_of = {lot: row for row, lot in enumerate(lots.tolist()) if lot in extra}
        same = standing.matches(
            keyed.slot[lots],
            keyed.key[lots],
            count,
            orders.rate[first],
            {row: extra[lot] for lot, row in row_of.items()},
            _SAME_RATE,
        )
        same &= np.abs(active[lots] - wanted) <= DUST_KWH
        self._reason[lots[same]] = Reason.UNCHANGED
        self._keep(~self._marked(lots[same])[orders.lot])
        return Plan(
            keyed,
            self._reason,
            self._plugin,
            self._number,
            withdrawn,
            self._orders.lot,
            self._orders.rate,
            self._orders.energy_kwh,
            self._requirements,
            self._energy_types,
            {lot: its for lot, its in extra.items() if self._reason[lot] != Reason.UNCHANGED},
            self._waived,
        )

    def _extra(self) -> dict[int, Extra]:
        orders = self._orders
        several = orders.lot[1:][orders.lot[1:] == orders.lot[:-1]]
        if not (len(several) or self._restricted):
            return {}
        restricted = orders.lot[[*self._requirements, *self._energy_types]] if self._restricted else orders.lot[:0]
        rows = np.flatnonzero(self._marked(np.concatenate((several, restricted)))[orders.lot])
        extra: dict[int, Extra] = {}
        for row in rows.tolist():
            lot = int(orders.lot[row])
            # The energy of an only order shrinks as it trades; its sum is compared with what is reported anyway.
            energy = float(orders.energy_kwh[row]) if lot in several else 0.0
            requirements, energy_type = self._requirements.get(row, ()), self._energy_types.get(row, "")
            extra[lot] = (*extra.get(lot, ()), (float(orders.rate[row]), energy, requirements, energy_type))
        return extra

    def _marked(self, lots: Ints) -> Bools:
        """Return per lot whether it is one of ``lots``."""
        marked = np.zeros(len(self._keyed), dtype=np.bool_)
        marked[lots] = True
        return marked

    @property
    def _restricted(self) -> bool:
        return bool(self._requirements or self._energy_types)

    def _keep(self, kept: Bools) -> None:
        """Keep some orders, and with them their requirements."""
        if kept.all():
            return
        new_row = np.cumsum(kept) - 1
        self._requirements = _renumbered(self._requirements, kept, new_row)
        self._energy_types = _renumbered(self._energy_types, kept, new_row)
        self._orders = self._orders.take(kept)


def _too_late(lots: Lots, market: Market, window: SettlementWindow) -> Bools:
    late = window.closing(market.slot, market.progress, market.grid.deviations.slots)
    return np.array([slot in late for slot in lots.slot.tolist()], dtype=np.bool_)


def _renumbered(by_row: Mapping[int, T], kept: Bools, new_row: Ints) -> dict[int, T]:
    return {int(new_row[row]): its for row, its in by_row.items() if kept[row]}
