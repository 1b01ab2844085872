"""The markets of one slot: what may be ordered, what is ordered, and what has traded."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from gridhook.arrays import Bools, Floats, Ints, sums
from gridhook.orders import Requirement
from gridhook_exchange.market.book import BID, OFFER, Book, OrderIds, Terms
from gridhook_exchange.market.cleared import Cleared
from gridhook_exchange.market.clearing import clear
from gridhook_exchange.market.community import Community
from gridhook_exchange.market.fees import Fees
from gridhook_exchange.market.matching import TOLERANCE
from gridhook_exchange.market.one_sided import take_offers

__all__ = ["Lines", "OpenOrders", "Posted", "SlotMarket"]


@attrs.frozen(eq=False)
class Lines:
    """Orders to post, as columns: 2 x asset + side, cents/kWh, kWh, and whether the key's open orders go first."""

    key: Ints
    rate: Floats
    energy_kwh: Floats
    replace: Bools
    terms: Mapping[int, Terms] = attrs.field(factory=dict)
    energy_types: Mapping[int, str] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return len(self.key)


@attrs.frozen(eq=False)
class Posted:
    """What became of orders: which were taken, the reason for each that was not, and their ids (-1 where refused)."""

    taken: Bools
    errors: dict[int, str]
    ids: Ints


@attrs.frozen(eq=False)
class OpenOrders:
    """Open orders as columns, oldest first.

    ``id``, ``key``
        the order's number, and 2 x asset + side.
    ``rate``, ``energy_kwh``
        cents/kWh as posted, and what is open of it.
    ``posted``
        number of the tick at whose end it was posted, over the whole run.
    """

    id: Ints
    key: Ints
    rate: Floats
    energy_kwh: Floats
    posted: Ints

    def __len__(self) -> int:
        return len(self.id)


class SlotMarket:
    """All markets of the tree for one slot, spot or settlement.

    :param community: the community.
    :param slot: number of the slot in which the energy flows.
    :param fees: the grid fees.
    :param limit_kwh: float64 (keys,): how much each asset may still buy and sell.
    :param priority: per asset, its place in the order in which simultaneous orders are posted.
    :param ids: where orders get their ids; the markets of one simulation share it.
    :param is_one_sided: whether nobody can bid, and assets that need energy take offers.
    """

    def __init__(
        self,
        community: Community,
        slot: int,
        fees: Fees,
        limit_kwh: Floats,
        priority: Ints,
        ids: OrderIds | None = None,
        *,
        is_one_sided: bool = False,
        is_settlement: bool = False,
    ) -> None:
        self.slot = slot
        self.fees = fees
        self.is_one_sided = is_one_sided
        self.limit_kwh = limit_kwh
        self.bought_kwh = np.zeros(len(community.kinds))
        self.sold_kwh = np.zeros(len(community.kinds))
        self.cost_cents = np.zeros(len(community.kinds))
        self._community = community
        self.is_settlement = is_settlement
        self._priority = priority
        self._book = Book(ids)
        self._due: set[int] = set()

    def open_kwh(self) -> Floats:
        """Return the energy in open orders per key."""
        return self._book.open_kwh(len(self.limit_kwh))

    def open_orders(self, keys: Ints) -> OpenOrders:
        """Return the open orders of these keys."""
        book, rows = self._book, self._book.rows_of(keys)
        return OpenOrders(*(getattr(book, field.name)[rows] for field in attrs.fields(OpenOrders)))

    def post(self, lines: Lines, tick: int) -> Posted:
        """Post orders at the end of a tick; several of one key in one call do what they would do one by one."""
        if not len(lines):
            return Posted(np.empty(0, dtype=np.bool_), {}, np.empty(0, dtype=np.int64))
        errors = self._refusals(lines)
        fits = np.ones(len(lines), dtype=np.bool_)
        fits[list(errors)] = False
        energy = lines.energy_kwh.copy()
        for row, message in self._check_energy(lines, fits, energy):
            errors[row] = message
            fits[row] = False
        self._book.remove(lines.key[fits & lines.replace])
        # What the limit has cut down to dust is taken and gone.
        energy[energy <= TOLERANCE] = 0.0
        rows, place = fits.nonzero()[0], fits.cumsum() - 1
        ids = np.full(len(lines), -1)
        ids[rows] = self._book.add(
            lines.key[rows],
            lines.rate[rows],
            energy[rows],
            tick,
            self._priority[lines.key[rows] // 2],
            {int(place[row]): its for row, its in lines.terms.items() if fits[row]},
            {int(place[row]): its for row, its in lines.energy_types.items() if fits[row]},
        )
        if len(rows):
            self._due |= self._meeting_ticks(tick)
        return Posted(fits, errors, ids)

    def demand(self, key: Ints, rate: Floats, energy_kwh: Floats, tick: int) -> None:
        """Say what assets would take from now on, in the place of all that was said before; in one-sided markets only.

        :param key: 2 x asset, one row per asset.
        :param rate: the most that each would pay, cents/kWh.
        """
        self._book.remove_unnumbered()
        self._book.add(key, rate, energy_kwh, tick, self._priority[key // 2], {}, {}, is_numbered=False)
        self._due |= self._meeting_ticks(tick)

    def withdraw(self, keys: Ints) -> Ints:
        """Delete all open orders of these keys; return their ids."""
        return self._book.remove(keys)

    def withdraw_order(self, order_id: int, key: int) -> bool:
        """Delete one order if it is open and of this key; return whether it was."""
        return self._book.remove_order(order_id, key)

    def change_limit(self, key: int, limit_kwh: float) -> None:
        """Change how much an asset may still trade; open orders that no longer fit are deleted."""
        self.limit_kwh[key] = limit_kwh
        if self.open_kwh()[key] > limit_kwh + TOLERANCE:
            self._book.remove(np.array([key]))

    def match(self, tick: int) -> Cleared | None:
        """Match what has met by this tick; None if nothing new can have."""
        if tick not in self._due:
            return None
        self._due.discard(tick)
        match_all = take_offers if self.is_one_sided else clear
        cleared = match_all(self._book, self._community, self.fees, tick)
        if not len(cleared):
            return None
        assets = len(self.bought_kwh)
        bought = sums(cleared.buyer, cleared.energy_kwh, assets)
        sold = sums(cleared.seller, cleared.energy_kwh, assets)
        self.bought_kwh += bought
        self.sold_kwh += sold
        self.limit_kwh[0::2] -= bought
        self.limit_kwh[1::2] -= sold
        np.maximum(self.limit_kwh, 0.0, out=self.limit_kwh)
        self.cost_cents += sums(cleared.buyer, cleared.energy_kwh * cleared.rate, assets)
        received = cleared.energy_kwh * self.seller_rate(cleared)
        self.cost_cents += sums(cleared.seller, received, assets)
        return cleared

    def seller_rate(self, cleared: Cleared) -> Floats:
        """Return what sellers keep: the buyer's rate less the fees of all markets between them (PROTOCOL.md 6.8)."""
        home = self._community.tree.home
        path = self.fees.on_path(home[cleared.buyer], home[cleared.seller], cleared.market)
        return self.fees.kept(cleared.rate, path)

    def listed_rate(self, key: int, rate: float) -> float:
        """Return an order's rate in its home market, cents/kWh: offers pay its fee on entering it (PROTOCOL.md 6.7)."""
        home = self._community.tree.home[[key // 2]]
        way = self.fees.way(np.array([key % 2 == OFFER]), home, home)
        return float(way.there(np.array([rate]))[0])

    def _refusals(self, lines: Lines) -> dict[int, str]:
        bad_rate = ~np.isfinite(lines.rate) | (lines.rate < 0)
        bad_energy = ~(lines.energy_kwh > TOLERANCE)
        errors = {
            row: f"the rate {lines.rate[row]:g} is not a number from 0 up" for row in bad_rate.nonzero()[0].tolist()
        }
        for row in (bad_energy & ~bad_rate).nonzero()[0].tolist():
            errors[row] = f"the energy {lines.energy_kwh[row]:g} kWh is not above {TOLERANCE:g} kWh"
        for row, terms in lines.terms.items():
            if row not in errors and not all(map(_makes_sense, terms.alternatives)):
                errors[row] = "the rate or energy of a requirement is not a number from 0 up"
        if self.is_one_sided:
            bids = np.flatnonzero(lines.key % 2 == BID).tolist()
            errors |= dict.fromkeys(bids, "the market is one-sided: it takes offers and no bids")
        return errors

    def _check_energy(self, lines: Lines, fits: Bools, energy: Floats) -> list[tuple[int, str]]:
        """Refuse what an asset does not need or have; an excess within the tolerance is cut off."""
        posted = self.open_kwh()
        refused = []
        if len(set(lines.key.tolist())) == len(lines):
            rooms = np.maximum(self.limit_kwh[lines.key] - np.where(lines.replace, 0.0, posted[lines.key]), 0.0)
            too_much = (fits & ~(energy <= rooms + TOLERANCE)).nonzero()[0].tolist()
            np.minimum(energy, rooms, out=energy)
            return [(row, self._excess(lines, row, float(rooms[row]))) for row in too_much]
        taken: dict[int, list[int]] = {}
        for row, (key, replace) in enumerate(zip(lines.key.tolist(), lines.replace.tolist(), strict=True)):
            if not fits[row]:
                continue
            standing = 0.0 if replace else float(posted[key])
            room = float(np.maximum(self.limit_kwh[key] - standing, 0.0))
            if energy[row] > room + TOLERANCE:
                refused.append((row, self._excess(lines, row, room)))
                continue
            if replace:
                energy[taken.pop(key, [])] = 0.0
            taken.setdefault(key, []).append(row)
            energy[row] = np.minimum(energy[row], room)
            posted[key] = standing + energy[row]
        return refused

    def _excess(self, lines: Lines, row: int, room: float) -> str:
        asset, side = divmod(int(lines.key[row]), 2)
        name = self._community.asset_names[asset]
        verb = "sell" if side else "buy"
        if self.limit_kwh[lines.key[row]] <= TOLERANCE:
            gates = ": bids settle positive deviations of loads and PVs, offers negative ones"
            return f"{name!r} has nothing to {verb} in this slot" + (gates if self.is_settlement else "")
        return f"{lines.energy_kwh[row]:.6g} kWh is more than the {room:.6g} kWh that {name!r} can {verb}"

    def _meeting_ticks(self, tick: int) -> set[int]:
        """Return the ticks at which orders posted now reach further markets."""
        min_age = max(self._community.rules.min_age_ticks, 1)
        steps = 2 * self._community.tree.height
        return {tick + 1 + min_age * step for step in range(steps + 1)}


def _makes_sense(requirement: Requirement) -> bool:
    rate, energy = requirement.rate, requirement.energy_kwh
    return (rate is None or (rate >= 0 and np.isfinite(rate))) and (energy is None or energy >= 0)
