"""The link to a simulated community passes what all links have to."""

from pathlib import Path

import attrs

from gridhook.links import LinkRequest
from gridhook.testing import LinkTests, battery, load, pv
from gridhook.testing.simulation.community import make_community
from gridhook.testing.simulation.link import SimulatedLink


@attrs.define
class Simulated:
    @classmethod
    def base_config(cls, url):
        return None

    def known_areas(self, request):
        return None

    def open(self, request):
        homes = {"Home": {"Load": load(0.4), "PV": pv(0.3), "Battery": battery(5.0)}}
        return SimulatedLink(make_community(homes, request.slots or 3, 1.0, 8.0, 30.0), 10)


class TestSimulatedLink(LinkTests):
    def exchange(self):
        return Simulated()

    def request(self):
        return LinkRequest("community", "me", self.slots, Path())

    def ending(self):
        return LinkRequest("community", "me", None, Path())
