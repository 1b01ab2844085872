"""Partners by name become ids."""

import pytest

from gridhook import AreaError
from gridhook.testing import make_tree
from gridhook_preferences.partners import Partners

TREE = make_tree({"Grid": {"Home 1": {"Load 1": "load", "PV 1": "pv"}, "Home 2": {"PV 2": "pv"}}})


@pytest.fixture
def partners():
    return Partners(TREE)


def test_names_paths_and_homes_become_ids_each_once(partners):
    ids = partners.ids("id:Load 1", ("PV 1", "Grid/Home 2", "PV 2"))
    assert ids == ("id:PV 1", "id:Home 2", "id:PV 2")


def test_the_asset_itself_and_what_is_around_it_are_no_partners(partners):
    """PROTOCOL.md 6.5: naming oneself satisfies everything."""
    assert partners.ids("id:Load 1", ("Grid",)) == ("id:PV 1", "id:Home 2", "id:PV 2")
    assert partners.ids("id:PV 1", ("Home 1",)) == ("id:Load 1",)
    assert partners.ids("id:PV 2", ("Home 2",)) == ()


def test_a_name_that_leads_nowhere_is_an_error_each_time(partners):
    for _ in range(2):
        with pytest.raises(AreaError, match="PV 9"):
            partners.ids("id:Load 1", ("PV 1", "PV 9"))
