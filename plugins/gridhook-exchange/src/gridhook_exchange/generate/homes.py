"""Homes: what each has, uses and produces, and what could be known of it a little before."""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Floats
from gridhook_exchange.generate.calendar import Calendar
from gridhook_exchange.generate.households import Household, draw_household, simulate_load, usual_load
from gridhook_exchange.generate.sun import Panel, Sun, clear_sky, panel_power
from gridhook_exchange.generate.weather import Sky, local_sky

__all__ = ["Battery", "Curves", "Home", "draw_homes", "forecast_load", "simulate_home"]

_HOURS = 0.25
_KNOWN_SLOTS_AGO = 2
"""A forecast is sent when the slot before begins; the last slot that is measured by then is two slots back."""
_DEPARTURE_PERSISTENCE = 0.7
"""Share of the last departure from habit that the forecast expects to last."""


@attrs.frozen
class Battery:
    """A home battery: kWh and kW."""

    capacity_kwh: float
    power_kw: float


@attrs.frozen
class Home:
    """What a home has."""

    name: str
    household: Household
    panel: Panel | None
    battery: Battery | None


@attrs.frozen(eq=False)
class Curves:
    """What a home's meters show per slot and what was forecast, kWh; None where it has no panel."""

    load: Floats
    load_forecast: Floats
    pv: Floats | None
    pv_forecast: Floats | None


def draw_homes(count: int, panels: int, batteries: int, rng: np.random.Generator) -> list[Home]:
    """Draw homes; the ones with panels are scattered among them, and batteries stand where panels are first."""
    order = rng.permutation(count)
    with_panel = set(order[:panels].tolist())
    with_battery = set(order[:batteries].tolist())
    width = len(str(count))
    return [
        Home(
            f"Home {number + 1:0{width}d}",
            draw_household(rng),
            _draw_panel(rng) if number in with_panel else None,
            _draw_battery(rng) if number in with_battery else None,
        )
        for number in range(count)
    ]


def simulate_home(home: Home, calendar: Calendar, sun: Sun, sky: Sky, rng: np.random.Generator) -> Curves:
    """Return a home's curves."""
    load, _ = simulate_load(home.household, calendar, rng)
    load_forecast = forecast_load(load, usual_load(home.household, calendar))
    if home.panel is None:
        return Curves(load, load_forecast, None, None)
    clear, index = clear_sky(sun), local_sky(sky, rng)
    pv, pv_forecast = (panel_power(home.panel, sun, clear * one) * _HOURS for one in (index, _lagged(index, 1.0)))
    return Curves(load, load_forecast, pv, pv_forecast)


def forecast_load(measured: Floats, usual: Floats) -> Floats:
    """Return a forecast from the home's habits, and how much it departed from them when that was last measured.

    A home that used a fifth more than usual then is likely to use nearly so much more again. Nothing of the slot itself
    is known.
    """
    departure = np.minimum(measured / usual, 2.0)
    return usual * (1 + _DEPARTURE_PERSISTENCE * (_lagged(departure, 1.0) - 1))


def _lagged(values: Floats, first: float) -> Floats:
    """Return what is known of a series when a slot's forecast is sent."""
    return np.concatenate((np.full(_KNOWN_SLOTS_AGO, first), values[:-_KNOWN_SLOTS_AGO]))


def _draw_panel(rng: np.random.Generator) -> Panel:
    return Panel(
        rated_kw=round(float(rng.uniform(4.0, 10.0)), 1),
        tilt=round(float(rng.uniform(15.0, 45.0))),
        azimuth=round(float(rng.normal(180.0, 35.0))),
    )


def _draw_battery(rng: np.random.Generator) -> Battery:
    capacity = round(float(rng.uniform(5.0, 12.0)), 1)
    return Battery(capacity, round(capacity / 2, 1))
