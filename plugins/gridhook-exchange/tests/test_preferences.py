from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridhook.orders import Requirement
from gridhook_exchange.market.book import Terms
from gridhook_exchange.market.fees import Way
from gridhook_exchange.market.matching import TOLERANCE, Side, pay_as_bid
from gridhook_exchange.market.preferences import match_preferences as match_columns
from gridhook_exchange.market.wishes import Preferring

FREE = Requirement()


@attrs.define(eq=False)
class Preferred:
    """One order in one market, with what its trades have to meet; an order without alternatives cannot trade."""

    row: int
    asset: str
    rate: float
    shift: float
    energy_kwh: float
    serial: int
    reach: int
    alternatives: Sequence[Requirement]
    left_kwh: list[float]
    energy_type: str = ""
    factor: float = 1.0
    is_free: bool = False

    def rate_under(self, alternative: int) -> float:
        rate = self.alternatives[alternative].rate
        return self.rate if rate is None else rate

    def rate_here(self, alternative: int) -> float:
        return self.rate_under(alternative) * self.factor + self.shift


@attrs.frozen
class Match:
    """A trade of two orders: their rows, kWh, the bid's posted rate, and whether it met a named partner."""

    bid: int
    offer: int
    energy_kwh: float
    rate: float
    with_partner: bool


def match_preferences(
    bids: Sequence[Preferred], offers: Sequence[Preferred], priority: str = "compatible", *, serves_free: bool = True
) -> list[Match]:
    """Match with the columns that the exchange has, and count down what is left of the orders."""
    names = sorted({one.asset for one in (*bids, *offers)})
    numbers = {name: 1 + number for number, name in enumerate(names)}
    sides = []
    for side in (bids, offers):
        column = lambda name, dtype=np.float64, side=side: np.array([getattr(one, name) for one in side], dtype=dtype)
        sides.append(
            Preferring(
                column("rate"),
                Way(column("factor"), column("shift")),
                column("energy_kwh"),
                np.array([numbers[one.asset] for one in side], dtype=np.int64),
                column("serial", np.int64),
                column("reach", np.int64),
                {at: Terms(tuple(one.alternatives), one.left_kwh) for at, one in enumerate(side) if not one.is_free},
                [one.energy_type for one in side],
            )
        )
    found = match_columns(*sides, numbers, priority, serves_free=serves_free)
    matches = []
    for bid, offer, energy, rate, partner in zip(*(column.tolist() for column in found), strict=True):
        bids[bid].energy_kwh -= energy
        offers[offer].energy_kwh -= energy
        matches.append(Match(bids[bid].row, offers[offer].row, energy, rate, partner))
    return matches


Stage = Callable[[Requirement, Requirement], bool]
STAGES: list[Stage] = [
    lambda bid, offer: bool(bid.partners or offer.partners),
    lambda bid, offer: bool(bid.energy_types) and not (bid.partners or offer.partners),
    lambda bid, offer: not (bid.energy_types or bid.partners or offer.partners),
]


def slow_match_preferences(
    bids: Sequence[Preferred], offers: Sequence[Preferred], priority: str = "compatible", *, serves_free: bool = True
) -> list[Match]:
    """Match stage by stage, and in each try every alternative of every offer with every one of every bid."""
    matches = []
    for is_stage in STAGES:
        for offer, asked in in_order(offers, dearest_first=priority == "compatible", latest=priority == "compatible"):
            for bid, wanted in in_order(bids, dearest_first=True, latest=priority == "compatible"):
                one, other = bid.alternatives[wanted], offer.alternatives[asked]
                if not is_stage(one, other) or not can_trade(bid, wanted, offer, asked):
                    continue
                if bid.is_free and offer.is_free and not serves_free:
                    continue
                energy = min(bid.energy_kwh, offer.energy_kwh, bid.left_kwh[wanted], offer.left_kwh[asked])
                if energy <= TOLERANCE:
                    continue
                for order, alternative in ((bid, wanted), (offer, asked)):
                    order.energy_kwh -= energy
                    order.left_kwh[alternative] -= energy
                partner = bool(one.partners or other.partners)
                matches.append(Match(bid.row, offer.row, energy, bid.rate_under(wanted), partner))
    return matches


def in_order(orders: Sequence[Preferred], *, dearest_first: bool, latest: bool) -> list[tuple[Preferred, int]]:
    """Return orders with each of their alternatives, as they are served."""
    pairs = [(one, alternative) for one in orders for alternative in range(len(one.alternatives))]
    by_rate, by_time = (-1 if dearest_first else 1), (-1 if latest else 1)
    return sorted(pairs, key=lambda pair: (by_rate * pair[0].rate_here(pair[1]), by_time * pair[0].serial))


def order(
    asset: str,
    rate: float = 20.0,
    energy: float = 1.0,
    *alternatives: Requirement,
    row: int = 0,
    serial: int = 0,
    energy_type: str = "",
    shift: float = 0.0,
    reach: int = 0,
    factor: float = 1.0,
) -> Preferred:
    sets = alternatives or (FREE,)
    left = [math.inf if one.energy_kwh is None else one.energy_kwh for one in sets]
    is_free = not alternatives
    return Preferred(row, asset, rate, shift, energy, serial, reach, sets, left, energy_type, factor, is_free)


def trades(bids: Sequence[Preferred], offers: Sequence[Preferred]) -> list[tuple[str, str, float, float]]:
    """Return buyer, seller, energy and rate of each match; rows are numbered here."""
    for side in (bids, offers):
        for row, one in enumerate(side):
            one.row, one.serial = row, row
    return [
        (bids[match.bid].asset, offers[match.offer].asset, pytest.approx(match.energy_kwh), match.rate)
        for match in match_preferences(bids, offers)
    ]


def meets(one: Requirement, counterpart: Preferred) -> bool:
    if one.partners and counterpart.asset not in one.partners:
        return False
    return not one.energy_types or counterpart.energy_type in one.energy_types


def can_trade(bid: Preferred, wanted: int, offer: Preferred, asked: int) -> bool:
    """Return whether a trade under these conditions breaks nobody's; written without a look at the matcher."""
    to_pay = bid.alternatives[wanted].rate
    to_get = offer.alternatives[asked].rate
    pays = (bid.rate if to_pay is None else to_pay) * bid.factor + bid.shift
    gets = (offer.rate if to_get is None else to_get) * offer.factor + offer.shift
    partners_of_offer = offer.alternatives[asked].partners
    return (
        meets(bid.alternatives[wanted], offer)
        and (not partners_of_offer or bid.asset in partners_of_offer)
        and bid.asset != offer.asset
        and bid.reach + offer.reach >= 0
        and pays >= 0
        and gets <= pays + TOLERANCE
    )


def kept(bid: Preferred, offer: Preferred, match: Match) -> tuple[set[int], set[int]]:
    """Return the alternatives of both sides under which the trade may have been made."""
    ways = [
        (wanted, asked)
        for wanted in range(len(bid.alternatives))
        for asked in range(len(offer.alternatives))
        if can_trade(bid, wanted, offer, asked) and bid.rate_under(wanted) == match.rate
    ]
    return {wanted for wanted, _ in ways}, {asked for _, asked in ways}


ASSETS = ["a", "b", "c", "d", "e"]
rates = st.sampled_from([0.0, 9.0, 10.0, 10.00001, 10.00003, 11.0, 20.0])
caps = st.none() | st.sampled_from([0.0, 0.1, 0.25, 0.6, 2.0])
partners = st.lists(st.sampled_from(ASSETS), max_size=2).map(tuple)


def requirements(types: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[tuple[Requirement, ...]]:
    one = st.builds(Requirement, partners, types, caps, st.none() | rates)
    return st.lists(one, max_size=3).map(tuple)


def books(
    types: st.SearchStrategy[tuple[str, ...]], shifts: list[float], factors: list[float]
) -> st.SearchStrategy[list[tuple[Preferred, tuple[Requirement, ...]]]]:
    """Draw orders; those that have an empty list of alternatives can never trade."""
    one = st.builds(
        lambda asset, rate, energy, sets, kind, shift, reach, factor: order(
            asset, rate, energy, *sets, energy_type=kind, shift=shift, reach=reach, factor=factor
        ),
        st.sampled_from(ASSETS),
        rates,
        st.sampled_from([0.0, 1e-5, 0.2, 0.5, 1.0]),
        requirements(types),
        st.sampled_from(["", "PV", "Wind"]),
        st.sampled_from(shifts),
        st.sampled_from([0, 0, 0, 1, -1, 3, -2]),
        st.sampled_from(factors),
    )
    return st.lists(one, max_size=6)


bid_books = books(st.lists(st.sampled_from(["PV", "Wind"]), max_size=2).map(tuple), [0.0, -1.0, -10.0], [1.0, 1.0, 0.5])
offer_books = books(st.just(()), [0.0, 1.0], [1.0, 1.0, 1.25])


@settings(max_examples=250, deadline=None)
@given(bids=bid_books, offers=offer_books)
def test_no_trade_breaks_any_condition_of_either_side(bids, offers):
    for row, one in enumerate([*bids, *offers]):
        one.row = one.serial = row
    before = [attrs.evolve(one, left_kwh=list(one.left_kwh)) for one in (*bids, *offers)]
    matches = match_preferences(bids, offers)
    under: dict[int, list[tuple[set[int], float]]] = {row: [] for row in range(len(before))}
    for match in matches:
        assert match.energy_kwh > TOLERANCE
        bought_under, sold_under = kept(before[match.bid], before[match.offer], match)
        assert bought_under
        assert sold_under
        under[match.bid].append((bought_under, match.energy_kwh))
        under[match.offer].append((sold_under, match.energy_kwh))
    for one in before:
        assert sum(energy for _, energy in under[one.row]) <= one.energy_kwh + 1e-9
        numbers = range(len(one.alternatives))
        # Whatever only some alternatives allow has to fit into what these may take together.
        for size in numbers:
            for some in itertools.combinations(numbers, size + 1):
                only = sum(energy for ways, energy in under[one.row] if ways <= set(some))
                assert only <= sum(one.left_kwh[number] for number in some) + 1e-9


@settings(max_examples=250, deadline=None)
@given(bids=bid_books, offers=offer_books)
def test_no_pair_that_could_trade_is_left(bids, offers):
    for row, one in enumerate([*bids, *offers]):
        one.row = one.serial = row
    match_preferences(bids, offers)
    for bid, offer in itertools.product(bids, offers):
        for wanted, asked in itertools.product(range(len(bid.alternatives)), range(len(offer.alternatives))):
            if can_trade(bid, wanted, offer, asked):
                left = (bid.energy_kwh, offer.energy_kwh, bid.left_kwh[wanted], offer.left_kwh[asked])
                assert min(left) <= TOLERANCE


@settings(max_examples=600, deadline=None)
@given(
    bids=bid_books,
    offers=offer_books,
    priority=st.sampled_from(["compatible", "price-time"]),
    serves_free=st.booleans(),
)
def test_the_fast_matcher_gives_the_trades_and_their_order_of_the_slow_one(bids, offers, priority, serves_free):
    for row, one in enumerate([*bids, *offers]):
        one.row = one.serial = row
    copies = [[attrs.evolve(one, left_kwh=list(one.left_kwh)) for one in side] for side in (bids, offers)]
    expected = slow_match_preferences(*copies, priority, serves_free=serves_free)
    assert match_preferences(bids, offers, priority, serves_free=serves_free) == expected
    for side, copied in zip((bids, offers), copies, strict=True):
        for one, other in zip(side, copied, strict=True):
            if not one.is_free:
                assert one.left_kwh == other.left_kwh


@pytest.mark.parametrize("seed", range(4))
def test_the_fast_matcher_gives_the_trades_of_the_slow_one_in_a_crowd_too(seed):
    """Many bids per name, so that lists are long and used up from the middle."""
    rng = np.random.default_rng(seed)
    assets = [f"asset {number}" for number in range(30)]

    def crowd(count: int, types: list[tuple[str, ...]]) -> list[Preferred]:
        orders = []
        for row in range(count):
            partners = tuple(rng.choice(assets[:4], int(rng.integers(0, 3))).tolist()) if rng.random() < 0.4 else ()
            wish = Requirement(partners, types[int(rng.integers(len(types)))])
            sets = (wish, FREE) if rng.random() < 0.3 else (wish,) if rng.random() < 0.7 else ()
            rate, energy = float(rng.integers(5, 30)), float(rng.integers(1, 5)) / 4
            reach, kind = int(rng.integers(-2, 4)), str(rng.choice(["", "PV", "Wind"]))
            one = order(
                str(rng.choice(assets)), rate, energy, *sets, row=row, serial=row, reach=reach, energy_type=kind
            )
            orders.append(one)
        return orders

    bids, offers = crowd(120, [(), ("PV",), ("PV", "Wind")]), crowd(120, [()])
    copies = [[attrs.evolve(one, left_kwh=list(one.left_kwh)) for one in side] for side in (bids, offers)]
    found = match_preferences(bids, offers)
    assert len(found) > 50
    assert found == slow_match_preferences(*copies)


plain_orders = st.lists(st.tuples(st.integers(0, 3), rates, st.sampled_from([0.0, 1e-5, 0.2, 0.5, 1.0])), max_size=6)


@settings(max_examples=150, deadline=None)
@given(bids=plain_orders, offers=plain_orders)
def test_orders_without_conditions_are_matched_exactly_as_by_pay_as_bid(bids, offers):
    columns, rows = [], []
    for side in (bids, offers):
        owner, rate, energy = zip(*side, strict=True) if side else ((), (), ())
        columns.append(
            Side(np.array(rate, float), np.array(energy, float), np.array(owner, int), np.arange(len(side))),
        )
        rows.append([order(str(one[0]), one[1], one[2], row=row, serial=row) for row, one in enumerate(side)])
    plain, preferred = pay_as_bid(*columns), match_preferences(*rows)
    assert [match.bid for match in preferred] == plain.bid.tolist()
    assert [match.offer for match in preferred] == plain.offer.tolist()
    assert [match.energy_kwh for match in preferred] == plain.energy_kwh.tolist()
    assert not any(match.with_partner for match in preferred)


def test_a_bid_that_names_a_partner_is_never_matched_with_another():
    bid = order("load", 30.0, 1.0, Requirement(partners=("friend",)))
    assert trades([bid], [order("stranger", 5.0)]) == []
    assert trades([bid], [order("stranger", 5.0), order("friend", 25.0)]) == [("load", "friend", 1.0, 30.0)]


def test_an_offer_that_names_a_partner_is_never_matched_with_another():
    offer = order("pv", 5.0, 1.0, Requirement(partners=("friend",)))
    assert trades([order("stranger", 30.0), order("friend", 10.0)], [offer]) == [("friend", "pv", 1.0, 10.0)]


def test_naming_oneself_satisfies_nothing():
    """The original took a bid that names its own asset as satisfied by anybody."""
    assert trades([order("load", 30.0, 1.0, Requirement(partners=("load",)))], [order("pv", 5.0)]) == []


def test_a_bid_that_demands_an_energy_type_is_never_matched_with_another():
    offers = [order("grid", 5.0, energy_type="Grid"), order("pv", 10.0, energy_type="PV"), order("unknown", 5.0)]
    bid = order("load", 30.0, 2.0, Requirement(energy_types=("PV", "Wind")))
    assert trades([bid], offers) == [("load", "pv", 1.0, 30.0)]


def test_partners_come_first_then_energy_types_then_the_rest():
    """Each bid could take the only offer; the one with the closest tie gets it, although others pay more."""
    partner = order("partner", 10.0, 0.4, Requirement(partners=("pv",)))
    green = order("green", 20.0, 0.4, Requirement(energy_types=("PV",)))
    anyone = order("anyone", 30.0, 0.4)
    found = trades([anyone, green, partner], [order("pv", 5.0, 1.0, energy_type="PV")])
    assert found == [("partner", "pv", 0.4, 10.0), ("green", "pv", 0.4, 20.0), ("anyone", "pv", 0.2, 30.0)]


def test_a_bid_that_names_partner_and_energy_type_takes_part_in_the_first_stage():
    both = order("both", 10.0, 1.0, Requirement(partners=("pv",), energy_types=("PV",)))
    green = order("green", 20.0, 1.0, Requirement(energy_types=("PV",)))
    found = trades([green, both], [order("pv", 5.0, 1.0, energy_type="PV")])
    assert found == [("both", "pv", 1.0, 10.0)]


def test_alternatives_are_or():
    wishes = (Requirement(partners=("friend",)), Requirement(energy_types=("PV",)))
    offers = [
        order("friend", 5.0, 0.3, energy_type="Grid"),
        order("pv", 5.0, 0.3, energy_type="PV"),
        order("grid", 5.0),
    ]
    assert trades([order("load", 30.0, 1.0, *wishes)], offers) == [
        ("load", "friend", 0.3, 30.0),
        ("load", "pv", 0.3, 30.0),
    ]


def test_the_keys_of_one_alternative_are_and():
    bid = order("load", 30.0, 1.0, Requirement(partners=("friend",), energy_types=("PV",)))
    assert trades([bid], [order("friend", 5.0, energy_type="Grid"), order("pv", 5.0, energy_type="PV")]) == []
    assert trades([bid], [order("friend", 5.0, energy_type="PV")]) == [("load", "friend", 1.0, 30.0)]


def test_an_order_without_a_single_alternative_does_not_trade():
    bid = order("load")
    bid.alternatives, bid.left_kwh, bid.is_free = (), [], False
    assert trades([bid], [order("pv", 5.0)]) == []


def test_what_a_partner_cannot_give_comes_from_the_next_alternative():
    bid = order("load", 30.0, 1.0, Requirement(partners=("friend",)), FREE)
    found = trades([bid], [order("grid", 5.0), order("friend", 25.0, 0.3)])
    assert found == [("load", "friend", 0.3, 30.0), ("load", "grid", 0.7, 30.0)]


def test_the_energy_of_an_alternative_caps_what_trades_under_it():
    bid = order("load", 30.0, 1.0, Requirement(partners=("friend",), energy_kwh=0.25), FREE)
    found = trades([bid], [order("friend", 25.0, 5.0, FREE), order("grid", 28.0, 0.1)])
    assert found == [("load", "friend", 0.25, 30.0), ("load", "grid", 0.1, 30.0), ("load", "friend", 0.65, 30.0)]


def test_an_offer_can_cap_what_it_sells_to_a_partner():
    offer = order("pv", 5.0, 1.0, Requirement(partners=("friend",), energy_kwh=0.25))
    assert trades([order("friend", 30.0, 3.0)], [offer]) == [("friend", "pv", 0.25, 30.0)]


def test_the_rate_of_an_alternative_replaces_the_orders_rate():
    """A load pays 28 for solar energy and 12 for any other."""
    bid = order("load", 12.0, 1.0, Requirement(energy_types=("PV",), rate=28.0), FREE)
    offers = [order("pv", 25.0, 0.25, energy_type="PV"), order("grid", 20.0), order("cheap", 10.0, 0.5)]
    assert trades([bid], offers) == [("load", "pv", 0.25, 28.0), ("load", "cheap", 0.5, 12.0)]


def test_an_alternative_can_also_name_a_lower_rate():
    bid = order("load", 30.0, 1.0, Requirement(energy_types=("Grid",), rate=10.0))
    assert trades([bid], [order("grid", 20.0, energy_type="Grid")]) == []
    assert trades([bid], [order("grid", 10.0, energy_type="Grid")]) == [("load", "grid", 1.0, 10.0)]


def test_an_offer_can_ask_less_of_a_partner():
    offer = order("pv", 25.0, 1.0, Requirement(partners=("friend",), rate=10.0), FREE)
    assert trades([order("friend", 12.0)], [offer]) == [("friend", "pv", 1.0, 12.0)]
    assert trades([order("stranger", 12.0)], [attrs.evolve(offer, energy_kwh=1.0)]) == []


def test_partial_fills_leave_the_rest_for_others():
    """The original gave up a pair if either side had too little."""
    bids = [order("one", 30.0, 0.3, Requirement(partners=("pv",))), order("two", 20.0, 0.9)]
    assert trades(bids, [order("pv", 5.0)]) == [("one", "pv", 0.3, 30.0), ("two", "pv", 0.7, 20.0)]


def test_within_a_stage_the_dearest_offer_meets_the_highest_bid_first():
    wish = Requirement(partners=("x", "y"))
    bids = [order("low", 20.0, 1.0, wish), order("high", 30.0, 1.0, wish)]
    assert trades(bids, [order("x", 5.0), order("y", 19.0)]) == [("high", "y", 1.0, 30.0), ("low", "x", 1.0, 20.0)]


def test_of_equal_orders_the_latest_posted_is_served_first():
    wish = Requirement(partners=("pv",))
    bids = [order("early", 20.0, 1.0, wish), order("late", 20.0, 1.0, wish)]
    assert trades(bids, [order("pv", 5.0)]) == [("late", "pv", 1.0, 20.0)]


@pytest.mark.parametrize(
    ("bid", "offer", "expected"),
    [
        (Requirement(partners=("pv",)), FREE, True),
        (FREE, Requirement(partners=("load",)), True),
        (Requirement(energy_types=("PV",)), FREE, False),
        (FREE, FREE, False),
    ],
)
def test_a_match_tells_whether_it_met_a_named_partner(bid, offer, expected):
    (match,) = match_preferences([order("load", 20.0, 1.0, bid)], [order("pv", 5.0, 1.0, offer, energy_type="PV")])
    assert match.with_partner is expected


def test_orders_that_have_not_met_do_not_trade_whatever_they_demand():
    wish = Requirement(partners=("pv",))
    assert trades([order("load", 20.0, 1.0, wish, reach=-1)], [order("pv", 5.0)]) == []
    assert trades([order("load", 20.0, 1.0, wish, reach=-1)], [order("pv", 5.0, reach=1)]) != []


def test_fees_on_the_way_count_at_every_rate_and_the_buyer_pays_its_posted_rate():
    offer = order("pv", 15.0, shift=2.0)
    assert trades([order("load", 20.0, 1.0, Requirement(rate=18.0), shift=-1.0)], [offer]) == [
        ("load", "pv", 1.0, 18.0)
    ]
    assert trades([order("load", 20.0, 1.0, Requirement(rate=17.9), shift=-1.0)], [order("pv", 15.0, shift=2.0)]) == []


def test_a_bid_that_fees_take_below_zero_is_not_there():
    """PROTOCOL.md 6.6: copies with negative prices are never made, and the tolerance does not bring them back."""
    assert trades([order("load", 1.0, shift=-1.00001)], [order("pv", 0.0)]) == []
    assert trades([order("load", 1.0, shift=-1.0)], [order("pv", 0.0)]) == [("load", "pv", 1.0, 1.0)]


@pytest.mark.parametrize(("bid", "above", "count"), [(20.0, 0.9, 1), (20.0, 1.1, 0), (0.0, 1.0, 1)])
def test_rates_cross_up_to_the_tolerance(bid, above, count):
    assert len(match_preferences([order("load", bid)], [order("pv", bid + above * TOLERANCE)])) == count


@pytest.mark.parametrize(("energy", "count"), [(2e-5, 0), (2.1e-5, 1)])
def test_dust_does_not_trade(energy, count):
    assert len(match_preferences([order("load", 20.0, energy)], [order("pv", 5.0)])) == count
    assert (
        len(match_preferences([order("load", 20.0, 1.0, Requirement(energy_kwh=energy))], [order("pv", 5.0)])) == count
    )


def test_who_is_not_here_is_nobodys_partner():
    bids = [order("load", 20.0, 1.0, Requirement(partners=("nobody",)))]
    assert trades(bids, [order("a", 5.0), order("pv", 5.0)]) == []
    assert trades([order("a", 20.0), order("load", 20.0)], [order("pv", 5.0, 1.0, Requirement(partners=("no",)))]) == []


@pytest.mark.parametrize("dust", [1e-5, 2e-5])
def test_an_offer_of_which_only_dust_may_trade_leaves_bids_to_others(dust):
    offers = [order("capped", 15.0, 1.0, Requirement(energy_kwh=dust)), order("pv", 10.0)]
    assert trades([order("load", 20.0)], offers) == [("load", "pv", 1.0, 20.0)]


@pytest.mark.parametrize("dust", [1e-5, TOLERANCE])
def test_an_offer_of_which_dust_is_left_leaves_the_next_bid_to_others(dust):
    """What the first bid takes is chosen so that just the tolerance is left to the last bit."""
    taken = TOLERANCE + 2.0**-60
    assert taken + TOLERANCE - taken == TOLERANCE
    bids = [order("high", 30.0, taken), order("low", 20.0)]
    offers = [order("small", 15.0, taken + dust), order("pv", 10.0)]
    assert trades(bids, offers) == [("high", "small", taken, 30.0), ("low", "pv", 1.0, 20.0)]


def test_what_is_a_little_more_than_dust_trades():
    capped = order("capped", 15.0, 1.0, Requirement(energy_kwh=1e-4))
    assert trades([order("load", 20.0)], [capped]) == [("load", "capped", 1e-4, 20.0)]
    bids = [order("high", 30.0), order("low", 20.0)]
    assert trades(bids, [order("pv", 10.0, 1.0001)]) == [("high", "pv", 1.0, 30.0), ("low", "pv", 1e-4, 20.0)]
