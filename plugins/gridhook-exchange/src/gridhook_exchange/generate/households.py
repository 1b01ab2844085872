"""Household loads: the BDEW standard profile H25, varied so that no two homes are alike.

The standard profile is the mean of many households (``bdew_h25.csv``, made by ``tools/make_bdew_profile.py``). One
home gets up and goes to bed earlier or later, stays in on workdays or not, uses more or less in the evening; it has
appliances that run now and then, and it never does quite the same twice.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import attrs
import numpy as np

from gridhook.arrays import Floats
from gridhook_exchange.generate.calendar import Calendar
from gridhook_exchange.noise import correlated_noise

__all__ = ["Household", "draw_household", "simulate_load", "standard_profile", "usual_load"]

_DAYS = ("workday",) * 5 + ("saturday", "sunday")
_STANDBY_SHARE = 0.25
"""Share of a home's mean power that is always on."""
_HABIT_PERSISTENCE = 0.92
"""Correlation of a home's departure from its habits from one quarter of an hour to the next."""
_APPLIANCES_PER_DAY = 2.0
_APPLIANCE_KWH = (0.10, 0.25)
"""Least and most energy of an appliance per quarter of an hour."""
_APPLIANCE_QUARTERS = (2, 7)


@attrs.frozen
class Household:
    """The habits of one home.

    ``annual_kwh``
        consumption in a year.
    ``shift_quarters``
        how much later than the average its day is.
    ``at_home``
        0..1: how much its workdays look like Sundays.
    ``contrast``
        exponent of its daily curve: more than 1 for higher peaks.
    ``restlessness``
        standard deviation of the logarithm of its departure from habit.
    """

    annual_kwh: float
    shift_quarters: int
    at_home: float
    contrast: float
    restlessness: float


def draw_household(rng: np.random.Generator) -> Household:
    """Draw the habits of one home; the average German household of three uses about 3,500 kWh in a year."""
    return Household(
        annual_kwh=float(np.clip(rng.lognormal(np.log(3400.0), 0.3), 1600.0, 6500.0)),
        shift_quarters=int(rng.integers(-6, 7)),
        at_home=float(rng.uniform(0.0, 1.0)),
        contrast=float(rng.uniform(0.8, 1.3)),
        restlessness=float(rng.uniform(0.12, 0.25)),
    )


def usual_load(household: Household, calendar: Calendar) -> Floats:
    """Return what the home would use in each slot if it kept to its habits, kWh."""
    table = standard_profile()
    day = np.array([_DAYS[weekday] for weekday in calendar.weekday])
    shape = np.empty(len(calendar))
    for month, kind in sorted(set(zip(calendar.month.tolist(), day.tolist(), strict=True))):
        rows = (calendar.month == month) & (day == kind)
        quarter = (calendar.quarter[rows] - household.shift_quarters) % 96
        own, sunday = table[f"{month:02d}_{kind}"], table[f"{month:02d}_sunday"]
        # Who is at home uses energy at other hours, not more of it: annual_kwh says how much.
        sunday = sunday * (own.sum() / sunday.sum())
        shape[rows] = own[quarter] * (1 - household.at_home) + sunday[quarter] * household.at_home
    mean_wh = shape.mean()
    peaky = (shape / mean_wh) ** household.contrast
    varying = peaky / peaky.mean() * (1 - _STANDBY_SHARE) + _STANDBY_SHARE
    usual: Floats = mean_wh / 1000.0 * household.annual_kwh / 1000.0 * varying
    return usual


def simulate_load(household: Household, calendar: Calendar, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return what the home uses in each slot, kWh, and of that its appliances' part."""
    usual = usual_load(household, calendar)
    mood = correlated_noise(len(calendar), _HABIT_PERSISTENCE, rng) * household.restlessness
    appliances = np.zeros(len(calendar))
    mean = usual.mean()
    for _ in range(rng.poisson(_APPLIANCES_PER_DAY * len(calendar) / 96)):
        # Appliances run when people are up: the usual load says when.
        start = int(rng.choice(len(calendar), p=usual / usual.sum()))
        length = int(rng.integers(*_APPLIANCE_QUARTERS))
        appliances[start : start + length] += rng.uniform(*_APPLIANCE_KWH)
    base = np.maximum(usual * np.exp(mood - household.restlessness**2 / 2) - appliances.mean(), mean * 0.1)
    return base + appliances, appliances


@cache
def standard_profile() -> dict[str, Floats]:
    """Return the standard profile: per month and kind of day 96 values, Wh per slot for 1,000 kWh in a year."""
    with (Path(__file__).parent / "bdew_h25.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    values = np.array([[float(value) for value in row[1:]] for row in rows])
    return {name: values[:, column] for column, name in enumerate(header[1:])}
