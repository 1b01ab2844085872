"""The ramp plugin, against the formulas of PROTOCOL.md 9.5, written out one by one."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridhook.lots import SIDES
from gridhook.testing import make_grid, make_lots, make_market
from gridhook_ramp import Ramp

FIT, MM, FEE = 8.0, 30.0, 2.0
LOTS = make_lots(
    {"kind": "load", "side": "bid", "grid_fee": FEE},
    {"kind": "pv", "side": "offer", "grid_fee": FEE},
    {"kind": "storage", "side": "bid", "grid_fee": FEE},
    {"kind": "storage", "side": "offer", "grid_fee": FEE},
)


GOLDEN = {
    0: (6.0, 32.0, 6.0, 32.0),
    1: (8.6, 29.4, 7.3, 30.7),
    2: (11.2, 26.8, 8.6, 29.4),
    3: (13.8, 24.2, 9.9, 28.1),
    4: (16.4, 21.6, 11.2, 26.8),
    5: (19.0, 19.0, 12.5, 25.5),
    6: (21.6, 16.4, 13.8, 24.2),
    7: (24.2, 13.8, 15.1, 22.9),
    8: (32.0, 6.0, 16.4, 21.6),
    9: (32.0, 6.0, 17.7, 20.3),
}
"""By step: load, PV, storage buying, storage selling; in the last two loads and PVs take the end of theirs."""


@pytest.mark.parametrize("step", GOLDEN)
def test_every_step_of_each_kind_is_the_templates(step):
    rates = Ramp().price_energy(LOTS, make_market(progress=step / 10, feed_in_rate=FIT, market_maker_rate=MM))
    assert rates.tolist() == pytest.approx(GOLDEN[step], abs=1e-9)


def test_the_index_only_moves_at_full_steps():
    early, late = (Ramp().price_energy(LOTS, make_market(progress=at)) for at in (0.30, 0.39))
    assert early.tolist() == late.tolist()


def test_steps_and_final_share_change_the_rates():
    at_half = make_market(progress=0.5)
    usual = Ramp().price_energy(LOTS, at_half)
    assert Ramp(steps=4).price_energy(LOTS, make_market(progress=0.3))[0] != Ramp().price_energy(LOTS, at_half)[0]
    assert Ramp(final_at=0.5).price_energy(LOTS, at_half).tolist()[:2] == [MM + FEE, FIT - FEE]
    assert Ramp(final_at=0.5).price_energy(LOTS, at_half).tolist()[2:] == usual.tolist()[2:]


@given(
    progress=st.floats(0, 0.999),
    fee=st.floats(0, 20),
    rates=st.tuples(st.floats(0, 40), st.floats(0, 40)).map(sorted),
)
def test_bids_never_fall_and_offers_never_rise_and_no_offer_is_below_zero(progress, fee, rates):
    low, high = rates
    lots = make_lots(*({"kind": lot.kind, "side": lot.side, "grid_fee": fee} for lot in LOTS))
    markets = [
        make_market(progress=at, feed_in_rate=low, market_maker_rate=high)
        for at in (progress, min(progress + 0.1, 1.0))
    ]
    before, after = (Ramp().price_energy(lots, market) for market in markets)
    is_bid = lots.side == "bid"
    assert np.all(after[is_bid] >= before[is_bid] - 1e-9)
    assert np.all(after[~is_bid] <= before[~is_bid] + 1e-9)
    assert np.all(before[~is_bid] >= 0)


@given(
    progress=st.floats(0, 0.999),
    steps=st.integers(1, 20),
    fee=st.floats(0, 20),
    rates=st.tuples(st.floats(-20, 40), st.floats(-20, 40)),
    fees=st.sampled_from(["constant", "percent"]),
)
@example(progress=0.0, steps=1, fee=1.5, rates=(1.5, -1.5), fees="constant")
@example(progress=0.5, steps=2, fee=0.5, rates=(20.0, 20.0), fees="constant")
def test_what_buys_and_sells_at_once_never_crosses_itself(progress, steps, fee, rates, fees):
    feed_in, retail = rates
    market = make_market(progress=progress, feed_in_rate=feed_in, market_maker_rate=retail)
    sides = [{"kind": kind, "name": kind, "side": side} for kind in ("storage", "smart-meter") for side in SIDES]
    lots = make_lots(*({**side, "grid_fee": fee} for side in sides))
    priced = Ramp(steps=steps, fees=fees).price_energy(lots, market)
    bid, offer = priced[::2], priced[1::2]
    assert np.all(bid <= offer + 1e-9)
    # Where what the market maker pays is what it costs, fees included, there is only one rate.
    if abs(retail + fee - (feed_in - fee)) > 1e-3 and fees == "constant":
        assert np.all(bid < offer)


def test_a_meter_that_only_buys_or_only_sells_is_priced_as_a_load_or_a_pv():
    lots = make_lots({"kind": "smart-meter", "side": "bid", "grid_fee": FEE}, {"kind": "smart-meter", "grid_fee": FEE})
    late = make_market(progress=0.8, feed_in_rate=FIT, market_maker_rate=MM)
    assert Ramp().price_energy(lots, late).tolist() == [MM + FEE, FIT - FEE]


@pytest.mark.parametrize("unknown", [{"feed_in_rate": math.nan}, {"market_maker_rate": math.nan}])
def test_while_a_rate_is_unknown_nothing_is_decided_halfway_and_it_is_said_once(unknown, caplog):
    ramp = Ramp()
    for progress in (0.5, 0.6):
        assert np.isnan(ramp.price_energy(LOTS, make_market(progress=progress, **unknown))).all()
    (record,) = caplog.records
    assert f"plugins.ramp.{next(iter(unknown))}" in record.getMessage()


def test_at_the_end_only_the_rate_that_is_taken_has_to_be_known():
    without_feed_in, without_retail = (
        Ramp().price_energy(LOTS, make_market(progress=0.8, **{name: math.nan}))
        for name in ("feed_in_rate", "market_maker_rate")
    )
    assert np.array_equal(without_feed_in, [MM + FEE, math.nan, math.nan, math.nan], equal_nan=True)
    assert np.array_equal(without_retail, [math.nan, FIT - FEE, math.nan, math.nan], equal_nan=True)


def test_rates_that_are_given_count_while_the_exchange_tells_none(caplog):
    ramp = Ramp(feed_in_rate=FIT, market_maker_rate=MM)
    untold = make_market(progress=0.2, feed_in_rate=math.nan, market_maker_rate=math.nan)
    assert ramp.price_energy(LOTS, untold).tolist() == pytest.approx(GOLDEN[2])
    told = ramp.price_energy(LOTS, make_market(progress=0.8, feed_in_rate=1.0, market_maker_rate=2.0))
    assert told.tolist()[0] == 2.0 + FEE
    assert not caplog.records


def test_where_the_grid_pays_more_than_it_asks_nobody_bids_more_than_it_asks_or_offers_below_what_it_pays():
    for step in range(10):
        market = make_market(progress=step / 10, feed_in_rate=40.0, market_maker_rate=30.0)
        assert Ramp().price_energy(LOTS, market).tolist() == [32.0, 38.0, 32.0, 38.0]


def test_below_zero_bids_stay_as_they_are_for_the_core_to_hold_and_offers_are_floored():
    market = make_market(progress=0.0, feed_in_rate=-5.0, market_maker_rate=30.0)
    assert Ramp().price_energy(LOTS, market).tolist() == [-7.0, 32.0, -7.0, 32.0]
    late = make_market(progress=0.8, feed_in_rate=-5.0, market_maker_rate=-3.0)
    assert Ramp().price_energy(LOTS, late).tolist()[:2] == [-1.0, 0.0]


def test_fees_in_percent_are_shares_and_not_cents():
    """Fees of 5, 20 and 10 percent on the way, the last of them the market maker's market (PROTOCOL.md 6.7)."""
    grid = make_grid(
        {"Grid": {"Market Maker": "market-maker", "Street": {"House": {"Load": "load", "PV": "pv"}}}},
        {"Grid": 10.0, "Street": 20.0, "House": 5.0},
    )
    lots = make_lots({"name": "Load", "grid_fee": 35.0}, {"name": "PV", "kind": "pv", "grid_fee": 35.0})
    market = make_market(progress=0.8, feed_in_rate=8.0, market_maker_rate=30.0, grid=grid)
    bid, offer = Ramp(fees="percent").price_energy(lots, market).tolist()
    # The bid leaves house and street, and meets the market maker's offer with the grid's share on it.
    assert bid - bid * 0.05 - bid * 0.20 == pytest.approx(30.0 + 30.0 * 0.10)
    assert offer + offer * 0.05 + offer * 0.20 + offer * 0.10 == pytest.approx(8.0)
    assert Ramp().price_energy(lots, market).tolist() == [65.0, 0.0]


def test_where_markets_take_everything_no_bid_reaches_the_market_maker():
    grid = make_grid({"Grid": {"House": {"Load": "load"}}}, {"Grid": 0.0, "House": 100.0})
    lots = make_lots({"name": "Load", "grid_fee": 100.0})
    assert np.isnan(Ramp(fees="percent").price_energy(lots, make_market(progress=0.8, grid=grid))).all()


@pytest.mark.parametrize("settings", [{"steps": 0}, {"final_at": 1.1}, {"final_at": -0.1}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Ramp(**settings)
