"""Showing the effective configuration: every value, and where it was written."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from gridhook.config.model import SECTIONS
from gridhook.config.origins import origin_of
from gridhook.config.reading import Reading
from gridhook.deployment import Deployment
from gridhook.errors import join_path
from gridhook.settings import fields_of

__all__ = ["show_config"]

_SECRETS = ("password", "secret", "token", "api_key")


def show_config(deployment: Deployment) -> str:
    """Return the effective configuration as TOML, with a comment on each line that says where it comes from."""
    reading, settled = deployment.reading, deployment.config
    lines: list[str] = []
    for name in SECTIONS:
        values = attrs.asdict(getattr(settled, name), recurse=False)
        if name == "exchange":
            values |= _values(deployment.exchange)
        lines += _section([name], values, reading)
    for name, plugin in deployment.manager.plugins.items():
        values = _values(plugin.instance)
        if values:
            lines += _section(["plugins", name], values, reading)
    return "\n".join(lines).strip()


def _values(settings: object) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in fields_of(type(settings))}


def _section(keys: list[str], values: Mapping[str, Any], reading: Reading) -> Iterator[str]:
    yield ""
    yield f"[{join_path(*keys)}]"
    for key, value in values.items():
        origin = origin_of(reading, keys, key)
        yield f"{'# ' if value is None else ''}{key} = {_shown(key, value)}  # {origin}"


def _shown(key: str, value: object) -> str:
    return '"***"' if any(word in key for word in _SECRETS) else _toml(value)


def _toml(value: object) -> str:
    if value is None:
        return "(not given)"
    if attrs.has(type(value)):
        return _toml({key: one for key, one in _values(value).items() if one is not None})
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{json.dumps(key)} = {_shown(key, one)}" for key, one in value.items()) + " }"
            if value
            else "{}"
        )
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, default=str, ensure_ascii=False)
