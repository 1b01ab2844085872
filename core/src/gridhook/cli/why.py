"""``gridhook why``: tell from a record why an asset traded, or why not."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import click
import pendulum

from gridhook.errors import AreaError, ConfigError, Problem
from gridhook.records.reading import read_record
from gridhook.records.story import SlotStory, Storyteller
from gridhook.records.telling import overview, tell_slot

__all__ = ["why"]

_CLOCK = re.compile(r"\d{1,2}:\d{2}")


@click.command()
@click.argument("record", type=click.Path(path_type=Path))
@click.argument("asset")
@click.argument("slot", required=False)
def why(record: Path, asset: str, slot: str | None) -> None:
    """Tell from RECORD what ASSET (a name, path or id) needed, what was offered and why, and what traded with whom.

    Without SLOT: a line per slot. SLOT is when it starts, as 2026-06-15T12:00, or 12:00 on each day of the record;
    in UTC, unless it has an offset.
    """
    teller = Storyteller(asset)
    try:
        teller.listen(read_record(record))
    except AreaError as error:
        raise ConfigError(Problem("", f"{record}: {error}")) from error
    click.echo(f"{teller.path} ({teller.kind}); times in UTC")
    stories = [teller.slots[its] for its in sorted(teller.slots) if teller.slots[its].is_told]
    if not any(story.is_decided for story in stories):
        click.echo("nothing was decided for it: it was not claimed, or the exchange told nothing of it")
    if slot is None or not stories:
        for story in stories:
            click.echo(overview(story))
        return
    for story in _chosen(stories, slot, record):
        click.echo(f"\nslot {story.slot:%Y-%m-%d %H:%M}")
        for line in tell_slot(story):
            click.echo(line)


def _chosen(stories: list[SlotStory], slot: str, record: Path) -> list[SlotStory]:
    """Return the stories of the slots that are meant."""
    if _CLOCK.fullmatch(slot):
        chosen = [story for story in stories if f"{story.slot:%H:%M}" == slot.zfill(len("12:00"))]
    else:
        try:
            moment = pendulum.instance(datetime.datetime.fromisoformat(slot), tz="UTC")
        except ValueError as error:
            raise ConfigError(Problem("", f"{slot!r} is no time such as 2026-06-15T12:00 or 12:00")) from error
        chosen = [story for story in stories if story.slot == moment]
    if not chosen:
        first, last = stories[0].slot, stories[-1].slot
        covered = f"{first:%Y-%m-%dT%H:%M} to {last:%Y-%m-%dT%H:%M}"
        raise ConfigError(Problem("", f"{record} tells of no slot {slot} for this asset; it has {covered}"))
    return chosen
