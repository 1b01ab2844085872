"""``gridhook replay``: decide anew about the events of a record."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path

import click

from gridhook.cli.logs import log_options
from gridhook.cli.streams import silent_stdout
from gridhook.deployment import prepare
from gridhook.errors import ConfigError, Problem
from gridhook.records.again import Again
from gridhook.records.differences import Difference
from gridhook.records.lines import Header, Line
from gridhook.records.reading import read_record

__all__ = ["replay"]

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("record", type=_FILE)
@click.argument("config", required=False, type=_FILE)
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Show so many differences.")
@log_options
def replay(record: Path, config: Path | None, limit: int) -> None:
    """Decide anew about all events of RECORD, and show what would be decided differently now.

    It is done with CONFIG, or with the configuration of the recorded session as it is today. Forecasts and measurements
    are those of the record, and so is all that the exchange said; nothing is sent to it. Exits with 1 if anything
    differs.
    """
    total = events = sessions = 0
    areas: Counter[str] = Counter()
    for header, lines in _sessions(read_record(record)):
        # What plugins print must not get between the differences.
        with silent_stdout():
            again = _prepare(record, header, config)
            found = _texts(again, lines, areas)
            shown = list(islice(found, max(0, limit - total)))
            total += len(shown) + sum(1 for _ in found)
        sessions += 1
        events += again.events
        for text in shown:
            click.echo(text)
    if total > limit:
        click.echo(f"and {total - limit} more; --limit {total} shows all")
    _sum_up(sessions, events, total, areas)
    if total:
        sys.exit(1)


def _sessions(lines: Iterable[Line]) -> Iterator[tuple[Header, Iterator[Line]]]:
    header: Header | None = None
    for is_header, its in groupby(lines, lambda line: isinstance(line, Header)):
        if is_header:
            # Of sessions that ended before their first event there is nothing to decide.
            *_, last = its
            assert isinstance(last, Header)
            header = last
        elif header is not None:
            yield header, its


def _prepare(record: Path, header: Header, config: Path | None) -> Again:
    path = config or (None if header.config is None else Path(header.config))
    if config is None and path is not None and not path.exists():
        message = f"{record} was made with {path}, which is not there any more; give a configuration"
        raise ConfigError(Problem("", message))
    return Again(prepare(path, exchange=header.exchange), header)


def _texts(again: Again, lines: Iterable[Line], areas: Counter[str]) -> Iterator[str]:
    for difference in again.differences(lines):
        topic = difference.topic
        area = again.path_of(topic.area) if topic.area else "areas"
        areas[area] += 1
        yield f"{_when(difference)}  {area}: {_what(difference)}: then {difference.then}; now {difference.now}"


def _when(difference: Difference) -> str:
    if difference.moment is None:
        return f"{'':16}     "
    slot, progress = difference.moment
    return f"{slot:%Y-%m-%d %H:%M} {progress:4.0%}"


def _what(difference: Difference) -> str:
    topic = difference.topic
    is_other_slot = topic.slot is not None and (difference.moment is None or topic.slot != difference.moment[0])
    slot = f" for {topic.slot:%Y-%m-%d %H:%M}" if is_other_slot else ""
    return f"{f'{topic.side} ' if topic.side else ''}{topic.what}{slot}"


def _sum_up(sessions: int, events: int, total: int, areas: Counter[str]) -> None:
    said = f"{sessions} session{'s'[: sessions != 1]}, {events} events"
    if not total:
        click.echo(f"no differences in {said}")
        return
    most = ", ".join(f"{area} ({count})" for area, count in areas.most_common(3))
    others = f" and {len(areas) - 3} more" if len(areas) > 3 else ""  # noqa: PLR2004 - as many as are named
    click.echo(f"{total} difference{'s'[: total != 1]} in {said}: {most}{others}")
