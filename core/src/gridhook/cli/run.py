"""``gridhook run``: trade."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from gridhook.cli.claimed import ClaimedAreas
from gridhook.cli.collector import relax_collector
from gridhook.cli.dryrun import UnsentOrders
from gridhook.cli.interrupts import figures_come_first
from gridhook.cli.logs import log_options
from gridhook.cli.progress import slot_progress
from gridhook.cli.streams import silent_stdout
from gridhook.cli.tracing import print_trace
from gridhook.deployment import prepare
from gridhook.errors import ExchangeError
from gridhook.figures import Figures
from gridhook.records.recorder import Recorder
from gridhook.resultfiles import ResultsFolder
from gridhook.results import SessionResults

__all__ = ["run"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--exchange", metavar="URL", help="Trade there; goes before the configuration.")
@click.option("--slots", type=click.IntRange(min=1), metavar="N", help="End after N slots.")
@click.option("--report", type=click.Path(path_type=Path, file_okay=False), help="Write results to this new folder.")
@click.option("--record", type=_FILE, help="Keep all events, answers and decisions in this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object, and nothing else.")
@click.option("--trace-plugins", is_flag=True, help="Show on stderr in the end what each plugin's hooks cost.")
@click.option("--dry-run", is_flag=True, help="Do everything but send orders; show on stderr which would be sent.")
@log_options
def run(
    config: Path | None,
    exchange: str | None,
    slots: int | None,
    report: Path | None,
    record: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes it by name
    trace_plugins: bool,  # noqa: FBT001
    dry_run: bool,  # noqa: FBT001
) -> None:
    """Trade until the exchange finishes, and show the figures.

    Without CONFIG: a day of the demo community on the embedded exchange. What is claimed is shown on stderr first.
    Ctrl-C ends the run between two events; the figures are shown all the same.
    """
    relax_collector()
    # What plugins print must not get between the figures.
    with silent_stdout():
        deployment = prepare(config, exchange=exchange, slots=slots)
        results = None if report is None else SessionResults(ResultsFolder(report))
        recorder = None if record is None else Recorder(record)
        unsent = UnsentOrders() if dry_run else None
        trace = deployment.manager.decisions.trace() if trace_plugins else None
        with slot_progress() as progress:
            session = deployment.open(progress.advance, results, None if unsent is None else unsent.show, recorder)
            session.on_claimed = None if as_json else ClaimedAreas().show
            progress.begin(session.slots)
            click.get_current_context().with_resource(figures_come_first())
            try:
                figures, failure = session.run(), None
            except ExchangeError as error:
                figures, failure = session.figures(), error
        if unsent is not None:
            unsent.sum_up()
        if trace is not None:
            print_trace(trace)
    _show(figures, as_json=as_json)
    if failure is not None:
        raise failure
    if session.stop.signal_number is not None:
        sys.exit(128 + session.stop.signal_number)


def _show(figures: Figures, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures.to_json()))
        return
    from gridhook.cli.report import print_report

    print_report(figures)
