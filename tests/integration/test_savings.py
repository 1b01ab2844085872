"""What the market is worth to its members, computed honestly.

A generated community; ``GRIDHOOK_SEEDS=5`` in the environment makes it so many.
"""

import os

import pytest

SEEDS = range(1, 1 + int(os.environ.get("GRIDHOOK_SEEDS", "1")))

WEEK = 7 * 96
CENT = 0.5


def losers(figures):
    """Members without a battery that pay more than without the market."""
    return [
        (member.name, round(member.saving_cents, 1))
        for member in figures.members
        if "storage" not in member.kinds and member.saving_cents < -CENT
    ]


@pytest.mark.thorough
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("season", ["summer", "winter"])
def test_no_member_without_a_battery_pays_more_than_without_the_market(community, trade, season, seed):
    folder = community(seed=seed)
    figures = trade(folder / "gridhook.toml", exchange=f"embedded:{season}.toml", slots=WEEK)
    assert figures.slots == WEEK
    assert not losers(figures)
    assert sum(member.saving_cents for member in figures.members) > 0


@pytest.mark.thorough
def test_thirty_homes_in_a_tree_of_three_levels_meet_the_same_checks(community, trade):
    folder = community(homes=30, panels=14, batteries=7, districts=3, seed=11)
    figures = trade(folder / "gridhook.toml", slots=2 * 96)
    assert len(figures.members) == 30
    assert not losers(figures)
    assert figures.settlement.trades > 0
    assert figures.preferences.orders > 0
    assert figures.forecasts.wape is not None


def test_a_strategy_that_bids_too_much_shows_a_negative_saving(trade):
    """Nothing is clamped: who always bids 100 cents pays them."""
    figures = trade('[pricing]\nuse = ["fixed"]\n[plugins.fixed]\nrate = 100.0\n', slots=48)
    savings = [member.saving_cents for member in figures.members if member.kinds == ("load",)]
    assert min(savings) < -200
    assert sum(savings) < -500
