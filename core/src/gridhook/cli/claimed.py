"""What is claimed, on stderr: a line per area when a run begins, and later what has come and gone."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence

from gridhook.events import AreasClaimed, ClaimedArea

__all__ = ["ClaimedAreas"]

_MOST = 30


class ClaimedAreas:
    """Shows name, kind, path and UUID of claimed areas, the first thirty each time."""

    def __init__(self) -> None:
        self._shown: dict[str, ClaimedArea] = {}

    def show(self, claimed: AreasClaimed) -> None:
        """Write what was not claimed before, and what is claimed no more."""
        now = {area.id: area for area in claimed.areas}
        come = [area for area in claimed.areas if area.id not in self._shown]
        gone = [area for area in self._shown.values() if area.id not in now]
        also = "also " if self._shown and come else ""
        self._shown = now
        _say(
            [
                *_table(f"claimed {also}{len(come)} areas:", come),
                *_table(f"no longer claimed, {len(gone)} areas:", gone),
            ]
        )


def _table(heading: str, areas: Sequence[ClaimedArea]) -> Iterator[str]:
    if not areas:
        return
    yield heading
    shown = areas[:_MOST]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for area in shown:
        cells = (cell.ljust(width) for cell, width in zip(area, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
    if len(areas) > len(shown):
        yield f"  and {len(areas) - len(shown)} more"


def _say(lines: Sequence[str]) -> None:
    # That nobody reads it any more is no reason to end.
    with contextlib.suppress(OSError):
        sys.stderr.write("".join(f"{line}\n" for line in lines))
