"""The embedded exchange passes the tests that every link passes."""

from __future__ import annotations

from pathlib import Path

from gridhook.links import LinkRequest
from gridhook.testing import LinkTests
from gridhook_exchange.link import EmbeddedExchange


class TestEmbedded(LinkTests):
    def exchange(self) -> EmbeddedExchange:
        return EmbeddedExchange()

    def request(self) -> LinkRequest:
        return LinkRequest("demo", "me", self.slots, Path())

    def wrong(self) -> LinkRequest:
        return LinkRequest("demmo", "me", None, Path())

    def ending(self) -> LinkRequest:
        return self.request()


class TestOneAssetAlone(TestEmbedded):
    names = ("Home 01 Load",)
