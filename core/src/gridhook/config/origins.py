"""Origins: where the effective value of a key was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gridhook.config.lines import find_line
from gridhook.config.reading import Layer, Reading
from gridhook.errors import join_path

__all__ = ["origin_of"]


def origin_of(reading: Reading, keys: Sequence[str], key: str) -> str:
    """Return where ``key`` of the table at ``keys`` comes from: a file and line, an option, or ``default``."""
    section = join_path(*keys)
    layer: Layer | None = reading.origins.get(join_path(section, key)) or reading.origins.get(section)
    written = layer and layer.document
    for part in keys:
        written = written.get(part, {}) if isinstance(written, Mapping) else {}
    if layer is None or not isinstance(written, Mapping) or key not in written:
        return "default"
    line = find_line(layer.lines, join_path(section, key))
    return f"{layer.label}:{line}" if line and layer.file and layer.label == str(layer.file) else layer.label
