"""Checks of observers: they take every event, from a session's start to its end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pendulum

import gridhook.events as ev
from gridhook.errors import Problem
from gridhook.market import Throughput
from gridhook.reasons import Reason, Reasons
from gridhook.testing.checks.check import Check
from gridhook.testing.checks.signatures import check_signature
from gridhook.testing.conformance import NonconformingError
from gridhook.testing.situations import make_situation
from gridhook.testing.subject import Subject
from gridhook.trades import SETTLEMENT, SPOT, Trades

__all__ = ["OBSERVATION", "every_event"]


def every_event() -> Iterator[ev.Event]:
    """Yield an event, or a notice, of every kind."""
    opened, ticked = make_situation(), make_situation(progress=0.5)
    tree, slot = opened.market.grid.tree, opened.market.slot
    load, pv = opened.lots.asset[0], opened.lots.asset[1]
    area = ev.ClaimedArea("Load 1", "load", tree.path_of(load), load)
    yield ev.Connected(tree, "binding")
    yield ev.Connected(tree, "unsupported", frozenset({load}), lists_areas=False)
    yield ev.AreasClaimed(tree.paths[3:], (Problem("names", "no area is called 'Hut'"),), areas=(area,))
    yield opened.event
    yield ticked.event
    yield ev.Traded(_trades(slot, load, pv))
    yield ev.Answered(1, np.array([True, False]), {1: "refused"}, throughput={tree.ids[0]: Throughput(1.0, 0.0)})
    yield ev.OrdersRefused((ev.Refused("bid", load, "there is no market"),))
    yield ev.Reasoned(slot, 0.5, _reasons(slot, load), 1, 0, 0)
    yield ev.PluginFailed("other", "price_energy", "ValueError: something", "Grid/Home 1/Load 1")
    yield ev.RequirementsUnkept("stripped", (load,), (pv,))
    yield ev.SlotsMissed((slot,))
    yield ev.TickLate(slot, 0.5)
    yield ev.BatchUnanswered(1)
    yield ev.TicksSkipped(2)
    yield ev.MessageUnreadable("no JSON")
    yield ev.ExchangeSilent(60.0)
    yield ev.ConnectionLost("the connection was reset")
    yield ev.ConnectionRestored(5.0)
    yield ev.AreasLost((load,))
    yield ev.Finished()


def _takes_events(subject: Subject) -> str:
    events = list(every_event())
    with subject.session() as sitting:
        sitting.implementation("event_received")
        for event in events:
            try:
                sitting.tell("event_received", {"event": event})
            except NonconformingError as error:
                msg = f"told of {type(event).__name__}: {error}; look at its class first"
                raise NonconformingError(msg) from error
    return f"{len(events)} events"


def _starts_and_finishes(hook: str, subject: Subject) -> str:
    with subject.session() as sitting:
        sitting.implementation(hook)
    return "also when nothing happens in between"


def _trades(slot: pendulum.DateTime, buyer: str, seller: str) -> Trades:
    return Trades(
        ["1", "2"],
        [SPOT, SETTLEMENT],
        [slot, slot],
        [buyer, buyer],
        [seller, ""],
        np.array([0.5, 0.25]),
        np.array([20.0, 30.0]),
        np.array([19.0, np.nan]),
        np.array([True, False]),
    )


def _reasons(slot: pendulum.DateTime, asset: str) -> Reasons:
    every = np.array(list(Reason))
    count = len(every)
    return Reasons([asset] * count, ["bid"] * count, [slot] * count, every, ["ramp"] * count, np.full(count, 12.0))


OBSERVATION = (
    *(
        Check("signature", hook, partial(check_signature, hook))
        for hook in ("session_started", "event_received", "session_finished")
    ),
    *(
        Check("session of no events", hook, partial(_starts_and_finishes, hook))
        for hook in ("session_started", "session_finished")
    ),
    Check("every kind of event", "event_received", _takes_events),
)
