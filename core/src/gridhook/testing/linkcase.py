"""What the author of a link says about it, so that it can be tested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from gridhook.events import Connected
from gridhook.links import Exchange, LinkRequest
from gridhook.testing.driving import Driver, bounded, skip
from gridhook.testing.tradedday import TradedDay, trade_day

__all__ = ["LinkCase"]

T = TypeVar("T")


class LinkCase:
    """A link and an exchange that it leads to.

    ``names``
        of the assets to claim, one of which has energy to trade in each slot; none: all that can be had. Needed where
        the exchange lists no areas.
    ``slots``
        so many are traded; at least 2.
    ``trades``, ``forecasts``, ``measurements``
        whether an order that buys at the market maker's rate, or sells for nothing, trades; whether the exchange takes
        forecasts, and measurements.
    ``secrets``
        texts that no error may have in it.
    ``patience_seconds``
        what takes longer never ends.
    """

    names: ClassVar[Sequence[str]] = ()
    slots: ClassVar[int] = 2
    trades: ClassVar[bool] = True
    forecasts: ClassVar[bool] = True
    measurements: ClassVar[bool] = True
    secrets: ClassVar[Sequence[str]] = ()
    patience_seconds: ClassVar[float] = 60.0

    def exchange(self) -> Exchange:
        """Return the exchange, a new object each time, with its settings."""
        raise NotImplementedError

    def request(self) -> LinkRequest:
        """Return what to open a link with: an exchange that is there, with enough slots left."""
        raise NotImplementedError

    def unreachable(self) -> LinkRequest | None:
        """Return an address where nobody is; None where there is no such thing."""
        return None

    def wrong(self) -> LinkRequest | None:
        """Return an address that cannot be right, which is a mistake of the configuration; None: all can."""
        return None

    def ending(self) -> LinkRequest | None:
        """Return an exchange that ends after a few slots; None: it never does."""
        return None

    def resume(self) -> None:
        """Let the exchange go on; called when areas are claimed."""

    def pause(self) -> None:
        """Let the exchange wait; called before a link is closed, so that no slots pass between two tests."""

    def day(self) -> TradedDay:
        """Return a day that was traded on the link once for all tests."""
        known: TradedDay | None = vars(type(self)).get("_traded_day")
        if known is None:
            known = self.trade(self.request(), self.slots)
            type(self)._traded_day = known  # type: ignore[attr-defined]  # noqa: SLF001
        return known

    def trade(self, request: LinkRequest, slots: int | None) -> TradedDay:
        """Trade on a new link."""
        return self.bounded(
            lambda: trade_day(self.exchange().open(request), self.names, slots, self.resume, self.pause)
        )

    def drive(self, work: Callable[[Driver, Connected], T]) -> T:
        """Let ``work`` drive a new link, whose areas are claimed; return what it returns."""

        def claimed() -> T:
            link = self.exchange().open(self.request())
            try:
                driver = Driver(link)
                connected = driver.claim(tuple(self.names))
                self.resume()
                return work(driver, connected)
            finally:
                self.pause()
                link.close()

        return self.bounded(claimed)

    def bounded(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, or raise what it raises; fail if it takes too long."""
        return bounded(work, self.patience_seconds)

    def given(self, request: LinkRequest | None, what: str) -> LinkRequest:
        """Return a request; without one the test is skipped."""
        if request is None:
            skip(f"{type(self).__name__}.{what} returns none")
        return request
