"""``gridhook config new post-orders``: every order on the wire is what PROTOCOL.md 9.5 says of bid/offer posting."""

from template_day import assert_same_orders, needed, trade, write_small_community

SLOTS = 3
RATE = 10.0


def test_each_slot_begins_with_one_order_per_lot_at_ten_cents(serve, tmp_path):
    moments, figures = trade(serve, tmp_path, "post-orders", write_small_community(tmp_path), SLOTS)
    assert len(moments) == 10 * SLOTS
    for moment in moments:
        if moment.completion == 0:
            assert len(needed(moment)) == 8
            assert_same_orders(moment.orders, {place: (RATE, energy) for place, energy in needed(moment).items()})
        else:
            # Nothing has changed that another order would be needed for.
            assert moment.orders == {}
    assert figures["orders"] == 8 * SLOTS
