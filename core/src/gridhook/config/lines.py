"""Where in a TOML file a key was written, which ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping

from gridhook.errors import join_path

__all__ = ["find_line", "key_lines"]

_HEADER = re.compile(r"\s*(?P<open>\[\[?)(?P<key>[^\[\]]+)\]\]?\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"(?P<key>(?:\"[^\"]*\"|'[^']*'|[\w.\- \t])++)=")  # possessive: a long line takes no longer


def key_lines(text: str) -> dict[str, int]:
    """Return the line (from 1) of each table header and key of a TOML text, by paths such as ``loads[2].name``.

    Lines inside multi-line values may be taken for keys; such paths do no harm, since nobody asks for them.
    """
    lines: dict[str, int] = {}
    table = ""
    elements: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = join_path("", *_parts(header["key"]))
            lines.setdefault(table, number)
            if header["open"] == "[[":
                name, table = table, f"{table}[{elements[table]}]"
                elements[name] += 1
                lines[table] = number
        elif assignment := _ASSIGNMENT.match(line):
            parts = _parts(assignment["key"])
            for depth in range(1, len(parts) + 1):
                lines.setdefault(join_path(table, *parts[:depth]), number)
    return lines


def find_line(lines: Mapping[str, int], path: str) -> int | None:
    """Return the line of ``path``, or of the innermost table around it that was written."""
    while path:
        if path in lines:
            return lines[path]
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return None


def _parts(key: str) -> tuple[str, ...]:
    """Split a dotted key as TOML does: ``plugins."my one"`` has two parts."""
    try:
        nested: object = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return (key.strip(),)
    parts = []
    while isinstance(nested, dict):
        ((part, nested),) = nested.items()
        parts.append(part)
    return tuple(parts)
