"""``gridhook community``: commands of the embedded exchange."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from gridhook.errors import ConfigError, Problem

__all__ = ["community"]


@click.group()
def community() -> None:
    """Make communities for the embedded exchange."""


@community.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--homes", default=12, show_default=True, type=click.IntRange(min=2), help="Number of homes.")
@click.option("--panels", type=click.IntRange(min=0), help="Homes with photovoltaics.  [default: half]")
@click.option("--batteries", type=click.IntRange(min=0), help="Homes with a battery.  [default: a quarter]")
@click.option("--districts", default=1, show_default=True, type=click.IntRange(min=1), help="Communities in the grid.")
@click.option("--first-day", default="2026-06-15", show_default=True, type=click.DateTime(["%Y-%m-%d"]), help="Date.")
@click.option("--days", default=7, show_default=True, type=click.IntRange(min=1, max=366), help="Days of data.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Drives all that is drawn.")
def new(
    folder: Path,
    homes: int,
    panels: int | None,
    batteries: int | None,
    districts: int,
    first_day: datetime.datetime,
    days: int,
    seed: int,
) -> None:
    """Write a generated community to FOLDER, with meters, forecasts, preferences and a configuration that trades it."""
    from gridhook_exchange.generate.plan import Period, Wishes, draw_plan
    from gridhook_exchange.generate.writing import write_plan

    try:
        is_taken = folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise _unwritable(folder, error) from error
    if is_taken:
        raise ConfigError(Problem("", f"{folder} is not empty; give another folder"))
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_plan(plan, folder, {"community": 0})
    except OSError as error:
        raise _unwritable(folder, error) from error
    click.echo(f"wrote {folder}; gridhook run {folder / 'gridhook.toml'} trades it")


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(Problem("", f"{error.filename or folder} cannot be written: {error.strerror}"))
