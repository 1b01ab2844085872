"""The plan of a community: its tree of markets, its homes, and their preferences."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import attrs
import numpy as np
from attrs import validators

from gridhook_exchange.generate.calendar import Calendar, build_calendar
from gridhook_exchange.generate.homes import Curves, Home, draw_homes, simulate_home
from gridhook_exchange.generate.sun import sun_position
from gridhook_exchange.generate.weather import draw_sky

__all__ = ["Period", "Place", "Plan", "Wishes", "draw_plan"]

_count = validators.ge(0)


@attrs.frozen
class Place:
    """Where the homes are: degrees north and east, and the time zone. Freiburg is in the south-west of Germany."""

    latitude: float = 47.99
    longitude: float = 7.85
    timezone: str = "Europe/Berlin"


@attrs.frozen
class Period:
    """Some days of data: the first day, and how many."""

    first: datetime.date
    days: int


@attrs.frozen
class Wishes:
    """What to draw.

    ``homes``, ``panels``, ``batteries``
        how many homes, and how many of them have panels and batteries.
    ``districts``
        number of communities in the grid; with more than one they form a level of the tree.
    """

    homes: int = attrs.field(default=12, validator=validators.ge(2))
    panels: int = attrs.field(default=6, validator=_count)
    batteries: int = attrs.field(default=3, validator=_count)
    districts: int = attrs.field(default=1, validator=validators.ge(1))
    seed: int = attrs.field(default=1, validator=_count)
    place: Place = attrs.field(factory=Place)

    def __attrs_post_init__(self) -> None:
        if max(self.panels, self.batteries) > self.homes:
            msg = f"{self.homes} homes cannot have {self.panels} panels and {self.batteries} batteries"
            raise ValueError(msg)


@attrs.frozen(eq=False)
class Plan:
    """A drawn community.

    ``curves``
        per home and period.
    """

    wishes: Wishes
    homes: list[Home]
    periods: list[Period]
    calendars: list[Calendar]
    curves: list[list[Curves]]

    def district_of(self, home: int) -> int:
        """Return the number of a home's district."""
        return home * self.wishes.districts // len(self.homes)


def draw_plan(wishes: Wishes, periods: list[Period]) -> Plan:
    """Draw a community and its curves; the same wishes and periods give the same plan."""
    place = wishes.place
    homes = draw_homes(wishes.homes, wishes.panels, wishes.batteries, np.random.default_rng((wishes.seed, 0)))
    calendars = [build_calendar(period.first, period.days, ZoneInfo(place.timezone)) for period in periods]
    curves: list[list[Curves]] = [[] for _ in homes]
    for period, calendar in zip(periods, calendars, strict=True):
        ordinal = period.first.toordinal()
        sun = sun_position(calendar.utc_seconds, place.latitude, place.longitude)
        sky = draw_sky(calendar, np.random.default_rng((wishes.seed, 1, ordinal)))
        for number, home in enumerate(homes):
            rng = np.random.default_rng((wishes.seed, 2, ordinal, number))
            curves[number].append(simulate_home(home, calendar, sun, sky, rng))
    return Plan(wishes, homes, periods, calendars, curves)
