"""The event log: what somebody who runs a session reads, and how often."""

import logging

import pytest

from gridhook.eventlog import EventLog
from gridhook.events import AreasLost, Connected, OrdersRefused, Refused, RequirementsUnkept
from gridhook.testing import make_tree

TREE = make_tree({"Grid": {"House": {"Load": "load", "PV": "pv"}}})


@pytest.fixture
def log():
    log = EventLog()
    log.tell(Connected(TREE, "binding"))
    return log


def lines(caplog):
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_refusal_names_the_paths_and_says_once_what_is_the_same_for_all(log, caplog):
    same = [Refused("bid", f"id:{name}", "late") for name in ("Load", "PV")]
    log.tell(OrdersRefused((*same, Refused("offer", "gone", "no such area"))))
    assert lines(caplog) == [
        ("WARNING", "the exchange refused bid of Grid/House/Load and 1 more: late"),
        ("WARNING", "the exchange refused offer of gone: no such area"),
    ]


def test_the_same_refusal_again_is_no_warning_whichever_numbers_are_in_it(log, caplog):
    caplog.set_level(logging.INFO)
    for energy in (0.5, 0.25):
        log.tell(OrdersRefused((Refused("bid", "id:Load", f"limit {energy} exceeded"),)))
    log.tell(OrdersRefused((Refused("offer", "id:Load", "limit 1 exceeded"),)))
    assert [level for level, _ in lines(caplog)] == ["WARNING", "INFO", "WARNING"]


def test_areas_that_are_taken_away_are_named(log, caplog):
    log.tell(AreasLost(("id:PV",)))
    assert lines(caplog) == [("WARNING", "the exchange took areas away: Grid/House/PV")]


def test_requirements_that_are_not_kept_to_are_told_with_what_becomes_of_the_orders(log, caplog):
    log.tell(RequirementsUnkept("unsupported", ("id:Load",), ()))
    log.tell(RequirementsUnkept("stripped", (), ("id:Load", "id:PV")))
    held = 'orders are held; if it keeps to requirements, say so: [exchange] requirements = "binding"'
    assert lines(caplog) == [
        ("WARNING", f"this exchange cannot take requirements of Grid/House/Load: {held}"),
        (
            "WARNING",
            "this exchange drops requirements of Grid/House/Load, Grid/House/PV: they trade as if they had none",
        ),
    ]
