"""What can go wrong, as one hierarchy. Each error says what, where, and what to do.

::

    GridhookError
    ├── ConfigError          the call, the configuration or a plugin's name or settings are wrong
    ├── ExchangeError        the exchange cannot be reached, or ended the session
    ├── SeriesError          a file of meter data cannot be read
    │   └── UnknownColumnError
    └── AreaError
        ├── UnknownAreaError
        └── AmbiguousAreaError
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

__all__ = [
    "AmbiguousAreaError",
    "AreaError",
    "ConfigError",
    "ExchangeError",
    "GridhookError",
    "Problem",
    "SeriesError",
    "SettingError",
    "UnknownAreaError",
    "UnknownColumnError",
    "did_you_mean",
    "join_path",
    "nearest",
]


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class GridhookError(Exception):
    """Base of all errors that gridhook raises on purpose; the text is meant for the user."""


@attrs.frozen
class Problem:
    """One mistake in a configuration.

    ``path`` is where it is, such as ``pricing.routes.storage``; ``file`` and ``line`` say where that was written.
    ``near`` is the path that was written instead, where ``path`` itself was not. ``traceback`` is that of the plugin's
    exception, if one is the reason.
    """

    path: str
    message: str
    file: Path | None = None
    line: int | None = None
    near: str = ""
    traceback: str = attrs.field(default="", eq=False, repr=False)

    def __str__(self) -> str:
        place = self.file and (f"{self.file}:{self.line}" if self.line else str(self.file))
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ConfigError(GridhookError):
    """The configuration is wrong: all problems that were found, one line each."""

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ExchangeError(GridhookError):
    """The exchange cannot be reached, refuses us, or ended the session."""


class SettingError(ValueError):
    """What a plugin's constructor raises where one of its settings is to blame, and no validator can say so.

    :param message: what is wrong with it, for the user.
    :param setting: its name, or its path within the plugin's table.
    """

    def __init__(self, message: str, setting: str) -> None:
        self.setting = setting
        super().__init__(message)


class SeriesError(GridhookError):
    """A CSV file or column cannot be read, or does not cover the time that is asked for."""


class UnknownColumnError(SeriesError):
    """A file has no such column."""

    def __init__(self, message: str, column: str) -> None:
        self.column = column
        super().__init__(message)


class AreaError(GridhookError, LookupError):
    """A name does not lead to one area of the grid."""


class UnknownAreaError(AreaError):
    """No area has this id, path or name."""

    def __init__(self, area: str, candidates: Sequence[str] = ()) -> None:
        self.area = area
        super().__init__(f"no area is called {area!r}{did_you_mean(candidates)}")


class AmbiguousAreaError(AreaError):
    """Several areas have this name."""

    def __init__(self, area: str, paths: Sequence[str]) -> None:
        self.area = area
        super().__init__(f"{len(paths)} areas are called {area!r}; give a path: {', '.join(paths)}")


def join_path(*keys: str) -> str:
    """Return the dotted path of keys as TOML writes it: a key with blanks or dots is quoted; the first is a path."""
    first, *others = keys
    written = (key if _BARE_KEY.fullmatch(key) else '"' + key.replace('"', '\\"') + '"' for key in others)
    return ".".join([first, *written] if first else written)


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return up to ``most`` of the ``known`` names that resemble ``word``, the most similar first."""
    by_folded = {name.casefold(): name for name in known}
    return [by_folded[match] for match in difflib.get_close_matches(word.casefold(), by_folded, most, 0.6)]


def did_you_mean(candidates: Sequence[str]) -> str:
    """Return the end of a sentence that proposes ``candidates``; nothing when there are none."""
    return f"; did you mean {' or '.join(repr(name) for name in candidates)}?" if candidates else ""
