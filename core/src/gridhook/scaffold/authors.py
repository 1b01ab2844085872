"""Authors: who is named in the metadata of a new distribution."""

from __future__ import annotations

import json
import unicodedata

from gridhook.errors import ConfigError, Problem

__all__ = ["quoted_author"]

_BREAKING = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of control characters, lone surrogates, and what ends lines and paragraphs."""


def quoted_author(author: str) -> str:
    """Return an author as a TOML string.

    :raises ConfigError: it is blank, or has a character that has no place in a line of metadata.
    """
    wrong = next((sign for sign in author if unicodedata.category(sign) in _BREAKING), None)
    if wrong is not None:
        problem = f"--author {author!r} has {wrong!r} in it, which cannot be in a name; write it in one line of UTF-8"
        raise ConfigError(Problem("", problem))
    if not author.strip():
        raise ConfigError(Problem("", f"--author {author!r} is nobody; give a name, or leave --author out"))
    return json.dumps(author, ensure_ascii=False)
