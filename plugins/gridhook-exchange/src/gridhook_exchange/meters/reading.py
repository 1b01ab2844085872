"""Reading meters: files and wishes become a plan of homes, checked so that it trades at once."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs
import numpy as np

from gridhook.errors import ConfigError, Problem, did_you_mean, nearest
from gridhook.series import EnergyUnit, Series, SeriesError, SeriesReader, find_timezone
from gridhook_exchange.meters.choosing import Choice, Meter, choose_meters
from gridhook_exchange.meters.days import SLOT_SECONDS, Days, longest_complete, whole_days
from gridhook_exchange.meters.files import open_meter_file
from gridhook_exchange.meters.naming import LOAD, NET

__all__ = ["HomeBattery", "MeterPlan", "MeterWishes", "plan_meters"]

_T = TypeVar("_T")
_RESERVED = ("community.toml", "gridhook.toml")


@attrs.frozen
class HomeBattery:
    """A battery: a home's name or a glob of names, kWh and kW."""

    home: str
    capacity_kwh: float
    power_kw: float


@attrs.frozen
class MeterWishes:
    """What a user says about meters; None leaves it to the files.

    ``time``
        the column of times; default: ``time``, or else the first.
    ``unit``
        of all columns; default: what a column's name ends in, or else kWh.
    ``timezone``
        of days, and of times without an offset.
    """

    files: Sequence[Path]
    choices: Sequence[Choice] = ()
    batteries: Sequence[HomeBattery] = ()
    time: str | None = None
    unit: EnergyUnit | None = None
    timezone: str = "UTC"
    first_day: datetime.date | None = None
    days: int | None = None


@attrs.frozen
class MeterPlan:
    """A community from meters.

    ``meters``
        of the homes, each with its kind and unit.
    ``unused``
        places of the columns that are none.
    ``has_local_times``
        whether a file has times without an offset.
    """

    homes: Sequence[str]
    meters: Sequence[Meter]
    batteries: Sequence[HomeBattery]
    days: Days
    unused: Sequence[str]
    has_local_times: bool


def plan_meters(wishes: MeterWishes) -> MeterPlan:
    """Read the files and return what trades.

    :raises ConfigError: a wish cannot be met, or the meters have no value, or a wrong one, in the days that are wanted.
    """
    timezone = _option("--timezone", partial(find_timezone, wishes.timezone))
    _check_names(wishes.files)
    files = [_option("--meters", partial(open_meter_file, path, wishes.time)) for path in wishes.files]
    meters = choose_meters(files, wishes.choices)
    reader = SeriesReader(timezone)
    series = [_option("--meters", partial(_read, reader, meter)) for meter in meters]
    meters = [_completed(meter, one, wishes.unit) for meter, one in zip(meters, series, strict=True)]
    days = _option("--first-day", partial(whole_days, series, timezone, wishes.first_day, wishes.days))
    _check_values(meters, series, days)
    homes = list(dict.fromkeys(meter.home for meter in meters))
    used = {(meter.file.path, meter.column) for meter in meters}
    return MeterPlan(
        homes=homes,
        meters=meters,
        batteries=_placed(wishes.batteries, homes),
        days=days,
        unused=[name for file in files for name in file.columns if (file.path, name) not in used],
        has_local_times=any(file.is_local for file in files),
    )


def _option(name: str, do: Callable[[], _T]) -> _T:
    """Do something; where that fails, the option is to blame."""
    try:
        return do()
    except SeriesError as error:
        raise ConfigError(Problem(name, str(error))) from error


def _check_names(files: Sequence[Path]) -> None:
    """Complain of files that cannot lie in one folder."""
    names = [file.name for file in files]
    for name in names:
        if names.count(name) > 1 or name in _RESERVED:
            message = f"{name} is copied beside the community, where there is another {name}; rename it"
            raise ConfigError(Problem("--meters", message))


def _read(reader: SeriesReader, meter: Meter) -> Series:
    return reader.read(meter.file.path, meter.file.time, meter.column)


def _completed(meter: Meter, series: Series, unit: EnergyUnit | None) -> Meter:
    """Return a meter with a kind and a unit: one that is not told is net where it has values below zero."""
    kind = meter.kind or (NET if np.any(series.values < 0) else LOAD)
    return attrs.evolve(meter, kind=kind, unit=unit or meter.unit or "kWh")


def _check_values(meters: Sequence[Meter], series: Sequence[Series], days: Days) -> None:
    problems = []
    for meter, one in zip(meters, series, strict=True):
        try:
            one.energy(meter.unit, days.begin, SLOT_SECONDS, days.slots, is_net=meter.kind == NET)
        except SeriesError as error:
            problems.append(Problem("--meters", f"{error}{_advice(meter, one)}"))
    if not problems:
        return
    stretch = longest_complete(series, days)
    if stretch is not None and stretch.count < days.count:
        message = f"the longest stretch without a gap: --first-day {stretch.first} --days {stretch.count}"
        problems.append(Problem("--meters", message))
    raise ConfigError(problems)


def _advice(meter: Meter, series: Series) -> str:
    """Return what to do about values below zero."""
    if not np.any(series.values < 0):
        return ""
    if meter.kind == LOAD:
        return f"; what a home draws and feeds in as one is --net-columns {meter.column!r}"
    return "; what a PV draws is no production: write 0 there, or turn the sign of the column"


def _placed(batteries: Sequence[HomeBattery], homes: Sequence[str]) -> list[HomeBattery]:
    """Return a battery per home that has one; of several the last that was said."""
    placed: dict[str, HomeBattery] = {}
    for battery in batteries:
        names = [home for home in homes if home == battery.home]
        names = names or [home for home in homes if fnmatchcase(home, battery.home)]
        if not names:
            guess = did_you_mean(nearest(battery.home, homes)) or f"; there are {', '.join(homes)}"
            raise ConfigError(Problem("--battery", f"no home {battery.home!r}{guess}"))
        placed |= {name: attrs.evolve(battery, home=name) for name in names}
    return [placed[home] for home in homes if home in placed]
