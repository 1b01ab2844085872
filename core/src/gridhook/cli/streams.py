"""Standard streams: one that is closed, full or no longer read is no reason for a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

__all__ = ["StdoutError", "checked_stdout", "silent_stdout"]


class StdoutError(Exception):
    """What a command prints cannot be written. No ``OSError``, so that it is not taken for another file's."""


@contextmanager
def checked_stdout() -> Iterator[None]:
    """Print through a stream that says so when it cannot be written.

    :raises StdoutError: it cannot be written.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever called: what is written there goes nowhere
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end
    stream = sys.stdout
    sys.stdout = checked = _Checked(stream)
    try:
        yield
    finally:
        sys.stdout = stream
        checked.close()


@contextmanager
def silent_stdout(*, and_below: bool = True) -> Iterator[None]:
    """Send all that is printed to stderr.

    :param and_below: also what goes past ``sys.stdout``: libraries in C, other processes. A command that prints
        meanwhile, through the ``sys.stdout`` from before, cannot have that.
    """
    with contextlib.redirect_stdout(sys.stderr), contextlib.ExitStack() as undo:
        # Where one of them is closed, 1 or 2 may be another file by now.
        if and_below and sys.__stdout__ is not None and sys.__stderr__ is not None:
            kept = os.dup(1)
            undo.callback(os.close, kept)
            _flush(sys.__stdout__)
            os.dup2(2, 1)
            undo.callback(os.dup2, kept, 1)
            undo.callback(_flush, sys.__stdout__)
        yield


def _flush(stream: TextIO) -> None:
    """Write what is still in the buffers of Python and C, before what they write to is another file."""
    with contextlib.suppress(OSError, ValueError):  # it is full, or closed
        stream.flush()
    # Only who runs plugins needs it, and not who asks for help.
    import ctypes

    with contextlib.suppress(OSError, TypeError, AttributeError):  # there is no C library to be found
        ctypes.CDLL(None).fflush(None)


class _Checked:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._failure: StdoutError | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        self.flush()
        if self._failure is not None:  # somebody may have swallowed it
            raise self._failure

    def _give_up(self, error: OSError) -> None:
        # Python would write what is left in the buffer at the end, and complain again.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):  # whoever read it has seen enough
            self._failure = StdoutError(f"stdout cannot be written: {error.strerror}")
            raise self._failure from error
