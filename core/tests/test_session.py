"""The session: what it does with events, commands, failures and signals, from the first event to the figures."""

import inspect
import logging
import os
import re
import signal
import threading
import time

import attrs
import numpy as np
import pytest

from gridhook import Claim, ExchangeError, hookimpl
from gridhook.agent import AgentSettings
from gridhook.commands import PlaceOrders
from gridhook.errors import ConfigError
from gridhook.events import (
    Answered,
    Connected,
    Finished,
    PluginFailed,
    Refused,
    SlotOpened,
    Ticked,
    Traded,
)
from gridhook.figures import Accounts, CommunityFigures, PluginFigures, SessionInfo
from gridhook.plugins import Manager
from gridhook.plugins.decisions import Decisions
from gridhook.session import Session
from gridhook.testing import make_tree
from gridhook.trades import Trades

INFO = SessionInfo("ada", "scripted:house")


class ScriptedLink:
    """Says what a test says; a callable is called when its turn comes, and what it returns is said."""

    def __init__(self, *script, slots=None, accounts=None, send_fails_at=None):
        self.script = script
        self.slots = slots
        self.tick_seconds = None
        self.known = accounts
        self.send_fails_at = send_fails_at
        self.log = []
        self.batches = []
        self.closed = 0

    def events(self):
        for entry in self.script:
            event = entry(self) if callable(entry) else entry
            if event is not None:
                self.log.append(type(event).__name__)
                yield event

    def send(self, batch):
        if batch.transaction == self.send_fails_at:
            msg = "the line is dead"
            raise ExchangeError(msg)
        self.batches.append(batch)
        self.log.append([type(command).__name__ for command in batch.commands])

    def interrupt(self):
        pass

    def accounts(self):
        return self.known

    def close(self):
        self.closed += 1


class Claims:
    @hookimpl
    def claim_assets(self):
        return Claim(kinds=["load"])


class Rates:
    @hookimpl
    def price_energy(self, lots, market):
        return np.full(len(lots), 10.0 + market.progress)


class Observer:
    def __init__(self):
        self.told = []

    @hookimpl
    def session_started(self, session):
        self.told.append(session)

    @hookimpl
    def event_received(self, event):
        self.told.append(event)

    @hookimpl
    def session_finished(self, summary):
        self.told.append(summary)

    @property
    def names(self):
        return [type(one).__name__ for one in self.told]


@attrs.define
class Scene:
    """The exchange's words: one house with one load."""

    stage: object

    @property
    def connected(self):
        return Connected(self.stage.tree, "binding")

    def opened(self, number):
        return self._market(SlotOpened, number, 0.0)

    def ticked(self, number, progress):
        return self._market(Ticked, number, progress)

    def _market(self, kind, number, progress):
        return self.stage.market_event(number, progress, self.stage.grid(self.stage.load()), kind)

    def traded(self, number, energy=0.5, market="spot"):
        columns = ("t1", market, self.stage.slot(number), "id:Load", "", energy, 20.0, 19.0, False)
        return Traded(Trades(*([column] for column in columns)))


def answered(link):
    """Accept the last batch."""
    last = link.batches[-1]
    rows = sum(len(one.lines) for one in last.commands if isinstance(one, PlaceOrders))
    return Answered(last.transaction, np.ones(rows, dtype=bool), {})


def fails(_link):
    msg = "the exchange is gone"
    raise ExchangeError(msg)


@pytest.fixture
def scene(make_stage):
    return Scene(make_stage())


@pytest.fixture
def session_of(caller_of, config_of):
    """Return a function that joins a link and plugin objects; they claim and price unless others are given."""

    def build(link, *, sections=None, plugins=None, timeout_seconds=10.0, **options):
        plugins = {"claims": Claims(), "rates": Rates()} if plugins is None else plugins
        caller = caller_of(timeout_seconds=timeout_seconds, **plugins)
        uses = {
            domain: {"use": [name for name, plugin in caller.plugins.items() if domain in plugin.domains]}
            for domain in ("registration", "pricing")
        }
        config = config_of(**{**uses, **(sections or {})})
        manager = Manager(caller.plugins, caller._guard, Decisions(config, caller))
        return Session(link, manager, INFO, AgentSettings(), **options)

    return build


def messages(caplog, level=logging.WARNING):
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def levels(caplog, word):
    return [record.levelname for record in caplog.records if word in record.getMessage()]


def test_each_batch_is_sent_before_the_next_event_is_taken(session_of, scene):
    link = ScriptedLink(
        scene.connected, answered, scene.opened(0), answered, scene.ticked(0, 0.5), answered, Finished()
    )
    session_of(link).run()
    assert link.log == [
        "Connected",
        ["ClaimAreas"],
        "Answered",
        "SlotOpened",
        ["PlaceOrders"],
        "Answered",
        "Ticked",
        ["PlaceOrders"],
        "Answered",
        "Finished",
    ]
    assert [batch.transaction for batch in link.batches] == [1, 2, 3]
    assert [line.rate for batch in link.batches[1:] for line in batch.commands[-1].lines] == [10.0, 10.5]


def test_the_figures_are_what_happened(session_of, scene):
    accounts = Accounts((), CommunityFigures(0.25, 0.75), 0.5)
    link = ScriptedLink(
        scene.connected, answered, scene.opened(0), answered, scene.traded(0), scene.opened(1), answered,
        accounts=accounts,
    )  # fmt: skip
    session = session_of(link)
    figures = session.run()
    assert (figures.slots, figures.orders, figures.trades, figures.traded_kwh) == (2, 2, 1, 0.5)
    assert figures.reasons["priced"] == 2
    assert (figures.members, figures.community.self_consumption, figures.forecasts.wape) == ((), 0.75, 0.5)
    assert figures.plugins == (
        PluginFigures("claims", "registration", "1.0", 1, 0),
        PluginFigures("rates", "pricing", "1.0", 2, 0),
    )
    assert session.figures() == figures
    assert link.closed == 1


def test_a_session_ends_before_the_slot_after_its_last(session_of, scene):
    observer = Observer()
    link = ScriptedLink(scene.connected, scene.opened(0), scene.ticked(0, 0.5), scene.opened(1), scene.opened(2))
    figures = session_of(link, plugins={"claims": Claims(), "observer": observer}, slots=1).run()
    assert figures.slots == 1
    assert link.log[-1] == "SlotOpened", "it is not asked for more than the first event too many"
    assert link.log.count("SlotOpened") == 2
    assert observer.names.count("SlotOpened") == 1
    assert link.closed == 1


@pytest.mark.parametrize(
    ("own", "links", "known"), [(None, None, None), (3, None, 3), (None, 5, 5), (3, 5, 3), (7, 5, 5)]
)
def test_how_many_slots_there_will_be_is_what_ends_first(session_of, own, links, known):
    assert session_of(ScriptedLink(slots=links), slots=own).slots == known


def test_whoever_wants_to_know_is_told_the_number_of_each_slot(session_of, scene):
    seen = []
    link = ScriptedLink(scene.connected, scene.opened(0), scene.ticked(0, 0.5), scene.opened(1))
    session_of(link, on_slot=seen.append).run()
    assert seen == [1, 2]


def test_observers_are_told_everything_in_order(session_of, scene):
    observer = Observer()
    link = ScriptedLink(scene.connected, answered, scene.opened(0), scene.traded(0), answered, Finished())
    figures = session_of(link, plugins={"claims": Claims(), "rates": Rates(), "observer": observer}).run()
    assert observer.told[0] == INFO
    assert observer.told[-1] == figures
    assert observer.names[1:-1] == [
        "Connected", "AreasClaimed", "Answered", "SlotOpened", "Traded", "Answered", "Reasoned", "Finished"
    ]  # fmt: skip


@pytest.mark.parametrize("script", ["events", "send"])
def test_an_exchange_that_is_gone_ends_the_session_and_observers_hear_of_the_end(session_of, scene, script):
    observer = Observer()
    plugins = {"claims": Claims(), "rates": Rates(), "observer": observer}
    fails_at = 2 if script == "send" else None
    link = ScriptedLink(scene.connected, answered, scene.opened(0), fails, send_fails_at=fails_at)
    session = session_of(link, plugins=plugins)
    with pytest.raises(ExchangeError, match=r"is gone|is dead"):
        session.run()
    assert (observer.names[-1], observer.told[-1].slots) == ("Figures", 1)
    assert session.figures().slots == 1
    assert link.closed == 1


@pytest.mark.parametrize("in_time", [True, False])
def test_an_answer_that_comes_after_the_next_tick_is_late(session_of, scene, caplog, in_time):
    late = scene.opened(0), scene.ticked(0, 0.5), answered
    script = (scene.opened(0), answered, scene.ticked(0, 0.5), answered) if in_time else late
    observer = Observer()
    plugins = {"claims": Claims(), "rates": Rates(), "observer": observer}
    link = ScriptedLink(scene.connected, answered, *script, Finished())
    figures = session_of(link, plugins=plugins).run()
    orders = [batch.commands[-1] for batch in link.batches[1:]]
    assert len(orders) == 2, "the next tick sends the orders anew"
    expected = [] if in_time else ["batch 2 was not answered; what became of its orders is unknown"]
    assert messages(caplog) == expected
    assert observer.names.count("BatchUnanswered") == len(expected)
    assert (figures.reasons["priced"], figures.reasons["unknown"]) == ((2, 0) if in_time else (1, 1))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this platform has no interval timer")
def test_a_plugin_that_takes_longer_than_a_tick_is_cut_off(session_of, scene, caplog):
    class Slow:
        @hookimpl
        def price_energy(self, lots, market):
            time.sleep(30)

    link = ScriptedLink(scene.connected, answered, scene.opened(0))
    link.tick_seconds = 0.1
    figures = session_of(link, plugins={"claims": Claims(), "slow": Slow()}).run()
    assert any("within 0.1 s and was cut off" in line for line in messages(caplog))
    assert figures.reasons["plugin_failed"] == 1


def test_what_the_exchange_refuses_is_a_warning_each(session_of, scene, caplog):
    def refuses(link):
        refused = (Refused("forecast", "id:PV", "too early"),)
        return Answered(link.batches[-1].transaction, [False], {0: "no such market"}, refused)

    figures = session_of(ScriptedLink(scene.connected, answered, scene.opened(0), refuses)).run()
    assert messages(caplog) == [
        "the exchange refused forecast of Grid/House/PV: too early",
        "the exchange refused bid of Grid/House/Load: no such market",
    ]
    assert (figures.orders, figures.reasons["refused"]) == (0, 1)


def test_slots_that_were_missed_and_events_that_came_late_are_warnings(session_of, scene, caplog):
    link = ScriptedLink(
        scene.connected, answered, scene.opened(0), answered, scene.opened(3), answered, scene.ticked(2, 0.5)
    )
    session_of(link).run()
    missed, late = messages(caplog)
    slots = [scene.stage.slot(number).isoformat() for number in (1, 2)]
    assert missed == f"missed slots: {', '.join(slots)}"
    assert late == f"a late event of slot {slots[1]} was not acted on"
    assert len([batch for batch in link.batches if isinstance(batch.commands[-1], PlaceOrders)]) == 2


def test_what_was_claimed_is_an_info(session_of, scene, caplog):
    caplog.set_level(logging.INFO)
    session_of(ScriptedLink(scene.connected)).run()
    assert ("INFO", "claimed 2 areas: Grid/House/Load, Grid/House/Other Load") in [
        (record.levelname, record.getMessage()) for record in caplog.records
    ]


class LostClaims:
    @hookimpl
    def claim_assets(self):
        return Claim(names=["Laod"])


def test_a_claim_that_leads_nowhere_is_a_warning(session_of, scene, caplog):
    session_of(ScriptedLink(scene.connected), plugins={"lost": LostClaims()}).run()
    assert messages(caplog) == [
        "plugins.lost.names: no area is called 'Laod'; did you mean 'Load' (Grid/House/Load)?",
        "no asset is claimed; nothing will be traded",
    ]


def test_a_claim_that_leads_nowhere_can_end_the_session(session_of, scene):
    """As it does where all areas are known beforehand: it is a mistake of the configuration."""

    def refuse(problems):
        raise ConfigError(problems)

    observer = Observer()
    link = ScriptedLink(scene.connected, scene.opened(0))
    session = session_of(link, plugins={"lost": LostClaims(), "observer": observer}, on_problems=refuse)
    with pytest.raises(ConfigError, match=r"plugins\.lost\.names: no area is called 'Laod'"):
        session.run()
    assert observer.names == ["SessionInfo", "Connected", "AreasClaimed", "Figures"]
    assert (link.batches, link.closed) == ([], 1)


def test_a_claim_that_can_lead_nowhere_on_this_exchange_ends_the_session(session_of):
    link = ScriptedLink(Connected(make_tree({}), "binding", lists_areas=False))
    with pytest.raises(ConfigError, match=r"plugins\.claims\.names: this exchange does not list its areas"):
        session_of(link).run()
    assert (link.batches, link.closed) == ([], 1)


class NamedClaims:
    @hookimpl
    def claim_assets(self):
        return Claim(names=["Load"])


def test_names_are_held_against_the_first_tree_where_there_is_no_registry(session_of, scene, caplog):
    sections = {"pricing": {"use": ["rates"], "routes": {"storge": ["rates"]}}}
    connected = Connected(make_tree({}), "binding", lists_areas=False)
    plugins = {"claims": NamedClaims(), "rates": Rates()}
    session_of(ScriptedLink(connected), sections=sections, plugins=plugins).run()
    assert messages(caplog) == []
    link = ScriptedLink(connected, scene.opened(0), answered, scene.opened(1))
    session_of(link, sections=sections, plugins=plugins).run()
    (message,) = messages(caplog)
    assert "pricing.routes.storge" in message


def test_a_route_that_no_asset_takes_is_a_warning(session_of, scene, caplog):
    sections = {"pricing": {"use": ["rates"], "routes": {"storge": ["rates"], "pv": ["rates"]}}}
    session_of(ScriptedLink(scene.connected), sections=sections).run()
    (message,) = messages(caplog)
    assert message.startswith("pricing.routes.storge: no asset has this path, name, glob or kind; did you mean")


class Broken:
    """Fails at each call, with a number that changes."""

    def __init__(self):
        self.calls = 0

    @hookimpl
    def price_energy(self, lots):
        self.calls += 1
        msg = f"no price after {self.calls} calls"
        raise ValueError(msg)


def test_the_same_failure_is_a_warning_once_and_then_an_info(session_of, scene, caplog):
    caplog.set_level(logging.INFO)
    ticks = [scene.ticked(0, tick / 10) for tick in range(1, 4)]
    link = ScriptedLink(scene.connected, answered, scene.opened(0), *ticks)
    figures = session_of(link, plugins={"claims": Claims(), "broken": Broken()}).run()
    failures = [record for record in caplog.records if "'broken'" in record.getMessage()]
    assert [record.levelname for record in failures] == ["WARNING", "INFO", "INFO"]
    start = "plugin 'broken' failed in price_energy for Grid/House/Load: ValueError: no price after"
    place = rf"\(core/tests/test_session\.py, line {inspect.getsourcelines(Broken)[1] + 10}\)"
    patterns = [f"1 calls {place}", f"2 calls {place}", f"3 calls {place}; it is benched until the next slot"]
    for record, pattern in zip(failures, patterns, strict=True):
        assert re.fullmatch(f"{start} {pattern}", record.getMessage())
    assert (figures.plugins[1].calls, figures.plugins[1].failures) == (3, 3)
    assert figures.reasons["plugin_failed"] == 4


def test_another_failure_of_the_same_plugin_is_a_warning_of_its_own(session_of, scene, caplog):
    class Moody(Broken):
        @hookimpl
        def price_energy(self, lots):
            self.calls += 1
            raise (ValueError if self.calls == 1 else TypeError)

        @hookimpl
        def forecast_energy(self, assets):
            raise TypeError

    caplog.set_level(logging.INFO)
    sections = {"forecasting": {"use": ["moody"]}}
    link = ScriptedLink(scene.connected, answered, scene.opened(0), scene.ticked(0, 0.5))
    session_of(link, plugins={"claims": Claims(), "moody": Moody()}, sections=sections).run()
    assert levels(caplog, "'moody' failed in forecast_energy") == ["WARNING"]
    assert levels(caplog, "'moody' failed in price_energy") == ["WARNING", "WARNING"]


def test_where_a_plugin_failed_is_at_debug(session_of, scene, caplog):
    caplog.set_level(logging.DEBUG)
    session_of(ScriptedLink(scene.connected, scene.opened(0)), plugins={"broken": Broken()}).run()
    (trace,) = [text for text in messages(caplog, logging.DEBUG) if text.startswith("Traceback")]
    assert "in price_energy" in trace


def test_observers_are_told_of_other_plugins_failures(session_of, scene):
    observer = Observer()
    link = ScriptedLink(scene.connected, scene.opened(0))
    session_of(link, plugins={"broken": Broken(), "observer": observer}).run()
    (failed,) = [one for one in observer.told if isinstance(one, PluginFailed)]
    assert (failed.plugin, failed.hook) == ("broken", "price_energy")


@pytest.mark.parametrize("hook", ["session_started", "event_received", "session_finished"])
def test_an_observer_that_fails_is_logged_and_harms_nobody(session_of, scene, caplog, hook):
    def fail(self):
        raise SystemExit(3)

    broken = type("Broken", (), {hook: hookimpl(fail)})()
    observer = Observer()
    link = ScriptedLink(scene.connected, answered, scene.opened(0), answered, Finished())
    plugins = {"claims": Claims(), "rates": Rates(), "broken": broken, "observer": observer}
    figures = session_of(link, plugins=plugins).run()
    assert levels(caplog, f"plugin 'broken' failed in {hook}: SystemExit: 3") == ["WARNING"]
    assert (figures.slots, figures.orders) == (1, 1)
    assert "PluginFailed" not in observer.names, "or one that always fails would never end"
    assert observer.names[-1] == "Figures"


def test_an_observer_on_the_bench_still_hears_of_the_end(session_of, scene):
    class Moody(Observer):
        @hookimpl
        def event_received(self, event):
            raise ValueError

    observer = Moody()
    link = ScriptedLink(scene.connected, *(scene.ticked(0, tick / 10) for tick in range(9)))
    figures = session_of(link, plugins={"observer": observer}).run()
    assert observer.names == ["SessionInfo", "Figures"]
    assert figures.plugins[0].failures == 4, "three, and one more when a slot had begun: it is benched"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="calls are not timed on this platform")
def test_a_plugin_that_hangs_is_cut_off_and_the_next_takes_over(session_of, scene, caplog):
    class Hangs:
        @hookimpl
        def price_energy(self):
            time.sleep(10)  # as good as for ever, but a test ends

    before = signal.getsignal(signal.SIGALRM)
    plugins = {"claims": Claims(), "hangs": Hangs(), "rates": Rates()}
    link = ScriptedLink(scene.connected, answered, scene.opened(0), answered)
    figures = session_of(link, plugins=plugins, timeout_seconds=0.1).run()
    assert (figures.orders, figures.plugins[1].failures) == (1, 1)
    assert levels(caplog, "'hangs' failed in price_energy for Grid/House/Load: did not answer within") == ["WARNING"]
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_session_after_the_event_that_is_under_way(session_of, scene, number):
    def stops(_link):
        os.kill(os.getpid(), number)
        return scene.opened(0)

    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    observer = Observer()
    link = ScriptedLink(scene.connected, stops, scene.ticked(0, 0.5))
    session = session_of(link, plugins={"claims": Claims(), "rates": Rates(), "observer": observer})
    figures = session.run()
    assert session.stop.signal_number == number
    assert link.log[-2:] == ["SlotOpened", ["PlaceOrders"]]
    assert observer.told[-1] == figures
    assert link.closed == 1
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_nobody_is_benched_after_the_end(session_of, scene, caplog):
    class Moody:
        @hookimpl
        def event_received(self, event):
            raise ValueError

        @hookimpl
        def session_finished(self, summary):
            raise TypeError

    session_of(ScriptedLink(scene.connected), plugins={"claims": Claims(), "moody": Moody()}).run()
    (message,) = [message for message in messages(caplog) if "session_finished" in message]
    assert "bench" not in message


def test_nothing_claimed_is_a_warning(session_of, scene, caplog):
    session_of(ScriptedLink(scene.connected), plugins={"rates": Rates()}).run()
    assert messages(caplog) == ["no asset is claimed; nothing will be traded"]


def test_a_signal_leaves_a_running_plugin_little_time(session_of, scene, monkeypatch):
    class Stopper:
        @hookimpl
        def price_energy(self):
            os.kill(os.getpid(), signal.SIGINT)

    hurried = []
    session = session_of(ScriptedLink(scene.connected, scene.opened(0)), plugins={"stopper": Stopper()})
    monkeypatch.setattr(session._manager.guard, "hurry", lambda: hurried.append(True))
    figures = session.run()
    assert hurried == [True]
    assert figures.plugins[0].failures == 0, "the signal is the user's, and not the plugin's failure"


def test_a_plugins_own_keyboard_interrupt_is_its_failure(session_of, scene, caplog):
    class Interrupts:
        @hookimpl
        def price_energy(self):
            raise KeyboardInterrupt

    session = session_of(ScriptedLink(scene.connected, scene.opened(0)), plugins={"interrupts": Interrupts()})
    figures = session.run()
    assert session.stop.signal_number is None
    assert figures.plugins[0].failures == 1
    assert levels(caplog, "KeyboardInterrupt") == ["WARNING"]


def test_outside_the_main_thread_signals_are_left_alone(session_of, scene):
    figures = []
    session = session_of(ScriptedLink(scene.connected, answered, scene.opened(0), answered))
    thread = threading.Thread(target=lambda: figures.append(session.run()))
    thread.start()
    thread.join()
    assert figures[0].orders == 1
