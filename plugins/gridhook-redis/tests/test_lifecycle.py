"""The life of an aggregator: what is asked, and what answers mean."""

import uuid

import pytest

from gridhook.live.transport import RequestRefusedError
from gridhook_redis.lifecycle import (
    Created,
    check_selected,
    check_unselected,
    identity,
    read_created,
    write_create,
    write_select,
)

OURS = identity("", "oracle")


def test_an_aggregator_has_the_same_uuid_whenever_it_is_asked_for():
    assert uuid.UUID(OURS).version == 5
    # It may never change: exchanges know agents by it.
    assert OURS == "fc00eb59-fffe-5120-b319-9423d12936b7"
    assert len({OURS, identity("conf", "oracle"), identity("", "other")}) == 3


def test_requests_have_the_keys_of_the_protocol():
    assert write_create("", "oracle", "agg") == {"type": "CREATE", "name": "oracle", "transaction_id": "agg"}
    selects = [write_select("conf", "agg", "area", ends=ends) for ends in (False, True, True)]
    assert [one["type"] for one in selects] == ["SELECT", "UNSELECT", "UNSELECT"]
    assert {(one["aggregator_uuid"], one["device_uuid"], one["config_uuid"]) for one in selects} == {
        ("agg", "area", "conf")
    }
    assert len({one["transaction_id"] for one in selects}) == 3


@pytest.mark.parametrize(
    ("answer", "created"),
    [
        ({"status": "ready", "name": "oracle"}, Created(is_new=True, is_lockstep=False, has_lease=False)),
        ({"status": "error", "aggregator_uuid": OURS}, Created(is_new=False, is_lockstep=False, has_lease=False)),
        (
            {"status": "error", "aggregator_uuid": OURS, "msg": f"there is an aggregator {OURS} already"},
            Created(is_new=False, is_lockstep=False, has_lease=False),
        ),
        (
            {"status": "ready", "pace": "lockstep", "lease_slots": 4},
            Created(is_new=True, is_lockstep=True, has_lease=True),
        ),
    ],
)
def test_an_aggregator_that_is_there_already_is_ours(answer, created):
    assert read_created(answer, OURS) == created


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": "error", "aggregator_uuid": OURS, "msg": "you have 100 aggregators already"}, "you have 100"),
        ({"status": "error", "aggregator_uuid": "another"}, "status 'error'"),
        ({}, "status None"),
    ],
)
def test_any_other_answer_is_a_refusal(answer, reason):
    with pytest.raises(RequestRefusedError, match=reason):
        read_created(answer, OURS)


def test_an_area_that_selected_us_before_is_ours():
    check_selected({"status": "SELECTED"}, OURS)
    check_selected({"status": "error", "msg": f"Device already have selected {OURS}"}, OURS)


@pytest.mark.parametrize("msg", ["Device already have selected another", f"you have no aggregator '{OURS}'"])
def test_an_area_that_is_not_ours_is_refused_with_the_reason(msg):
    with pytest.raises(RequestRefusedError, match=msg):
        check_selected({"status": "error", "msg": msg}, OURS)


def test_an_area_that_is_not_left_is_a_refusal():
    check_unselected({"status": "UNSELECTED"})
    with pytest.raises(RequestRefusedError, match="it broke"):
        check_unselected({"status": "error", "msg": "it broke"})
