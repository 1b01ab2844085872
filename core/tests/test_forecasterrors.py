"""Forecast errors: per asset and lead time, against what was measured and what persistence would have been."""

import numpy as np
import pendulum
import pytest

from gridhook.commands import Batch, SendForecasts, SendMeasurements
from gridhook.events import SlotOpened, Ticked
from gridhook.figures import ForecastError
from gridhook.forecasterrors import ForecastErrors
from gridhook.testing import SLOT, make_grid

QUARTER = pendulum.duration(minutes=15)
GRID = make_grid({"Grid": {}})
ASSETS = ("load", "pv")


@pytest.fixture
def errors():
    return ForecastErrors()


def at(slot):
    return SLOT + QUARTER * slot


def opened(slot, kind=SlotOpened):
    return kind(at(slot), QUARTER, GRID, 8.0, 30.0, 0.0)


def forecast(slot, *energies, assets=ASSETS):
    """Forecasts for the slots from this one on, one row per asset."""
    rows = np.array(energies, dtype=float)
    return Batch(1, (SendForecasts(assets, tuple(at(slot + ahead) for ahead in range(rows.shape[1])), rows),))


def measured(slot, *energies, assets=ASSETS):
    rows = np.array(energies, dtype=float)[:, np.newaxis]
    return Batch(1, (SendMeasurements(assets, (at(slot),), rows),))


def play(errors, *said):
    for one in said:
        if isinstance(one, Batch):
            errors.sent(one)
        else:
            errors.saw(one)


def test_an_error_is_kept_per_asset_and_lead_time(errors):
    play(
        errors,
        opened(0),
        forecast(1, [1.0, 1.0], [2.0, 2.0]),
        opened(1),
        forecast(2, [3.0], [2.0]),
        measured(1, 2.0, 2.5),
        measured(2, 4.0, 1.0),
    )
    found = {(one.asset, one.lead_minutes): (one.slots, one.error_kwh, one.wape) for one in errors.errors()}
    assert found == {
        ("load", 15.0): (2, 2.0, pytest.approx(2 / 6)),
        ("pv", 15.0): (2, 1.5, pytest.approx(1.5 / 3.5)),
        ("load", 30.0): (1, 3.0, 0.75),
        ("pv", 30.0): (1, 1.0, 1.0),
    }


def test_before_the_gate_the_last_forecast_counts(errors):
    play(
        errors,
        opened(0),
        forecast(2, [9.0], [1.0]),
        opened(1),
        forecast(2, [3.0], [np.nan]),
        measured(2, 4.0, 2.0),
    )
    errors.errors()
    assert errors.last_before_the_gate().wape == pytest.approx((1.0 + 1.0) / 6.0)


def test_persistence_is_compared_where_the_day_before_is_known(errors):
    play(errors, opened(0), measured(-1, 5.0, 0.0), measured(0, 3.0, 0.0))
    play(errors, opened(95), forecast(96, [4.0, 4.0], [0.0, 0.0]), opened(96), forecast(97, [4.0], [0.0]))
    play(errors, measured(95, 9.0, 9.0), measured(96, 4.5, 0.0), measured(97, 1.0, 0.0))
    (load, *_) = errors.errors()
    assert (load.slots, load.error_kwh) == (2, pytest.approx(3.5))
    assert (load.compared_slots, load.compared_error_kwh, load.persistence_error_kwh) == (1, 0.5, 1.5)
    assert load.compared_wape == pytest.approx(0.5 / 4.5)
    assert load.persistence_wape == pytest.approx(1.5 / 4.5)
    assert errors.last_before_the_gate().persistence_wape == pytest.approx(1.5 / 4.5)


def test_persistence_of_a_day_ahead_is_what_was_known_then(errors):
    """Of the slot a day later, that of today was not over when the forecast was sent."""
    play(errors, opened(0), measured(-96, 1.0, 0.0), forecast(96, [2.0], [0.0]), opened(1), measured(0, 7.0, 0.0))
    play(errors, opened(97), measured(96, 3.0, 0.0))
    (load, *_) = errors.errors()
    assert (load.lead_minutes, load.persistence_error_kwh) == (24 * 60.0, 2.0)


def test_the_last_measurement_counts_and_one_without_a_forecast_does_not(errors):
    play(errors, opened(0), forecast(1, [1.0], [np.nan]), opened(2))
    play(errors, measured(1, 3.0, 8.0), measured(1, 2.0, np.nan))
    (load,) = errors.errors()
    assert (load.asset, load.measured_kwh, load.error_kwh) == ("load", 2.0, 1.0)


def test_a_slot_counts_once_however_often_one_asks(errors):
    play(errors, opened(0), forecast(1, [1.0], [1.0]), measured(1, 2.0, 2.0))
    assert errors.errors() == errors.errors()
    assert errors.last_before_the_gate().slots == 2


def test_assets_that_come_later_are_compared_too(errors):
    play(errors, opened(0), forecast(1, [1.0], assets=["load"]), opened(1), measured(1, 2.0, assets=["load"]))
    errors.errors()
    play(errors, forecast(2, [1.0], [5.0], assets=["pv", "load"]), measured(2, 3.0, 4.0, assets=["load", "pv"]))
    assert {(one.asset, one.slots, one.error_kwh) for one in errors.errors()} == {("load", 2, 3.0), ("pv", 1, 3.0)}


def test_what_is_sent_in_a_tick_of_a_slot_whose_beginning_was_missed_is_of_that_slot(errors):
    play(errors, opened(0), opened(3, Ticked), forecast(4, [1.0], [1.0]), measured(4, 1.0, 1.0))
    assert {one.lead_minutes for one in errors.errors()} == {15.0}


def test_what_is_kept_is_bounded(errors):
    for slot in range(96 * 5):
        play(errors, opened(slot), forecast(slot + 1, [1.0] * 110, [1.0] * 110))
        if slot % 2:
            play(errors, measured(slot - 1, 1.0, 1.0))
    assert len(errors._forecasts) < 96 * 2
    assert all(len(leads) <= 96 for leads in errors._forecasts.values())
    assert len(errors._measured) < 96 * 4
    assert {one.lead_minutes for one in errors.errors()} == {15.0 * lead for lead in range(1, 97)}


def test_nothing_measured_is_no_error():
    assert ForecastErrors().errors() == ()
    nothing = ForecastErrors().last_before_the_gate()
    assert (nothing.wape, nothing.persistence_wape, nothing.compared_wape) == (None, None, None)
    assert isinstance(nothing, ForecastError)
