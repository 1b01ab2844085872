"""The ramp plugin, against the formulas of PROTOCOL.md 9.5, written out one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.testing import make_lots, make_market
from gridhook_ramp import Ramp

FIT, MM, FEE, N = 8.0, 30.0, 2.0, 10
MED = (FIT + MM) / 2
LOTS = make_lots(
    {"kind": "load", "side": "bid", "grid_fee": FEE},
    {"kind": "pv", "side": "offer", "grid_fee": FEE},
    {"kind": "storage", "side": "bid", "grid_fee": FEE},
    {"kind": "storage", "side": "offer", "grid_fee": FEE},
)


def template_rates(i):
    """The template's lists at index i: load, PV, storage buy, storage sell."""
    load = FIT - FEE + (MM + 2 * FEE - FIT) * i / N if i < N - 2 else MM + FEE
    pv = MM + FEE - (MM + 2 * FEE - FIT) * i / N if i < N - 2 else FIT - FEE
    buy = FIT - FEE + (MED - (FIT - FEE)) * i / N
    sell = MM + FEE - (MM + FEE - MED) * i / N
    return [load, max(pv, 0.0), buy, sell]


@pytest.mark.parametrize("i", range(N))
def test_every_step_of_each_kind_is_the_templates(i):
    rates = Ramp().price_energy(LOTS, make_market(progress=i / N, feed_in_rate=FIT, market_maker_rate=MM))
    assert rates.tolist() == pytest.approx(template_rates(i), abs=1e-9)


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


@pytest.mark.parametrize("unknown", [{"feed_in_rate": math.nan}, {"market_maker_rate": math.nan}])
def test_while_a_rate_is_unknown_nothing_is_decided_halfway(unknown):
    rates = Ramp().price_energy(LOTS, make_market(progress=0.5, **unknown))
    assert np.isnan(rates).all()


@pytest.mark.parametrize("settings", [{"steps": 0}, {"final_at": 1.1}, {"final_at": -0.1}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Ramp(**settings)
