"""Writing: the files of a new distribution, into a folder that was not there before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gridhook.errors import ConfigError, Problem

__all__ = ["write_files"]


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write ``files``, texts by their paths, into a new folder; those above it are made, too.

    :raises ConfigError: the folder is there already, or cannot be written.
    """
    try:
        folder.mkdir(parents=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    except FileExistsError as error:
        raise ConfigError(Problem("", f"{folder} exists; give another name, or another --folder")) from error
    except OSError as error:
        problem = f"{error.filename} cannot be written: {error.strerror}; give another --folder"
        raise ConfigError(Problem("", problem)) from error
