"""The entries of trade events, and the trades that they tell of (PROTOCOL.md 3.7)."""

import json
import math

import attrs
import numpy as np
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.testing import make_assets, make_grid
from gridhook.trades import SETTLEMENT, SPOT, Trades
from gridhook.wire.errors import WireError
from gridhook.wire.trades import (
    TradeEntry,
    join_entries,
    read_trade_entries,
    read_trade_entry,
    split_trades,
    write_trade_entry,
)

SLOT_LENGTH = pendulum.duration(minutes=15)
AT = pendulum.datetime(2026, 6, 15, 0, 34, 30)
SLOT = pendulum.datetime(2026, 6, 15, 0, 30)
ENTRY = TradeEntry(
    asset="fd78",
    trade_id="b408",
    at=AT,
    price_cents=30.0,
    energy_kwh=0.025,
    fee_cents=0.125,
    local_market_fee=1.0,
    seller="anonymous",
    buyer="load",
    seller_origin="H1 Storage2",
    buyer_origin="load",
    bid_id="c730",
    offer_id="d6dd",
)
VALUE = {
    "event": "trade",
    "asset_id": "fd78",
    "trade_id": "b408",
    "time": "2026-06-15T00:34:30+00:00",
    "trade_price": 30.0,
    "traded_energy": 0.025,
    "total_fee": 0.125,
    "local_market_fee": 1.0,
    "seller": "anonymous",
    "buyer": "load",
    "seller_origin": "H1 Storage2",
    "buyer_origin": "load",
    "bid_id": "c730",
    "offer_id": "d6dd",
    "residual_bid_id": "None",
    "residual_offer_id": "None",
}
SOLD = attrs.evolve(
    ENTRY, asset="5701", trade_id="other", seller="pv", buyer="anonymous", price_cents=28.0, fee_cents=0.5
)


def test_the_sample_of_the_protocol():
    assert read_trade_entry(VALUE) == ENTRY
    assert write_trade_entry(ENTRY) == VALUE
    assert list(write_trade_entry(ENTRY)) == list(VALUE)


def test_the_keys_of_our_own():
    entry = attrs.evolve(ENTRY, slot=SLOT.subtract(minutes=30), market=SETTLEMENT, with_partner=True)
    value = {**VALUE, "time_slot": "2026-06-15T00:00", "market_type": "Settlement Market", "with_partner": True}
    assert write_trade_entry(entry) == value
    assert read_trade_entry(value) == entry
    assert write_trade_entry(attrs.evolve(entry, market=SPOT))["market_type"] == "Spot Market"


def test_none_is_a_text():
    value = {**VALUE, "local_market_fee": "None", "bid_id": "None", "total_fee": "None", "residual_bid_id": None}
    entry = read_trade_entry(value)
    assert math.isnan(entry.local_market_fee)
    assert (entry.bid_id, entry.residual_bid_id, entry.fee_cents) == ("", "", 0.0)
    assert write_trade_entry(entry)["local_market_fee"] == "None"


ids = st.text(max_size=5).filter(lambda text: text != "None")
amounts = st.floats(0, 1e9)
moments = st.integers(0, 10**8).map(lambda seconds: pendulum.datetime(2026, 1, 1).add(seconds=seconds))
entries = st.builds(
    TradeEntry,
    *[ids] * 2,
    moments,
    *[amounts] * 4,
    *[ids] * 8,
    slot=st.none() | moments.map(lambda moment: moment.set(second=0)),
    market=st.sampled_from([None, SPOT, SETTLEMENT]),
    with_partner=st.none() | st.booleans(),
)


@given(st.lists(entries, max_size=3).map(tuple))
def test_what_is_written_is_read_back(listed):
    value = json.loads(json.dumps([write_trade_entry(entry) for entry in listed], allow_nan=False))
    assert read_trade_entries(value) == listed


def test_a_buyer_pays_the_price_and_a_seller_keeps_it_without_the_fee():
    bought, sold = join_entries([ENTRY, attrs.evolve(SOLD, bid_id="another")], SLOT_LENGTH)
    assert (bought.buyer, bought.seller, bought.buyer_rate) == ("fd78", "", 1200.0)
    assert math.isnan(bought.seller_rate)
    assert (sold.buyer, sold.seller, sold.seller_rate) == ("", "5701", 1100.0)
    assert math.isnan(sold.buyer_rate)
    assert (bought.id, bought.market, bought.slot, bought.energy_kwh) == ("b408", SPOT, SLOT, 0.025)
    assert not bought.with_partner


@pytest.mark.parametrize("order", [1, -1])
def test_two_entries_for_the_two_sides_of_one_trade_are_one_trade(order):
    (trade,) = join_entries([ENTRY, SOLD][::order], SLOT_LENGTH)
    assert (trade.buyer, trade.seller, trade.buyer_rate, trade.seller_rate) == ("fd78", "5701", 1200.0, 1100.0)
    assert trade.id == "b408"
    by_trade_id = attrs.evolve(SOLD, trade_id="b408", bid_id="", offer_id="")
    assert len(join_entries([ENTRY, by_trade_id][::order], SLOT_LENGTH)) == 1


def test_what_does_not_belong_together_stays_apart():
    for other in (
        attrs.evolve(SOLD, offer_id="another"),
        attrs.evolve(SOLD, offer_id=""),
        attrs.evolve(ENTRY, asset="another", trade_id="another"),
    ):
        assert len(join_entries([ENTRY, other], SLOT_LENGTH)) == 2
    without = [attrs.evolve(entry, bid_id="", offer_id="") for entry in (ENTRY, SOLD)]
    assert len(join_entries(without, SLOT_LENGTH)) == 2
    assert len(join_entries([ENTRY, SOLD, attrs.evolve(SOLD, asset="third")], SLOT_LENGTH)) == 2
    assert len(join_entries([], SLOT_LENGTH)) == 0


def test_our_own_keys_go_before_guesses():
    told = attrs.evolve(ENTRY, slot=SLOT.subtract(minutes=30), market=SETTLEMENT, with_partner=True)
    (trade,) = join_entries([told], SLOT_LENGTH)
    assert (trade.slot, trade.market, trade.with_partner) == (SLOT.subtract(minutes=30), SETTLEMENT, True)
    hourly = join_entries([ENTRY], pendulum.duration(hours=1))[0]
    assert hourly.slot == pendulum.datetime(2026, 6, 15)


def test_a_trade_of_no_energy_has_no_rate():
    (trade,) = join_entries([attrs.evolve(ENTRY, energy_kwh=0.0)], SLOT_LENGTH)
    assert math.isnan(trade.buyer_rate)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": "now"}, "trade_list[1].time: has to be a time such as"),
        ({"traded_energy": None}, "trade_list[1].traded_energy: has to be a number, not null"),
        ({"trade_price": "1"}, "trade_list[1].trade_price: has to be a number, not '1'"),
        ({"local_market_fee": "none"}, "trade_list[1].local_market_fee: has to be a number, not 'none'"),
        ({"asset_id": 5}, "trade_list[1].asset_id: has to be a text, not 5"),
        (
            {"market_type": "Future Market"},
            "trade_list[1].market_type: has to be one of Spot Market, Settlement Market, not 'Future Market'",
        ),
        ({"market_type": []}, "trade_list[1].market_type: has to be a text, not a list"),
        ({"with_partner": 1}, "trade_list[1].with_partner: has to be true or false, not 1"),
    ],
)
def test_every_mistake_has_its_reason(changes, message):
    with pytest.raises(WireError) as raised:
        read_trade_entries([VALUE, {**VALUE, **changes}])
    assert str(raised.value).startswith(message)


AREAS = {"Grid": {"House 1": {"Load": "load"}, "House 2": {"PV": "pv", "Heat": "load"}}}
FEES = {"Grid": 4.0, "House 1": 1.0, "House 2": 2.0}


def split(own, percent=False, **changes):
    grid = make_grid(AREAS, FEES, make_assets(*({"id": f"id:{name}"} for name in own)))
    fees = np.nan_to_num(grid.current_market_fee) / (100 if percent else 1)
    row = {
        "id": "t",
        "market": SPOT,
        "slot": SLOT,
        "buyer": "id:Load",
        "seller": "id:PV",
        "energy_kwh": 0.5,
        "buyer_rate": 30.0,
        "seller_rate": 23.0,
        "with_partner": True,
        **changes,
    }
    trades = Trades(*([value] for value in row.values()))
    return trades, split_trades(trades, grid, AT, fees, percent=percent)


def test_both_sides_see_their_own_market_only():
    trades, (bought, sold) = split(("Load", "PV"))
    assert (bought.asset, bought.price_cents, bought.fee_cents, bought.local_market_fee) == ("id:Load", 15.0, 0.5, 1.0)
    # The seller's market has a rate of 30 - 1 - 4 = 25 (PROTOCOL.md 6.8).
    assert (sold.asset, sold.price_cents, sold.fee_cents, sold.local_market_fee) == ("id:PV", 12.5, 1.0, 2.0)
    assert (bought.buyer, bought.seller) == ("Load", "anonymous")
    assert (sold.buyer, sold.seller) == ("anonymous", "PV")
    assert (bought.buyer_origin, bought.seller_origin) == ("Load", "PV")
    assert (bought.at, bought.slot, bought.market, bought.with_partner) == (AT, SLOT, SPOT, True)
    assert [tuple(row) for row in join_entries((bought, sold), SLOT_LENGTH)] == [tuple(row) for row in trades]


def test_the_asset_of_somebody_else_stays_anonymous():
    _, (bought,) = split(("Load",))
    assert (bought.seller, bought.seller_origin) == ("anonymous", "anonymous")
    assert split(("Heat",))[1] == []
    _, (sold,) = split(("PV",), buyer="")
    assert (sold.buyer, sold.buyer_origin) == ("anonymous", "anonymous")


def test_percentage_fees_are_shares_of_what_the_seller_keeps():
    # Fees of 1 %, 4 % and 2 %: R = 30 / 1.07 (PROTOCOL.md 6.8).
    kept = 30.0 / 1.07
    trades, (bought, sold) = split(("Load", "PV"), percent=True, seller_rate=kept)
    assert bought.fee_cents == pytest.approx(kept * 0.01 * 0.5)
    assert sold.price_cents == pytest.approx(kept * 1.02 * 0.5)
    assert join_entries((bought, sold), SLOT_LENGTH)[0].seller_rate == pytest.approx(kept)
    assert len(trades) == 1
