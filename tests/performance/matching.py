"""Time matching against numpy's argsort of the same rates: ``python matching.py [ORDERS ...]``.

ORDERS bids and as many offers, with rates between two tariffs and energies up to 1 kWh drawn with a fixed seed. With
preferences, of the bids a third each names two partners, or solar energy at a rate of its own and else any, or nothing;
a tenth of the offers names partners, and half are solar.
"""

import sys

import numpy as np
from timing import best_of, report

from gridhook.orders import Requirement
from gridhook_exchange.market.book import Terms
from gridhook_exchange.market.fees import Way
from gridhook_exchange.market.matching import Side, pay_as_bid
from gridhook_exchange.market.preferences import match_preferences
from gridhook_exchange.market.uniform import pay_as_clear
from gridhook_exchange.market.wishes import Preferring


def side(rng, count, first_owner):
    return Side(
        rate=rng.uniform(8.0, 28.0, count),
        energy_kwh=rng.uniform(0.01, 1.0, count),
        owner=np.arange(first_owner, first_owner + count),
        serial=np.arange(count),
    )


def preferring(orders, terms, types):
    """Return orders with terms; terms are new each time, since matching counts down what is left under them."""
    count = len(orders.rate)
    way = Way(np.ones(count), np.zeros(count))
    own = {row: Terms.of(alternatives) for row, alternatives in terms.items()}
    return Preferring(
        orders.rate, way, orders.energy_kwh, orders.owner, orders.serial, np.zeros(count, int), own, types
    )


def wishes(rng, count):
    """Return the requirements of the bids and of the offers, and the offers' kinds of energy."""
    solar = Requirement(energy_types=("PV",), rate=26.0)
    bids = {row: (solar, Requirement()) for row in range(1, count, 3)}
    bids |= {
        row: (Requirement(tuple(f"asset {one}" for one in rng.integers(count, 2 * count, 2))),)
        for row in range(0, count, 3)
    }
    offers = {
        row: (Requirement(tuple(f"asset {one}" for one in rng.integers(0, count, 2))),) for row in range(0, count, 10)
    }
    return bids, offers, ["PV" if row % 2 else "" for row in range(count)]


def measure(count):
    rng = np.random.default_rng(1)
    bids, offers = side(rng, count, 0), side(rng, count, count)
    rates = np.concatenate((bids.rate, offers.rate))
    sorting = best_of(lambda: np.argsort(rates, kind="stable"))
    what = f"{count} + {count} orders"
    for name, match in (("pay-as-bid", pay_as_bid), ("pay-as-clear", pay_as_clear)):
        trades = len(match(bids, offers).bid)
        report(f"{name}, {what}, {trades} trades", best_of(lambda match=match: match(bids, offers)), sorting, SORTING)
    numbers = {f"asset {number}": number for number in range(2 * count)}
    bid_terms, offer_terms, types = wishes(rng, count)
    ready = iter(
        [(preferring(bids, bid_terms, [""] * count), preferring(offers, offer_terms, types)) for _ in range(4)]
    )
    trades = len(match_preferences(*next(ready), numbers).bid)
    matching = best_of(lambda: match_preferences(*next(ready), numbers), times=3)
    report(f"preferences, {what}, {trades} trades", matching, sorting, SORTING)


SORTING = "argsort of the rates"

for number in [int(text) for text in sys.argv[1:]] or [3_000, 100_000]:
    measure(number)
