"""What a configuration wants of an exchange's areas, held against whose they are."""

import attrs
import pytest

from gridhook.deployment import survey
from gridhook.examining.areas import check_areas
from gridhook.links import Examined
from gridhook.testing import make_tree

TREE = make_tree({"Grid": {"House": {"Load": "load", "PV": "pv"}, "Shed": {"Battery": "storage"}}})


@pytest.fixture
def look(scripted_config):
    """Return a function that looks at areas for a configuration; returns the checks that were told."""

    def look(more="", holders=None, tree=TREE, known="false"):
        found = survey(scripted_config(f"known = {known}", more))
        checks = []
        check_areas(found, Examined(tree, holders), checks.append)
        return [(check.name, check.status, check.text) for check in checks]

    return look


def test_what_is_claimed_whose_it_is_and_who_serves_it(look):
    assert look(holders={}) == [
        ("claims", "ok", "1 load, 1 pv: Grid/House/Load, Grid/House/PV"),
        ("owners", "ok", "of what is claimed, 'gridhook' has 0 already, and 2 are free"),
        ("routes", "ok", "pricing: 1 load, 1 pv to scripted-rates"),
    ]


def test_owners_are_told_apart(look):
    holders = {"id:Load": "gridhook", "id:PV": "rival", "id:Battery": "gridhook"}
    owners = [(status, text) for name, status, text in look(holders=holders) if name == "owners"]
    assert owners == [
        ("ok", "of what is claimed, 'gridhook' has 1 already, and 0 are free"),
        ("wrong", "'rival' has 1 of the claimed: Grid/House/PV"),
        ("warning", "'gridhook' has 1 areas that are not claimed, and that a run would leave: Grid/Shed/Battery"),
    ]


def test_an_exchange_that_does_not_tell_whose_they_are(look):
    assert ("owners", "skipped", "the exchange does not tell whose assets are") in look(holders=None)


def test_routes_differ_by_asset(look):
    more = 'routes = { load = [], "PV" = ["scripted-rates"] }'
    assert look(more)[-1] == ("routes", "ok", "pricing: 1 load to nobody; 1 pv to scripted-rates")


@pytest.mark.parametrize(("known", "status"), [("false", "warning"), ("true", "wrong")])
def test_what_leads_nowhere(look, known, status):
    limited = "[plugins.scripted-rates]\nlimits = { PV = 2.0 }"
    told = look(limited, tree=make_tree({"Grid": {"House": {"Load": "load"}}}), known=known)
    (named,) = [one for one in told if one[0] == "names"]
    assert named[1] == status
    assert "plugins.scripted-rates.limits.PV: no asset is called 'PV'" in named[2]


def test_a_mistake_that_the_configuration_was_blamed_for_is_not_told_again(look):
    told = look("routes = { laod = [] }", known="true")
    assert [name for name, *_ in told if name == "names"] == []


def test_nothing_claimed_is_wrong(look):
    none = make_tree({"Grid": {"House": {}}})
    told = {name: (status, text) for name, status, text in look(tree=none)}
    assert told["claims"][0] == "wrong"
    assert "nothing would be traded" in told["claims"][1]
    unregistered = attrs.evolve(TREE, registered=[False] * len(TREE))
    told = {name: (status, text) for name, status, text in look(tree=unregistered)}
    assert "0 of 6 areas are registered" in told["claims"][1]


def test_without_areas_nothing_can_be_said(look):
    assert [(name, status) for name, status, _ in look(tree=None)] == [("claims", "skipped"), ("routes", "skipped")]


def test_an_exchange_without_a_registry_needs_a_name(scripted_config):
    found = survey(scripted_config("known = false"))
    checks = []
    check_areas(found, Examined(lists_areas=False), checks.append)
    claims, routes = checks
    assert (claims.name, claims.status) == ("claims", "wrong")
    assert "name at least one asset" in claims.text
    assert (routes.name, routes.status) == ("routes", "skipped")
