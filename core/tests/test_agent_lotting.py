"""From assets to lots: which rows a strategy is asked about, and with how much energy."""

import numpy as np
import pytest

from gridhook.agent.lotting import deviation_lots, spot_lots
from gridhook.testing import SLOT


def spot(stage, *assets, fees=None, open_rates=None):
    grid = stage.grid(*assets)
    fees = np.zeros(len(assets)) if fees is None else np.array(fees)
    open_rates = np.full((1, 2 * len(assets)), np.nan) if open_rates is None else np.array(open_rates, dtype=float)
    return spot_lots(grid, SLOT, fees, open_rates)


def deviations(stage, *assets, by_slot, open_rates=None):
    grid = stage.grid(*assets, deviations=by_slot)
    shape = (len(by_slot) + 1, 2 * len(assets))
    open_rates = np.full(shape, np.nan) if open_rates is None else np.array(open_rates, dtype=float)
    return deviation_lots(grid, np.arange(len(assets), dtype=float), open_rates)


def energies(keyed):
    return [(lot.name, lot.side, pytest.approx(lot.energy_kwh)) for lot in keyed.lots]


def test_a_load_bids_and_a_pv_offers(stage):
    assert energies(spot(stage, stage.load(1.25), stage.pv(0.5))) == [("Load", "bid", 1.25), ("PV", "offer", 0.5)]


def test_a_storage_and_a_smart_meter_do_both(stage):
    meter = stage.asset("Meter", "smart-meter", energy_requirement_kwh=0.25, available_energy_kwh=0.125)
    assert energies(spot(stage, stage.battery(2.0, 3.0), meter)) == [
        ("Battery", "bid", 2.0),
        ("Battery", "offer", 3.0),
        ("Meter", "bid", 0.25),
        ("Meter", "offer", 0.125),
    ]


def test_what_a_storage_has_in_open_orders_may_be_ordered_anew(stage):
    """The exchange takes open orders off a storage's energy, and an answer replaces them."""
    lots = spot(stage, stage.battery(buy=0.5, sell=1.0, bids=1.5, offers=0.25))
    assert energies(lots) == [("Battery", "bid", 2.0), ("Battery", "offer", 1.25)]
    assert lots.lots.energy_active_kwh.tolist() == [1.5, 0.25]


def test_open_orders_of_loads_and_pvs_are_part_of_their_energy_already(stage):
    assert energies(spot(stage, stage.load(1.0, active=1.0), stage.pv(0.5, active=0.25))) == [
        ("Load", "bid", 1.0),
        ("PV", "offer", 0.5),
    ]


def test_energy_that_the_exchange_does_not_report_is_none(stage):
    silent = [stage.asset("Load", "load"), stage.asset("Battery", "storage")]
    lots = spot(stage, *silent)
    assert lots.lots.energy_kwh.tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(lots.lots.energy_active_kwh).all()


def test_a_lot_says_all_about_its_asset_and_its_open_order(stage):
    battery = stage.battery() | {"used_storage_kwh": 4.0, "free_storage_kwh": 6.0}
    lots = spot(stage, stage.load(), battery, fees=[3.0, 2.5], open_rates=[[11.0, np.nan, np.nan, 13.0]]).lots
    load, buy, sell = lots
    assert (load.asset, load.path, load.kind, load.slot) == ("id:Load", "Grid/House/Load", "load", SLOT)
    assert (load.grid_fee, load.open_rate) == (3.0, 11.0)
    assert np.isnan([load.used_storage_kwh, load.free_storage_kwh, buy.open_rate]).all()
    assert (sell.used_storage_kwh, sell.free_storage_kwh, sell.grid_fee, sell.open_rate) == (4.0, 6.0, 2.5, 13.0)


def test_open_rates_of_the_running_slot_are_the_last_row(stage):
    lots = spot(stage, stage.load(), open_rates=[[1.0, 2.0], [3.0, 4.0]])
    assert lots.lots.open_rate.tolist() == [3.0]
    assert lots.slot.tolist() == [1]


def test_no_assets_have_no_lots(stage):
    assert len(spot(stage)) == 0
    assert len(deviations(stage, by_slot={})) == 0


def test_other_areas_have_no_lots(stage):
    assert energies(spot(stage, stage.asset("Market Maker", "market-maker"), stage.load())) == [("Load", "bid", 1.0)]


def test_what_was_used_and_not_bought_is_bid_for_and_the_rest_is_offered(stage):
    lots = deviations(stage, stage.load(), stage.pv(), by_slot={-2: [0.5, -0.25], -1: [-0.125, 0.75]}).lots
    assert [(lot.name, lot.side, lot.slot, lot.energy_kwh) for lot in lots] == [
        ("Load", "bid", stage.slot(-2), 0.5),
        ("PV", "offer", stage.slot(-2), 0.25),
        ("Load", "offer", stage.slot(-1), 0.125),
        ("PV", "bid", stage.slot(-1), 0.75),
    ]
    assert lots.grid_fee.tolist() == [0.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize("nothing", [np.nan, 0.0, 2e-5, -2e-5])
def test_no_deviation_is_no_lot(stage, nothing):
    assert energies(deviations(stage, stage.load(), stage.pv(), by_slot={-1: [nothing, 0.5]})) == [("PV", "bid", 0.5)]


def test_open_rates_of_deviations_are_those_of_their_slot_and_side(stage):
    rates = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [np.nan] * 4]
    by_slot = {-2: [0.5, -0.25], -1: [-0.125, 0.75]}
    keyed = deviations(stage, stage.load(), stage.pv(), by_slot=by_slot, open_rates=rates)
    assert keyed.lots.open_rate.tolist() == [1.0, 4.0, 6.0, 7.0]
    assert np.isnan(keyed.lots.energy_active_kwh).all()


def test_keys_stay_with_their_lots(stage):
    both = spot(stage, stage.load(), stage.battery())
    joined = both.take(np.array([2])).and_(both.take(np.array([True, False, False])))
    assert energies(joined) == [("Battery", "offer", 1.0), ("Load", "bid", 1.0)]
    assert joined.key.tolist() == [3, 0]
    assert joined.slot.tolist() == [0, 0]
