"""A file that is kept: read again when it has changed, and held to as it last made sense."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from gridhook_preferences.file import PreferencesFileError, read_preferences
from gridhook_preferences.preference import Preference

__all__ = ["KeptFile"]

_log = logging.getLogger(__name__)


class KeptFile:
    """The preferences of a file as they were when it last could be read.

    :raises PreferencesFileError: it cannot be read from the first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._current_stamp()
        self.preferences: Mapping[str, tuple[Preference, ...]] = read_preferences(path)

    def look_again(self) -> bool:
        """Read the file if it has changed; return whether there are new preferences. A broken edit is told once."""
        stamp = self._current_stamp()
        if stamp == self._stamp:
            return False
        # The stamp is older than what is read, so that no later change is missed.
        self._stamp = stamp
        try:
            self.preferences = read_preferences(self._path)
        except PreferencesFileError as error:
            _log.warning("%s; the preferences that were read before still hold", error)
            return False
        _log.info("%s has changed: read preferences of %d assets", self._path, len(self.preferences))
        return True

    def _current_stamp(self) -> tuple[int, int] | None:
        """Return when the file was changed and how long it is; None where there is none."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
