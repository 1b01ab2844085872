"""Random histories: whatever the exchange does, every lot has one reason, and what stands is what is wished for."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.commands import PlaceOrders, WithdrawOrders
from gridhook.deciding import Priced
from gridhook.events import Answered, Reasoned, Ticked
from gridhook.orders import HOLD, Orders
from gridhook.reasons import Reason

KINDS = (
    ("Load", "bid"),
    ("PV", "offer"),
    ("Battery", "bid"),
    ("Battery", "offer"),
    ("Meter", "bid"),
    ("Meter", "offer"),
)
ENERGY = st.sampled_from([0.0, 1e-5, 0.25, 1.0])
WISH = st.sampled_from([np.nan, HOLD, -1.0, 0.0, 10.0, 12.0, "ladder"])
WISHES = st.lists(WISH, min_size=len(KINDS), max_size=len(KINDS))
ENERGIES = st.lists(ENERGY, min_size=len(KINDS), max_size=len(KINDS))
FATES = st.sampled_from(["answered", "refused", "partly refused", "lost", "executed, answer lost", "late answer"])
ADVANCES = st.sampled_from(
    ["tick", "tick", "tick", "slot", "slots missed", "slot by tick", "repeated", "late", "late slot"]
)
MOMENTS = st.tuples(ADVANCES, WISHES, ENERGIES, ENERGIES, FATES)


def priced(wishes):
    """What pricing plugins make of one wish per lot; lots are told by name and side."""

    def answer(lots, market):
        rows, reason = [], []
        for row, lot in enumerate(lots):
            wish = wishes[KINDS.index((lot.name, lot.side))]
            if wish == "ladder":
                rows += [(row, 10.0, lot.energy_kwh / 2), (row, 11.0, lot.energy_kwh / 4)]
            elif np.isfinite(wish):
                rows.append((row, wish, lot.energy_kwh))
            reason.append(
                Reason.PRICED
                if wish == "ladder" or np.isfinite(wish)
                else (Reason.HELD if wish == HOLD else Reason.DECLINED)
            )
        orders = Orders(*zip(*rows, strict=True)) if rows else Orders([], [], [])
        return Priced(orders, np.array(reason, dtype=np.int64), np.full(len(lots), "", dtype=object))

    return answer


class Book:
    """The exchange: what stands in the running slot, as (rate, kWh) per asset and side."""

    def __init__(self):
        self.orders = {}

    def execute(self, batch, accepted):
        for command in batch:
            if isinstance(command, WithdrawOrders):
                for asset, side in zip(command.asset, command.side, strict=True):
                    self.orders.pop((asset[3:], side), None)
            if isinstance(command, PlaceOrders):
                for row, is_accepted in zip(command.lines, accepted, strict=True):
                    place = row.asset[3:], row.side
                    if is_accepted and row.replace:
                        self.orders.pop(place, None)
                    if is_accepted:
                        self.orders.setdefault(place, []).append((row.rate, row.energy_kwh))

    def trade(self, place, most):
        """Half of the newest order trades, where there is one and the rest is worth it."""
        if most and place in self.orders and self.orders[place][-1][1] > 0.1:
            rate, energy = self.orders[place].pop()
            self.orders[place].append((rate, energy / 2))

    def active(self, place):
        return sum(energy for _, energy in self.orders.get(place, ()))


class Run:
    """Plays moments on a stage and an exchange, and notes which reasons have to come and which came."""

    def __init__(self, stage, moments, initial_slot=100):
        self.stage, self.book = stage, Book()
        self.expected, self.found = Counter(), Counter()
        self.digests = []
        self.slot, self.number = initial_slot, 0
        self.note(stage.connect())
        self.play("slot", [np.nan] * len(KINDS), [1.0] * len(KINDS), [0.0] * len(KINDS), "answered")
        for moment in moments:
            self.play(*moment)
        self.note(stage.finish())

    def note(self, stage):
        self.digests.append(repr(stage.commands))
        for notice in stage.notices:
            if isinstance(notice, Reasoned):
                where = (notice.slot, notice.progress)
                self.found.update((*where, row.asset[3:], row.side, row.slot) for row in notice.reasons)
        return stage

    def play(self, advance, wishes, energies, trades, fate):
        stage, self.number = self.stage, self.number + 1
        stage.decide.asked.clear()
        stage.decide.price = priced(wishes)
        stage.decide.settle = lambda lots, market: np.resize([5.0, HOLD, np.nan], len(lots))
        slot, progress = self.slot, self.number / 1e4
        if advance == "repeated":
            event = self.last
        else:
            if advance in ("slot", "slots missed", "slot by tick"):
                slot = self.slot = self.slot + (3 if advance == "slots missed" else 1)
                self.book.orders.clear()
            late = advance in ("late", "late slot")
            for place, amount in zip(KINDS[:4], trades, strict=False):
                self.book.trade(place, amount)
            grid = stage.grid(*self.assets(energies), deviations={slot - 1: [0.5, np.nan, np.nan, -0.5]})
            is_market = advance in ("slot", "slots missed", "late slot")
            event = stage.market_event(
                slot - late, progress, grid, type(stage.market_event(slot)) if is_market else Ticked
            )
            lots = [(*place, event.slot) for place in KINDS]
            if is_market and not late:
                lots += [("Load", "bid", stage.slot(slot - 1)), ("Meter", "offer", stage.slot(slot - 1))]
            self.expected.update((event.slot, progress, *lot) for lot in lots)
            if not late:
                self.last = Ticked(event.slot, event.slot_length, grid, 8.0, 30.0, progress)
        before = {place: list(orders) for place, orders in self.book.orders.items()}
        batch = self.note(stage.step(event)).batch
        if batch:
            self.settle_fate(batch, fate)
        if fate == "answered" and advance not in ("repeated", "late", "late slot"):
            self.check(wishes, before)

    def assets(self, energies):
        """The assets as the exchange reports them; the meter's open orders are not reported."""
        stage, book = self.stage, self.book
        load, pv, buy, sell, use, give = (
            max(energy, book.active(place)) for energy, place in zip(energies, KINDS, strict=True)
        )
        bids, offers = book.active(("Battery", "bid")), book.active(("Battery", "offer"))
        return (
            stage.load(load, active=book.active(("Load", "bid"))),
            stage.pv(pv, active=book.active(("PV", "offer"))),
            stage.battery(buy - bids, sell - offers, bids, offers),
            stage.asset("Meter", "smart-meter", energy_requirement_kwh=use, available_energy_kwh=give),
        )

    def settle_fate(self, batch, fate):
        stage = self.stage
        rows = sum(len(command.lines) for command in batch if isinstance(command, PlaceOrders))
        accepted = np.ones(rows, dtype=bool)
        if fate == "refused":
            accepted[:] = False
        elif fate == "partly refused":
            accepted[:: 2 if self.number % 2 else 3] = False
        if fate != "lost":
            self.book.execute([*self.spot(batch)], accepted[self.is_spot(batch)])
        if fate in ("answered", "refused", "partly refused"):
            self.note(stage.step(Answered(stage.state.transactions, accepted, {})))
        elif fate == "late answer":
            self.note(stage.step(Answered(stage.state.transactions - 1, accepted, {})))

    def is_spot(self, batch):
        rows = [command.lines.slot == self.stage.state.slot for command in batch if isinstance(command, PlaceOrders)]
        return rows[0] if rows else np.empty(0, dtype=bool)

    def spot(self, batch):
        now = self.stage.state.slot
        for command in batch:
            if isinstance(command, PlaceOrders):
                yield PlaceOrders(command.lines.take(command.lines.slot == now))
            elif isinstance(command, WithdrawOrders):
                its = command.slot == now
                yield WithdrawOrders(command.asset[its], command.side[its], command.slot[its])

    def check(self, wishes, before):
        """What stands at the exchange now is what was wished for."""
        asked = [call[1] for call in self.stage.decide.asked if call[0] == "price_energy"]
        energy = {(lot.name, lot.side): lot.energy_kwh for lots in asked for lot in lots}
        for place, wish in zip(KINDS, wishes, strict=True):
            stands = self.book.orders.get(place, [])
            if place not in energy or (wish != "ladder" and np.isnan(wish)):
                assert stands == before.get(place, [])
            elif wish == "ladder":
                assert stands == [(10.0, pytest.approx(energy[place] / 2)), (11.0, pytest.approx(energy[place] / 4))]
            elif wish == HOLD or wish < 0:
                assert stands == []
            else:
                assert stands == [(wish, pytest.approx(energy[place], abs=2e-5))]


@given(st.lists(MOMENTS, max_size=12))
def test_every_lot_of_every_tick_has_exactly_one_final_reason(make_stage, moments):
    run = Run(make_stage(), moments)
    assert run.found == run.expected
    assert set(run.found.values()) == {1}


@given(st.lists(MOMENTS, max_size=12))
def test_the_same_events_give_the_same_commands(make_stage, moments):
    assert Run(make_stage(), moments).digests == Run(make_stage(), moments).digests


@given(st.lists(st.tuples(st.just("tick"), WISHES, ENERGIES, ENERGIES, FATES), min_size=1, max_size=8), WISHES)
def test_whatever_happened_one_answered_tick_makes_the_exchange_have_what_is_wished_for(make_stage, moments, wishes):
    """``Run`` compares after each answered tick what stands with what the plugins want."""
    Run(make_stage(), [*moments, ("tick", wishes, [1.0] * len(KINDS), [0.0] * len(KINDS), "answered")])
