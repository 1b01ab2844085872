"""Dry runs: a session in which everything is done but orders sent."""

import attrs
import pytest

from gridhook.agent import AgentSettings, initial_state, step
from gridhook.claims import Claim
from gridhook.commands import (
    AskMarketStats,
    Batch,
    ClaimAreas,
    Notify,
    OrderLines,
    PlaceOrders,
    SendForecasts,
    SetGridFees,
)
from gridhook.dryrun import DryRunLink, UnsentDeletion, UnsentOrder
from gridhook.events import Answered, Connected, Finished, Reasoned, SlotOpened, Ticked
from gridhook.orders import HOLD, Requirement, Requirements
from gridhook.reasons import Reason
from gridhook.testing import SLOT, make_assets, make_grid, make_market, make_tree

AREAS = {"Grid": {"House": {"Load": "load", "PV": "pv"}}}
TREE = make_tree(AREAS)
LOAD = "Grid/House/Load"


def market(progress=0.0, number=0, requirement=1.0, names=("Load",)):
    rows = {
        "Load": {
            "path": LOAD,
            "kind": "load",
            "energy_requirement_kwh": requirement,
            "energy_active_in_bids_kwh": 0.0,
        },
        "PV": {"path": "Grid/House/PV", "kind": "pv", "available_energy_kwh": 1.0},
    }
    grid = make_grid(AREAS, {}, make_assets(*({"name": name, **rows[name]} for name in names)))
    length = make_market().slot_length
    kind = Ticked if progress else SlotOpened
    return kind(SLOT + length * number, length, attrs.evolve(grid, tree=TREE), 8.0, 30.0, progress)


class FakeLink:
    """Says what a test wants, and keeps what it is sent; it answers nothing."""

    slots = 7

    def __init__(self, *events):
        self.script = events
        self.sent = []
        self.is_closed = self.is_interrupted = False
        self.held_at_end = None

    def events(self):
        yield from self.script

    def send(self, batch):
        self.sent.append(batch)

    def accounts(self):
        return None

    def interrupt(self):
        self.is_interrupted = True

    def close(self):
        self.is_closed = True


class RestoringLink(FakeLink):
    def hold_at_end(self, ids):
        self.held_at_end = list(ids)


def connected(*held):
    return Connected(TREE, "binding", frozenset(held))


class Play:
    """A session of an agent with scripted plugins on a fake link, played as a dry run."""

    def __init__(self, decide):
        self.decide = decide
        self.unsent = []
        self.reasoned = []

    def run(self, link):
        dry = DryRunLink(link, self.unsent.append)
        state = initial_state(AgentSettings())
        for event in dry.events():
            state, commands = step(state, event, self.decide)
            for command in commands:
                if isinstance(command, Notify):
                    self.reasoned += [command.notice] if isinstance(command.notice, Reasoned) else []
                else:
                    dry.send(command)
        dry.close()
        orders = [one for one in self.unsent if isinstance(one, UnsentOrder)]
        return [(one.progress, one.path, one.side, one.energy_kwh, one.rate) for one in orders]

    @property
    def reasons(self):
        return [[Reason(row.reason).label for row in one.reasons] for one in self.reasoned]


@pytest.fixture
def play(make_stage):
    play = Play(make_stage().decide)
    play.decide.price = 20.0
    play.decide.claims = (("claim", Claim(kinds=["load"])),)
    return play


def test_orders_are_told_and_not_sent(play):
    link = FakeLink(connected(), market(), Finished())
    assert play.run(link) == [(0.0, LOAD, "bid", 1.0, 20.0)]
    assert [type(command) for batch in link.sent for command in batch.commands] == [ClaimAreas]


def test_an_order_is_told_once_and_again_when_it_would_be_changed(play):
    play.decide.price = lambda lots, market: 20.0 if market.progress < 0.3 else 21.0
    link = FakeLink(connected(), market(), market(0.1), market(0.2), market(0.3), market(0.4))
    assert [(progress, rate) for progress, *_, rate in play.run(link)] == [(0.0, 20.0), (0.3, 21.0)]
    assert play.reasons == [["not_sent"], ["unchanged"], ["unchanged"], ["not_sent"], ["unchanged"]]


def test_it_is_told_again_when_there_is_another_slot_or_more_to_trade(play):
    link = FakeLink(connected(), market(), market(0.1, requirement=2.0), market(number=1))
    assert [(progress, energy) for progress, _, _, energy, _ in play.run(link)] == [(0.0, 1.0), (0.1, 2.0), (0.0, 1.0)]


def test_nothing_is_counted_as_an_order(play):
    play.decide.requirements = lambda lots, rates: Requirements({0: (Requirement(partners=("id:PV",)),)})
    play.run(FakeLink(connected(), market()))
    (reasoned,) = play.reasoned
    assert (reasoned.spot_orders, reasoned.settlement_orders, reasoned.orders_with_requirements) == (0, 0, 0)
    assert play.unsent[0].requirements == (Requirement(partners=("Grid/House/PV",)),)


def test_without_a_registry_names_are_asked_for_and_what_was_had_before_is_kept(play):
    play.decide.claims = (("claim", Claim(names=["Load"])),)
    link = RestoringLink(
        Connected(make_tree({}), "binding", lists_areas=False), market(names=("Load", "PV")), market(0.1)
    )
    assert play.run(link) == [(0.0, LOAD, "bid", 1.0, 20.0)]
    assert [command for batch in link.sent for command in batch.commands] == [
        ClaimAreas((), ("Load",)),
        ClaimAreas(("id:Load", "id:PV")),
    ]
    assert link.held_at_end == ["id:PV"]


def test_without_a_registry_what_is_taken_is_left_at_the_end(play):
    play.decide.claims = (("claim", Claim(names=["Load"])),)
    link = RestoringLink(Connected(make_tree({}), "binding", lists_areas=False), market())
    play.run(link)
    assert link.held_at_end == []


def test_orders_that_would_be_deleted_are_told(play):
    play.decide.price = lambda lots, market: 20.0 if market.progress < 0.1 else HOLD
    link = FakeLink(connected(), market(), market(0.1), market(0.2))
    play.run(link)
    order, deletion = play.unsent
    assert isinstance(order, UnsentOrder)
    assert deletion == UnsentDeletion(SLOT, 0.1, LOAD, "bid", SLOT)
    assert play.reasons == [["not_sent"], ["held"], ["held"]]


def test_plugins_see_their_orders_as_open(play):
    play.run(FakeLink(connected(), market(), market(0.1)))
    lots = play.decide.rows_of("price_energy")
    assert (lots.open_rate.tolist(), lots.energy_active_kwh.tolist()) == ([20.0], [1.0])


def test_what_is_no_order_is_sent_under_the_same_number_and_its_answer_comes_too():
    order = PlaceOrders(OrderLines(["id:Load"], ["bid"], [SLOT], [20.0], [0.5], [True]))
    forecast = SendForecasts(("id:Load",), (SLOT,), [[0.5]])
    answer = Answered(2, [], {}, (), 1)
    link = FakeLink(connected(), market(), answer)
    dry = DryRunLink(link, lambda _: None)
    events = dry.events()
    assert [type(next(events)) for _ in range(2)] == [Connected, SlotOpened]
    dry.send(Batch(2, (forecast, order)))
    (sent,) = link.sent
    assert (sent.transaction, sent.commands) == (2, (forecast,))
    own, others = events
    assert (own.transaction, own.is_dry_run, own.accepted.tolist()) == (2, True, [False])
    assert others is answer


def test_grid_fees_are_not_sent_since_others_would_pay_them():
    link = FakeLink(market(), market(0.1))
    dry = DryRunLink(link, print)
    answers = []
    for number, event in enumerate(dry.events(), 5):
        if isinstance(event, Answered):
            answers.append(event)
        elif event.progress:
            dry.send(Batch(number, (SetGridFees(("id:Grid",), [1.0]),)))
        else:
            dry.send(Batch(number, (AskMarketStats(("id:Grid",)), SetGridFees(("id:Grid",), [1.0]))))
    assert link.sent == [Batch(5, (AskMarketStats(("id:Grid",)),))]
    assert [answer.is_dry_run for answer in answers] == [True, True]


def test_areas_that_were_held_before_stay_and_are_what_is_held_at_the_end(play):
    link = RestoringLink(connected("id:PV"), market(names=("Load", "PV")), connected("id:PV", "id:Load"))
    told = play.run(link)
    claims = [command.ids for batch in link.sent for command in batch.commands if isinstance(command, ClaimAreas)]
    assert claims == [("id:Load", "id:PV")] * 2
    assert link.held_at_end == ["id:PV"]
    # No orders are made for what is held, but not wanted.
    assert [path for _, path, *_ in told] == [LOAD]


def test_everything_else_is_the_links():
    link = FakeLink()
    dry = DryRunLink(link, lambda _: None)
    dry.interrupt()
    dry.close()
    assert (dry.slots, dry.accounts(), link.is_interrupted, link.is_closed) == (7, None, True, True)


@pytest.mark.parametrize(("kind", "word"), [(RestoringLink, "are left at its end"), (FakeLink, "are not left")])
def test_what_it_does_to_an_exchange_is_said(kind, word):
    assert word in DryRunLink(kind(), lambda _: None).caution
