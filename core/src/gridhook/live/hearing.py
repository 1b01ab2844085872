"""Hearing: what an exchange's messages about the market mean to an agent, in the order of time. Pure."""

from __future__ import annotations

import attrs
import numpy as np
import pendulum

from gridhook.events import SlotOpened, Ticked
from gridhook.grid import Tree
from gridhook.live.pulse import SlotLength
from gridhook.wire.events import WireEvent, read_event

__all__ = ["Hearing", "Moment"]

Moment = tuple[pendulum.DateTime, float]
"""A slot, and how much of it has passed (0..1)."""


class Hearing:
    """Reads events, and makes sure that each slot is opened once, by whichever event tells of it first.

    ``tree``
        the areas as last told.
    ``moment``
        of the newest market event; None before the first.

    :param tree: the registry.
    :param slot_length: None: 15 minutes, until the slots tell.
    :param is_listed: False: there is no registry, and only events tell of areas.
    """

    def __init__(self, tree: Tree, slot_length: pendulum.Duration | None = None, *, is_listed: bool = True) -> None:
        self.tree = tree
        self.moment: Moment | None = None
        self._registry = tree
        self._is_listed = is_listed
        self._known_ids = set(tree.ids)
        self._looked_at = tree
        self._length = SlotLength(slot_length)
        self._is_fresh = False

    def meet_again(self, registry: Tree, *, is_new: bool = False) -> None:
        """Take over the registry of a new connection; where it says what it said before, the tree is kept.

        :param is_new: the exchange began anew: then it is not.
        """
        if is_new or not _same(registry, self._registry):
            self.learn(registry)
        self._length.pause()
        self._is_fresh = True

    def has_new_areas(self) -> bool:
        """Return whether events told of areas that the registry did not have; of each area only once."""
        if not self._is_listed or self.tree is self._looked_at:
            return False
        self._looked_at = self.tree
        new = set(self.tree.ids) - self._known_ids
        self._known_ids |= new
        return bool(new)

    def learn(self, registry: Tree) -> None:
        """Take over another registry: it tells of what kind areas are, and who can have them."""
        self.tree = self._registry = self._looked_at = registry
        self._known_ids.update(registry.ids)

    def hear(self, message: object) -> WireEvent | None:
        """Return the event that a message is; None for one that says nothing new, and for what is no event.

        The tick that comes together with the market event says nothing new (PROTOCOL.md 3.7). Where the market event
        was missed, the first tick of a slot opens it. An event of the past is returned as it is; but the first one of a
        new connection counts, since an exchange that was started anew may begin its time anew.

        :raises WireError: it makes no sense.
        """
        event = read_event(message, self._length.value, self.tree, is_listed=self._is_listed)
        if not isinstance(event, SlotOpened | Ticked):
            return event
        moment = (event.slot, event.progress)
        if self._is_fresh and self.moment is not None and moment < self.moment:
            self.moment = None
        self._is_fresh = False
        if self.moment is not None and moment <= self.moment:
            return None if moment == self.moment else event
        is_new_slot = self.moment is None or event.slot != self.moment[0]
        self.moment = moment
        self.tree = event.grid.tree
        if not is_new_slot:
            return _as(Ticked, event, self._length.value)
        self._length.note(event.slot)
        return _as(SlotOpened, event, self._length.value)


def _as(kind: type[SlotOpened | Ticked], event: SlotOpened | Ticked, length: pendulum.Duration) -> SlotOpened | Ticked:
    return kind(**{**attrs.asdict(event, recurse=False), "slot_length": length})


def _same(one: Tree, other: Tree) -> bool:
    return (
        (one.ids, one.names, one.kinds) == (other.ids, other.names, other.kinds)
        and np.array_equal(one.parents, other.parents)
        and np.array_equal(one.registered, other.registered)
    )
