"""``gridhook community``: commands of the embedded exchange."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from gridhook.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gridhook_exchange.meters.reading import MeterWishes

__all__ = ["community"]

_F = TypeVar("_F", bound=Callable[..., Any])

_DRAWN = {"homes": "--homes", "panels": "--panels", "batteries": "--batteries"}
"""Options that say what to draw: meters are what they are."""
_COLUMN_HELP = "Columns that are {what}: a name or a glob, or HOME=COLUMN.  [repeatable]"
_METERED = {
    "time": click.option("--time", metavar="COLUMN", help="Column of times.  [default: time, or else the first]"),
    "unit": click.option(
        "--unit",
        type=click.Choice(["kWh", "Wh", "kW", "W"]),
        help="Of all columns.  [default: what their names end in, or else kWh]",
    ),
    "timezone": click.option(
        "--timezone", metavar="NAME", help="Of days, and of times without an offset.  [default: UTC]"
    ),
    "load_columns": click.option(
        "--load-columns", metavar="COLUMNS", multiple=True, help=_COLUMN_HELP.format(what="loads")
    ),
    "pv_columns": click.option("--pv-columns", metavar="COLUMNS", multiple=True, help=_COLUMN_HELP.format(what="PVs")),
    "net_columns": click.option(
        "--net-columns", metavar="COLUMNS", multiple=True, help=_COLUMN_HELP.format(what="load less PV in one")
    ),
    "battery": click.option(
        "--battery",
        type=(str, click.FloatRange(min=0, min_open=True), click.FloatRange(min=0, min_open=True)),
        metavar="HOME KWH KW",
        multiple=True,
        help="A battery for a home, or for each of a glob of homes.  [repeatable]",
    ),
}
"""Options that say how to read meters."""


def _metered_options(command: _F) -> _F:
    for option in reversed(_METERED.values()):
        command = option(command)
    return command


@click.group()
def community() -> None:
    """Make communities for the embedded exchange."""


@community.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--homes", default=12, show_default=True, type=click.IntRange(min=2), help="Number of homes.")
@click.option("--panels", type=click.IntRange(min=0), help="Homes with photovoltaics.  [default: half]")
@click.option("--batteries", type=click.IntRange(min=0), help="Homes with a battery.  [default: a quarter]")
@click.option("--districts", default=1, show_default=True, type=click.IntRange(min=1), help="Communities in the grid.")
@click.option(
    "--first-day",
    default="2026-06-15",
    show_default="2026-06-15; of meters, the first that is whole",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Date.",
)
@click.option(
    "--days",
    default=7,
    show_default="7; of meters, all that are whole",
    type=click.IntRange(min=1, max=366),
    help="Days of data.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Drives all that is drawn.")
@click.option(
    "--meters",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="CSV file with a column per meter: its homes and days, instead of drawn ones.  [repeatable]",
)
@_metered_options
@click.pass_context
def new(context: click.Context, /, folder: Path, meters: tuple[Path, ...], **_: object) -> None:
    """Write a community to FOLDER, with all files that it needs and a configuration that trades it.

    It is drawn, with forecasts and preferences, or made from meters.
    """
    said = {name for name in context.params if context.get_parameter_source(name) is not ParameterSource.DEFAULT}
    others = {name: f"--{name.replace('_', '-')}" for name in _METERED} if not meters else _DRAWN
    without = "needs --meters" if not meters else "draws, and --meters has the homes; see --battery for batteries"
    problems = [Problem(option, without) for name, option in others.items() if name in said]
    if problems:
        raise ConfigError(problems)
    _check_free(folder)
    if meters:
        _write_metered(folder, meters, {name: value for name, value in context.params.items() if name in said})
    else:
        drawn = (*_DRAWN, "districts", "first_day", "days", "seed")
        _write_drawn(folder, **{name: context.params[name] for name in drawn})


def _write_drawn(
    folder: Path,
    *,
    homes: int,
    panels: int | None,
    batteries: int | None,
    districts: int,
    first_day: datetime.datetime,
    days: int,
    seed: int,
) -> None:
    from gridhook_exchange.generate.plan import Period, Wishes, draw_plan
    from gridhook_exchange.generate.writing import write_plan

    try:
        wishes = Wishes(
            homes=homes,
            panels=homes // 2 if panels is None else panels,
            batteries=homes // 4 if batteries is None else batteries,
            districts=districts,
            seed=seed,
        )
    except ValueError as error:
        raise ConfigError(Problem("", str(error))) from error
    plan = draw_plan(wishes, [Period(first_day.date(), days)])
    _fill(folder, lambda: write_plan(plan, folder, {"community": 0}))
    click.echo(f"wrote {folder}; gridhook run {folder / 'gridhook.toml'} trades it")


def _write_metered(folder: Path, files: tuple[Path, ...], said: dict[str, Any]) -> None:
    """Make a community from meters; ``said`` are the options on the command line."""
    from gridhook_exchange.meters.reading import plan_meters
    from gridhook_exchange.meters.writing import Surroundings, describe_plan, draft_community, write_meters

    plan = plan_meters(_wishes(files, said))
    draft = draft_community(plan, Surroundings(**{name: said[name] for name in ("districts", "seed") if name in said}))
    _fill(folder, lambda: write_meters(plan, draft, folder))
    click.echo(f"wrote {folder}: {describe_plan(plan)}")
    if plan.unused:
        click.echo(f"no meters are: {', '.join(plan.unused)} (--load-columns and the like choose)")
    if plan.has_local_times and "timezone" not in said:
        click.echo("times without an offset are taken for UTC (--timezone says otherwise)")
    part = f"; with --slots {plan.days.each()[0].slots} the first day" if plan.days.count > 1 else ""
    click.echo(f"gridhook run {folder / 'gridhook.toml'} trades it{part}")


def _wishes(files: tuple[Path, ...], said: dict[str, Any]) -> MeterWishes:
    from gridhook_exchange.meters.choosing import Choice
    from gridhook_exchange.meters.naming import LOAD, NET, PV
    from gridhook_exchange.meters.reading import HomeBattery, MeterWishes

    options = {"load_columns": LOAD, "pv_columns": PV, "net_columns": NET}
    return MeterWishes(
        files=files,
        choices=[Choice(kind, text) for option, kind in options.items() for text in said.get(option, ())],
        batteries=[HomeBattery(*battery) for battery in said.get("battery", ())],
        first_day=said["first_day"].date() if "first_day" in said else None,
        **{name: said[name] for name in ("time", "unit", "timezone", "days") if name in said},
    )


def _check_free(folder: Path) -> None:
    try:
        is_taken = folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise _unwritable(folder, error) from error
    if is_taken:
        raise ConfigError(Problem("", f"{folder} is not empty; give another folder"))


def _fill(folder: Path, write: Callable[[], None]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write()
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(Problem("", f"{error.filename or folder} cannot be written: {error.strerror}"))
