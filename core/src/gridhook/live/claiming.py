"""Claiming: areas are selected and left as a session wants them; what cannot be done yet is tried again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import count

from gridhook.commands import ClaimAreas
from gridhook.errors import ExchangeError
from gridhook.events import Refused
from gridhook.live.conversation import Conversation
from gridhook.live.transport import AreaDone, Register, RequestRefusedError, Transport

__all__ = ["Claiming"]


class Claiming:
    """Brings the areas that the aggregator has to those that are wanted.

    :param is_over: whether to stop between two areas.
    :param register: asks for areas by name, where the exchange lists none; None: it lists them.
    """

    def __init__(
        self,
        transport: Transport,
        conversation: Conversation,
        is_over: Callable[[], bool],
        register: Register | None = None,
    ) -> None:
        self._transport = transport
        self._register = register
        self._conversation = conversation
        self._is_over = is_over
        self._unfinished: ClaimAreas | None = None

    def claim(self, command: ClaimAreas) -> Iterator[Refused]:
        """Select and leave what has to be, and yield what was not possible.

        After an area of which nobody knows whether it was selected, no more are tried: they would be waited for as
        long, each of them.
        """
        self._unfinished = None
        is_done = yield from self._learn_ids(command)
        wanted, unwanted = self._conversation.claim(command)
        aggregator, held = self._conversation.aggregator, self._conversation.held
        held.difference_update(unwanted)
        is_done &= yield from self._note("leave", self._transport.unselect(aggregator, unwanted), len(unwanted))
        if is_done and not self._is_over():
            self._conversation.asked.update(wanted)
            is_done = yield from self._note("claim", self._transport.select(aggregator, wanted), len(wanted))
        if not is_done:
            self._unfinished = command

    def go_on(self) -> Iterator[Refused]:
        """Try again what could not be done the last time."""
        if self._unfinished is not None:
            yield from self.claim(self._unfinished)

    def _learn_ids(self, command: ClaimAreas) -> Generator[Refused, None, bool]:
        """Ask for the ids of areas that are claimed by name; return whether all that can be known is."""
        names = self._conversation.nameless(command)
        if self._register is None or not names:
            return True
        try:
            registered = self._register(names)
        except ExchangeError as error:
            yield Refused("register", names[0], f"{error}; it and {len(names) - 1} more are tried again")
            return False
        self._conversation.name(registered.ids)
        yield from (Refused("register", name, problem) for name, problem in registered.problems.items())
        return True

    def _note(self, what: str, areas: Iterator[AreaDone], total: int) -> Generator[Refused, None, bool]:
        """Take note of areas as they are selected or left; return whether it is known of all of them."""
        if self._is_over():
            return True
        asked = self._conversation.asked
        for left, (area, error) in zip(count(total - 1, -1), areas, strict=False):
            if error is None:
                asked.discard(area)
                if what == "claim":
                    self._conversation.held.add(area)
            elif isinstance(error, RequestRefusedError):
                # To leave what was perhaps never had is no failure.
                if what == "claim" or area not in asked:
                    yield Refused(what, area, str(error))
                asked.discard(area)
            else:
                yield Refused(what, area, f"{error}; it and {left} more are tried again when the next slot opens")
                return False
            if self._is_over():
                break
        return True
