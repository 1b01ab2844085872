"""Tests that every link passes: its author says how to open one, and gets the scenarios."""

from __future__ import annotations

from pathlib import Path

import attrs

from gridhook.config import ExchangeSection
from gridhook.guardedlink import missing_parts
from gridhook.links import Exchange
from gridhook.settings import MISSING, fields_of, read_settings
from gridhook.testing.linkends import EndTests
from gridhook.testing.linkevents import EventTests
from gridhook.testing.linkorders import OrderTests

__all__ = ["LinkTests"]

_NO_SETTING = "no_setting_of_any_link"


class LinkTests(EventTests, OrderTests, EndTests):
    """Base of the tests of a link; pytest finds what it is subclassed by.

    An author says what is needed, and what the exchange behind the link cannot do, by the methods and attributes of
    :class:`~gridhook.testing.linkcase.LinkCase`::

        class TestTariff(LinkTests):
            forecasts = False

            def exchange(self):
                return Tariff()

            def request(self):
                return LinkRequest("house", "me", self.slots, Path(__file__).parent)

    The exchange may be shared by all tests of a class. One that goes by the clock takes as long as it takes; one that
    waits for batches is let go and stopped by ``resume`` and ``pause``.
    """

    def test_it_is_an_exchange_and_opens_a_link(self) -> None:
        exchange = self.exchange()
        assert isinstance(exchange, Exchange), f"{type(exchange).__name__} has not all methods of an Exchange"
        assert attrs.has(type(exchange)), f"{type(exchange).__name__} is no attrs class"
        base = type(exchange).base_config(self.request().url)
        assert base is None or base.is_file(), f"base_config leads to {base}, which is no file"

        def work() -> list[str]:
            link = exchange.open(self.request())
            missing = missing_parts(link)
            if "close" not in missing:
                link.close()
            return missing

        missing = self.bounded(work)
        assert not missing, f"the link has no {', '.join(missing)}"

    def test_its_settings_are_read_and_unknown_ones_refused(self) -> None:
        cls = type(self.exchange())
        _, problems = read_settings(cls, {_NO_SETTING: 1}, base=Path(), at="exchange")
        refused = [problem for problem in problems if problem.path == f"exchange.{_NO_SETTING}"]
        others = [problem for problem in problems if problem not in refused and problem.message != MISSING]
        assert refused, f"a key that is no setting is taken: {problems}"
        assert not others, f"its settings cannot be read: {others}"

    def test_no_setting_takes_the_place_of_one_that_all_links_have(self) -> None:
        common = {field.name for field in fields_of(ExchangeSection)}
        hidden = common & {field.name for field in fields_of(type(self.exchange()))}
        assert not hidden, f"never given to a link: {sorted(hidden)}"
