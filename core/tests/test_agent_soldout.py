"""Complete sales: an exchange that refuses every other offer in the slot is not asked again and again."""

import pytest

from gridhook.events import OrdersRefused

REFUSAL = "Error when handling offer create on area PV with arguments {'type': 'offer', 'energy': 0.3, 'price': 6.0}."
"""As the original words it (PROTOCOL.md 4.4): without the reason."""


@pytest.fixture
def seller(stage):
    """An agent whose PV and battery have offered all they had."""
    stage.decide.price = 20.0
    return stage.connect().open_slot(stage.pv(), stage.battery(buy=0.0, sell=0.5)).answer()


def pv(stage, kwh, active=0.0, traded=1.0):
    return {**stage.pv(kwh, active), "energy_traded_kwh": traded}


def battery(stage, sell, offers=0.0, traded=0.5, buy=0.0):
    return {**stage.battery(buy=buy, sell=sell, offers=offers), "energy_traded_kwh": traded}


def test_after_a_complete_sale_and_a_refusal_nothing_more_is_offered_in_the_slot(seller):
    """More has become available than was known when the first offers were made, which were sold."""
    seller.tick(0.2, pv(seller, 0.3), battery(seller, 0.2))
    assert seller.orders == [("PV", "offer", 20.0, 0.3), ("Battery", "offer", 20.0, 0.2)]
    seller.answer(False, {0: REFUSAL, 1: REFUSAL})
    assert len(seller.notice(OrdersRefused).refused) == 2
    for progress in (0.3, 0.4, 0.9):
        seller.tick(progress, pv(seller, 0.3), battery(seller, 0.2))
        assert seller.sent == []
        assert {seller.reasons[place] for place in (("PV", "offer"), ("Battery", "offer"))} == {"refused"}
        assert "every other offer of this asset in this slot, since one was sold" in seller.rows["PV", "offer"].text


def test_the_refusal_itself_is_explained_too(seller):
    seller.tick(0.9, pv(seller, 0.3), battery(seller, 0.0)).answer(False, {0: REFUSAL})
    assert "since one was sold completely" in seller.rows["PV", "offer"].text


def test_the_next_slot_is_a_new_one(seller):
    seller.tick(0.2, pv(seller, 0.3)).answer(False, {0: REFUSAL})
    seller.open_slot(pv(seller, 1.0, traded=0.0), slot=1)
    assert seller.orders == [("PV", "offer", 20.0, 1.0)]


def test_a_battery_goes_on_buying(seller):
    seller.tick(0.2, pv(seller, 0.0), battery(seller, 0.2)).answer(False, {0: REFUSAL})
    seller.tick(0.3, pv(seller, 0.0), battery(seller, 0.2, buy=0.7))
    assert seller.orders == [("Battery", "bid", 20.0, 0.7)]


def test_an_exchange_that_takes_another_offer_goes_on_getting_them(seller):
    seller.tick(0.2, pv(seller, 0.3)).answer()
    seller.tick(0.3, pv(seller, 0.1, traded=1.3))
    assert seller.orders == [("PV", "offer", 20.0, 0.1)]


@pytest.mark.parametrize(
    ("active", "traded"),
    [(0.0, 0.0), (0.1, 1.0), (float("nan"), 1.0)],
    ids=["nothing was sold", "some of it is open", "nothing is known"],
)
def test_a_refusal_for_another_reason_is_tried_again_at_each_tick(seller, active, traded):
    for progress in (0.2, 0.3, 0.4):
        seller.tick(progress, pv(seller, 0.3, active, traded))
        assert seller.orders == [("PV", "offer", 20.0, 0.3)]
        seller.answer(False, {0: REFUSAL})
        assert seller.rows["PV", "offer"].text == "pricer: the exchange refused the order (20 cents/kWh)"


def test_a_load_that_bought_everything_is_never_taken_for_sold_out(stage):
    stage.decide.price = 20.0
    stage.connect().open_slot(stage.load()).answer()
    for progress in (0.2, 0.3):
        stage.tick(progress, {**stage.load(0.3), "energy_traded_kwh": 1.0})
        assert stage.orders == [("Load", "bid", 20.0, 0.3)]
        stage.answer(False, {0: "no"})


def test_a_missing_answer_does_not_make_it_forget(seller):
    seller.tick(0.2, pv(seller, 0.3)).tick(0.3, pv(seller, 0.3)).answer(False, {0: REFUSAL})
    assert seller.tick(0.4, pv(seller, 0.3)).sent == []


def test_where_the_exchange_reports_an_open_offer_it_takes_them(seller):
    seller.tick(0.2, pv(seller, 0.3)).answer(False, {0: REFUSAL})
    seller.tick(0.3, pv(seller, 0.3, active=0.1))
    assert seller.orders == [("PV", "offer", 20.0, 0.3)]


def test_an_exchange_that_begins_anew_knows_of_no_sale(seller):
    seller.tick(0.2, pv(seller, 0.3)).answer(False, {0: REFUSAL})
    seller.connect().open_slot(pv(seller, 0.3), slot=0)
    assert seller.orders == [("PV", "offer", 20.0, 0.3)]
