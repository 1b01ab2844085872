"""The deviations plugin."""

import attrs
import numpy as np
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.events import SlotOpened
from gridhook.grid import Deviations as Deviated
from gridhook.series import SeriesSettings
from gridhook.settings import read_settings
from gridhook.testing import SLOT, make_assets, make_grid, make_lots, make_market
from gridhook_deviations import Deviations

QUARTER = pendulum.duration(minutes=15)


def deviations(ages, fee=2.0):
    """One bid and one offer for each age in slots."""
    return make_lots(
        *(
            {"kind": kind, "side": side, "slot": SLOT - QUARTER * age, "grid_fee": fee}
            for age in ages
            for kind, side in (("load", "bid"), ("pv", "offer"))
        )
    )


def test_the_templates_rates_are_the_default():
    """PROTOCOL.md 9.5: bids at 5, offers at 10 cents/kWh."""
    rates = Deviations().settle_deviations(deviations([1]), make_market())
    assert rates.tolist() == [5.0, 10.0]


def test_fixed_rates_can_be_given():
    plugin = Deviations(bid_rate=12.0, offer_rate=3.0)
    assert plugin.settle_deviations(deviations([1, 4]), make_market()).tolist() == [12.0, 3.0, 12.0, 3.0]


def test_the_ramp_goes_from_one_end_to_the_other_over_the_window():
    market = make_market(slot=SLOT, feed_in_rate=8.0, market_maker_rate=30.0)
    rates = Deviations(rates="ramp").settle_deviations(deviations([1, 2, 4]), market)
    # From 6 to 32, a quarter of the way per slot.
    assert rates.tolist() == [12.5, 25.5, 19.0, 19.0, 32.0, 6.0]


def test_a_longer_window_makes_the_ramp_slower():
    rates = Deviations(rates="ramp", window_slots=8).settle_deviations(deviations([4]), make_market(slot=SLOT))
    assert rates.tolist() == [19.0, 19.0]


@given(age=st.integers(1, 10), fee=st.floats(0, 30), low=st.floats(0, 40), spread=st.floats(-40, 40))
def test_settling_by_the_ramp_never_costs_more_than_not_settling(age, fee, low, spread):
    """Even where feeding in pays more than the energy costs."""
    market = make_market(slot=SLOT, feed_in_rate=low, market_maker_rate=low + spread)
    bid, offer = Deviations(rates="ramp").settle_deviations(deviations([age], fee), market)
    assert bid <= max(low + spread + fee, 0.0) + 1e-9
    assert offer >= max(low - fee, 0.0) - 1e-9


def test_measurements_come_from_the_file_and_only_where_it_has_them(tmp_path):
    path = tmp_path / "meters.csv"
    path.write_text("time,Load 1\n2026-06-15T09:30,0.1\n2026-06-15T09:45,0.4\n", encoding="utf-8")
    plugin = Deviations(measurements=SeriesSettings(path))
    plugin.event_received(SlotOpened(SLOT, QUARTER, make_grid({"Grid": {}}), 8.0, 30.0))
    assets = make_assets({"name": "Load 1"}, {"name": "PV 1", "kind": "pv"})
    measured = plugin.measure_energy(assets, (SLOT - QUARTER * 2, SLOT - QUARTER, SLOT))
    assert np.array_equal(measured, [[0.1, 0.4, np.nan], [np.nan] * 3], equal_nan=True)


def test_what_is_added_to_a_growing_file_is_measured_when_it_is_there(tmp_path):
    path = tmp_path / "meters.csv"
    path.write_text("time,Load 1\n2026-06-15T09:15,0.1\n2026-06-15T09:30,0.2\n", encoding="utf-8")
    plugin = Deviations(measurements=SeriesSettings(path, growing=True))
    assets, asked = make_assets({"name": "Load 1"}), (SLOT - QUARTER * 2, SLOT - QUARTER, SLOT)
    first = plugin.measure_energy(assets, asked)
    assert np.array_equal(first, [[0.2, np.nan, np.nan]], equal_nan=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("2026-06-15T09:45,0.4\n")
    assert np.array_equal(plugin.measure_energy(assets, asked), [[0.2, 0.4, np.nan]], equal_nan=True)


def test_without_a_file_and_constants_nothing_is_measured():
    assert np.isnan(Deviations(send="during").measure_energy(make_assets({"kind": "load"}), (SLOT,))).all()


def test_constants_are_told_only_if_they_are_given():
    assets = make_assets({"kind": "load"}, {"kind": "pv"})
    asked = (SLOT - QUARTER, SLOT)
    both = Deviations(load_kwh=1.23, pv_kwh=0.87).measure_energy(assets, asked)
    assert np.array_equal(both, [[1.23, np.nan], [0.87, np.nan]], equal_nan=True)
    only = Deviations(pv_kwh=0.87).measure_energy(assets, asked)
    assert np.array_equal(only, [[np.nan, np.nan], [0.87, np.nan]], equal_nan=True)


def test_what_the_source_knows_of_the_running_slot_can_be_sent_during_it(tmp_path):
    path = tmp_path / "meters.csv"
    path.write_text("time,Load 1\n2026-06-15T09:45,0.1\n2026-06-15T10:00,0.4\n", encoding="utf-8")
    plugin = Deviations(send="during", measurements=SeriesSettings(path), load_kwh=2.0)
    assets = make_assets({"name": "Load 1"})
    assert plugin.measure_energy(assets, (SLOT - QUARTER, SLOT)).tolist() == [[0.1, 0.4]]
    assert plugin.measure_energy(assets, (SLOT, SLOT + QUARTER)).tolist() == [[0.4, 2.0]]


@pytest.mark.parametrize(
    ("slots", "rates"),
    [
        ("all", [5, 10, 5, 10, 5, 10]),
        ("newest", [None] * 4 + [5, 10]),
        ("oldest", [5, 10] + [None] * 4),
        ("none", [None] * 6),
    ],
)
def test_orders_are_for_those_of_the_open_slots_that_are_wanted(slots, rates):
    ages = [4, 3, 2]
    grid = make_grid({"Grid": {}})
    grid = attrs.evolve(grid, deviations=Deviated(tuple(SLOT - QUARTER * age for age in ages), np.empty((0, 3))))
    found = Deviations(slots=slots).settle_deviations(deviations(ages), make_market(grid=grid))
    assert np.array_equal(found, np.array(rates, dtype=float), equal_nan=True)


def test_only_the_slot_that_ended_last_counts_as_the_newest_though_nothing_of_it_is_left():
    """PROTOCOL.md 9.5: the last slot of the map, in which a settled one is null (7)."""
    grid = make_grid({"Grid": {}})
    grid = attrs.evolve(grid, deviations=Deviated((SLOT - QUARTER * 2, SLOT - QUARTER), np.empty((0, 2))))
    found = Deviations(slots="newest").settle_deviations(deviations([2]), make_market(grid=grid))
    assert np.isnan(found).all()


def test_nothing_is_decided_by_a_ramp_between_rates_that_are_not_known():
    market = make_market(feed_in_rate=np.nan)
    assert np.isnan(Deviations(rates="ramp").settle_deviations(deviations([1]), market)).all()


def test_slots_are_as_long_as_the_exchange_says(tmp_path):
    path = tmp_path / "meters.csv"
    path.write_text("time,Load 1\n2026-06-15T10:00,0.1\n2026-06-15T10:15,0.4\n", encoding="utf-8")
    plugin = Deviations(measurements=SeriesSettings(path))
    plugin.event_received(SlotOpened(SLOT + QUARTER * 2, QUARTER * 2, make_grid({"Grid": {}}), 8.0, 30.0))
    measured = plugin.measure_energy(make_assets({"name": "Load 1"}), (SLOT, SLOT + QUARTER * 2))
    assert measured[:, 0].tolist() == pytest.approx([0.5])


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"rates": "rampe"}, "plugins.deviations.rates"),
        ({"bid_rate": -1}, "plugins.deviations.bid_rate"),
        ({"offer_rate": "5"}, "plugins.deviations.offer_rate"),
        ({"window_slots": 0}, "plugins.deviations.window_slots"),
        ({"slots": "last"}, "plugins.deviations.slots"),
        ({"send": "before"}, "plugins.deviations.send"),
        ({"load_kwh": -0.1}, "plugins.deviations.load_kwh"),
        ({"pv_kwh": "1"}, "plugins.deviations.pv_kwh"),
        ({"measurements": {"fil": "x.csv"}}, "plugins.deviations.measurements.fil"),
        ({"measurements": {"file": "gone.csv"}}, "plugins.deviations.measurements.file"),
    ],
)
def test_mistakes_in_the_settings_are_named(tmp_path, settings, path):
    _, (problem,) = read_settings(Deviations, settings, base=tmp_path, at="plugins.deviations")
    assert problem.path == path


def test_it_says_which_assets_the_columns_of_its_measurements_are_for():
    assert Deviations(measurements=SeriesSettings(columns={"PV 1": "roof"})).named_assets() == {
        'measurements.columns."PV 1"': "PV 1"
    }
