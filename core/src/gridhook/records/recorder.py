"""The recorder: writes a session to a file while it goes on."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO, get_args

import pendulum

from gridhook.assets import Assets
from gridhook.commands import Batch
from gridhook.errors import ConfigError, Problem
from gridhook.events import Event, ExchangeEvent
from gridhook.figures import Figures
from gridhook.orders import Energies as EnergyColumns
from gridhook.records.encoding import Encoder
from gridhook.records.lines import Energies, Header, Heard, Line, Noticed, Sent, Summary
from gridhook.witness import EnergyHook

__all__ = ["Recorder"]

_log = logging.getLogger(__name__)

_EXCHANGE_EVENTS = get_args(ExchangeEvent)


class Recorder:
    """Appends the lines of one session to a record; a line is on its way to the disk before the next event is awaited.

    Where it cannot go on, a full disk say, that is logged, and the session goes on without it.

    :param path: the file; it is made if it is not there, and a record of earlier sessions is continued.
    :raises ConfigError: it cannot be written, or is no record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoder = Encoder()
        self._file: TextIO | None = _open(path)

    def begin(self, header: Header) -> None:
        """Write which session it is."""
        self._write(header)

    def saw(self, event: Event) -> None:
        """Write an event or a notice."""
        if isinstance(event, _EXCHANGE_EVENTS):
            self._write(Heard(pendulum.now("UTC"), event))
        else:
            self._write(Noticed(event))  # type: ignore[arg-type]

    def answered(
        self, hook: EnergyHook, assets: Assets, slots: Sequence[pendulum.DateTime], energies: EnergyColumns
    ) -> None:
        """Write what plugins forecast or measured."""
        self._write(Energies(hook, tuple(assets.id), tuple(slots), energies))

    def sent(self, batch: Batch) -> None:
        """Write a batch."""
        self._write(Sent(batch))

    def finish(self, figures: Figures) -> None:
        """Write the figures, and close the file."""
        self._write(Summary(figures.to_json()))
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: Line) -> None:
        if self._file is None:
            return
        text = json.dumps(self._encoder.encode(line), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        try:
            self._file.write(f"{text}\n")
            self._file.flush()
        except OSError as error:
            _log.warning(
                "%s cannot be written any more, the session goes on unrecorded: %s", self._path, error.strerror
            )
            file, self._file = self._file, None
            _let_go(file)


def _open(path: Path) -> TextIO:
    """Open a record to append to; a line that was broken off by a crash is ended first."""
    try:
        with path.open("a+b") as file:
            file.seek(0)
            start = file.read(len(_START))
            if start and start != _START:
                raise ConfigError(Problem("--record", f"{path} is there, and no record; give another name"))
            if start:
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigError(Problem("--record", f"{path} cannot be written: {error.strerror}")) from error


_START = b'{"is":"Header"'


def _let_go(file: TextIO) -> None:
    try:
        file.close()
    except OSError:
        # It has what could not be written, and tries once more.
        _log.debug("%s could not be closed", file.name)
