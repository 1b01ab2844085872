from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook_exchange.service.ids import Ids

SIMULATION = "408b5908-f502-5826-932b-e91812d613d7"
IDS = Ids(SIMULATION)


@given(st.integers(0, 2**48 - 1))
def test_an_order_has_a_uuid_from_which_its_number_follows(number):
    text = IDS.order(number)
    assert uuid.UUID(text)
    assert IDS.order_number(text) == number
    assert Ids(SIMULATION).order(number) == text
    assert Ids(str(uuid.uuid4())).order_number(text) is None


@given(st.text() | st.uuids().map(str))
def test_other_texts_are_no_orders(text):
    assert IDS.order_number(text) is None


def test_trades_are_told_apart():
    made = {IDS.trade(bid, offer) for bid in range(5) for offer in range(5)}
    assert len(made) == 25
    assert IDS.trade(1, 12) != IDS.trade(11, 2)


@pytest.mark.parametrize("text", ["", "x", "-1", IDS.trade(1, 2)])
def test_what_is_no_order_has_no_number(text):
    assert IDS.order_number(text) is None
