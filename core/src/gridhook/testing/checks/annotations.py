"""Annotations: does a plugin's type fit the one that the specification has?"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

import attrs
import numpy as np
import numpy.typing
import pendulum

import gridhook
from gridhook import events, figures

__all__ = ["Hints", "accepts", "may_answer", "members", "resolve"]


@attrs.frozen
class Hints:
    """A function's annotations.

    ``types``
        those that are types, by the parameters' names and ``return``.
    ``unknown``
        why the others are none, by the same names.
    """

    types: Mapping[str, Any]
    unknown: Mapping[str, str]


def resolve(function: Callable[..., Any]) -> Hints:
    """Return a function's annotations as types, as far as the names in them can be found.

    Names that its module imports for type checkers only are looked for among what plugins import.
    """
    own = getattr(inspect.unwrap(function), "__globals__", {})
    usual = {name: it for name, it in _usual().items() if name not in own}
    resolved: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for name, annotation in inspect.get_annotations(function).items():
        alone = types.SimpleNamespace(__annotations__={name: annotation})
        try:
            resolved |= typing.get_type_hints(alone, globalns=own, localns=usual)
        except (NameError, TypeError, AttributeError, SyntaxError) as error:
            unknown[name] = str(error)
    return Hints(resolved, unknown)


def _usual() -> dict[str, Any]:
    modules = (gridhook, events, figures)
    names = {name: getattr(module, name) for module in modules for name in module.__all__}
    return names | {"Any": Any, "Sequence": Sequence, "np": np, "npt": np.typing, "numpy": np, "pendulum": pendulum}


def accepts(annotation: Any, given: Any) -> bool:  # noqa: ANN401 - type forms
    """Return whether a parameter with this annotation takes what is given to it; what cannot be told, it takes."""
    return all(any(_takes(ours, one) for ours in members(annotation)) for one in members(given))


def may_answer(annotation: Any, asked: Any) -> bool:  # noqa: ANN401 - type forms
    """Return whether all that a function returns is among what is asked for; sequences of numbers do for an array."""
    return all(any(_answers(one, wanted) for wanted in members(asked)) for one in members(annotation))


def members(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - type forms
    """Return the members of a union, or the type itself."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(inner for one in get_args(annotation) for inner in members(one))
    return (annotation,)


def _takes(annotation: Any, given: Any) -> bool:  # noqa: ANN401 - type forms
    if annotation in (Any, object) or annotation == given or isinstance(annotation, typing.TypeVar):
        return True
    ours, theirs = get_origin(annotation) or annotation, get_origin(given) or given
    if not _is_subclass(theirs, ours):
        return False
    parts, given_parts = get_args(annotation), get_args(given)
    if ours is np.ndarray or len(parts) != len(given_parts):
        parts, given_parts = parts[1:], given_parts[1:]  # shapes say little
    return all(accepts(one, two) for one, two in zip(parts, given_parts, strict=False))


def _answers(annotation: Any, asked: Any) -> bool:  # noqa: ANN401 - type forms
    if annotation in (Any, object, typing.NoReturn) or isinstance(annotation, typing.TypeVar):
        return True
    ours, theirs = get_origin(annotation) or annotation, get_origin(asked) or asked
    if theirs is np.ndarray:
        return ours is np.ndarray or (_is_subclass(ours, Iterable) and ours not in (str, bytes, dict))
    if theirs is type(None):
        return ours in (None, type(None))
    if ours in (str, bytes):
        return theirs is ours
    if theirs is Iterable and get_args(annotation):
        return _is_subclass(ours, Iterable) and may_answer(get_args(annotation)[0], get_args(asked)[0])
    return _is_subclass(ours, theirs) or _is_subclass(theirs, ours)


def _is_subclass(one: Any, other: Any) -> bool:  # noqa: ANN401 - type forms
    try:
        return issubclass(one, other)
    except TypeError:  # not classes, or a protocol that cannot be asked
        return True
