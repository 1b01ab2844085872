"""Writing a community from meters: a folder with the meters as they are, the community file, and a configuration."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import attrs

from gridhook.errors import ConfigError, Problem
from gridhook_exchange.community.entries import battery_entry, market_entry, metered_entry, quoted
from gridhook_exchange.meters.choosing import Meter
from gridhook_exchange.meters.naming import LOAD, NET, PV
from gridhook_exchange.meters.reading import HomeBattery, MeterPlan

__all__ = ["Surroundings", "describe_plan", "draft_community", "write_meters"]

_NAMES = {LOAD: "Load", PV: "PV", NET: "Meter"}

_CONFIGURATION = """\
# Trades the community in this folder. A section names plugins, a table [plugins.NAME] has the settings of one.
[exchange]
url = "embedded:community.toml"

[registration]
use = ["claim"]

[pricing]
use = ["ramp"]

[settlement]
use = ["deviations"]

[plugins.deviations]
rates = "ramp"
"""


@attrs.frozen
class Surroundings:
    """What no meter tells.

    ``districts``
        number of communities in the grid; with more than one they form a level of the tree.
    ``seed``
        drives what is drawn in a run.
    """

    districts: int = 1
    seed: int = 1
    feed_in_rate: float = 8.0
    retail_rate: float = 28.0
    grid_fee: float = 1.5
    district_fee: float = 0.5

    @property
    def names(self) -> list[str]:
        """The communities' names."""
        return ["Community"] if self.districts == 1 else [f"Community {number + 1}" for number in range(self.districts)]


def draft_community(plan: MeterPlan, around: Surroundings) -> str:
    """Return the text of the community file.

    :raises ConfigError: two areas would have the same name.
    """
    names = ["Grid", "Market Maker", *around.names, *plan.homes]
    names += [_asset(meter) for meter in plan.meters] + [f"{battery.home} Battery" for battery in plan.batteries]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        message = f"two areas would be called {twice[0]!r}; name the home otherwise: --load-columns 'HOME=COLUMN'"
        raise ConfigError(Problem("--meters", message))
    return _community(plan, around)


def write_meters(plan: MeterPlan, draft: str, folder: Path) -> None:
    """Write a drafted community, its meters and a configuration into ``folder``, which has to exist."""
    for path in dict.fromkeys(meter.file.path for meter in plan.meters):
        shutil.copyfile(path, folder / path.name)
    (folder / "community.toml").write_text(draft, encoding="utf-8")
    (folder / "gridhook.toml").write_text(_CONFIGURATION, encoding="utf-8")


def describe_plan(plan: MeterPlan) -> str:
    """Say what a plan has."""
    kinds = Counter(meter.kind for meter in plan.meters)
    counts = [
        (len(plan.homes), "home"),
        (kinds[LOAD], "load"),
        (kinds[PV], "PV"),
        (kinds[NET], "smart meter"),
        (len(plan.batteries), "battery"),
    ]
    what = ", ".join(_counted(count, name) for count, name in counts if count)
    days = plan.days
    return f"{what}; {_counted(days.count, 'day')} from {days.first}, {days.slots} slots"


def _counted(count: int, name: str) -> str:
    several = name.removesuffix("y") + "ies" if name.endswith("y") and name != "day" else f"{name}s"
    return f"{count} {name if count == 1 else several}"


def _community(plan: MeterPlan, around: Surroundings) -> str:
    common = plan.meters[0]
    lines = [
        "# A community from meters. Tariff and fees are examples: fill in your own.",
        'name = "community"',
        f"timezone = {quoted(plan.days.timezone.key)}",
        f"start = {plan.days.first.isoformat()}",
        f"slots = {plan.days.slots}",
        f"seed = {around.seed}",
        "",
        "[profiles]",
        *(f"{key} = {quoted(value)}" for key, value in _source(common).items()),
        "",
        "[tariff]",
        f"feed_in_rate = {around.feed_in_rate}",
        f"retail_rate = {around.retail_rate}",
        "",
        *market_entry("Grid", None, around.grid_fee),
    ]
    for district in around.names:
        lines += market_entry(district, "Grid", around.district_fee)
    batteries = {battery.home: battery for battery in plan.batteries}
    for number, home in enumerate(plan.homes):
        lines += market_entry(home, around.names[number * around.districts // len(plan.homes)], 0.0)
        meters = [meter for meter in plan.meters if meter.home == home]
        lines += _assets(home, meters, batteries.get(home), _source(common))
    return "\n".join(lines).rstrip() + "\n"


def _assets(home: str, meters: Sequence[Meter], battery: HomeBattery | None, common: dict[str, str]) -> list[str]:
    lines = []
    for kind in _NAMES:
        for meter in meters:
            if meter.kind == kind:
                own = {key: value for key, value in _source(meter).items() if value != common[key]}
                lines += metered_entry(kind, _asset(meter), home, {"column": meter.column, **own})
    if battery is not None:
        lines += battery_entry(f"{home} Battery", home, battery.capacity_kwh, battery.power_kw)
    return lines


def _asset(meter: Meter) -> str:
    return f"{meter.home} {_NAMES[meter.kind]}"


def _source(meter: Meter) -> dict[str, str]:
    """Return where a meter's values come from, as keys of a profile."""
    return {"file": meter.file.path.name, "time": meter.file.time, "unit": meter.unit}
