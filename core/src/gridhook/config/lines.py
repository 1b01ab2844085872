"""Where in a TOML file a key was written, which ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping

__all__ = ["find_line", "key_lines"]

_HEADER = re.compile(r"\s*(?P<open>\[\[?)(?P<key>[^\[\]]+)\]\]?\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"\s*(?P<key>(\"[^\"]*\"|'[^']*'|[\w.\- \t])+?)\s*=")


def key_lines(text: str) -> dict[str, int]:
    """Return the line (from 1) of each table header and key of a TOML text, by dotted path such as ``loads[2].name``.

    Lines inside multi-line values may be taken for keys; such paths do no harm, since nobody asks for them.
    """
    lines: dict[str, int] = {}
    table: tuple[str, ...] = ()
    elements: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _parts(header["key"])
            lines.setdefault(".".join(table), number)
            if header["open"] == "[[":
                name = ".".join(table)
                table = (*table[:-1], f"{table[-1]}[{elements[name]}]")
                elements[name] += 1
                lines[".".join(table)] = number
        elif assignment := _ASSIGNMENT.match(line):
            parts = _parts(assignment["key"])
            for depth in range(1, len(parts) + 1):
                lines.setdefault(".".join((*table, *parts[:depth])), number)
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
