"""The link: a session's way to an exchange elsewhere, over whichever transport."""

from __future__ import annotations

import logging
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence

from gridhook.commands import Batch, ClaimAreas, SendForecasts, SendMeasurements
from gridhook.errors import ExchangeError
from gridhook.events import (
    Answered,
    Capability,
    ConnectionLost,
    ExchangeEvent,
    ExchangeSilent,
    Finished,
    MessageUnreadable,
    SlotOpened,
    Ticked,
    TicksSkipped,
)
from gridhook.figures import Accounts
from gridhook.live.claiming import Claiming
from gridhook.live.conversation import Conversation
from gridhook.live.inbox import Entry, GaveUp, Heard, Inbox, Lost, Rejoined, Unreadable
from gridhook.live.line import Line
from gridhook.live.outbox import DirectDone, Post
from gridhook.live.pulse import USUAL_SLOT, Silence
from gridhook.live.settings import LiveSettings
from gridhook.live.transport import Register, RequestRefusedError, RequestTooLargeError, Transport
from gridhook.wire.errors import WireError

__all__ = ["LiveLink"]

_log = logging.getLogger(__name__)

_SECONDS_TO_WITHDRAW = 20.0


class LiveLink:
    """A session with an exchange that is somewhere else.

    :param transport: not connected yet.
    :param capability: what the exchange does with requirements.
    :param register: asks for areas by name, where the exchange lists none; None: it lists them.
    :raises ExchangeError: the exchange cannot be reached.
    """

    def __init__(
        self, transport: Transport, settings: LiveSettings, capability: Capability, register: Register | None = None
    ) -> None:
        self.slots: int | None = None
        self._transport = transport
        self._settings = settings
        self._conversation = Conversation(
            transport.connect(), settings, capability, lambda: str(uuid.uuid4()), lists_areas=register is None
        )
        self._inbox = Inbox()
        self._line = Line(transport, self._inbox, settings.reconnect_seconds)
        self._answers: deque[Answered] = deque()
        self._batches = 0
        self._claiming = Claiming(transport, self._conversation, lambda: self._inbox.is_interrupted, register)
        self._silence = Silence((settings.slot_length or USUAL_SLOT).total_seconds(), time.monotonic())
        self._held_at_end: tuple[str, ...] | None = () if settings.unselect_at_end else None
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
            for event in self._next_events():
                if isinstance(event, Finished):
                    self._is_over = True
                yield event
                if self._is_over:
                    return
                if isinstance(event, SlotOpened):
                    for refused in self._claiming.go_on():
                        _log.warning("%s of %s: %s", refused.command, refused.asset, refused.message)
                    self._learn_areas()
            if self._conversation.is_owed:
                self._post(self._conversation.acknowledge())

    def send(self, batch: Batch) -> None:
        """Send a batch; where that fails, nobody knows what became of it, and its answer never comes."""
        self._batches = batch.transaction
        outgoing, answer = self._conversation.say(batch, self._inbox.newest)
        self._keep(answer)
        claims = [command for command in outgoing.direct if isinstance(command, ClaimAreas)]
        done = DirectDone([one for command in claims for one in self._claiming.claim(command)])
        # Orders are in a hurry; energies of single assets are not.
        for post in outgoing.posts:
            self._post(post)
        for energies in outgoing.direct:
            if not isinstance(energies, ClaimAreas):
                self._send_energies(energies, done)
        if outgoing.direct:
            self._keep(self._conversation.settle(outgoing.number, done))

    def accounts(self) -> Accounts | None:
        """An exchange of others does not tell what all members paid."""
        return None

    @property
    def tick_seconds(self) -> float | None:
        """How often the exchange tells of the market, as observed."""
        return None if self._conversation.is_lockstep else self._line.tick_seconds

    def hold_at_end(self, ids: Sequence[str]) -> None:
        """Have just these areas when the session ends, whatever the settings want done then."""
        self._held_at_end = tuple(ids)

    def interrupt(self) -> None:
        """Let ``events`` end soon."""
        self._inbox.interrupt()

    def close(self) -> None:
        """Do what the settings want done at the end, and let go of the exchange."""
        if not self._line.is_ended:
            try:
                if not self._is_over:
                    self._leave()
                    self._keep_nobody_waiting()
            finally:
                self._inbox.interrupt()
                self._line.end()

    def _next_events(self) -> Iterator[ExchangeEvent]:
        """Wait for what comes next, and yield what it means; nothing when interrupted."""
        entry = self._inbox.take(max(0.0, self._silence.ends - time.monotonic()) if self._line.is_up else None)
        if entry is not None:
            yield from self._meaning(entry)
        elif not self._inbox.is_interrupted:
            seconds = time.monotonic() - self._silence.since
            self._silence.report()
            # Whoever serves it may have forgotten whom to tell, though it keeps the connection open.
            self._line.renew(f"nothing was heard over it for {seconds:.0f} s")
            yield ExchangeSilent(seconds)

    def _meaning(self, entry: Entry) -> Iterator[ExchangeEvent]:
        match entry:
            case Heard():
                yield from self._hear(entry)
            case Unreadable(problem):
                yield MessageUnreadable(problem)
            case Lost(reason):
                self._silence.pause()
                yield ConnectionLost(reason)
            case Rejoined(joined, gap_seconds):
                yield from self._conversation.join_again(joined, gap_seconds)
            case GaveUp(reason):
                self._is_over = True
                msg = f"the connection to the exchange was lost, and could not be restored: {reason}"
                raise ExchangeError(msg)

    def _hear(self, heard: Heard) -> Iterator[ExchangeEvent]:
        if heard.skipped:
            yield TicksSkipped(heard.skipped)
        try:
            event = self._conversation.hear(heard.message)
        except WireError as error:
            yield MessageUnreadable(str(error))
            return
        if isinstance(event, SlotOpened | Ticked):
            self._silence.heard(time.monotonic(), is_new_slot=isinstance(event, SlotOpened))
        if event is not None:
            yield event

    def _learn_areas(self) -> None:
        """Read the registry again where it did not have all areas; the next slot is claimed by what it says."""
        if not self._conversation.has_new_areas():
            return
        try:
            self._conversation.learn(self._transport.read_areas())
        except ExchangeError as error:
            _log.warning("there are new areas; what they are could not be read: %s", error)

    def _post(self, post: Post) -> None:
        try:
            self._transport.post(post.body)
        except RequestRefusedError as error:
            parts = self._conversation.split(post) if isinstance(error, RequestTooLargeError) else ()
            for part in parts:
                self._post(part)
            if not parts:
                self._keep(self._conversation.refuse(post, str(error)))
        except ExchangeError as error:
            _log.warning("a batch may not have reached the exchange: %s", error)

    def _send_energies(self, command: SendForecasts | SendMeasurements, done: DirectDone) -> None:
        sent = self._transport.send_energies(command)
        done.refused += sent.refused
        done.unknown_energies.update(sent.unknown)
        if isinstance(command, SendForecasts):
            done.forecasts += sent.taken
        if sent.unknown:
            _log.warning("energies of %d assets may not have reached the exchange: %s", len(sent.unknown), sent.reason)

    def _keep(self, answer: Answered | None) -> None:
        if answer is not None:
            self._answers.append(answer)

    def _leave(self) -> None:
        """Delete open orders and leave areas, as far as that is wanted and the exchange can be reached."""
        settings, held = self._settings, self._held_at_end
        if not settings.withdraw_at_end and held is None:
            return
        if not self._line.is_up:
            _log.warning("without a connection, open orders and assets are left as they are")
            return
        self._inbox.resume()
        if settings.withdraw_at_end:
            self._withdraw()
        if held is not None:
            for refused in self._claiming.claim(ClaimAreas(held)):
                _log.warning("%s: %s failed at the end: %s", refused.asset, refused.command, refused.message)

    def _keep_nobody_waiting(self) -> None:
        """Let an exchange in lockstep go on: it may wait for a batch about what is not heard any more."""
        if self._conversation.is_lockstep and self._line.is_up:
            self._post(self._conversation.acknowledge())

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
