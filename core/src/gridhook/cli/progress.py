"""The progress bar: slots of a session, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["SlotProgress", "slot_progress"]


class SlotProgress:
    """Shows how many slots have opened; does nothing without a bar."""

    def __init__(self, bar: Progress | None = None) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def begin(self, slots: int | None) -> None:
        """Show the bar for so many slots; None: nobody knows how many."""
        if self._bar is not None:
            self._task = self._bar.add_task("trading", total=slots)

    def advance(self, slot: int) -> None:
        """Show that this many slots have opened."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=slot)


@contextmanager
def slot_progress() -> Iterator[SlotProgress]:
    """Give a bar on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield SlotProgress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("slots"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        yield SlotProgress(bar)
