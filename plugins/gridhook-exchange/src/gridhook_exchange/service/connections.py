"""Connections: assets and markets that are commanded directly, without an aggregator (PROTOCOL.md 3.4, 3.5)."""

from __future__ import annotations

from collections.abc import Callable

from gridhook.wire.values import describe
from gridhook_exchange.market.simulation import Simulation
from gridhook_exchange.service.aggregators import Aggregators
from gridhook_exchange.service.errors import Refusal, Why

__all__ = ["Connections"]

# In the original's words.
_NOT_CONNECTED = "Client should be registered in order to access this area."


class Connections:
    """Who is connected, and in which slot it was heard last.

    A connected asset does not trade for itself, as long as its client is heard from time to time.

    :param aggregators: go before connections: what has one is its.
    :param owns: whether a user owns an area, by its id.
    :param registered: areas that are told about themselves; connected ones are added.
    :param take_over, give_back: let an area stop to trade for itself, and begin again.
    :param lease_slots: after which a client that is not heard has lost control, until it is heard again.
    """

    def __init__(
        self,
        simulation: Simulation,
        aggregators: Aggregators,
        owns: Callable[[str, str], bool],
        registered: dict[str, None],
        take_over: Callable[[str], None],
        give_back: Callable[[str], None],
        lease_slots: int,
    ) -> None:
        self._simulation = simulation
        self._aggregators = aggregators
        self._owns = owns
        self._registered = registered
        self._take_over = take_over
        self._give_back = give_back
        self._lease_slots = lease_slots
        self._heard_in: dict[str, int] = {}

    def __contains__(self, area: str) -> bool:
        return area in self._heard_in

    def controls(self, area: str) -> bool:
        """Return whether an area is connected, and its client was heard lately."""
        heard = self._heard_in.get(area)
        return heard is not None and self._simulation.slot - heard <= self._lease_slots

    def connect(self, user: str, area: str) -> None:
        """Connect an area; again is not an error.

        :raises Refusal: not the user's area.
        """
        if not self._owns(user, area):
            raise Refusal(Why.UNKNOWN, f"you have no asset or market {describe(area)}")
        self._registered[area] = None
        self._hear(area)

    def disconnect(self, area: str) -> None:
        """Disconnect an area; without an aggregator it trades for itself again.

        :raises Refusal: it is not connected.
        """
        if self._heard_in.pop(area, None) is None:
            raise Refusal(Why.INVALID, _NOT_CONNECTED)
        self._registered.pop(area, None)
        if self._aggregators.of_area(area) is None:
            self._give_back(area)

    def admit(self, user: str, area: str) -> None:
        """Make sure that a user may command an area directly: it is connected, or under an aggregator of the user.

        :raises Refusal: it is not, or it is under somebody else's aggregator.
        """
        self._aggregators.check_commander(user, area)
        if area in self._heard_in:
            self._hear(area)
        elif self._aggregators.of_area(area) is None:
            raise Refusal(Why.INVALID, _NOT_CONNECTED)

    def release_silent(self) -> None:
        """Let the assets trade for themselves again whose clients have not been heard for too long."""
        for area, heard in self._heard_in.items():
            just_lost = self._simulation.slot - heard == self._lease_slots + 1
            if just_lost and self._aggregators.of_area(area) is None:
                self._give_back(area)

    def _hear(self, area: str) -> None:
        self._heard_in[area] = max(self._simulation.slot, 0)
        if self._aggregators.of_area(area) is None:
            self._take_over(area)
