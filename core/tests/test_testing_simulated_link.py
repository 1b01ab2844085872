"""The link to a simulated community passes what all links have to."""

from pathlib import Path

import attrs

from gridhook.links import LinkRequest
from gridhook.testing import LinkTests, battery, load, pv
from gridhook.testing.simulation.community import make_community
from gridhook.testing.simulation.link import SimulatedLink


@attrs.define
class Simulated:
    ticks: int = 10

    @classmethod
    def base_config(cls, url):
        return None

    def known_areas(self, request):
        return None

    def open(self, request):
        homes = {"Home": {"Load": load(0.4), "PV": pv(0.3), "Battery": battery(5.0)}}
        return SimulatedLink(make_community(homes, request.slots or 3, 1.0, 8.0, 30.0), self.ticks)


class TestSimulatedLink(LinkTests):
    ticks = 10

    def exchange(self):
        return Simulated(self.ticks)

    def request(self):
        return LinkRequest("community", "me", self.slots, Path())

    def ending(self):
        return LinkRequest("community", "me", None, Path())


class TestFewTicks(TestSimulatedLink):
    ticks = 4


class TestTooFewTicksToSeeWhatStands(TestSimulatedLink):
    ticks = 2


def test_with_four_ticks_nothing_is_skipped_that_needs_ticks():
    tests = TestFewTicks()
    tests.test_what_is_held_stands_no_more()
    tests.test_what_is_withdrawn_stands_no_more()
    tests.test_an_order_that_replaces_does_not_double_what_stands()
