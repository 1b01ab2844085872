"""``gridhook config new strategies``: every order on the wire is what PROTOCOL.md 9.5 says of the basic strategies."""

import pytest
from template_day import assert_same_orders, needed, trade, write_small_community

SLOTS = 3
N = 10


def fee_to(nodes, target, area):
    """Return the sum of the fees from an area to another one (PROTOCOL.md 5)."""
    ours, theirs = nodes[area]["path"], nodes[target]["path"]
    common = [node for node in ours if node in theirs]
    counted = {common[-1], *(set(ours) ^ set(theirs)), area, target}
    return sum(nodes[node].get("current_market_fee") or 0.0 for node in counted)


def rate_of(state, side, i, feed_in, retail, fee):
    """Return the rate at index i of the template's list for one asset (PROTOCOL.md 9.5)."""
    median = (feed_in + retail) / 2
    if "free_storage" in state:
        if side == "bid":
            return feed_in - fee + (median - (feed_in - fee)) * i / N
        return retail + fee - (retail + fee - median) * i / N
    if side == "bid":
        return feed_in - fee + (retail + 2 * fee - feed_in) * i / N if i < N - 2 else retail + fee
    pv = retail + fee - (retail + 2 * fee - feed_in) * i / N if i < N - 2 else feed_in - fee
    return max(pv, 0.0)


def prescribed(moment, nodes, target, feed_in, retail):
    """Return rate and energy by area and side at one event."""
    return {
        (area, side): (
            rate_of(moment.assets[area], side, moment.completion // 10, feed_in, retail, fee_to(nodes, target, area)),
            energy,
        )
        for (area, side), energy in needed(moment).items()
    }


@pytest.mark.parametrize("target", ["Market Maker", pytest.param("House 2", marks=pytest.mark.thorough)])
def test_every_order_of_every_event_has_the_templates_rate_and_energy(serve, tmp_path, target):
    def edit(text):
        if target == "Market Maker":
            return text
        assert text.count('# fee_target = "Grid Market"') == 1
        return text.replace('# fee_target = "Grid Market"', f'fee_target = "{target}"')

    moments, figures = trade(serve, tmp_path, "strategies", write_small_community(tmp_path), SLOTS, edit)
    assert [moment.completion for moment in moments] == [*range(0, 100, 10)] * SLOTS
    orders = 0
    for moment in moments:
        if moment.completion == 0:
            # Fees are those of the market event.
            nodes = moment.nodes
            (named,) = [area for area, node in nodes.items() if node["area_name"] == target]
        rates = (moment.message["feed_in_tariff_rate"], moment.message["market_maker_rate"])
        expected = prescribed(moment, nodes, named, *rates)
        assert_same_orders(moment.orders, expected)
        orders += len(expected)
    assert figures["orders"] == orders
    assert figures["trades"]


@pytest.mark.parametrize(
    ("key", "told", "rates"),
    [
        ("feed_in_rate", "feed_in_tariff_rate", (12.0, 30.0)),
        pytest.param("market_maker_rate", "market_maker_rate", (8.0, 12.0), marks=pytest.mark.thorough),
    ],
)
def test_where_the_exchange_tells_no_rate_one_that_is_given_is_taken(serve, tmp_path, key, told, rates):
    def hide(message):
        message[told] = None

    def give(text):
        return f"{text}\n{key} = 12.0\n"

    moments, _ = trade(serve, tmp_path, "strategies", write_small_community(tmp_path), 1, give, hide)
    nodes = moments[0].nodes
    (named,) = [area for area, node in nodes.items() if node["area_name"] == "Market Maker"]
    for moment in moments:
        assert_same_orders(moment.orders, prescribed(moment, nodes, named, *rates))


def test_without_one_only_what_does_not_depend_on_it_is_priced(serve, tmp_path):
    def hide(message):
        message["feed_in_tariff_rate"] = None

    moments, _ = trade(serve, tmp_path, "strategies", write_small_community(tmp_path), 1, change=hide)
    for moment in moments:
        sides = {side for _, side in moment.orders}
        # The loads' last rate is what the market maker asks.
        assert sides == ({"bid"} if moment.completion == 80 else set())
