"""How long slots can be settled."""

import pytest

from gridhook.settlement import SettlementWindow
from gridhook.testing import SLOT, make_market

LENGTH = make_market().slot_length


def ended(*ages):
    return tuple(SLOT - LENGTH * age for age in ages)


@pytest.mark.parametrize("progress", [0.8, 0.9, 0.99])
def test_at_the_end_of_a_slot_it_is_too_late_for_the_oldest_that_can_be_settled(progress):
    window = SettlementWindow().seen(SLOT, ended(4, 3, 2, 1))
    assert window.closing(SLOT, progress, ended(4, 3, 2, 1)) == {*ended(4)}


def test_before_that_it_is_not():
    window = SettlementWindow().seen(SLOT, ended(4, 3))
    assert window.closing(SLOT, 0.79, ended(4, 3)) == frozenset()


def test_where_an_older_one_was_seen_open_the_oldest_is_not_in_its_last_slot():
    window = SettlementWindow().seen(SLOT, ended(4, 3)).seen(SLOT, ended(2, 1))
    assert window.closing(SLOT, 0.9, ended(3, 2)) == frozenset()


def test_as_long_as_none_was_seen_to_close_the_oldest_is_taken_to_be_in_its_last_slot():
    window = SettlementWindow().seen(SLOT, ended(1))
    assert window.closing(SLOT, 0.9, ended(1)) == {*ended(1)}
    assert SettlementWindow().closing(SLOT, 0.9, ended(2, 1)) == {*ended(2, 1)}


def test_the_running_slot_is_none_that_closes():
    assert SettlementWindow().closing(SLOT, 0.9, (SLOT,)) == frozenset()


def test_it_is_as_long_as_was_seen():
    window = SettlementWindow()
    assert window.length(LENGTH) == window.seen(SLOT, ()).length(LENGTH) == 0
    assert window.seen(SLOT, ended(2, 1)).seen(SLOT, ended(4, 1)).seen(SLOT, ended(1)).length(LENGTH) == 4
