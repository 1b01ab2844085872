"""Aggregators: who trades for which areas.

An area has one aggregator at most. Whoever does not own an area can neither select nor see it, and is told the same as
if there were none.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import attrs

from gridhook.wire.values import describe
from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["Aggregator", "Aggregators"]

_NAMESPACE = uuid.UUID("6f2d5d2e-5d0b-5c57-9f53-30a3cf7d0f25")


@attrs.define(eq=False)
class Aggregator:
    """A named party that trades for the areas that selected it.

    ``areas``
        their ids, in the order of selection.
    ``heard_in``
        number of the newest slot in which it sent a batch, or selected an area.
    """

    uuid: str
    name: str
    user: str
    heard_in: int
    areas: dict[str, None] = attrs.field(factory=dict)


class Aggregators:
    """All aggregators of one simulation.

    :param simulation_id: the same user and name have the same uuid in each run of a simulation.
    :param owns: whether a user owns an area, by its id; False for areas that do not exist.
    :param most_per_user: a user may have so many at a time.
    """

    def __init__(self, simulation_id: str, owns: Callable[[str, str], bool], most_per_user: int = 100) -> None:
        self._simulation_id = simulation_id
        self._owns = owns
        self._most_per_user = most_per_user
        self._by_uuid: dict[str, Aggregator] = {}
        self._by_area: dict[str, Aggregator] = {}

    def __iter__(self) -> Iterator[Aggregator]:
        return iter(self._by_uuid.values())

    def of_user(self, user: str) -> list[Aggregator]:
        """Return a user's aggregators."""
        return [aggregator for aggregator in self if aggregator.user == user]

    def of_area(self, area: str) -> Aggregator | None:
        """Return the aggregator that an area selected."""
        return self._by_area.get(area)

    def create(self, user: str, name: str, slot: int, identity: str | None = None) -> Aggregator:
        """Return a user's aggregator of this name; a new one if there is none.

        :param identity: a uuid that the client chose (PROTOCOL.md 3.3); default: one that follows from user and name.
        :raises Refusal: the chosen uuid is taken, or the user has too many.
        """
        own = self.of_user(user)
        for aggregator in own:
            if aggregator.name == name and identity is None:
                return aggregator
        chosen = identity or str(uuid.uuid5(_NAMESPACE, f"{self._simulation_id}/{user}/{name}"))
        if chosen in self._by_uuid:
            raise Refusal(Why.CONFLICT, f"there is an aggregator {chosen} already")
        if len(own) >= self._most_per_user:
            raise Refusal(Why.TOO_MANY, f"you have {len(own)} aggregators already; delete one first")
        aggregator = Aggregator(chosen, name, user, slot)
        self._by_uuid[chosen] = aggregator
        return aggregator

    def find(self, user: str, aggregator_uuid: object) -> Aggregator:
        """Return a user's aggregator.

        :raises Refusal: the user has no such aggregator.
        """
        found = self._by_uuid.get(aggregator_uuid) if isinstance(aggregator_uuid, str) else None
        if found is None or found.user != user:
            raise Refusal(Why.UNKNOWN, f"you have no aggregator {describe(aggregator_uuid)}")
        return found

    def delete(self, user: str, aggregator_uuid: object) -> list[str]:
        """Delete an aggregator; return the areas that it had.

        :raises Refusal: the user has no such aggregator.
        """
        aggregator = self.find(user, aggregator_uuid)
        areas = list(aggregator.areas)
        for area in areas:
            del self._by_area[area]
        aggregator.areas.clear()
        del self._by_uuid[aggregator.uuid]
        return areas

    def select(self, user: str, aggregator_uuid: object, area: object, slot: int) -> Aggregator:
        """Put an area under an aggregator of the same user; again is not an error.

        :raises Refusal: no such aggregator or area, or the area has another aggregator.
        """
        aggregator = self.find(user, aggregator_uuid)
        if not isinstance(area, str) or not self._owns(user, area):
            raise Refusal(Why.UNKNOWN, f"you have no asset or market {describe(area)}")
        holder = self._by_area.get(area)
        if holder is not None and holder is not aggregator:
            raise _taken(holder)
        aggregator.heard_in = slot
        aggregator.areas[area] = None
        self._by_area[area] = aggregator
        return aggregator

    def check_commander(self, user: str, area: str) -> None:
        """Make sure that no aggregator of another user has an area: then only that one commands it.

        :raises Refusal: one has.
        """
        holder = self._by_area.get(area)
        if holder is not None and holder.user != user:
            raise _taken(holder)

    def unselect(self, user: str, aggregator_uuid: object, area: object) -> Aggregator:
        """Take an area from an aggregator.

        :raises Refusal: no such aggregator, or the area is not under it.
        """
        aggregator = self.find(user, aggregator_uuid)
        if not isinstance(area, str) or area not in aggregator.areas:
            raise Refusal(Why.UNKNOWN, f"the aggregator does not have {describe(area)}")
        self._release(aggregator, area)
        return aggregator

    def release_silent(self, slot: int, lease_slots: int) -> list[tuple[Aggregator, str]]:
        """Take the areas from aggregators that were not heard for a number of slots; return who lost what."""
        silent = [one for one in self if one.areas and slot - one.heard_in > lease_slots]
        lost = [(aggregator, area) for aggregator in silent for area in aggregator.areas]
        for aggregator, area in lost:
            self._release(aggregator, area)
        return lost

    def _release(self, aggregator: Aggregator, area: str) -> None:
        del aggregator.areas[area]
        del self._by_area[area]


def _taken(holder: Aggregator) -> Refusal:
    # In the original's words.
    return Refusal(Why.CONFLICT, f"Device already have selected {holder.uuid}")
