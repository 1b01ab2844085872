"""Reading settings: a table from a TOML file becomes an attrs object, or a list of all that is wrong with it."""

from __future__ import annotations

import datetime
import inspect
import math
import traceback
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs
import cattrs
from cattrs.cols import homogenous_tuple_structure_factory, list_structure_factory, mapping_structure_factory
from cattrs.errors import AttributeValidationNote, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from gridhook.errors import Problem, SettingError, did_you_mean, join_path, nearest
from gridhook.failures import describe, on_one_line

__all__ = ["MISSING", "fields_of", "read_settings"]

MISSING = "is missing"
"""The message about a setting that has no default and is not given."""

T = TypeVar("T")
_Hook = Callable[[Any, Any], Any]


def read_settings(
    cls: type[T], table: Mapping[str, Any], *, base: Path, at: str = "", beside: Iterable[str] = ()
) -> tuple[T | None, list[Problem]]:
    """Make a ``cls`` (an attrs class) of ``table``; all mistakes are found at once.

    Keys are the fields that ``__init__`` takes; their types and attrs validators are the schema. Nothing is coerced,
    but an int will do for a float and a text for a :class:`~pathlib.Path`, which is relative to ``base``. Validators
    are called with None for the instance.

    :param at: the dotted path of the table, put before each problem's.
    :param beside: keys that the table may have besides, read by somebody else; proposed where one was misspelt.
    :returns: the object and no problems, or None and the problems.
    """
    try:
        return _converter(base).structure(table, cls), []
    except (cattrs.BaseValidationError, ValueError) as error:  # the former wraps whatever __init__ raises
        return None, list(_problems(error, at, tuple(beside)))


def fields_of(cls: type) -> tuple[attrs.Attribute[Any], ...]:
    """Return the fields of an attrs class that a settings table can give; none for any other class."""
    return tuple(field for field in attrs.fields(cls) if field.init) if attrs.has(cls) else ()


def _converter(base: Path) -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    text = _strict(str, "a text")
    hooks: dict[type, _Hook] = {
        bool: _strict(bool, "true or false"),
        int: _strict(int, "a whole number"),
        float: _structure_float,
        str: text,
        Path: lambda value, kind: base / text(value, kind),
        datetime.datetime: _strict(datetime.datetime, "a date and time"),
        datetime.date: _structure_date,
    }
    for kind, hook in hooks.items():
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_func(partial(_has_origin, origin=Literal), _structure_literal)
    collections: tuple[tuple[type, type, str, Callable[..., _Hook]], ...] = (
        (list, list, "a list", list_structure_factory),
        (tuple, list, "a list", homogenous_tuple_structure_factory),
        (dict, dict, "a table", mapping_structure_factory),
    )
    for origin, accepted, name, factory in collections:
        converter.register_structure_hook_factory(
            partial(_has_origin, origin=origin), _guarded(converter, accepted, name, factory)
        )
    converter.register_structure_hook_factory(_is_value_or_table, lambda kind: _value_or_table(kind, converter))
    converter.register_structure_hook_factory(
        attrs.has, lambda cls: _guard(dict, "a table", _class_hook(cls, converter))
    )
    return converter


def _has_origin(kind: object, origin: object) -> bool:
    return get_origin(kind) is origin


def _strict(wanted: type, name: str) -> _Hook:
    def structure(value: object, _: object) -> object:
        if type(value) is not wanted:
            msg = f"has to be {name}, not {value!r}"
            raise ValueError(msg)
        return value

    return structure


def _structure_float(value: object, _: object) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        msg = f"has to be a number, not {value!r}"
        raise ValueError(msg)
    return float(value)  # type: ignore[arg-type]


def _structure_date(value: object, _: object) -> datetime.date:
    if not isinstance(value, datetime.date):
        msg = f"has to be a date (and time) such as 2026-06-15, not {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - what a file says is a value, not a type
    return value


def _is_value_or_table(kind: object) -> bool:
    """Tell unions such as ``float | Rate``, where a table means the attrs class and anything else the other."""
    choices = get_args(kind)
    is_union = get_origin(kind) in (Union, types.UnionType)
    return is_union and len(choices) == 2 and attrs.has(choices[1]) and not attrs.has(choices[0])  # noqa: PLR2004


def _value_or_table(kind: Any, converter: cattrs.Converter) -> _Hook:  # noqa: ANN401 - a type form
    plain, table = get_args(kind)
    return lambda value, _: converter.structure(value, table if isinstance(value, dict) else plain)


def _structure_literal(value: object, kind: object) -> object:
    choices = get_args(kind)
    if value not in choices:
        guess = did_you_mean(nearest(value, map(str, choices))) if isinstance(value, str) else ""
        msg = f"has to be one of {', '.join(map(repr, choices))}, not {value!r}{guess}"
        raise ValueError(msg)
    return value


def _guarded(
    converter: cattrs.Converter, accepted: type, name: str, factory: Callable[..., _Hook]
) -> Callable[[Any], _Hook]:
    return lambda kind: _guard(accepted, name, factory(kind, converter))


def _guard(accepted: type, name: str, hook: _Hook) -> _Hook:
    """Refuse anything but ``accepted``: a text where a list is asked for would silently become its letters."""

    def structure(value: object, kind: object) -> object:
        if not isinstance(value, accepted):
            msg = f"has to be {name}, not {value!r}"
            raise ValueError(msg)  # noqa: TRY004 - what a file says is a value, not a type
        return hook(value, kind)

    return structure


def _class_hook(cls: type, converter: cattrs.Converter) -> _Hook:
    """Structure an attrs class with each field's validator run on its own, so that one mistake hides no other."""
    attrs.resolve_types(cls)
    overrides: dict[str, Any] = {
        field.name: override(struct_hook=_validating(field, converter))
        for field in fields_of(cls)
        if field.validator is not None
    }
    try:
        hook: _Hook = make_dict_structure_fn(cls, converter, **overrides)
    except cattrs.StructureHandlerNotFoundError as error:
        msg = f"{cls.__name__} has fields that no table can give"
        raise cattrs.ClassValidationError(msg, list(_unsupported(cls, converter)), cls) from error
    return hook


def _unsupported(cls: type, converter: cattrs.Converter) -> Iterator[SettingError]:
    for field in fields_of(cls):
        try:
            converter.get_structure_hook(field.type)
        except cattrs.StructureHandlerNotFoundError as error:
            shown = inspect.formatannotation(error.type_)
            msg = (
                f"no setting can be {shown}; there are bool, int, float, str, Path, date, datetime, Literal, attrs "
                f"classes, and lists, tuples and dicts of these (a field with init=False is no setting)"
            )
            yield SettingError(msg, field.name)


def _validating(field: attrs.Attribute[Any], converter: cattrs.Converter) -> _Hook:
    def structure(value: object, kind: Any) -> object:  # noqa: ANN401 - a type form
        structured = converter.structure(value, kind)
        assert field.validator is not None
        field.validator(None, field, structured)
        return structured

    return structure


def _problems(error: BaseException, at: str, beside: tuple[str, ...] = ()) -> Iterator[Problem]:
    if isinstance(error, cattrs.BaseValidationError):
        for inner in error.exceptions:
            place = _place(inner, at)
            is_field = place != at
            if is_field and _is_missing(inner):
                yield Problem(place, MISSING)
            elif isinstance(inner, cattrs.BaseValidationError | cattrs.ForbiddenExtraKeysError):
                yield from _problems(inner, place, () if is_field else beside)
            else:
                yield _problem(inner, place, is_field=is_field)
    elif isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = [*beside, *(field.name for field in fields_of(error.cl))]
        for key in sorted(error.extra_fields):
            yield Problem(join_path(at, key), f"no such setting{did_you_mean(nearest(key, known)) or _listing(known)}")
    else:
        yield _problem(error, at, is_field=False)


def _is_missing(error: BaseException) -> bool:
    """Tell a key that cattrs did not find from a KeyError inside a validator, which has a frame of its own."""
    trace = error.__traceback__
    return isinstance(error, KeyError) and (trace is None or trace.tb_next is None)


def _problem(error: BaseException, at: str, *, is_field: bool) -> Problem:
    if isinstance(error, SettingError):
        return Problem(f"{at}.{error.setting}" if at else error.setting, on_one_line(str(error)))
    # Validators say what is wrong by ValueError or TypeError; attrs' own append the field and more to their text.
    is_meant = isinstance(error, (ValueError, TypeError) if is_field else ValueError)
    if is_meant and not isinstance(error, UnicodeError) and error.args:
        return Problem(at, on_one_line(str(error.args[0])))
    # Anything else is a failure of the class and not of the table.
    trace = "".join(traceback.format_exception(error))
    if is_field:
        return Problem(at, f"is refused: {describe(error)}", traceback=trace)
    name = at.rpartition(".")[2]
    return Problem(at, f"{name!r} cannot be constructed: {describe(error)}".removeprefix("'' "), traceback=trace)


def _place(error: BaseException, at: str) -> str:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return join_path(at, note.name)
        if isinstance(note, IterableValidationNote):
            return f"{at}[{note.index}]" if isinstance(note.index, int) else join_path(at, note.index)
    return at


def _listing(known: list[str]) -> str:
    return f"; there are {', '.join(known)}" if known else "; there are none"
