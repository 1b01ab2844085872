"""Matching: own orders against each other and against the market maker, in price-time order, paid as bid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import attrs

from gridhook.arrays import Floats
from gridhook.lots import BID
from gridhook.orders import Requirement

__all__ = ["Deal", "Order", "Tariff", "match"]

_LEAST_KWH = 1e-9
_ROUNDING = 1e-9
_ANYBODY = (Requirement(),)


@attrs.define(eq=False)
class Order:
    """An open order.

    ``asset``
        its number; that of the market maker is the highest.
    ``rate``
        cents/kWh.
    ``kwh``
        what is left of it.
    ``number``
        orders are counted: a lower number came earlier.
    ``requirements``
        alternatives, of which a trade has to meet one; none: it is free to trade.
    ``left_kwh``
        what may still trade under each alternative, over all ticks.
    """

    asset: int
    side: str
    rate: float
    kwh: float
    number: float
    requirements: tuple[Requirement, ...] = ()
    energy_type: str = ""
    left_kwh: list[float] = attrs.field(init=False)

    @left_kwh.default
    def _all_of_it(self) -> list[float]:
        return [math.inf if term.energy_kwh is None else term.energy_kwh for term in self.requirements or _ANYBODY]


@attrs.frozen
class Deal:
    """A trade: numbers of the assets, kWh, and the cents/kWh that the buyer pays and the seller gets."""

    buyer: int
    seller: int
    kwh: float
    buyer_rate: float
    seller_rate: float
    with_partner: bool


@attrs.frozen
class Tariff:
    """At what rates the market maker, with this number, buys and sells, cents/kWh."""

    market_maker: int
    feed_in_rate: float
    market_maker_rate: float

    @property
    def orders(self) -> tuple[Order, Order]:
        """The bid and the offer of the market maker, who comes last among equals."""
        who = self.market_maker
        return (
            Order(who, BID, self.feed_in_rate, math.inf, math.inf),
            Order(who, "offer", self.market_maker_rate, math.inf, math.inf),
        )


@attrs.frozen(eq=False)
class _Wish:
    """An order under one of its alternatives."""

    order: Order
    number: int

    @property
    def term(self) -> Requirement:
        return (self.order.requirements or _ANYBODY)[self.number]

    @property
    def rate(self) -> float:
        return self.order.rate if self.term.rate is None else self.term.rate

    @property
    def kwh(self) -> float:
        return min(self.order.kwh, self.order.left_kwh[self.number])

    def take(self, kwh: float) -> None:
        self.order.kwh -= kwh
        self.order.left_kwh[self.number] -= kwh


def match(orders: Iterable[Order], tariff: Tariff, fees: Floats, ids: Sequence[str]) -> Iterator[Deal]:
    """Yield the trades of open orders, and take their energy off these.

    The highest bid comes first, and takes the offers that cost it least with the grid fees on the way. The buyer pays
    what it bid, and the seller gets that less the fees; the market maker pays and gets its own rates.

    :param fees: float64 (assets + 1, assets + 1), cents/kWh.
    :param ids: of the assets and the market maker.
    """
    wishes = [wish for order in (*orders, *tariff.orders) for wish in _wishes(order)]
    bids = sorted((one for one in wishes if one.order.side == BID), key=lambda bid: (-bid.rate, bid.order.number))
    offers = [one for one in wishes if one.order.side != BID]
    for bid in bids:
        buyer = bid.order.asset
        landed = {id(offer): offer.rate + fees[offer.order.asset, buyer] for offer in offers}
        for offer in sorted(offers, key=lambda offer: (landed[id(offer)], offer.order.number)):
            kwh = min(bid.kwh, offer.kwh)
            if landed[id(offer)] > bid.rate + _ROUNDING or kwh <= _LEAST_KWH or not _suit(bid, offer, ids):
                continue
            for wish in (bid, offer):
                wish.take(kwh)
            yield _deal(bid, offer, kwh, tariff, fees[offer.order.asset, buyer])


def _deal(bid: _Wish, offer: _Wish, kwh: float, tariff: Tariff, fee: float) -> Deal:
    seller = offer.order.asset
    rate = offer.rate + fee if seller == tariff.market_maker else bid.rate
    with_partner = bool(bid.term.partners or offer.term.partners)
    return Deal(bid.order.asset, seller, kwh, float(rate), float(rate - fee), with_partner)


def _wishes(order: Order) -> Iterator[_Wish]:
    return (_Wish(order, number) for number in range(len(order.left_kwh)))


def _suit(bid: _Wish, offer: _Wish, ids: Sequence[str]) -> bool:
    buyer, seller = bid.order.asset, offer.order.asset
    return (
        buyer != seller
        and (not bid.term.partners or ids[seller] in bid.term.partners)
        and (not offer.term.partners or ids[buyer] in offer.term.partners)
        and (not bid.term.energy_types or offer.order.energy_type in bid.term.energy_types)
    )
