"""The sun: where it stands, and what a tilted plane gets of it. Plain geometry, in numpy.

Position: Spencer (1971), "Fourier series representation of the position of the sun". Clear sky: Haurwitz (1945),
"Insolation in relation to cloudiness and cloud density". Diffuse share: Erbs, Klein and Duffie (1982), Solar Energy
28. Tilted plane: Liu and Jordan (1963), isotropic sky.
"""

from __future__ import annotations

import attrs
import numpy as np

from gridhook.arrays import Floats

__all__ = ["Panel", "Sun", "clear_sky", "panel_power", "sun_position"]

_SOLAR_CONSTANT = 1361.0
_ALBEDO = 0.2
_PERFORMANCE_RATIO = 0.86
"""What is left of the module's rated power after temperature, wiring and inverter."""
_LOWEST_SUN = 0.01


@attrs.frozen(eq=False)
class Sun:
    """Where the sun stands, per slot.

    ``cos_zenith``
        cosine of the angle from the vertical; below 0 at night.
    ``azimuth``
        radians, clockwise from north.
    ``extraterrestrial``
        irradiance outside the atmosphere on a plane that faces the sun, W/m2.
    """

    cos_zenith: Floats
    azimuth: Floats
    extraterrestrial: Floats


@attrs.frozen
class Panel:
    """A photovoltaic system: rated power in kW, tilt from the horizontal and azimuth from north, in degrees."""

    rated_kw: float
    tilt: float
    azimuth: float


def sun_position(utc_seconds: Floats, latitude: float, longitude: float) -> Sun:
    """Return the sun at these moments (seconds since 1970) and this place (degrees north and east)."""
    days = utc_seconds / 86400.0
    # The offset puts the equinoxes of this century where almanacs have them.
    year = np.mod(days + 0.3, 365.2425)
    angle = 2.0 * np.pi * year / 365.2425
    declination = (
        0.006918
        - 0.399912 * np.cos(angle)
        + 0.070257 * np.sin(angle)
        - 0.006758 * np.cos(2 * angle)
        + 0.000907 * np.sin(2 * angle)
        - 0.002697 * np.cos(3 * angle)
        + 0.00148 * np.sin(3 * angle)
    )
    equation_minutes = 229.18 * (
        0.000075
        + 0.001868 * np.cos(angle)
        - 0.032077 * np.sin(angle)
        - 0.014615 * np.cos(2 * angle)
        - 0.040849 * np.sin(2 * angle)
    )
    solar_minutes = np.mod(utc_seconds / 60.0, 1440.0) + 4.0 * longitude + equation_minutes
    hour_angle = np.radians(solar_minutes / 4.0 - 180.0)
    phi = np.radians(latitude)
    cos_zenith = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    azimuth = np.pi + np.arctan2(
        np.sin(hour_angle), np.cos(hour_angle) * np.sin(phi) - np.tan(declination) * np.cos(phi)
    )
    distance = 1.00011 + 0.034221 * np.cos(angle) + 0.00128 * np.sin(angle)
    return Sun(cos_zenith, azimuth, _SOLAR_CONSTANT * distance)


def clear_sky(sun: Sun) -> Floats:
    """Return the global horizontal irradiance under a clear sky, W/m2 (Haurwitz)."""
    up = np.maximum(sun.cos_zenith, _LOWEST_SUN)
    return np.where(sun.cos_zenith > _LOWEST_SUN, 1098.0 * up * np.exp(-0.057 / up), 0.0)


def panel_power(panel: Panel, sun: Sun, global_horizontal: Floats) -> Floats:
    """Return the power of a system under this global horizontal irradiance (W/m2), kW."""
    up = np.maximum(sun.cos_zenith, _LOWEST_SUN)
    diffuse = global_horizontal * _diffuse_share(global_horizontal / (sun.extraterrestrial * up))
    tilt, azimuth = np.radians(panel.tilt), np.radians(panel.azimuth)
    sin_zenith = np.sqrt(1.0 - np.minimum(up, 1.0) ** 2)
    facing = np.maximum(up * np.cos(tilt) + sin_zenith * np.sin(tilt) * np.cos(sun.azimuth - azimuth), 0.0)
    # A sun on the horizon would shine through a plane that faces it without limit.
    beam = np.minimum((global_horizontal - diffuse) / up, sun.extraterrestrial) * facing
    sky = diffuse * (1 + np.cos(tilt)) / 2
    ground = global_horizontal * _ALBEDO * (1 - np.cos(tilt)) / 2
    irradiance = np.where(sun.cos_zenith > _LOWEST_SUN, beam + sky + ground, 0.0)
    return np.minimum(panel.rated_kw * irradiance / 1000.0 * _PERFORMANCE_RATIO, panel.rated_kw)


def _diffuse_share(clearness: Floats) -> Floats:
    """Return the diffuse share of global irradiance by the clearness index (Erbs)."""
    k = np.clip(clearness, 0.0, 1.0)
    middle = 0.9511 - 0.1604 * k + 4.388 * k**2 - 16.638 * k**3 + 12.336 * k**4
    overcast, bright = 0.22, 0.8
    return np.where(k <= overcast, 1.0 - 0.09 * k, np.where(k <= bright, middle, 0.165))
