"""Writing a plan: a folder with a community file per period, the meters, the forecasts, and a configuration."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from gridhook.arrays import Floats
from gridhook_exchange.community.entries import battery_entry, market_entry, metered_entry
from gridhook_exchange.generate.homes import Curves, Home
from gridhook_exchange.generate.plan import Plan

__all__ = ["write_plan"]

_FEED_IN, _RETAIL = 8.0, 28.0
_GRID_FEE, _DISTRICT_FEE = 1.5, 0.5
_METERED = ("Load", "PV")

_CONFIGURATION = """\
# Trades the community in this folder. A section names plugins, a table [plugins.NAME] has the settings of one.
[exchange]
url = "{url}"

[registration]
use = ["claim"]

[pricing]
use = ["ramp"]

[requirements]
use = ["preferences"]

[forecasting]
use = ["profiles"]

[settlement]
use = ["deviations"]

[plugins.preferences]
file = "requirements.json"

[plugins.profiles]
file = "forecasts.csv"
scale = 0.9       # cautious: a kWh forecast too many is settled at a loss, one too few costs nothing extra

[plugins.deviations]
rates = "ramp"
"""


def write_plan(plan: Plan, folder: Path, names: Mapping[str, int], url: str | None = None) -> None:
    """Write a community into ``folder``, which has to exist.

    :param names: the name of each community file (without ``.toml``) and the number of its period.
    :param url: the exchange in the configuration; default: the first community file.
    """
    for name, period in names.items():
        (folder / f"{name}.toml").write_text(_community(plan, name, period), encoding="utf-8")
    _write_table(plan, folder / "meters.csv", lambda curves: (curves.load, curves.pv), 4)
    _write_table(plan, folder / "forecasts.csv", lambda curves: (curves.load_forecast, curves.pv_forecast), 3)
    preferences = json.dumps(_preferences(plan), indent=2)
    (folder / "requirements.json").write_text(f"{preferences}\n", encoding="utf-8")
    configuration = _CONFIGURATION.format(url=url or f"embedded:{next(iter(names))}.toml")
    (folder / "gridhook.toml").write_text(configuration, encoding="utf-8")


def _community(plan: Plan, name: str, period: int) -> str:
    wishes = plan.wishes
    days = plan.periods[period]
    lines = [
        "# A generated community: see generate/ in gridhook-exchange for where each number comes from.",
        f'name = "{name}"',
        f'timezone = "{wishes.place.timezone}"',
        f"start = {days.first.isoformat()}",
        f"slots = {min(96, len(plan.calendars[period]))}",
        f"seed = {wishes.seed}",
        "",
        "[profiles]",
        'file = "meters.csv"',
        "",
        "[forecast]",
        "error = 0.25",
        "",
        "[tariff]",
        f"feed_in_rate = {_FEED_IN}",
        f"retail_rate = {_RETAIL}",
        "",
        *market_entry("Grid", None, _GRID_FEE),
    ]
    districts = _districts(plan)
    for district in districts:
        lines += market_entry(district, "Grid", _DISTRICT_FEE)
    for number, home in enumerate(plan.homes):
        lines += market_entry(home.name, districts[plan.district_of(number)], 0.0)
        lines += _assets(home)
    return "\n".join(lines).rstrip() + "\n"


def _districts(plan: Plan) -> list[str]:
    count = plan.wishes.districts
    return ["Community"] if count == 1 else [f"Community {number + 1}" for number in range(count)]


def _assets(home: Home) -> list[str]:
    lines = _metered("loads", f"{home.name} Load", home.name)
    if home.panel is not None:
        lines += _metered("pvs", f"{home.name} PV", home.name)
    if home.battery is not None:
        battery = home.battery
        lines += battery_entry(f"{home.name} Battery", home.name, battery.capacity_kwh, battery.power_kw)
    return lines


def _metered(kind: str, name: str, market: str) -> list[str]:
    return metered_entry(kind, name, market, {"column": name})


def _write_table(
    plan: Plan, path: Path, columns_of: Callable[[Curves], tuple[Floats, Floats | None]], digits: int
) -> None:
    """Write a CSV file with one column per asset and the rows of all periods, in order of time."""
    names = [f"{home.name} {kind}" for home in plan.homes for kind in _METERED[: 1 + (home.panel is not None)]]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", *names])
        for period in sorted(range(len(plan.periods)), key=lambda one: plan.periods[one].first):
            pairs = [columns_of(curves[period]) for curves in plan.curves]
            columns = [column for pair in pairs for column in pair if column is not None]
            for slot, start in enumerate(plan.calendars[period].start):
                cells = (f"{column[slot]:.{digits}f}" for column in columns)
                writer.writerow([start.isoformat(timespec="minutes"), *(_short(cell) for cell in cells)])


def _short(cell: str) -> str:
    """Return a number without zeros at its end: most PV values are 0."""
    return cell.rstrip("0").rstrip(".")


def _preferences(plan: Plan) -> dict[str, list[dict[str, object]]]:
    """Let two homes without panels choose: one a neighbour before anybody else, the other nothing but solar energy."""
    with_panel = [home.name for home in plan.homes if home.panel is not None]
    without = [home.name for home in plan.homes if home.panel is None]
    if not with_panel or len(without) < 2:  # noqa: PLR2004 - two homes choose
        return {}
    anybody: dict[str, object] = {"Trading Partners": [], "Energy Types": [], "Energy": "None", "Rate": "None"}
    return {
        f"{without[0]} Load": [{**anybody, "Trading Partners": [f"{with_panel[0]} PV"]}, anybody],
        f"{without[1]} Load": [{**anybody, "Energy Types": ["PV"]}],
    }
