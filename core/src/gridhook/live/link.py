"""The link: a session's way to an exchange elsewhere, over whichever transport."""

from __future__ import annotations

import logging
import time
import uuid
from collections import deque
from collections.abc import Iterator

from gridhook.commands import Batch, ClaimAreas
from gridhook.errors import ExchangeError
from gridhook.events import (
    Answered,
    Capability,
    ConnectionLost,
    ExchangeEvent,
    Finished,
    MessageUnreadable,
    Refused,
    SlotOpened,
    TicksSkipped,
)
from gridhook.figures import Accounts
from gridhook.live.conversation import Conversation
from gridhook.live.inbox import Entry, GaveUp, Heard, Inbox, Lost, Rejoined, Unreadable
from gridhook.live.line import Line
from gridhook.live.outbox import Outgoing, Post
from gridhook.live.settings import LiveSettings
from gridhook.live.transport import RequestRefusedError, Transport
from gridhook.wire.errors import WireError

__all__ = ["LiveLink"]

_log = logging.getLogger(__name__)

_SECONDS_TO_WITHDRAW = 20.0


class LiveLink:
    """A session with an exchange that is somewhere else.

    :param transport: not connected yet.
    :param capability: what the exchange does with requirements.
    :raises ExchangeError: the exchange cannot be reached.
    """

    def __init__(self, transport: Transport, settings: LiveSettings, capability: Capability) -> None:
        self.slots: int | None = None
        self._transport = transport
        self._settings = settings
        self._conversation = Conversation(transport.connect(), settings, capability, lambda: str(uuid.uuid4()))
        self._inbox = Inbox()
        self._line = Line(transport, self._inbox, settings.reconnect_seconds)
        self._answers: deque[Answered] = deque()
        self._batches = 0
        self._unclaimed: ClaimAreas | None = None
        self._is_over = False
        self._line.start()

    def events(self) -> Iterator[ExchangeEvent]:
        """Yield events until the exchange finishes, or :meth:`interrupt` is called.

        :raises ExchangeError: a lost connection could not be restored in the time that the settings give.
        """
        yield self._conversation.begin()
        while not self._inbox.is_interrupted:
            while self._answers:
                yield self._answers.popleft()
            entry = self._inbox.take()
            if entry is None:
                return
            for event in self._meaning(entry):
                if isinstance(event, Finished):
                    self._is_over = True
                yield event
                if self._is_over:
                    return
                if isinstance(event, SlotOpened):
                    self._claim_again()
            if self._conversation.is_owed:
                self._post(self._conversation.acknowledge())

    def send(self, batch: Batch) -> None:
        """Send a batch; where that fails, nobody knows what became of it, and its answer never comes."""
        self._batches = batch.transaction
        outgoing, answer = self._conversation.say(batch, self._inbox.newest)
        self._keep(answer)
        claims = [command for command in outgoing.direct if isinstance(command, ClaimAreas)]
        refused = [one for command in claims for one in self._claim(command)]
        # Orders are in a hurry; energies of single assets are not.
        for post in outgoing.posts:
            self._post(post)
        self._settle(outgoing, refused)

    def accounts(self) -> Accounts | None:
        """An exchange of others does not tell what all members paid."""
        return None

    def interrupt(self) -> None:
        """Let ``events`` end soon."""
        self._inbox.interrupt()

    def close(self) -> None:
        """Do what the settings want done at the end, and let go of the exchange."""
        if not self._line.is_ended:
            try:
                if not self._is_over:
                    self._leave()
            finally:
                self._line.end()

    def _meaning(self, entry: Entry) -> Iterator[ExchangeEvent]:
        match entry:
            case Heard():
                if entry.skipped:
                    yield TicksSkipped(entry.skipped)
                try:
                    event = self._conversation.hear(entry.message)
                except WireError as error:
                    yield MessageUnreadable(str(error))
                else:
                    if event is not None:
                        yield event
            case Unreadable(problem):
                yield MessageUnreadable(problem)
            case Lost(reason):
                yield ConnectionLost(reason)
            case Rejoined(joined, gap_seconds):
                yield from self._conversation.join_again(joined, gap_seconds)
            case GaveUp(reason):
                self._is_over = True
                msg = f"the connection to the exchange was lost, and could not be restored: {reason}"
                raise ExchangeError(msg)

    def _claim(self, command: ClaimAreas) -> Iterator[Refused]:
        wanted, unwanted = self._conversation.claim(command)
        self._unclaimed = None
        aggregator, held = self._conversation.aggregator, self._conversation.held
        for done, area in enumerate((*unwanted, *wanted)):
            if self._inbox.is_interrupted:
                return
            what = "leave" if area in unwanted else "claim"
            try:
                if area in unwanted:
                    held.discard(area)
                    self._transport.unselect(aggregator, area)
                else:
                    self._transport.select(aggregator, area)
                    held.add(area)
            except RequestRefusedError as error:
                yield Refused(what, area, str(error))
            except ExchangeError as error:
                # The others would be waited for as long, each of them.
                self._unclaimed = command
                left = len(unwanted) + len(wanted) - done - 1
                yield Refused(what, area, f"{error}; it and {left} more are tried again when the next slot opens")
                return

    def _claim_again(self) -> None:
        if self._unclaimed is not None:
            for refused in self._claim(self._unclaimed):
                _log.warning("%s of %s: %s", refused.command, refused.asset, refused.message)

    def _post(self, post: Post) -> None:
        try:
            self._transport.post(post.body)
        except RequestRefusedError as error:
            self._keep(self._conversation.refuse(post, str(error)))
        except ExchangeError as error:
            _log.warning("a batch may not have reached the exchange: %s", error)

    def _settle(self, outgoing: Outgoing, refused: list[Refused]) -> None:
        if not outgoing.direct:
            return
        forecasts = 0
        for command in outgoing.direct:
            if not isinstance(command, ClaimAreas):
                taken, wrong = self._transport.send_energies(command)
                forecasts += taken
                refused += wrong
        self._keep(self._conversation.settle(outgoing.number, refused, forecasts))

    def _keep(self, answer: Answered | None) -> None:
        if answer is not None:
            self._answers.append(answer)

    def _leave(self) -> None:
        """Delete open orders and leave areas, as far as that is wanted and the exchange can be reached."""
        settings = self._settings
        if not (settings.withdraw_at_end or settings.unselect_at_end):
            return
        if not self._line.is_up:
            _log.warning("without a connection, open orders and assets are left as they are")
            return
        self._inbox.resume()
        if settings.withdraw_at_end:
            self._withdraw()
        if settings.unselect_at_end:
            for refused in self._claim(ClaimAreas(())):
                _log.warning("%s could not be left: %s", refused.asset, refused.message)

    def _withdraw(self) -> None:
        batch = self._conversation.withdrawal(self._batches + 1)
        if batch is None:
            return
        self.send(batch)
        ends = time.monotonic() + _SECONDS_TO_WITHDRAW
        while (left := ends - time.monotonic()) > 0:
            if self._answers:
                answer = self._answers.popleft()
            else:
                entry = self._inbox.take(left)
                if entry is None or isinstance(entry, Lost | GaveUp):
                    break
                heard = [one for one in self._meaning(entry) if isinstance(one, Answered | Finished)]
                if not heard:
                    continue
                if isinstance(heard[0], Finished):
                    return
                answer = heard[0]
            if answer.transaction == batch.transaction:
                for refused in answer.refused:
                    _log.warning("%s of %s was refused at the end: %s", refused.command, refused.asset, refused.message)
                return
        _log.warning("the exchange did not say whether the open orders are deleted")
