"""To which area grid fees are counted, and what they come to."""

import logging

import attrs
import numpy as np
import pytest

from gridhook.testing import SLOT, make_assets, make_grid, make_lots, make_market
from gridhook_ramp import Ramp

AREAS = {"Grid": {"Supplier": "other", "Street": {"House": {"Load": "load", "PV": "pv"}}, "Shop": {}}}
FEES = {"Grid": 4.0, "Street": 2.0, "House": 1.0, "Shop": 8.0}
LOTS = make_lots({"name": "Load", "grid_fee": 7.0}, {"name": "PV", "kind": "pv", "grid_fee": 7.0})
FIT, MM = 8.0, 30.0


def market(areas=AREAS, fees=FEES, progress=0.8, slot=SLOT):
    grid = make_grid(areas, fees, make_assets({"name": "Load"}, {"name": "PV", "kind": "pv"}))
    return make_market(progress=progress, feed_in_rate=FIT, market_maker_rate=MM, grid=grid, slot=slot)


@pytest.mark.parametrize(
    ("target", "fee"),
    [("", 7.0), ("Supplier", 7.0), ("Grid/Supplier", 7.0), ("Street", 3.0), ("Grid/Shop", 15.0), ("House", 1.0)],
)
def test_fees_are_counted_to_the_target_by_its_name_or_path(target, fee):
    assert Ramp(fee_target=target).price_energy(LOTS, market()).tolist() == [MM + fee, max(FIT - fee, 0.0)]


@pytest.mark.parametrize(
    ("areas", "target", "said"),
    [
        (AREAS, "Street", "'Grid/Street', the fee_target"),
        (AREAS, "", "'Grid', the root, since no market maker is known"),
        ({"Grid": {"Grid Market": "other", "Load": "load", "PV": "pv"}}, "", "'Grid/Grid Market', by its name"),
        (
            {"Grid": {"Grid Market": "other", "Market Maker": "other", "Load": "load", "PV": "pv"}},
            "",
            "'Grid/Market Maker', by its name",
        ),
        ({"Grid": {"Bus": "market-maker", "Load": "load", "PV": "pv"}}, "", "'Grid/Bus', the market maker"),
    ],
)
def test_what_was_chosen_is_logged_once(areas, target, said, caplog):
    caplog.set_level(logging.INFO)
    ramp = Ramp(fee_target=target)
    for slot in range(3):
        for progress in (0.0, 0.5):
            ramp.price_energy(LOTS, market(areas, {"Grid": 1.0}, progress, SLOT.add(minutes=15 * slot)))
    (record,) = caplog.records
    assert f"grid fees are counted to {said}" in record.getMessage()


def test_a_target_that_is_not_there_prices_nothing_says_so_once_and_is_found_when_it_comes(caplog):
    ramp = Ramp(fee_target="Streat")
    for progress in (0.8, 0.9):
        assert np.isnan(ramp.price_energy(LOTS, market(progress=progress))).all()
    (record,) = caplog.records
    assert "fee_target leads nowhere" in record.getMessage()
    assert "did you mean 'Street'" in record.getMessage()
    assert ramp.named_areas() == {"fee_target": "Streat"}
    later = market({"Grid": {"Streat": {"Load": "load", "PV": "pv"}}}, {"Grid": 4.0, "Streat": 2.0})
    assert ramp.price_energy(LOTS, later).tolist() == [MM + 2.0, FIT - 2.0]


def test_a_fee_that_is_changed_in_a_slot_counts_from_the_next_one_on():
    ramp = Ramp(fee_target="Street")
    opened = market(progress=0.0)
    ramp.price_energy(LOTS, opened)
    dearer = attrs.evolve(opened.grid, current_market_fee=opened.grid.current_market_fee + 10.0)
    same_slot = attrs.evolve(opened, progress=0.8, grid=dearer)
    assert ramp.price_energy(LOTS, same_slot).tolist() == [MM + 3.0, FIT - 3.0]
    next_slot = attrs.evolve(same_slot, slot=SLOT.add(minutes=15))
    assert ramp.price_energy(LOTS, next_slot).tolist()[0] == MM + 23.0


def test_without_a_target_nothing_has_to_be_found():
    assert Ramp().named_areas() == {}
    assert Ramp().price_energy(make_lots(), make_market(grid=make_grid({}))).tolist() == []
