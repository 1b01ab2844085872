"""The step: from one event to the next state and the commands that follow."""

from __future__ import annotations

from typing import TypeVar, assert_never

import attrs
import numpy as np

from gridhook.agent.bookkeeping import final_reasons, give_up_answer, take_answer
from gridhook.agent.lotting import deviation_lots, spot_lots
from gridhook.agent.measuring import measurements, slots_to_measure
from gridhook.agent.planning import join_plans, plan_settlement, plan_spot
from gridhook.agent.slots import asset_fees, claim, fees, forecasts, slots_between
from gridhook.agent.soldout import offered_and_sold
from gridhook.agent.standing import Standing
from gridhook.agent.state import Pending, Plan, State, Told
from gridhook.agent.unsent import of_assets, still_counting
from gridhook.commands import Batch, Command, ExchangeCommand, Notify, OrderLines, PlaceOrders, WithdrawOrders
from gridhook.deciding import Decide
from gridhook.events import (
    Answered,
    AreasLost,
    Connected,
    ConnectionLost,
    ConnectionRestored,
    ExchangeEvent,
    ExchangeSilent,
    Finished,
    MessageUnreadable,
    Reasoned,
    RequirementsUnkept,
    SlotOpened,
    SlotsMissed,
    Ticked,
    TickLate,
    TicksSkipped,
    Traded,
)
from gridhook.market import Market
from gridhook.reasons import Reason, Reasons
from gridhook.settlement import SettlementWindow

__all__ = ["step"]

MarketEvent = TypeVar("MarketEvent", SlotOpened, Ticked)


def step(state: State, event: ExchangeEvent, decide: Decide) -> tuple[State, tuple[Command, ...]]:
    """Return the state after ``event``, and the commands that follow from it.

    :param decide: asks the plugins.
    """
    match event:
        case Connected():
            state, commands = _connected(state, event, decide)
        case SlotOpened():
            state, commands = _slot_opened(state, event, decide)
        case Ticked():
            state, commands = _ticked(state, event, decide)
        case Answered():
            state, commands = take_answer(state, event)
        case Finished() | ConnectionLost():
            state, commands = give_up_answer(state)
        case Traded() | ConnectionRestored() | ExchangeSilent() | TicksSkipped() | MessageUnreadable() | AreasLost():
            commands = []
        case _:
            assert_never(event)
    failures = [Notify(failure) for failure in decide.take_failures()]
    return state, (*failures, *commands)


def _connected(state: State, event: Connected, decide: Decide) -> tuple[State, list[Command]]:
    capability = state.settings.requirements or event.requirements
    state = attrs.evolve(state, capability=capability, lists_areas=event.lists_areas, is_fresh=True)
    state, claims, notices = claim(state, event.tree, decide)
    state, batch = _batch(state, claims)
    return state, [*notices, *batch]


def _slot_opened(state: State, event: SlotOpened, decide: Decide) -> tuple[State, list[Command]]:
    state, notices = _begin(state, event)
    if state.slot is not None and event.slot <= state.slot:
        late = _late(event)
        # Where a tick of the same progress was acted on, the lots have their reasons already.
        return state, [*notices, *(late[:1] if (event.slot, event.progress) == (state.slot, state.progress) else late)]
    decide.begin_slot()
    first: list[ExchangeCommand] = []
    if event.grid.tree is not state.tree:
        state, first, more = claim(state, event.grid.tree, decide)
        notices += more
    event = _claimed_only(state, event)
    missed = slots_between(state.slot, event)
    if missed:
        notices.append(Notify(SlotsMissed(missed)))
    to_measure = slots_to_measure(state, event)
    state = _enter(state, event)
    first += forecasts(state, event, decide)
    state, measured = measurements(state, to_measure, event, decide)
    first += measured
    first += fees(state, event, decide)
    state = attrs.evolve(state, throughput={})
    market = _market(event)
    deviations = deviation_lots(event.grid, state.asset_fees, state.standing.rate)
    settled = plan_settlement(deviations, state.standing, market, decide, state.window)
    state, batch = _send(state, event, join_plans(settled, _spot(state, event, market, decide)), first)
    return state, [*notices, *batch]


def _ticked(state: State, event: Ticked, decide: Decide) -> tuple[State, list[Command]]:
    if (event.slot, event.progress) == (state.slot, state.progress):
        # GSy sends a tick together with the market event (PROTOCOL.md 3.7); that one was acted on.
        return state, []
    state, notices = _begin(state, event)
    if state.slot is not None and (event.slot, event.progress) < (state.slot, state.progress):
        return state, [*notices, *_late(event)]
    if state.slot != event.slot:
        # The market event of this slot never came: trade in what is left of it.
        decide.begin_slot()
        missed = (*slots_between(state.slot, event), event.slot) if state.slot else (event.slot,)
        notices.append(Notify(SlotsMissed(missed)))
    event = _claimed_only(state, event)
    state = _enter(state, event)
    state, batch = _send(state, event, _spot(state, event, _market(event), decide), [])
    return state, [*notices, *batch]


def _claimed_only(state: State, event: MarketEvent) -> MarketEvent:
    """Return an event without assets that are not claimed.

    Where there is no registry, only the first event tells what was held from before.
    """
    if state.lists_areas or state.tree is None:
        return event
    tree = state.tree
    grid = event.grid.only(frozenset(tree.ids[area] for area in state.areas))
    return event if grid is event.grid else attrs.evolve(event, grid=grid)


def _begin(state: State, event: SlotOpened | Ticked) -> tuple[State, list[Command]]:
    """Give up the answer to the last batch, and let time begin anew where the exchange did.

    Then the first event of a connection is older than those of the last one, and what stood before is gone.
    """
    state, notices = give_up_answer(state)
    now = (event.slot, event.progress)
    if state.is_fresh and state.slot is not None and now < (state.slot, state.progress):
        state = attrs.evolve(
            state,
            slot=None,
            progress=0.0,
            joined=None,
            unmeasured=None,
            told=Told(),
            window=SettlementWindow(),
            standing=Standing.empty(),
            sold_out=frozenset(),
            unsent=(),
        )
    return attrs.evolve(state, is_fresh=False), notices


def _enter(state: State, event: SlotOpened | Ticked) -> State:
    """Take over what the event says about time, assets and open markets."""
    grid = event.grid
    ids = tuple(grid.assets.id)
    fresh = isinstance(event, SlotOpened) or event.slot != state.slot or ids != state.asset_ids
    standing = state.standing
    if ids != state.asset_ids and len(ids) == len(state.asset_ids):
        standing = standing.open_for((), 0)
    return attrs.evolve(
        state,
        slot=event.slot,
        progress=event.progress,
        joined=state.joined or event.slot,
        window=state.window.seen(event.slot, grid.deviations.slots),
        unmeasured=event.slot if isinstance(event, SlotOpened) or state.unmeasured is None else state.unmeasured,
        asset_ids=ids,
        asset_fees=asset_fees(grid) if fresh else state.asset_fees,
        standing=standing.open_for((*grid.deviations.slots, event.slot), 2 * len(ids)),
        sold_out=state.sold_out if event.slot == state.slot else frozenset(),
    )


def _spot(state: State, event: SlotOpened | Ticked, market: Market, decide: Decide) -> Plan:
    lots = spot_lots(event.grid, event.slot, state.asset_fees, state.standing.rate)
    return plan_spot(lots, state.standing, market, decide, state.capability, state.sold_out)


def _market(event: SlotOpened | Ticked) -> Market:
    return Market(
        event.slot, event.progress, event.slot_length, event.feed_in_rate, event.market_maker_rate, event.grid
    )


def _send(
    state: State, event: SlotOpened | Ticked, plan: Plan, first: list[ExchangeCommand]
) -> tuple[State, list[Command]]:
    """Make the batch of an event; without one, the plan's reasons are final at once."""
    state, notices = _tell_unkept(state, plan)
    commands = [*still_counting(state.unsent, event.slot), *first, *_order_commands(plan)]
    sold = offered_and_sold(plan.keyed, event.grid.assets, state.standing)
    pending = Pending(state.transactions + 1, event.slot, event.progress, plan, of_assets(commands), sold)
    state = attrs.evolve(state, unsent=())
    if not commands:
        return state, [*notices, Notify(final_reasons(pending))]
    state, batch = _batch(state, commands)
    return attrs.evolve(state, pending=pending), [*notices, *batch]


def _tell_unkept(state: State, plan: Plan) -> tuple[State, list[Command]]:
    """Tell once per asset that this exchange does not keep to its requirements."""
    asset = plan.keyed.lots.asset
    held = dict.fromkeys(asset[plan.reason == Reason.REQUIREMENTS_UNSUPPORTED].tolist())
    waived = dict.fromkeys(asset[plan.waived].tolist())
    fresh = (held.keys() | waived.keys()) - state.told_unkept
    if not fresh:
        return state, []
    notice = RequirementsUnkept(
        state.capability, tuple(filter(fresh.__contains__, held)), tuple(filter(fresh.__contains__, waived))
    )
    return attrs.evolve(state, told_unkept=state.told_unkept | fresh), [Notify(notice)]


def _order_commands(plan: Plan) -> list[ExchangeCommand]:
    lots = plan.keyed.lots
    commands: list[ExchangeCommand] = []
    gone = np.flatnonzero(plan.withdrawn)
    if len(gone):
        commands.append(WithdrawOrders(lots.asset[gone], lots.side[gone], lots.slot[gone]))
    if len(plan.line_lot):
        rows = plan.line_lot
        replace = np.diff(rows, prepend=-1) != 0
        lines = OrderLines(
            lots.asset[rows], lots.side[rows], lots.slot[rows], plan.line_rate, plan.line_energy, replace
        )
        commands.append(PlaceOrders(lines, plan.requirements, plan.energy_types))
    return commands


def _batch(state: State, commands: list[ExchangeCommand]) -> tuple[State, list[Command]]:
    state = attrs.evolve(state, transactions=state.transactions + 1)
    return state, [Batch(state.transactions, tuple(commands))]


def _late(event: SlotOpened | Ticked) -> list[Command]:
    unknown = np.full((1, 2 * len(event.grid.assets)), np.nan)
    lots = spot_lots(event.grid, event.slot, asset_fees(event.grid), unknown).lots
    count = len(lots)
    reasons = Reasons(
        lots.asset,
        lots.side,
        lots.slot,
        np.full(count, Reason.LATE),
        np.full(count, "", dtype=object),
        np.full(count, np.nan),
    )
    reasoned = Reasoned(event.slot, event.progress, reasons, 0, 0, 0)
    return [Notify(TickLate(event.slot, event.progress)), Notify(reasoned)]
