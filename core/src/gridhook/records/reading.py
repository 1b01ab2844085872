"""Reading: the lines of a record, session by session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from gridhook.errors import ConfigError, Problem
from gridhook.records.decoding import Decoder
from gridhook.records.lines import VERSION, Header, Line

__all__ = ["read_record"]


def read_record(path: Path) -> Iterator[Line]:
    """Yield the lines of a record; each session begins with its header.

    A line that was broken off is passed over where its session ends there.

    :raises ConfigError: it cannot be read, is no record, or is one of another version.
    """
    try:
        with path.open(encoding="utf-8") as file:
            yield from _lines(path, file)
    except OSError as error:
        raise ConfigError(Problem("", f"{path} cannot be read: {error.strerror}")) from error
    except UnicodeDecodeError as error:
        raise ConfigError(Problem("", f"{path} is no record: it is not UTF-8 text")) from error


def _lines(path: Path, file: TextIO) -> Iterator[Line]:
    decoder = None
    broken: ConfigError | None = None
    number = 0
    for number, text in enumerate(file, 1):
        try:
            value = json.loads(text)
        except ValueError:
            broken = broken or _wrong(path, number, "it is not JSON")
            continue
        if isinstance(value, dict) and value.get("is") == Header.__name__:
            decoder, broken = Decoder(), None
            _check_version(path, number, value.get("version"))
        if broken is not None:
            raise broken
        if decoder is None:
            raise _wrong(path, number, "a record begins with a header; this is none")
        try:
            line = decoder.decode(value)
        except ValueError as error:
            raise _wrong(path, number, str(error)) from error
        yield line
    if not number or decoder is None:
        raise broken or _wrong(path, None, "it is empty, and no record")


def _check_version(path: Path, number: int, version: object) -> None:
    if version != VERSION:
        raise _wrong(path, number, f"the record is of version {version}, and this gridhook reads version {VERSION}")


def _wrong(path: Path, line: int | None, message: str) -> ConfigError:
    return ConfigError(Problem("", message, path, line))
