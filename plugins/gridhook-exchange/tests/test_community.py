from __future__ import annotations

import attrs
import pendulum
import pytest


@pytest.mark.parametrize("fraction", [0, 100_000, 123_457])
def test_a_slot_is_known_by_its_start_to_the_microsecond_in_any_time_zone(make_community, fraction):
    community = make_community(loads={"Load": ("Grid", [1.0] * 96)}, slots=96)
    community = attrs.evolve(community, start=community.start.add(microseconds=fraction))
    for slot in (-1, 0, 1, 50, 95, 96, 500):
        start = community.start + community.slot_length * slot
        assert community.slot_number(start) == community.slot_number(start.in_timezone("Asia/Kolkata")) == slot
        assert community.slot_number(start.add(microseconds=1)) is None
        assert community.slot_number(start.subtract(seconds=1)) is None


def test_slots_are_as_long_as_they_are_when_clocks_change(make_community):
    community = make_community(loads={"Load": ("Grid", [1.0] * 96)}, slots=96)
    start = pendulum.datetime(2026, 3, 29, tz="Europe/Berlin")
    community = attrs.evolve(community, start=start.in_timezone("UTC"))
    assert community.slot_number(pendulum.datetime(2026, 3, 29, 3, tz="Europe/Berlin")) == 8
