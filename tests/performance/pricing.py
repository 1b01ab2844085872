"""Time a strategy written ``@per_lot`` against the same one on columns: ``python pricing.py [LOTS ...]``."""

import sys

from timing import best_of, report

from gridhook import per_lot
from gridhook.testing import make_lots, make_market


@per_lot
def price_energy(lot, market):
    return market.feed_in_rate + 0.5 * lot.grid_fee + market.progress


def on_columns(lots, market):
    return market.feed_in_rate + 0.5 * lots.grid_fee + market.progress


def measure(count):
    lots, market = make_lots(*({"kind": "load"} for _ in range(count))), make_market()
    columns = best_of(lambda: on_columns(lots, market))
    each = best_of(lambda: price_energy(lots=lots, market=market))
    report(f"price_energy per lot, {count} lots", each, columns, "the same on columns")


for number in [int(text) for text in sys.argv[1:]] or [30, 10_000]:
    measure(number)
