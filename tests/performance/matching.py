"""Time pay-as-bid against numpy's argsort of the same rates: ``python matching.py [ORDERS ...]``.

ORDERS bids and as many offers, with rates between two tariffs and energies up to 1 kWh drawn with a fixed seed.
"""

import sys

import numpy as np
from timing import best_of, report

from gridhook_exchange.market.matching import Side, pay_as_bid


def side(rng, count, first_owner):
    return Side(
        rate=rng.uniform(8.0, 28.0, count),
        energy_kwh=rng.uniform(0.01, 1.0, count),
        owner=np.arange(first_owner, first_owner + count),
        serial=np.arange(count),
    )


def measure(count):
    rng = np.random.default_rng(1)
    bids, offers = side(rng, count, 0), side(rng, count, count)
    rates = np.concatenate((bids.rate, offers.rate))
    sorting = best_of(lambda: np.argsort(rates, kind="stable"))
    matching = best_of(lambda: pay_as_bid(bids, offers))
    trades = len(pay_as_bid(bids, offers).bid)
    report(f"pay-as-bid, {count} + {count} orders, {trades} trades", matching, sorting, "argsort of the rates")


for number in [int(text) for text in sys.argv[1:]] or [3_000, 100_000]:
    measure(number)
