"""A day with imperfect forecasts: what could be settled is, and the money balances, by the exchange's own book."""

import numpy as np
import pytest

from gridhook.deployment import prepare
from gridhook_exchange.link import SHIPPED

SLOTS = 96
DUST_KWH = 2e-5
SETTLED_KWH = 5.0
RAMP = 'rates = "ramp"'
METERS = SHIPPED / "meters.csv"
OTHER_METERS = """
[plugins.deviations.measurements]
file = "{file}"
columns = {{ "Home 01 Load" = "Home 02 Load", "Home 01 PV" = "Home 05 PV" }}
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Trade a day of the demo community; return the simulation with all that happened in it."""

    def run(settings=RAMP, others="", domain='["deviations"]'):
        path = tmp_path / "day.toml"
        demo = SHIPPED.as_posix()
        path.write_text(
            f"""
[settlement]
use = {domain}
[plugins.deviations]
{settings}
{others}
[plugins.profiles]
file = "{demo}/forecasts.csv"
[plugins.preferences]
file = "{demo}/requirements.json"
""",
            encoding="utf-8",
        )
        session = prepare(path, slots=SLOTS).open()
        session.run()
        return session._link._link._simulation

    return run


def closed_slots(simulation):
    """Return the slots whose settlement markets have closed."""
    return range(SLOTS - 1 - simulation.community.rules.settlement_slots)


def traded(entries, side, assets):
    return np.bincount(getattr(entries, side), entries.energy_kwh, minlength=assets)


def unsettled(simulation, slot):
    """Return per asset what is left to buy and to sell: what was measured and neither traded nor settled."""
    community, entries = simulation.community, simulation.ledger.entries()
    assets = len(community.kinds)
    spot, late = (entries.take((entries.slot == slot) & (entries.is_spot == is_spot)) for is_spot in (True, False))
    measured = simulation.measured_kwh[:, slot]
    more = np.where(
        community.is_load,
        measured - traded(spot, "buyer", assets),
        np.where(community.is_pv, traded(spot, "seller", assets) - measured, 0.0),
    )
    buy = np.maximum(more, 0.0) - traded(late, "buyer", assets)
    sell = np.maximum(-more, 0.0) - traded(late, "seller", assets)
    return np.maximum(buy, 0.0), np.maximum(sell, 0.0)


def was_settled(simulation):
    entries = simulation.ledger.entries()
    return entries.take(~entries.is_spot).energy_kwh.sum()


def is_settled(simulation):
    """Say whether no slot has something left on both sides.

    The market maker does not settle, so that a slot can be settled as far as some of its assets used more than was
    traded and others less: then who is short of it pays up to the retail rate, and who has it takes as little as the
    feed-in rate, at which any two meet.
    """
    most = len(simulation.community.kinds) * DUST_KWH
    return all(min(side.sum() for side in unsettled(simulation, slot)) <= most for slot in closed_slots(simulation))


@pytest.mark.parametrize(
    ("settings", "others"),
    [
        pytest.param(RAMP, "", id="the exchange measures"),
        pytest.param(f'{RAMP}\nsend = "during"', OTHER_METERS, id="sent during the slot"),
        pytest.param(f'{RAMP}\nsend = "after"', OTHER_METERS, id="sent after it", marks=pytest.mark.thorough),
        pytest.param(f'{RAMP}\nslots = "oldest"', "", id="the oldest alone", marks=pytest.mark.thorough),
        pytest.param("bid_rate = 40.0\noffer_rate = 0.0", "", id="rates that meet", marks=pytest.mark.thorough),
    ],
)
def test_all_deviations_that_can_be_settled_are(book, settings, others):
    simulation = book(settings, others.format(file=METERS.as_posix()))
    assert is_settled(simulation)
    assert was_settled(simulation) > SETTLED_KWH


def test_without_settlement_there_is_what_could_have_been_settled(book):
    simulation = book(domain="[]")
    assert not is_settled(simulation)
    assert was_settled(simulation) == 0.0


def test_at_rates_that_do_not_meet_nothing_is_settled(book):
    """The template bids 5 and offers at 10 cents/kWh (PROTOCOL.md 9.5): its assets never settle with each other."""
    simulation = book("")
    assert not is_settled(simulation)
    assert was_settled(simulation) == 0.0


@pytest.mark.parametrize("send", ["during", pytest.param("after", marks=pytest.mark.thorough)])
@pytest.mark.thorough
def test_the_exchange_goes_by_the_measurements_that_were_sent(book, send):
    simulation = book(f'{RAMP}\nsend = "{send}"', OTHER_METERS.format(file=METERS.as_posix()))
    names = simulation.community.asset_names
    own, other = names.index("Home 01 Load"), names.index("Home 02 Load")
    assert simulation.measured_kwh[own, : SLOTS - 1] == pytest.approx(simulation.measured_kwh[other, : SLOTS - 1])


@pytest.mark.thorough
def test_what_the_buyers_pay_is_what_sellers_and_markets_get(book):
    simulation = book()
    entries, tree, fee = simulation.ledger.entries(), simulation.community.tree, simulation.community.fee
    fees = np.array([_path_fee(tree, fee, *ends) for ends in zip(entries.buyer, entries.seller, strict=True)])
    balance = entries.energy_kwh * (entries.buyer_rate - entries.seller_rate - fees)
    for trades, its in ((~entries.is_spot, "settlement"), (entries.is_spot, "spot")):
        assert trades.any(), its
        assert balance[trades].sum() == pytest.approx(0.0, abs=1e-6), its


def _path_fee(tree, fee, buyer, seller):
    """Return the fees of all markets on the way, cents/kWh."""
    ways = []
    for asset in (buyer, seller):
        way = [int(tree.home[asset])]
        while tree.parent[way[-1]] >= 0:
            way.append(int(tree.parent[way[-1]]))
        ways.append(way)
    meeting = next(market for market in ways[0] if market in ways[1])
    return sum(fee[market] for way in ways for market in way[: way.index(meeting)]) + fee[meeting]
