"""Orders as the exchange shows them (PROTOCOL.md 6.1)."""

import json

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook.wire.errors import WireError
from gridhook.wire.orders import Trader, WireOrder, read_order, write_order

VALUE = {
    "type": "Bid",
    "id": "c87a",
    "energy": 0.025,
    "energy_rate": 1200.0,
    "price": 30.0,
    "original_price": 30,
    "creation_time": "2026-06-15T00:19:30",
    "time_slot": "2026-06-15T00:15:00",
    "buyer": {"name": "agent", "origin": "load", "origin_uuid": "e1bd", "uuid": "a9"},
}
ORDER = WireOrder(
    "c87a",
    "bid",
    0.025,
    1200.0,
    30.0,
    30.0,
    pendulum.datetime(2026, 6, 15, 0, 19, 30),
    pendulum.datetime(2026, 6, 15, 0, 15),
    Trader("agent", "a9", "load", "e1bd"),
)

numbers = st.floats(0, 1e9)
texts = st.text(max_size=5)
moments = st.integers(0, 10**8).map(lambda seconds: pendulum.datetime(2026, 1, 1).add(seconds=seconds))
orders = st.builds(
    WireOrder,
    texts,
    st.sampled_from(["bid", "offer"]),
    *[numbers] * 4,
    moments,
    moments,
    st.builds(Trader, texts, texts, texts, texts),
)


def test_an_order_has_these_keys():
    assert write_order(ORDER) == VALUE
    assert list(write_order(ORDER)) == list(VALUE)
    assert read_order(VALUE) == ORDER


@given(orders)
def test_what_is_written_is_read_back(order):
    assert read_order(json.loads(json.dumps(write_order(order), allow_nan=False))) == order


def test_what_the_original_writes_otherwise():
    offer = {**VALUE, "type": "Offer", "seller": VALUE["buyer"], "time_slot": "2026-06-15T00:15", "new": 1}
    del offer["original_price"], offer["buyer"]
    read = read_order(offer)
    assert read.side == "offer"
    assert read.slot == ORDER.slot
    assert read.original_price_cents == 30.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "Trade"}, "bid.type: has to be 'Bid' or 'Offer', not 'Trade'"),
        ({"type": "Offer"}, "bid.seller: is missing"),
        ({"energy": "1"}, "bid.energy: has to be a number, not '1'"),
        ({"energy_rate": None}, "bid.energy_rate: has to be a number, not null"),
        ({"buyer": {"name": "a"}}, "bid.buyer.uuid: has to be a text, not null"),
        ({"time_slot": "now"}, "bid.time_slot: has to be a time such as"),
    ],
)
def test_every_mistake_has_its_reason(changes, message):
    with pytest.raises(WireError, match=f"^{message}"):
        read_order({**VALUE, **changes}, "bid")
