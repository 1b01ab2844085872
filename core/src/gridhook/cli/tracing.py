"""The trace of ``gridhook run --trace-plugins``: what plugins cost, for people to read."""

from __future__ import annotations

import sys

from rich.table import Table

from gridhook.cli.consoles import plain_console
from gridhook.plugins.tracing import Trace, Traced

__all__ = ["print_trace"]


def print_trace(trace: Trace) -> None:
    """Print what each plugin's hooks cost to stderr, the dearest first."""
    table = Table(box=None, pad_edge=False)
    for heading in ("plugin", "hook"):
        table.add_column(heading)
    for heading in ("calls", "failures", "total ms", "mean ms", "slowest ms", "asked", "answered"):
        table.add_column(heading, justify="right")
    for traced in sorted(trace.rows, key=lambda one: -one.seconds):
        table.add_row(*_cells(traced))
    plain_console(sys.stderr).print(table)


def _cells(traced: Traced) -> tuple[str, ...]:
    return (
        traced.plugin,
        traced.hook,
        str(traced.calls),
        str(traced.failures),
        f"{traced.seconds * 1e3:.1f}",
        f"{traced.seconds / traced.calls * 1e3:.2f}",
        f"{traced.slowest_seconds * 1e3:.2f}",
        str(traced.asked) if traced.asked else "-",
        "-" if traced.share is None else f"{traced.share:.0%}",
    )
