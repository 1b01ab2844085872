"""Consoles: where figures are printed for people, on a terminal or into a file."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

__all__ = ["plain_console"]

_WIDTH_WITHOUT_TERMINAL = 100


def plain_console(stream: TextIO) -> Console:
    """Return a console that prints names from elsewhere as they are: brackets and colons are part of them."""
    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)
