"""Book-keeping: what an answer, or its absence, says about the last plan."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.agent.standing import NOTHING
from gridhook.agent.state import Pending, Plan, State
from gridhook.agent.unsent import of_assets
from gridhook.arrays import Bools, Ints, sums
from gridhook.commands import Command, Notify
from gridhook.events import Answered, BatchUnanswered, OrdersRefused, Reasoned, Refused
from gridhook.lots import OFFER
from gridhook.reasons import Reason, Reasons

__all__ = ["final_reasons", "give_up_answer", "take_answer"]


def take_answer(state: State, answer: Answered) -> tuple[State, list[Command]]:
    """Return the state and notices after an answer. Only one to the pending batch changes what is known to stand."""
    if answer.throughput:
        state = attrs.evolve(state, throughput=answer.throughput)
    pending = state.pending
    if pending is None or pending.transaction != answer.transaction:
        return state, [Notify(OrdersRefused(answer.refused))] if answer.refused else []
    notices: list[Command] = []
    refused = [*answer.refused, *_refused_orders(pending.plan, answer)]
    if refused:
        notices.append(Notify(OrdersRefused(tuple(refused))))
    plan = pending.plan
    lines = np.zeros(len(plan.line_lot), dtype=np.bool_)
    lines[: len(answer.accepted)] = answer.accepted[: len(lines)]
    lots_refused = np.zeros(len(plan.keyed), dtype=np.bool_)
    lots_refused[plan.line_lot[~lines]] = True
    if answer.is_dry_run:
        # What would stand is noted all the same, or the next tick would want the same orders again.
        reason = np.where(lots_refused, Reason.NOT_SENT, plan.reason)
        state = _book(state, plan, np.zeros_like(lots_refused))
    else:
        reason = np.where(lots_refused, Reason.REFUSED, plan.reason)
        state = _book(state, plan, lots_refused)
        pending, sold_out = _sold_out(pending, lots_refused)
        state = attrs.evolve(state, sold_out=state.sold_out | sold_out)
    notices.append(Notify(_reasoned(pending, reason, lines)))
    unsent = (*state.unsent, *of_assets(pending.energies, answer.unknown_energies))
    return attrs.evolve(state, pending=None, unsent=unsent), notices


def give_up_answer(state: State) -> tuple[State, list[Command]]:
    """Return the state and notices when the next event came before the answer.

    What became of the orders is unknown. Nothing is sent again blindly: the next plan replaces these lots' orders,
    going by the state that the exchange itself reports. Energies are: telling them twice changes nothing.
    """
    pending = state.pending
    if pending is None:
        return state, []
    plan = pending.plan
    sent = np.zeros(len(plan.keyed), dtype=np.bool_)
    sent[plan.line_lot] = True
    reason = np.where(sent, Reason.UNKNOWN, plan.reason)
    sent |= plan.withdrawn
    standing = state.standing.forgotten(plan.keyed.slot[sent], plan.keyed.key[sent])
    notices: list[Command] = [
        Notify(BatchUnanswered(pending.transaction)),
        Notify(_reasoned(pending, reason, np.zeros(len(plan.line_lot), dtype=np.bool_))),
    ]
    unsent = (*state.unsent, *pending.energies)
    return attrs.evolve(state, standing=standing, pending=None, unsent=unsent), notices


def final_reasons(pending: Pending) -> Reasoned:
    """Return the reasons of a plan that sent nothing."""
    return _reasoned(pending, pending.plan.reason, np.zeros(len(pending.plan.line_lot), dtype=np.bool_))


def _book(state: State, plan: Plan, refused: Bools) -> State:
    """Note what stands now: the accepted orders, nothing where they were withdrawn, the unknown where refused."""
    slot, key = plan.keyed.slot, plan.keyed.key
    lots, first, count = np.unique(plan.line_lot, return_index=True, return_counts=True)
    energy = sums(plan.line_lot, plan.line_energy, len(plan.keyed))[lots]
    rate = np.where(count == 1, plan.line_rate[first], np.nan)
    extra = {(int(slot[lot]), int(key[lot])): orders for lot, orders in plan.extra.items()}
    standing = state.standing.changed(slot[lots], key[lots], count, rate, energy, extra)
    gone = plan.withdrawn.nonzero()[0]
    if len(gone):
        nothing = np.full(len(gone), NOTHING)
        standing = standing.changed(slot[gone], key[gone], nothing, np.full(len(gone), np.nan), np.zeros(len(gone)), {})
    if refused.any():
        standing = standing.forgotten(slot[refused], key[refused])
    return attrs.evolve(state, standing=standing)


def _sold_out(pending: Pending, refused: Bools) -> tuple[Pending, frozenset[str]]:
    """Return which assets' offers were refused after a complete sale; their reasons then give no rate, to say that."""
    lots = pending.plan.keyed.lots
    rows = [row for row in refused.nonzero()[0].tolist() if lots.side[row] == OFFER and lots.asset[row] in pending.sold]
    number = pending.plan.number.copy()
    number[rows] = np.nan
    plan = attrs.evolve(pending.plan, number=number)
    return attrs.evolve(pending, plan=plan), frozenset(lots.asset[rows].tolist())


def _refused_orders(plan: Plan, answer: Answered) -> list[Refused]:
    lots = plan.keyed.lots
    return [
        Refused(str(lots.side[plan.line_lot[line]]), str(lots.asset[plan.line_lot[line]]), message)
        for line, message in sorted(answer.order_errors.items())
        if line < len(plan.line_lot)
    ]


def _reasoned(pending: Pending, reason: Ints, accepted: Bools) -> Reasoned:
    plan = pending.plan
    lots = plan.keyed.lots
    is_spot = lots.slot[plan.line_lot] == pending.slot
    restricted = np.zeros(len(plan.line_lot), dtype=np.bool_)
    restricted[list(plan.requirements)] = True
    return Reasoned(
        pending.slot,
        pending.progress,
        Reasons(lots.asset, lots.side, lots.slot, reason, plan.plugin, plan.number),
        spot_orders=int((accepted & is_spot).sum()),
        settlement_orders=int((accepted & ~is_spot).sum()),
        orders_with_requirements=int((accepted & restricted).sum()),
    )
