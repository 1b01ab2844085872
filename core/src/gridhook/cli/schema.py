"""A JSON Schema of the configuration, for editors."""

from __future__ import annotations

import datetime
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from gridhook.config.model import SECTIONS
from gridhook.deployment import Deployment
from gridhook.settings import fields_of

__all__ = ["class_schema", "config_schema"]

_PLAIN: Mapping[object, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    Path: {"type": "string"},
    datetime.date: {"type": "string", "format": "date"},
}

_BOUNDS = {">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum", "<": "exclusiveMaximum"}


def config_schema(deployment: Deployment) -> dict[str, Any]:
    """Return the schema of the whole file; settings are those of the deployment's exchange and plugins."""
    sections = {name: class_schema(cls) for name, cls in SECTIONS.items()}
    sections["exchange"]["properties"] |= class_schema(type(deployment.exchange))["properties"]
    plugins = {
        name: class_schema(type(plugin.instance)) | {"description": _first_line(plugin.instance)}
        for name, plugin in deployment.manager.plugins.items()
    }
    sections["plugins"] = {"type": "object", "properties": plugins, "additionalProperties": {"type": "object"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gridhook configuration",
        "type": "object",
        "properties": sections,
        "additionalProperties": False,
    }


def class_schema(cls: type) -> dict[str, Any]:
    """Return the schema of a table that becomes an attrs class (or of an empty table)."""
    if attrs.has(cls):
        attrs.resolve_types(cls)
    fields = fields_of(cls)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _type_schema(field.type) | _bounds(field.validator) for field in fields},
        "additionalProperties": False,
    }
    required = [field.name for field in fields if field.default is attrs.NOTHING]
    return schema | ({"required": required} if required else {})


def _type_schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a type form
    origin, choices = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if origin is Literal:
        return {"enum": list(choices)}
    if origin in (list, tuple):
        return {"type": "array", "items": _type_schema(choices[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type_schema(choices[1])}
    if origin in (Union, types.UnionType):
        some = [_type_schema(choice) for choice in choices if choice is not type(None)]
        return some[0] if len(some) == 1 else {"anyOf": some}
    return class_schema(kind) if attrs.has(kind) else {}


def _bounds(validator: object) -> dict[str, Any]:
    """Return what attrs' own number validators ask for."""
    inner = getattr(validator, "_validators", None) or getattr(validator, "validator", None) or ()
    inner = inner if isinstance(inner, tuple | list) else (inner,)
    found: dict[str, Any] = {}
    for one in inner:
        found |= _bounds(one)
    key = _BOUNDS.get(getattr(validator, "compare_op", ""))
    return found | ({key: validator.bound} if key else {})  # type: ignore[attr-defined]


def _first_line(instance: object) -> str:
    return (instance.__doc__ or "").strip().partition("\n")[0]
