"""Records: what is written down is read again as it was."""

import json
import math
from pathlib import Path
from typing import get_args

import attrs
import numpy as np
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.commands import (
    AskMarketStats,
    Batch,
    ClaimAreas,
    ExchangeCommand,
    OrderLines,
    PlaceOrders,
    SendForecasts,
    SendMeasurements,
    SetGridFees,
    WithdrawOrders,
)
from gridhook.errors import Problem
from gridhook.events import (
    Answered,
    AreasClaimed,
    AreasLost,
    BatchUnanswered,
    Connected,
    ConnectionLost,
    ConnectionRestored,
    Event,
    ExchangeSilent,
    Finished,
    MessageUnreadable,
    OrdersRefused,
    PluginFailed,
    Reasoned,
    Refused,
    RequirementsUnkept,
    SlotOpened,
    SlotsMissed,
    Ticked,
    TickLate,
    TicksSkipped,
    Traded,
)
from gridhook.grid import Deviations, MarketStats
from gridhook.market import Throughput
from gridhook.orders import Requirement
from gridhook.reasons import Reasons
from gridhook.records.decoding import Decoder
from gridhook.records.encoding import Encoder
from gridhook.records.lines import Energies, Header, Heard, Noticed, Sent, Summary
from gridhook.tables import Table
from gridhook.testing import SLOT, make_assets, make_grid, make_tree
from gridhook.trades import Trades

AREAS = {"Grid": {"House": {"Load": "load", "PV": "pv"}}}
ASSETS = make_assets({"name": "Load", "kind": "load", "energy_requirement_kwh": 0.5}, {"name": "PV", "kind": "pv"})
STATS = MarketStats(*[[1.0, 2.0, math.nan, math.nan]] * 5)
GRID = attrs.evolve(
    make_grid(AREAS, {"House": 1.5}, ASSETS),
    last_market_stats=STATS,
    deviations=Deviations((SLOT.subtract(minutes=15),), [[0.25], [math.nan]]),
)
QUARTER = pendulum.duration(minutes=15)
ERROR = Refused("bid", "id:Load", "too much; = is no sign")
TRADES = Trades(["t"], ["spot"], [SLOT], ["id:Load"], [""], [0.1], [12.5], [math.nan], [True])
REASONS = Reasons(["id:Load"] * 2, ["bid", "offer"], [SLOT, SLOT], [0, 1], ["ramp", ""], [12.5, math.nan])

EVENTS = [
    Connected(GRID.tree, "stripped", frozenset({"id:PV", "id:Load"}), lists_areas=False),
    SlotOpened(SLOT, QUARTER, GRID, 8.0, math.nan),
    Ticked(SLOT, QUARTER, GRID, 8.0, 30.0, 0.1),
    Traded(TRADES),
    Answered(
        3, [True, False], {1: "too much"}, (ERROR,), 2, frozenset({"id:PV"}), True, {"id:House": Throughput(0.5, 0.25)}
    ),
    Finished(),
    ConnectionLost("reset"),
    ConnectionRestored(1.5),
    ExchangeSilent(1800.0),
    TicksSkipped(2),
    MessageUnreadable("no JSON"),
    AreasLost(("id:PV",)),
    AreasClaimed(("Grid/House/PV",), (Problem("plugins.claim.names", "none", Path("a.toml"), 3),)),
    PluginFailed("eager", "price_energy", "ValueError: no", "Grid/House/PV", benched=True, traceback="…"),
    SlotsMissed((SLOT,)),
    TickLate(SLOT, 0.3),
    BatchUnanswered(7),
    OrdersRefused((ERROR,)),
    RequirementsUnkept("unsupported", ("id:Load",), ("id:PV",)),
    Reasoned(SLOT, 0.1, REASONS, 1, 0, 1),
]

LINES = OrderLines(["id:Load"] * 2, ["bid"] * 2, [SLOT] * 2, [12.5, 13.0], [0.1, 0.2], [True, False])
TERMS = (Requirement(("id:PV",), ("PV",), 0.1, None), Requirement())
COMMANDS = [
    ClaimAreas(("id:Load",), ("PV",)),
    SendForecasts(("id:Load",), (SLOT, SLOT.add(minutes=15)), [[0.1, math.nan]]),
    SendMeasurements(("id:PV",), (SLOT,), [[0.1]]),
    WithdrawOrders(["id:PV"], ["offer"], [SLOT]),
    PlaceOrders(LINES, {1: TERMS}, {0: "PV"}),
    AskMarketStats(("id:House",)),
    SetGridFees(("id:House",), [1.0]),
]

RECORD = [
    Header(1, "0.1.0", "ada", "embedded:demo", None, {"ramp": "0.1.0"}),
    *(Heard(SLOT, event) for event in EVENTS[:12]),
    *(Noticed(event) for event in EVENTS[12:]),
    Energies("forecast_energy", ("id:Load",), (SLOT,), [[math.inf]]),
    Sent(Batch(4, tuple(COMMANDS))),
    Summary({"slots": 1, "reasons": {"priced": 2}}),
]


def same(one, other):
    """Whether two values say the same, column by column."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and all(map(same, one.tolist(), other.tolist()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if attrs.has(type(one)) and not isinstance(one, tuple):
        names = one.row_type._fields if isinstance(one, Table) else [field.name for field in attrs.fields(type(one))]
        return type(one) is type(other) and all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other


def read_again(lines):
    encoder, decoder = Encoder(), Decoder()
    texts = [json.dumps(encoder.encode(line), allow_nan=False) for line in lines]
    return [decoder.decode(json.loads(text)) for text in texts], texts


def test_there_is_a_sample_of_each_event_and_command():
    kinds = {cls for part in get_args(Event) for cls in get_args(part) or (part,)}
    assert {type(event) for event in EVENTS} == kinds
    assert {type(command) for command in COMMANDS} == set(get_args(ExchangeCommand))


def test_every_line_is_read_as_it_was_written():
    again, _ = read_again(RECORD)
    for line, its in zip(RECORD, again, strict=True):
        assert same(line, its), line


def test_what_is_the_same_again_is_not_written_again():
    again, texts = read_again([RECORD[3]] * 3)
    assert len(texts[2]) == len(texts[1]) < len(texts[0])
    assert '"energy_requirement_kwh": {"=": true}' in texts[1]
    assert all(same(RECORD[3], line) for line in again)


def test_a_tree_that_stayed_is_the_same_object_and_an_equal_one_that_came_anew_is_another():
    other = attrs.evolve(GRID, tree=make_tree(AREAS))
    grids = [GRID, GRID, other]
    again, _ = read_again([Heard(SLOT, attrs.evolve(EVENTS[2], grid=grid)) for grid in grids])
    trees = [line.event.grid.tree for line in again]
    assert trees[0] is trees[1]
    assert trees[1] is not trees[2]
    assert trees[2].paths == GRID.tree.paths


@pytest.mark.parametrize(
    "value", [[], {}, {"is": "Nothing"}, {"is": "Heard", "at": "now"}, 3, {"is": "Sent", "batch": {"is": "Batch"}}]
)
def test_what_is_no_line_is_an_error(value):
    with pytest.raises(ValueError, match="no line of a record"):
        Decoder().decode(value)


columns = st.lists(st.floats(), min_size=3, max_size=3)


@given(st.lists(columns, min_size=1, max_size=5))
def test_any_numbers_are_read_as_they_were(tables):
    lines = [Energies("measure_energy", ("a", "b", "c"), (SLOT,), [[value] for value in values]) for values in tables]
    again, _ = read_again(lines)
    assert all(map(same, lines, again))
