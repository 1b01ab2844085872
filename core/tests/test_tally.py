"""The tally: figures are sums of what events and notices say."""

import numpy as np
import pendulum
import pytest

from gridhook.commands import Batch, SendForecasts, SendMeasurements
from gridhook.events import Answered, Connected, Finished, Reasoned, SlotOpened, Ticked, TickLate, Traded
from gridhook.figures import (
    Accounts,
    CommunityFigures,
    ForecastFigures,
    MemberFigures,
    PluginFigures,
    PreferenceFigures,
    SettlementFigures,
)
from gridhook.reasons import Reason, Reasons
from gridhook.tally import Tally
from gridhook.testing import SLOT, make_grid
from gridhook.trades import Trades

PLUGINS = (PluginFigures("ramp", "pricing", "1.0", 7, 1),)
MEMBER = MemberFigures("House", ("load",), 1.0, 0.0, 20.0, 30.0, 10.0)


def trades(*rows):
    """Of market, energy, and whether it met a partner."""
    return Traded(
        Trades(
            *zip(
                *(
                    (f"t{number}", market, SLOT, "id:Load", "", energy, 20.0, 19.0, partner)
                    for number, (market, energy, partner) in enumerate(rows)
                ),
                strict=True,
            )
        )
    )


def reasoned(*reasons, spot=0, settlement=0, required=0):
    rows = len(reasons)
    columns = Reasons(["a"] * rows, ["bid"] * rows, [SLOT] * rows, reasons, [""] * rows, [np.nan] * rows)
    return Reasoned(SLOT, 0.0, columns, spot, settlement, required)


def figures(*events, accounts=None):
    tally = Tally()
    for event in events:
        tally.add(event)
    return tally.figures(accounts, PLUGINS)


def test_nothing_is_all_zeros_and_what_nobody_can_tell_is_none():
    empty = figures()
    assert (empty.slots, empty.orders, empty.trades, empty.traded_kwh) == (0, 0, 0, 0.0)
    assert empty.members is None
    assert empty.community == CommunityFigures(None, None)
    assert empty.forecasts == ForecastFigures(0, None)
    assert empty.settlement == SettlementFigures(0, 0, 0.0)
    assert empty.preferences == PreferenceFigures(0, 0)
    # Only in a dry run, orders are not sent.
    assert empty.reasons == {reason.label: 0 for reason in Reason if reason != Reason.NOT_SENT}
    assert empty.plugins == PLUGINS


def test_spot_and_settlement_are_counted_apart():
    found = figures(
        trades(("spot", 0.5, False), ("settlement", 0.25, False), ("spot", 1.0, True)),
        trades(("settlement", 0.5, True)),
        reasoned(Reason.PRICED, Reason.PRICED, spot=1, settlement=1, required=1),
        reasoned(Reason.PRICED, spot=3, settlement=2, required=2),
    )
    assert (found.orders, found.trades, found.traded_kwh) == (4, 2, 1.5)
    assert found.settlement == SettlementFigures(3, 2, 0.75)
    assert found.preferences == PreferenceFigures(3, 2)


def test_each_lot_counts_under_its_reason():
    found = figures(reasoned(*Reason), reasoned(Reason.HELD, Reason.HELD), reasoned()).reasons
    assert found == {reason.label: 3 if reason is Reason.HELD else 1 for reason in Reason}


def test_forecasts_are_those_that_were_taken():
    found = figures(Answered(1, [], {}, (), 4), Answered(2, [], {}, (), 3))
    assert found.forecasts == ForecastFigures(7, None)


@pytest.mark.parametrize("kind", [SlotOpened, Ticked])
def test_only_an_opened_slot_is_a_slot(make_stage, kind):
    event = make_stage().market_event(0, kind=kind)
    assert figures(event, event).slots == (2 if kind is SlotOpened else 0)


def test_other_events_change_nothing(make_stage):
    others = (Connected(make_stage().tree, "binding"), TickLate(SLOT, 0.5), Finished())
    assert figures(*others) == figures()


def test_what_only_the_exchange_can_tell_is_taken_from_it():
    found = figures(Answered(1, [], {}, (), 4), accounts=Accounts((MEMBER,), CommunityFigures(0.5, None), 0.1))
    assert found.members == (MEMBER,)
    assert found.community == CommunityFigures(0.5, None)
    assert found.forecasts == ForecastFigures(4, 0.1)


def compared():
    """A tally of one forecast that was off by a quarter, and persistence by a half."""
    tally, assets = Tally(), ("id:Load",)
    for slot, energy in ((SLOT.subtract(days=1), 2.0), (SLOT, 4.0)):
        tally.add(SlotOpened(slot.subtract(minutes=15), pendulum.duration(minutes=15), make_grid({}), 8.0, 30.0))
        tally.sent(Batch(1, (SendForecasts(assets, (slot,), [[3.0]]), SendMeasurements(assets, (slot,), [[energy]]))))
    return tally


def test_measurements_that_are_sent_tell_how_far_forecasts_were_off_where_the_exchange_does_not():
    found = compared().figures(None, PLUGINS).forecasts
    assert found.wape == pytest.approx(2.0 / 6.0)
    assert found.persistence_wape == 0.5
    assert [error.asset for error in found.errors] == ["id:Load"]
    assert compared().figures(Accounts((), CommunityFigures(), 0.1), PLUGINS).forecasts.wape == 0.1


def test_the_json_has_the_keys_that_it_always_has():
    assert compared().figures(None, PLUGINS).to_json()["forecasts"] == {"sent": 0, "wape": pytest.approx(2.0 / 6.0)}


def test_the_figures_are_plain_numbers():
    """Numpy's would not become JSON."""
    found = figures(trades(("spot", 0.5, True)), reasoned(Reason.HELD))
    numbers = [found.trades, found.traded_kwh, found.preferences.trades_with_partner, found.reasons["held"]]
    assert [type(number) for number in numbers] == [int, float, int, int]
