from __future__ import annotations

import numpy as np
import pytest

from gridhook_exchange.market.builtin import builtin_rates

BID, OFFER = 0, 1


def rate(side: int, progress: float, *, fee: float = 0.0, storage: bool = False, feed_in: float = 8.0) -> float:
    low, high = np.array([feed_in - fee]), np.array([30.0 + fee])
    return float(builtin_rates(np.array([side]), progress, low, high, (feed_in + 30.0) / 2, np.array([storage]))[0])


@pytest.mark.parametrize(("progress", "bid", "offer"), [(0.0, 6.0, 32.0), (0.5, 19.0, 19.0), (1.0, 32.0, 6.0)])
def test_bids_rise_and_offers_fall_between_the_tariff_less_and_plus_fees(progress, bid, offer):
    assert rate(BID, progress, fee=2.0) == pytest.approx(bid)
    assert rate(OFFER, progress, fee=2.0) == pytest.approx(offer)


@pytest.mark.parametrize("side", [BID, OFFER])
def test_batteries_go_to_the_mean_of_both_rates_and_no_further(side):
    start = {BID: 6.0, OFFER: 32.0}[side]
    assert rate(side, 0.0, fee=2.0, storage=True) == pytest.approx(start)
    assert rate(side, 1.0, fee=2.0, storage=True) == pytest.approx(19.0)


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_no_rate_is_below_zero(progress):
    """Where fees are higher than the feed-in rate."""
    assert rate(BID, progress, fee=20.0) >= 0.0
    assert rate(OFFER, progress, fee=20.0) >= 0.0
    assert rate(OFFER, 1.0, fee=20.0) == 0.0


def test_assets_far_from_the_market_maker_get_rates_of_their_own():
    keys = np.array([2 * 3 + BID, 2 * 4 + OFFER])
    low, high = np.array([7.0, 3.0]), np.array([31.0, 35.0])
    rates = builtin_rates(keys, 1.0, low, high, 19.0, np.array([False, False]))
    assert rates == pytest.approx([31.0, 3.0])
