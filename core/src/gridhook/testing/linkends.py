"""Tests of a link: how it begins and ends."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from gridhook.errors import ConfigError, ExchangeError
from gridhook.events import Connected
from gridhook.links import Link
from gridhook.testing.driving import SOON_SECONDS, Driver, bounded, skip
from gridhook.testing.linkcase import LinkCase

__all__ = ["EndTests"]

_A_MOMENT = 0.2
"""Seconds after which a link probably waits."""


class EndTests(LinkCase):
    """Addresses that lead nowhere, interrupts, and what is left behind."""

    def test_an_interrupt_of_another_thread_ends_the_waiting(self) -> None:
        link, driver = self._connected()
        is_over = threading.Event()

        def stop() -> None:
            link.interrupt()
            is_over.set()

        def work() -> None:
            while not is_over.is_set() and driver.next() is not None:
                pass
            driver.assert_over()

        timer = threading.Timer(_A_MOMENT, stop)
        timer.start()
        try:
            bounded(work, _A_MOMENT + self._soon)
        finally:
            timer.join()
            self.bounded(link.close)

    def test_an_interrupt_of_a_signal_handler_ends_the_waiting(self) -> None:
        """In the thread that waits, wherever it is: a lock that it has already would be waited for for ever."""
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
            skip("there are no timed signals here")
        link, driver = self._connected()
        came: list[int] = []

        def take(number: int, _: FrameType | None) -> None:
            came.append(number)
            assert len(came) == 1, "the link still made us wait after an interrupt"
            link.interrupt()

        before = signal.signal(signal.SIGALRM, take)
        timer = signal.setitimer(signal.ITIMER_REAL, _A_MOMENT, self._soon)
        try:
            while not came and driver.next() is not None:
                pass
            driver.assert_over()
        finally:
            signal.setitimer(signal.ITIMER_REAL, *timer)
            signal.signal(signal.SIGALRM, before)
            self.bounded(link.close)

    def test_an_interrupt_between_two_events_ends_them(self) -> None:
        """Also where nothing is waited for."""

        def work(driver: Driver, _: Connected) -> None:
            driver.market()
            driver.link.interrupt()
            bounded(driver.assert_over, self._soon)

        self.drive(work)

    def test_a_link_can_be_closed_twice_and_tells_no_more(self) -> None:
        def work() -> None:
            link = self.exchange().open(self.request())
            driver = Driver(link)
            driver.until(Connected)
            link.accounts()
            link.close()
            link.close()
            driver.assert_over()
            link.accounts()

        self.bounded(work)

    def test_no_thread_is_left_behind(self) -> None:
        def work() -> None:
            before = {*threading.enumerate()}
            link = self.exchange().open(self.request())
            Driver(link).until(Connected)
            link.close()
            left = [one for one in threading.enumerate() if one not in before]
            for thread in left:
                thread.join(self.patience_seconds / 2)
            alive = [one.name for one in left if one.is_alive()]
            assert not alive, f"threads still run after close: {alive}"

        self.bounded(work)

    def test_areas_are_kept_or_left_as_the_settings_say(self) -> None:
        for is_left in (False, True):
            exchange = self.exchange()
            if not hasattr(exchange, "unselect_at_end"):
                skip("it has no setting unselect_at_end")
            exchange.unselect_at_end = is_left

            def work(exchange: object = exchange) -> None:
                link = exchange.open(self.request())  # type: ignore[attr-defined]
                Driver(link).claim(tuple(self.names))
                link.close()

            self.bounded(work)
            again = self.bounded(self._connect)
            if not again.lists_areas:
                skip("the exchange does not tell at once which areas an aggregator has")
            assert bool(again.held) is not is_left, f"unselect_at_end = {is_left}, and held are {sorted(again.held)}"

    def test_an_exchange_that_is_not_there_is_an_error_that_says_where(self) -> None:
        request = self.given(self.unreachable(), "unreachable")

        def work() -> None:
            self.exchange().known_areas(request)
            self.exchange().open(request)

        try:
            self.bounded(work)
        except ExchangeError as error:
            address = request.url.strip("/").partition("/")[0]
            assert address in str(error), f"the error does not tell where: {error}"
            self._assert_safe(error)
        else:
            msg = "a link to where nobody is was opened"
            raise AssertionError(msg)

    def test_an_address_that_cannot_be_right_is_a_mistake_of_the_configuration(self) -> None:
        request = self.given(self.wrong(), "wrong")

        def work() -> None:
            self.exchange().known_areas(request)
            self.exchange().open(request).close()

        try:
            self.bounded(work)
        except ConfigError as error:
            for problem in error.problems:
                assert problem.path.startswith("exchange"), f"it does not say where it was written: {problem}"
            self._assert_safe(error)
        else:
            msg = "an address that is wrong was taken"
            raise AssertionError(msg)

    @property
    def _soon(self) -> float:
        return min(self.patience_seconds, SOON_SECONDS)

    def _connected(self) -> tuple[Link, Driver]:
        """Return an open link that has told its first event."""

        def work() -> tuple[Link, Driver]:
            link = self.exchange().open(self.request())
            driver = Driver(link)
            driver.until(Connected)
            return link, driver

        return self.bounded(work)

    def _connect(self) -> Connected:
        """Return what a new link tells first."""
        link = self.exchange().open(self.request())
        try:
            return Driver(link).until(Connected)
        finally:
            link.close()

    def _assert_safe(self, error: Exception) -> None:
        told = [secret for secret in self.secrets if secret in str(error)]
        assert not told, "the error tells a secret"
