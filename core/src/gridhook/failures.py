"""Failures: what an exception of somebody else's code is called in a message, and where in that code it was raised."""

from __future__ import annotations

import sys
import traceback
from pathlib import PurePath
from types import FrameType

__all__ = ["describe", "on_one_line", "where"]

_NOT_TO_BLAME = {*sys.stdlib_module_names, "attr", "attrs", "cattr", "cattrs", "gridhook", "numpy", "pluggy"}
"""Packages that hand the call on, or that are called wrongly."""


def describe(error: BaseException) -> str:
    """Return an exception in one line, such as ``KeyError: 'rate' (gridhook_eager.py, line 10)``."""
    return f"{type(error).__name__}: {on_one_line(str(error))}".rstrip(": ") + where(error)


def where(error: BaseException) -> str:
    """Return the last line in the traceback that may be to blame, in brackets; nothing where there is none."""
    blamed = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _may_be_to_blame(frame)]
    if not blamed:
        return ""
    frame, line = blamed[-1]
    path = PurePath(frame.f_code.co_filename)
    depth = len(_module(frame)) + (path.name == "__init__.py")
    return f" ({'/'.join(path.parts[-depth:])}, line {line})"


def on_one_line(text: str) -> str:
    """Return a text with its lines joined by blanks."""
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def _may_be_to_blame(frame: FrameType) -> bool:
    # Code that attrs and cattrs generate has no file.
    return _module(frame)[0] not in _NOT_TO_BLAME and not frame.f_code.co_filename.startswith("<")


def _module(frame: FrameType) -> list[str]:
    return str(frame.f_globals.get("__name__", "")).split(".")
