from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridhook_exchange.service.aggregators import Aggregators
from gridhook_exchange.service.errors import Refusal, Why

OWNED = {("ann", "a"), ("ann", "b"), ("ben", "c"), ("ben", "b")}


@pytest.fixture
def aggregators():
    return Aggregators(str(uuid.uuid4()), lambda user, area: (user, area) in OWNED, most_per_user=3)


def refused(why, work, *arguments):
    with pytest.raises(Refusal) as refusal:
        work(*arguments)
    assert refusal.value.why is why
    return str(refusal.value)


def test_a_user_has_one_aggregator_of_a_name(aggregators):
    first = aggregators.create("ann", "x", 0)
    assert aggregators.create("ann", "x", 5) is first
    assert aggregators.create("ann", "y", 0).uuid != first.uuid
    assert aggregators.create("ben", "x", 0).uuid != first.uuid
    assert [one.name for one in aggregators.of_user("ann")] == ["x", "y"]
    assert uuid.UUID(first.uuid)


def test_uuids_are_the_same_in_each_run_of_a_simulation():
    simulation = str(uuid.uuid4())
    one, same, other = (
        Aggregators(identity, lambda *_: True).create("ann", "x", 0).uuid
        for identity in (simulation, simulation, str(uuid.uuid4()))
    )
    assert one == same != other


def test_a_client_may_choose_a_uuid_that_is_free(aggregators):
    assert aggregators.create("ann", "x", 0, "chosen").uuid == "chosen"
    assert "chosen" in refused(Why.CONFLICT, aggregators.create, "ben", "y", 0, "chosen")


def test_a_user_cannot_have_any_number(aggregators):
    for name in "xyz":
        aggregators.create("ann", name, 0)
    refused(Why.TOO_MANY, aggregators.create, "ann", "more", 0)
    assert aggregators.create("ann", "z", 0).name == "z"
    taken = aggregators.of_user("ann")[0].uuid
    assert "already" in refused(Why.CONFLICT, aggregators.create, "ann", "more", 0, taken)
    aggregators.delete("ann", aggregators.of_user("ann")[0].uuid)
    assert aggregators.create("ann", "more", 0)
    assert aggregators.create("ben", "more", 0)


@pytest.mark.parametrize("odd", [None, 5, [], {}, "nobody", True, "x" * 10_000])
def test_nothing_is_found_by_what_is_no_uuid(aggregators, odd):
    assert len(refused(Why.UNKNOWN, aggregators.find, "ann", odd)) < 200
    mine = aggregators.create("ann", "x", 0).uuid
    assert len(refused(Why.UNKNOWN, aggregators.select, "ann", mine, odd, 0)) < 200
    assert len(refused(Why.UNKNOWN, aggregators.unselect, "ann", mine, odd)) < 200


def test_foreign_aggregators_and_areas_are_as_if_they_were_not_there(aggregators):
    ann, ben = aggregators.create("ann", "x", 0).uuid, aggregators.create("ben", "x", 0).uuid
    aggregators.select("ben", ben, "c", 0)
    for work in (aggregators.find, aggregators.delete):
        assert refused(Why.UNKNOWN, work, "ann", ben).replace(ben, "?") == refused(Why.UNKNOWN, work, "ann", "?")
    assert refused(Why.UNKNOWN, aggregators.select, "ann", ann, "c", 0).replace("'c'", "?") == refused(
        Why.UNKNOWN, aggregators.select, "ann", ann, "nowhere", 0
    ).replace("'nowhere'", "?")
    refused(Why.UNKNOWN, aggregators.select, "ann", ben, "a", 0)
    refused(Why.UNKNOWN, aggregators.unselect, "ann", ben, "c")
    assert aggregators.of_area("c").uuid == ben


def test_an_area_has_one_aggregator_at_a_time(aggregators):
    ann, ben = aggregators.create("ann", "x", 0), aggregators.create("ben", "x", 0)
    aggregators.select("ann", ann.uuid, "b", 0)
    assert ann.uuid in refused(Why.CONFLICT, aggregators.select, "ben", ben.uuid, "b", 0)
    assert aggregators.select("ann", ann.uuid, "b", 7) is ann
    assert ann.heard_in == 7
    aggregators.unselect("ann", ann.uuid, "b")
    assert aggregators.of_area("b") is None
    aggregators.select("ben", ben.uuid, "b", 0)
    assert aggregators.delete("ben", ben.uuid) == ["b"]
    assert aggregators.of_area("b") is None
    refused(Why.UNKNOWN, aggregators.delete, "ben", ben.uuid)


def test_the_silent_lose_their_areas_after_the_lease(aggregators):
    ann, ben = aggregators.create("ann", "x", 0), aggregators.create("ben", "x", 0)
    aggregators.select("ann", ann.uuid, "a", 3)
    aggregators.select("ben", ben.uuid, "c", 3)
    ben.heard_in = 6
    assert aggregators.release_silent(5, 2) == []
    assert aggregators.release_silent(6, 2) == [(ann, "a")]
    assert (aggregators.of_area("a"), aggregators.of_area("c")) == (None, ben)
    assert aggregators.release_silent(7, 2) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "delete", "select", "unselect", "silent"]),
        st.sampled_from(["ann", "ben"]),
        st.integers(0, 2),
        st.sampled_from("abcd"),
    ),
    max_size=40,
)


@given(STEPS)
def test_areas_and_aggregators_always_know_each_other(steps):
    aggregators = Aggregators(str(uuid.uuid4()), lambda user, area: (user, area) in OWNED)
    for slot, (what, user, number, area) in enumerate(steps):
        known = [one.uuid for one in aggregators] or ["none"]
        identity = known[number % len(known)]
        try:
            if what == "create":
                aggregators.create(user, str(number), slot)
            elif what == "delete":
                aggregators.delete(user, identity)
            elif what == "silent":
                aggregators.release_silent(slot, 3)
            else:
                work = aggregators.select if what == "select" else aggregators.unselect
                work(user, identity, area, *([slot] if what == "select" else []))
        except Refusal:
            pass
        held = {(one.uuid, area) for one in aggregators for area in one.areas}
        by_area = {area: aggregators.of_area(area) for area in "abcd"}
        assert held == {(one.uuid, area) for area, one in by_area.items() if one is not None}
        assert all((one.user, area) in OWNED for area, one in by_area.items() if one is not None)
