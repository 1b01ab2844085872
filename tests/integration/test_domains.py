"""Each domain does something: without its plugin a figure changes."""

import pytest


@pytest.fixture(scope="module")
def half_day(tmp_path_factory):
    """Figures of half a day of the demo community by the domain that has no plugin; None: all have."""
    from gridhook.deployment import prepare

    figures = {}

    def run(without):
        if without not in figures:
            path = tmp_path_factory.mktemp("half_day") / "gridhook.toml"
            path.write_text(f"[{without}]\nuse = []\n" if without else "", encoding="utf-8")
            figures[without] = prepare(path, slots=60).open().run()
        return figures[without]

    return run


def test_without_registration_nothing_is_owned(half_day):
    assert half_day(None).orders > 0
    assert half_day("registration").orders == 0
    assert half_day("registration").trades == 0


def test_without_pricing_nothing_is_ordered(half_day):
    figures = half_day("pricing")
    assert figures.orders == 0
    assert figures.reasons["declined"] > 0


def test_without_requirements_no_order_has_any(half_day):
    assert half_day(None).preferences.orders > 0
    assert half_day(None).preferences.trades_with_partner > 0
    assert half_day("requirements").preferences.orders == 0
    assert half_day("requirements").preferences.trades_with_partner == 0


def test_without_forecasting_none_is_sent_and_the_built_in_one_holds(half_day):
    assert half_day(None).forecasts.sent == 60 * 18
    assert half_day("forecasting").forecasts.sent == 0
    assert half_day("forecasting").forecasts.wape is None
    assert half_day("forecasting").traded_kwh != half_day(None).traded_kwh


def test_without_settlement_deviations_are_paid_at_the_tariff(half_day):
    assert half_day(None).settlement.trades > 0
    assert half_day("settlement").settlement.orders == 0
    assert half_day("settlement").settlement.settled_kwh == 0
    with_settlement = sum(member.bill_cents for member in half_day(None).members)
    assert with_settlement < sum(member.bill_cents for member in half_day("settlement").members)
