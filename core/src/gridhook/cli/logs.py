"""Logging on the command line: the standard library's, to stderr or a file."""

from __future__ import annotations

import functools
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gridhook.errors import ConfigError, Problem

__all__ = ["LEVELS", "log_options", "set_up_logging"]

LEVELS = ("debug", "info", "warning", "error")


class _LogFile(logging.FileHandler):
    """A file that is complained of once when it cannot be written any more."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say so on stderr, and take no more records."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif self.level <= logging.CRITICAL:
            self.setLevel(logging.CRITICAL + 1)
            sys.stderr.write(f"--log-file: {self.baseFilename} cannot be written: {error.strerror}\n")


def log_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options ``--log-level`` and ``--log-file``, and set up logging before it is called."""

    @click.option("--log-level", type=click.Choice(LEVELS), default="warning", show_default=True, help="What to log.")
    @click.option("--log-file", type=click.Path(path_type=Path, dir_okay=False), help="Log there and not to stderr.")
    @functools.wraps(command)
    def logging_command(log_level: str, log_file: Path | None, **options: Any) -> None:  # noqa: ANN401 - whatever it has
        set_up_logging(log_level, log_file)
        command(**options)

    return logging_command


def set_up_logging(level: str, file: Path | None) -> None:
    """Send log lines from ``level`` up to stderr, or to the end of a file; warnings of Python go there too.

    :raises ConfigError: the file cannot be written.
    """
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    else:
        try:
            handler = _LogFile(file, encoding="utf-8")
        except OSError as error:
            raise ConfigError(Problem("--log-file", f"{file} cannot be written: {error.strerror}")) from error
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    warnings.showwarning = lambda message, *_: logging.getLogger("gridhook").warning("%s", message)
